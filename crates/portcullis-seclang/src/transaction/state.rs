//! What a transaction knows.

use std::sync::Arc;
use std::time::Duration;

use super::planned::Facts;
use super::tx::TxVars;
use super::{Start, Walk};
use crate::bodies::{GraphqlFacts, Processor};
use crate::collections::{Collections, VarChange};
use crate::record::{Intervention, Match};
use crate::rules::{Bits, RuleSet};
use crate::settings::{AuditMode, AuditParts, EngineMode};
use crate::strings::{StrId, Strings};
use crate::syntax::names::Variable;
use crate::syntax::targets::Target;
use crate::values::{Field, Val};

/// Everything a transaction knows.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) strings: Strings,
    pub(crate) walk: Walk,
    pub(crate) unique_id: StrId,
    pub(crate) began: Duration,
    pub(crate) now: Duration,
    pub(crate) request: Request,
    pub(crate) body: Body,
    pub(crate) response: Response,
    pub(crate) switches: Switches,
    pub(crate) tx: TxVars,
    pub(crate) env: Vec<Field>,
    pub(crate) geo: Vec<Field>,
    pub(crate) kept: Vec<Kept>,
    pub(crate) store: Option<Arc<dyn Collections>>,
    pub(crate) found: Found,
    pub(crate) removed: Bits,
    pub(crate) removed_targets: Vec<(Bits, Target)>,
    pub(crate) highest_severity: u8,
    pub(crate) matches: Vec<Match>,
    pub(crate) intervention: Option<Intervention>,
    /// An intervention was given out: later phases but the last are passed over.
    pub(crate) stopped: bool,
    pub(crate) finished: bool,
    /// `allow`: no rules up to this phase.
    pub(crate) allowed_until: u8,
    /// The rule that runs, for `RULE`.
    pub(crate) current: usize,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) facts: Facts,
    /// What was decided when the set was loaded holds.
    pub(crate) folded: bool,
    pub(crate) last_phase: u8,
    /// Rules that run in this phase.
    pub(crate) hot: Vec<u64>,
    pub(crate) scratch: crate::operators::Found,
}

/// The request up to its body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) client: Option<std::net::SocketAddr>,
    pub(crate) server: Option<std::net::SocketAddr>,
    pub(crate) client_address: Option<StrId>,
    pub(crate) server_address: Option<StrId>,
    pub(crate) user: Option<StrId>,
    pub(crate) method: Option<StrId>,
    pub(crate) protocol: Option<StrId>,
    pub(crate) line: Option<StrId>,
    pub(crate) uri: Option<StrId>,
    pub(crate) uri_raw: Option<StrId>,
    pub(crate) filename: Option<StrId>,
    pub(crate) basename: Option<StrId>,
    pub(crate) query: Option<StrId>,
    pub(crate) headers: Vec<Field>,
    /// The number of the name among those that rules ask for.
    pub(crate) header_numbers: Vec<Option<u16>>,
    pub(crate) cookies: Vec<Field>,
    pub(crate) args: Vec<Field>,
    pub(crate) bad_encoding: bool,
    pub(crate) host: Option<StrId>,
}

/// The request body and what was read in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    pub(crate) length: u64,
    pub(crate) over_limit: bool,
    pub(crate) processor: Option<Processor>,
    pub(crate) error: Option<StrId>,
    /// The bytes, once the body is complete.
    pub(crate) whole: Option<StrId>,
    /// `REQUEST_BODY`
    pub(crate) text: Option<StrId>,
    pub(crate) args: Vec<Field>,
    pub(crate) files: Vec<Field>,
    pub(crate) file_names: Vec<Field>,
    pub(crate) file_sizes: Vec<Field>,
    pub(crate) file_contents: Vec<Field>,
    pub(crate) files_size: i64,
    pub(crate) part_names: Vec<Field>,
    pub(crate) part_filenames: Vec<Field>,
    pub(crate) part_headers: Vec<Field>,
    pub(crate) xml_text: Vec<Field>,
    pub(crate) xml_attributes: Vec<Field>,
    /// The flags `MULTIPART_…`, by variable.
    pub(crate) flags: Vec<(Variable, bool)>,
    pub(crate) unmatched_boundary: u8,
    pub(crate) graphql: GraphqlFacts,
}

/// The response.
#[derive(Debug, Clone, Default)]
pub(crate) struct Response {
    pub(crate) protocol: Option<StrId>,
    pub(crate) status: Option<u16>,
    pub(crate) status_text: Option<StrId>,
    pub(crate) line: Option<StrId>,
    pub(crate) headers: Vec<Field>,
    pub(crate) content_type: Option<StrId>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) length: u64,
    pub(crate) over_limit: bool,
    pub(crate) text: Option<StrId>,
}

/// What `ctl` can change.
#[derive(Debug, Clone)]
pub(crate) struct Switches {
    pub(crate) engine: EngineMode,
    pub(crate) request_body_access: bool,
    pub(crate) request_body_limit: u64,
    pub(crate) response_body_access: bool,
    pub(crate) response_body_limit: u64,
    pub(crate) force_request_body: bool,
    pub(crate) audit: AuditMode,
    pub(crate) audit_parts: AuditParts,
}

/// What matched last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) last: Option<Candidate>,
    /// Every match of the chain that runs: variable, name, value as it was judged.
    pub(crate) all: Vec<Candidate>,
    /// The value of each of them before the transformations.
    pub(crate) raw: Vec<Val>,
}

/// One value to judge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) variable: Variable,
    pub(crate) name: Option<StrId>,
    pub(crate) value: Val,
    /// `&`: the value is how many there are.
    pub(crate) count: bool,
}

/// A persistent collection in use.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) collection: Variable,
    pub(crate) key: StrId,
    pub(crate) variables: Vec<(StrId, Val)>,
    pub(crate) changes: Vec<VarChange>,
}

impl State {
    pub(crate) fn new(set: &RuleSet, start: Start) -> Self {
        let mut strings = Strings::new();
        let unique_id = strings.push(start.unique_id.as_bytes());
        let settings = &set.settings;
        Self {
            strings,
            walk: start.walk,
            unique_id,
            began: start.now,
            now: start.now,
            request: Request::default(),
            body: Body::default(),
            response: Response::default(),
            switches: Switches {
                engine: start.engine.unwrap_or(settings.engine),
                request_body_access: settings.request_body_access,
                request_body_limit: settings.request_body_limit,
                response_body_access: settings.response_body_access,
                response_body_limit: settings.response_body_limit,
                force_request_body: false,
                audit: settings.audit.mode,
                audit_parts: settings.audit.parts,
            },
            tx: TxVars::new(set.slots.len()),
            env: Vec::new(),
            geo: Vec::new(),
            kept: Vec::new(),
            store: start.collections,
            found: Found::default(),
            removed: start.exclusions.as_ref().map(|one| one.removed.clone()).unwrap_or_default(),
            removed_targets: start.exclusions.as_ref().map(|one| one.targets.clone()).unwrap_or_default(),
            highest_severity: 255,
            matches: Vec::new(),
            intervention: None,
            stopped: false,
            finished: false,
            allowed_until: 0,
            current: 0,
            candidates: Vec::new(),
            facts: Facts::default(),
            folded: start.exclusions.as_ref().is_none_or(|one| {
                let relied_on = &set.plan.folds.relied_on;
                !one.removed.intersects(relied_on)
                    && !one.targets.iter().any(|(rules, _)| rules.intersects(relied_on))
            }),
            last_phase: 0,
            hot: Vec::new(),
            scratch: crate::operators::Found::default(),
        }
    }

    /// Whether rules still have a say.
    pub(crate) fn running(&self) -> bool {
        self.switches.engine != EngineMode::Off && !self.stopped
    }

    pub(crate) fn text<'a>(&'a self, set: &'a RuleSet, id: StrId) -> &'a [u8] {
        self.strings.get(id, &set.constants)
    }

    /// The value as bytes; a number is written out.
    pub(crate) fn textual(&mut self, value: Val) -> StrId {
        match value {
            Val::Str(id) => id,
            Val::Int(number) => {
                let start = self.strings.mark();
                crate::values::push_number(self.strings.open(), number);
                self.strings.close(start)
            }
        }
    }

    /// The value as a number.
    pub(crate) fn numeric(&self, set: &RuleSet, value: Val) -> i64 {
        match value {
            Val::Int(number) => number,
            Val::Str(id) => match id.as_constant().and_then(|index| set.constant_numbers.get(index)) {
                Some(number) => *number,
                None => crate::values::number(self.text(set, id)),
            },
        }
    }
}
