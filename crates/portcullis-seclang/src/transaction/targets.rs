//! Variables, resolved into values.

use super::state::{Candidate, State};
use super::tx::Place;
use crate::rules::{Aim, RuleSet};
use crate::strings::StrId;
use crate::syntax::names::Variable;
use crate::syntax::targets::Selector;
use crate::time::Calendar;
use crate::values::{Field, Val};

impl State {
    /// Puts every value that `aim` takes into `self.candidates`.
    pub(crate) fn resolve(&mut self, set: &RuleSet, aim: &Aim) {
        let target = &aim.target;
        let from = self.candidates.len();
        match target.variable {
            Variable::Tx => self.resolve_tx(set, aim),
            Variable::RequestHeaders if aim.header.is_some() => {
                for (field, number) in self.request.headers.iter().zip(&self.request.header_numbers) {
                    if *number == aim.header {
                        self.candidates.push(Candidate::of(Variable::RequestHeaders, *field));
                    }
                }
            }
            variable => self.resolve_variable(set, variable, &target.selector),
        }
        if target.count {
            let count = self.candidates.len().saturating_sub(from);
            self.candidates.truncate(from);
            let name = match &target.selector {
                Selector::Name(name) => Some(self.strings.push(name)),
                _ => None,
            };
            let value = Val::Int(i64::try_from(count).unwrap_or(i64::MAX));
            self.candidates.push(Candidate { variable: target.variable, name, value, count: true });
        }
    }

    fn resolve_tx(&mut self, set: &RuleSet, aim: &Aim) {
        let named = matches!(aim.target.selector, Selector::Name(_));
        for slot in &aim.slots {
            if let Some(value) = self.tx.slot(*slot) {
                let name = set.slot_names.get(*slot).copied();
                self.candidates.push(Candidate { variable: Variable::Tx, name, value, count: false });
            }
        }
        if !named {
            for index in 0..self.tx.others.len() {
                let Some((name, _)) = self.tx.others.get(index).copied() else { continue };
                if let Some(value) = self.tx.get(Place::Other(index))
                    && aim.target.selector.takes(self.text(set, name))
                {
                    let name = Some(name);
                    self.candidates.push(Candidate { variable: Variable::Tx, name, value, count: false });
                }
            }
        }
    }

    /// Every value of a variable but `TX`.
    pub(crate) fn resolve_variable(&mut self, set: &RuleSet, variable: Variable, selector: &Selector) {
        use Variable as V;
        let (strings, out) = (&self.strings, &mut self.candidates);
        let mut fields = |fields: &[Field]| take(strings, set, out, variable, selector, fields, false);
        match variable {
            V::Args => {
                fields(&self.request.args);
                fields(&self.body.args);
            }
            V::ArgsGet => fields(&self.request.args),
            V::ArgsPost => fields(&self.body.args),
            V::RequestHeaders => fields(&self.request.headers),
            V::RequestCookies => fields(&self.request.cookies),
            V::ResponseHeaders => fields(&self.response.headers),
            V::Files => fields(&self.body.files),
            V::FilesNames => fields(&self.body.file_names),
            V::FilesSizes => fields(&self.body.file_sizes),
            V::FilesTmpContent => fields(&self.body.file_contents),
            V::MultipartName => fields(&self.body.part_names),
            V::MultipartFilename => fields(&self.body.part_filenames),
            V::MultipartPartHeaders => fields(&self.body.part_headers),
            V::Xml => match selector {
                Selector::Name(key) if **key == *b"//@*" => {
                    out.extend(self.body.xml_attributes.iter().map(|field| Candidate::of(variable, *field)));
                }
                _ => out.extend(self.body.xml_text.iter().map(|field| Candidate::of(variable, *field))),
            },
            V::Env => fields(&self.env),
            V::Geo => fields(&self.geo),
            V::ArgsNames => {
                take(strings, set, out, variable, selector, &self.request.args, true);
                take(strings, set, out, variable, selector, &self.body.args, true);
            }
            V::ArgsGetNames => take(strings, set, out, variable, selector, &self.request.args, true),
            V::ArgsPostNames => take(strings, set, out, variable, selector, &self.body.args, true),
            V::RequestHeadersNames => {
                take(strings, set, out, variable, selector, &self.request.headers, true)
            }
            V::RequestCookiesNames => {
                take(strings, set, out, variable, selector, &self.request.cookies, true)
            }
            V::ResponseHeadersNames => {
                take(strings, set, out, variable, selector, &self.response.headers, true)
            }
            V::Global | V::Ip | V::Session | V::User | V::Resource => {
                for (name, value) in self
                    .kept
                    .iter()
                    .filter(|kept| kept.collection == variable)
                    .flat_map(|kept| &kept.variables)
                {
                    if selector.takes(strings.get(*name, &set.constants)) {
                        out.push(Candidate { variable, name: Some(*name), value: *value, count: false });
                    }
                }
            }
            V::MatchedVars | V::MatchedVarsNames => self.resolve_matched(set, variable, selector),
            V::Rule => self.resolve_rule(set, selector),
            _ => {
                if let Some(value) = self.scalar(set, variable) {
                    self.candidates.push(Candidate { variable, name: None, value, count: false });
                }
            }
        }
    }

    fn resolve_matched(&mut self, set: &RuleSet, variable: Variable, selector: &Selector) {
        for index in 0..self.found.all.len() {
            let Some(matched) = self.found.all.get(index).copied() else { continue };
            let name = self.full_name(set, matched);
            if !selector.takes(self.text(set, name)) {
                continue;
            }
            let value = if variable == Variable::MatchedVars { matched.value } else { Val::Str(name) };
            self.candidates.push(Candidate { variable, name: Some(name), value, count: false });
        }
    }

    fn resolve_rule(&mut self, set: &RuleSet, selector: &Selector) {
        let Some(rule) = set.rules.get(self.current) else { return };
        let severity = rule.severity.map(|severity| severity.to_string()).unwrap_or_default();
        let id = rule.id.to_string();
        let rev = rule.rev.as_deref().unwrap_or_default();
        for (key, value) in [("id", id.as_str()), ("rev", rev), ("severity", &severity)] {
            if selector.takes(key.as_bytes()) && !value.is_empty() {
                let name = Some(self.strings.push(key.as_bytes()));
                let value = Val::Str(self.strings.push(value.as_bytes()));
                self.candidates.push(Candidate { variable: Variable::Rule, name, value, count: false });
            }
        }
        for (key, template) in [("msg", &rule.msg), ("logdata", &rule.logdata)] {
            if let (true, Some(template)) = (selector.takes(key.as_bytes()), template) {
                let name = Some(self.strings.push(key.as_bytes()));
                let value = Val::Str(self.expand(set, template));
                self.candidates.push(Candidate { variable: Variable::Rule, name, value, count: false });
            }
        }
    }

    /// `ARGS:name`
    pub(crate) fn full_name(&mut self, set: &RuleSet, of: Candidate) -> StrId {
        let name = of.name.map(|name| self.text(set, name).to_vec());
        let start = self.strings.mark();
        let out = self.strings.open();
        if of.count {
            out.push(b'&');
        }
        out.extend_from_slice(of.variable.name().as_bytes());
        if let Some(name) = name {
            out.push(b':');
            out.extend_from_slice(&name);
        }
        self.strings.close(start)
    }

    /// The value of a variable that is not a collection, if it has one by now.
    pub(crate) fn scalar(&mut self, set: &RuleSet, variable: Variable) -> Option<Val> {
        use Variable as V;
        let (request, body, response) = (&self.request, &self.body, &self.response);
        let int = |number: i64| Some(Val::Int(number));
        let flag = |on: bool| Some(Val::Int(i64::from(on)));
        let length = |number: u64| Some(Val::Int(i64::try_from(number).unwrap_or(i64::MAX)));
        match variable {
            V::RequestMethod => request.method.map(Val::Str),
            V::RequestProtocol => request.protocol.map(Val::Str),
            V::RequestLine => request.line.map(Val::Str),
            V::RequestUri => request.uri.map(Val::Str),
            V::RequestUriRaw => request.uri_raw.map(Val::Str),
            V::RequestFilename | V::PathInfo => request.filename.map(Val::Str),
            V::RequestBasename => request.basename.map(Val::Str),
            V::QueryString => request.query.map(Val::Str),
            V::RequestBody => body.text.map(Val::Str),
            V::RequestBodyLength => length(body.length),
            V::RemoteAddr | V::RemoteHost | V::UseragentIp => request.client_address.map(Val::Str),
            V::RemotePort => request.client.and_then(|client| int(client.port().into())),
            V::RemoteUser => request.user.map(Val::Str),
            V::ServerAddr => request.server_address.map(Val::Str),
            V::ServerPort => request.server.and_then(|server| int(server.port().into())),
            V::ServerName => request.host.map(Val::Str),
            V::ReqbodyProcessor => {
                let name = body.processor.map_or("", |processor| processor.name());
                Some(Val::Str(self.strings.push(name.as_bytes())))
            }
            V::ReqbodyError | V::ReqbodyProcessorError => flag(body.error.is_some()),
            V::ReqbodyErrorMsg | V::ReqbodyProcessorErrorMsg => {
                Some(Val::Str(body.error.unwrap_or(StrId::EMPTY)))
            }
            V::ArgsCombinedSize => {
                let mut size = 0;
                for field in request.args.iter().chain(&body.args) {
                    size += self.text(set, field.name).len() + self.text(set, field.value).len();
                }
                length(size as u64)
            }
            V::FilesCombinedSize => int(body.files_size),
            V::InboundDataError => flag(body.over_limit),
            V::OutboundDataError => flag(response.over_limit),
            V::UrlencodedError => flag(request.bad_encoding),
            V::ResponseBody => response.text.map(Val::Str),
            V::ResponseContentLength => length(response.length),
            V::ResponseContentType => response.content_type.map(Val::Str),
            V::ResponseProtocol => response.protocol.map(Val::Str),
            V::ResponseStatus => response.status_text.map(Val::Str),
            V::StatusLine => response.line.map(Val::Str),
            V::UniqueId => Some(Val::Str(self.unique_id)),
            V::HighestSeverity => int(self.highest_severity.into()),
            V::MatchedVar => self.found.last.map(|last| last.value),
            V::MatchedVarName => {
                let last = self.found.last?;
                Some(Val::Str(self.full_name(set, last)))
            }
            V::Webappid => Some(Val::Str(self.strings.push(set.settings.web_app_id.as_bytes()))),
            V::Sessionid => self.kept_key(V::Session),
            V::Userid => self.kept_key(V::User),
            V::Duration => {
                let spent = self.now.saturating_sub(self.began);
                int(i64::try_from(spent.as_micros()).unwrap_or(i64::MAX))
            }
            V::ModsecBuild => int(300_000_000),
            V::MscPcreError | V::MscPcreLimitsExceeded => int(0),
            V::AuthType => self.auth_type(set),
            V::FullRequest => Some(Val::Str(self.full_request(set))),
            V::FullRequestLength => {
                let id = self.full_request(set);
                length(self.text(set, id).len() as u64)
            }
            V::Time
            | V::TimeDay
            | V::TimeEpoch
            | V::TimeHour
            | V::TimeMin
            | V::TimeMon
            | V::TimeSec
            | V::TimeWday
            | V::TimeYear => Some(self.time(variable)),
            V::MultipartUnmatchedBoundary => int(body.unmatched_boundary.into()),
            V::MultipartStrictError
            | V::MultipartBoundaryQuoted
            | V::MultipartBoundaryWhitespace
            | V::MultipartCrlfLfLines
            | V::MultipartDataAfter
            | V::MultipartDataBefore
            | V::MultipartFileLimitExceeded
            | V::MultipartHeaderFolding
            | V::MultipartInvalidHeaderFolding
            | V::MultipartInvalidPart
            | V::MultipartInvalidQuoting
            | V::MultipartLfLine
            | V::MultipartMissingSemicolon => {
                flag(body.flags.iter().any(|(known, on)| *known == variable && *on))
            }
            _ => None,
        }
    }

    fn kept_key(&self, collection: Variable) -> Option<Val> {
        self.kept.iter().find(|kept| kept.collection == collection).map(|kept| Val::Str(kept.key))
    }

    /// The scheme of `Authorization`.
    fn auth_type(&mut self, set: &RuleSet) -> Option<Val> {
        let value = self.header(set, b"authorization")?;
        let end = self.text(set, value).iter().position(|byte| *byte == b' ')?;
        Some(Val::Str(self.strings.slice(value, 0, end)))
    }

    /// The first request header of that name.
    pub(crate) fn header(&self, set: &RuleSet, name: &[u8]) -> Option<StrId> {
        self.request
            .headers
            .iter()
            .find(|field| self.text(set, field.name).eq_ignore_ascii_case(name))
            .map(|field| field.value)
    }

    fn full_request(&mut self, set: &RuleSet) -> StrId {
        let mut out = Vec::new();
        if let Some(line) = self.request.line {
            out.extend_from_slice(self.text(set, line));
        }
        out.extend_from_slice(b"\r\n");
        for field in &self.request.headers {
            out.extend_from_slice(self.text(set, field.name));
            out.extend_from_slice(b": ");
            out.extend_from_slice(self.text(set, field.value));
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        match self.body.whole {
            Some(whole) => out.extend_from_slice(self.text(set, whole)),
            None => out.extend_from_slice(&self.body.bytes),
        }
        self.strings.push(&out)
    }

    fn time(&mut self, variable: Variable) -> Val {
        let now = Calendar::of(self.now);
        Val::Int(match variable {
            Variable::TimeDay => now.day.into(),
            Variable::TimeEpoch => i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX),
            Variable::TimeHour => now.hour.into(),
            Variable::TimeMin => now.minute.into(),
            // Months count from 0, as in C.
            Variable::TimeMon => i64::from(now.month) - 1,
            Variable::TimeSec => now.second.into(),
            Variable::TimeWday => now.weekday.into(),
            Variable::TimeYear => now.year,
            _ => {
                let text = format!("{:02}:{:02}:{:02}", now.hour, now.minute, now.second);
                return Val::Str(self.strings.push(text.as_bytes()));
            }
        })
    }
}

impl Candidate {
    pub(crate) fn of(variable: Variable, field: Field) -> Self {
        Self { variable, name: Some(field.name), value: Val::Str(field.value), count: false }
    }
}

fn take(
    strings: &crate::strings::Strings,
    set: &RuleSet,
    out: &mut Vec<Candidate>,
    variable: Variable,
    selector: &Selector,
    fields: &[Field],
    names: bool,
) {
    for field in fields {
        if matches!(selector, Selector::All) || selector.takes(strings.get(field.name, &set.constants)) {
            let value = if names { field.name } else { field.value };
            out.push(Candidate { variable, name: Some(field.name), value: Val::Str(value), count: false });
        }
    }
}
