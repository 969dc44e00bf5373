//! From text to a checked rule set: reading, including, updating, and what is wrong with it.

pub(crate) mod actions;
pub(crate) mod ctl;
pub(crate) mod directives;
mod draft;
mod update;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Fault, LoadError};
use crate::settings::Settings;
use crate::source::{Files, Location, Source};
use crate::syntax::lines::{Logical, Word, logical_lines};
use directives::Take;
pub(crate) use draft::{Defaults, Draft};
use update::Update;
pub(crate) use update::shown;

/// How deep files may include each other.
const INCLUDE_DEPTH: usize = 32;

/// One thing of a rule set, in order.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Rule(Box<Draft>),
    Marker(Box<str>),
}

/// A rule set as read, before it is compiled.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) settings: Settings,
    pub(crate) items: Vec<Item>,
    /// What loads but does nothing.
    pub(crate) notes: Vec<Fault>,
    /// The content of the file of `SecGeoLookupDb`.
    pub(crate) geo: Option<(Vec<u8>, Location)>,
}

struct Loader<'a> {
    files: &'a dyn Files,
    loaded: Loaded,
    faults: Vec<Fault>,
    defaults: [Defaults; 5],
    updates: Vec<Update>,
    /// The rule that ended with `chain` and waits for the next.
    open_chain: Option<Location>,
}

/// Reads all sources in order.
pub(crate) fn load(sources: &[Source], files: &dyn Files) -> Result<Loaded, LoadError> {
    let mut loader = Loader {
        files,
        loaded: Loaded::default(),
        faults: Vec::new(),
        defaults: Default::default(),
        updates: Vec::new(),
        open_chain: None,
    };
    for source in sources {
        match source {
            Source::Text { name, text } => loader.text(&Arc::from(name.as_str()), text, Path::new(""), 0),
            Source::File(path) => {
                let nowhere = Location { file: "configuration".into(), line: 1, column: 1 };
                loader.include(path, &nowhere, false, 0);
            }
        }
    }
    loader.end_of_chain();
    loader.finish()
}

impl Loader<'_> {
    fn fault(&mut self, at: Location, message: impl Into<String>) {
        self.faults.push(Fault::new(at, message));
    }

    fn include(&mut self, pattern: &Path, from: &Location, optional: bool, depth: usize) {
        if depth > INCLUDE_DEPTH {
            self.fault(from.clone(), format!("files include each other more than {INCLUDE_DEPTH} deep"));
            return;
        }
        let paths = match self.files.glob(pattern) {
            Ok(paths) => paths,
            Err(error) => {
                return self
                    .fault(from.clone(), format!("`{}` cannot be listed: {error}", pattern.display()));
            }
        };
        if paths.is_empty() && !optional {
            self.fault(
                from.clone(),
                format!("`{}` names no file; `IncludeOptional` may name none", pattern.display()),
            );
        }
        for path in paths {
            match self.files.read(&path) {
                Ok(content) => match String::from_utf8(content) {
                    Ok(text) => {
                        let name = Arc::from(path.to_string_lossy().as_ref());
                        let beside = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
                        self.text(&name, &text, &beside, depth);
                    }
                    Err(error) => {
                        let upto = error.utf8_error().valid_up_to();
                        let lines = error.as_bytes().iter().take(upto).filter(|byte| **byte == b'\n').count();
                        let at = Location {
                            file: path.to_string_lossy().as_ref().into(),
                            line: u32::try_from(lines + 1).unwrap_or(u32::MAX),
                            column: 1,
                        };
                        self.fault(at, "the line is not UTF-8; write other bytes as `\\xHH` in expressions");
                    }
                },
                Err(error) if optional && error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    self.fault(from.clone(), format!("`{}` cannot be read: {error}", path.display()));
                }
            }
        }
    }

    fn text(&mut self, file: &Arc<str>, text: &str, beside: &Path, depth: usize) {
        for line in logical_lines(file, text) {
            match line.words() {
                Ok(words) => self.directive(&line, &words, beside, depth),
                Err(fault) => self.faults.push(fault),
            }
        }
    }

    fn directive(&mut self, line: &Logical, words: &[Word], beside: &Path, depth: usize) {
        let Some((name, arguments)) = words.split_first() else { return };
        let at = line.start();
        if name.text.starts_with('<') {
            return self.fault(at, "sections such as `<IfModule>` belong to Apache httpd and are not read");
        }
        let (name, take) = match directives::find(&name.text) {
            Some(found) => found,
            None => return self.fault(at, format!("there is no directive `{}`", name.text)),
        };
        if self.open_chain.is_some() && name != "SecRule" {
            self.end_of_chain();
        }
        match take {
            Take::Supported => {}
            Take::Idle(why) => {
                return self.loaded.notes.push(Fault::new(at, format!("`{name}` changes nothing: {why}")));
            }
            Take::Refused(why) => return self.fault(at, format!("`{name}` is not supported: {why}")),
        }
        let texts: Vec<&str> = arguments.iter().map(|word| word.text.as_str()).collect();
        match (name, arguments) {
            ("SecRule", _) => self.rule(line, arguments, beside),
            ("SecAction", [actions]) => self.unconditional(line, actions),
            ("SecDefaultAction", [actions]) => self.default_action(line, actions),
            ("SecMarker", [label]) => {
                let label = label.text.trim_matches(['"', '\'']).into();
                self.loaded.items.push(Item::Marker(label));
            }
            ("Include" | "IncludeOptional", [pattern]) => {
                let pattern: PathBuf = beside.join(&pattern.text);
                self.include(&pattern, &at, name == "IncludeOptional", depth + 1);
            }
            ("SecAction" | "SecDefaultAction" | "SecMarker" | "Include" | "IncludeOptional", _) => {
                self.fault(at, format!("`{name}` takes one value, not {}", arguments.len()));
            }
            ("SecGeoLookupDb", [file]) => {
                let path = beside.join(&file.text);
                match self.files.read(&path) {
                    Ok(content) => self.loaded.geo = Some((content, at)),
                    Err(error) => self.fault(at, format!("`{}` cannot be read: {error}", path.display())),
                }
            }
            _ if name.starts_with("SecRuleRemove") || name.starts_with("SecRuleUpdate") => {
                match update::read(name, arguments, line, &self.loaded.settings) {
                    Ok(update) => self.updates.push(update),
                    Err(fault) => self.faults.push(fault),
                }
            }
            _ => match directives::set(&mut self.loaded.settings, name, &texts, self.files, beside) {
                Some(Ok(())) => self.loaded.settings.written.push((name.to_owned(), at)),
                Some(Err(message)) => self.fault(at, message),
                None => self.fault(at, format!("`{name}` is written in a way that is not understood")),
            },
        }
    }

    fn rule(&mut self, line: &Logical, words: &[Word], beside: &Path) {
        let chained = self.open_chain.take();
        let (targets, operator, actions) = match words {
            [targets, operator] => (targets, operator, None),
            [targets, operator, actions] => (targets, operator, Some(actions)),
            _ => {
                return self.fault(
                    line.start(),
                    format!("`SecRule` takes variables, an operator and actions, not {} words", words.len()),
                );
            }
        };
        match Draft::rule(line, targets, operator, actions, beside, &self.loaded.settings) {
            Ok(draft) => self.push(draft, chained.is_some()),
            Err(faults) => {
                // What a chain of a faulty rule would say is not told: it would be about something else.
                self.faults.extend(faults);
                if actions.is_some_and(|actions| actions.text.contains("chain")) {
                    self.open_chain = Some(line.start());
                }
            }
        }
    }

    fn unconditional(&mut self, line: &Logical, actions: &Word) {
        match Draft::action(line, actions, &self.loaded.settings) {
            Ok(draft) if draft.chains => {
                self.fault(draft.at, "a `SecAction` matches always and begins no chain");
            }
            Ok(draft) => self.push(draft, false),
            Err(faults) => self.faults.extend(faults),
        }
    }

    fn push(&mut self, mut draft: Draft, chained: bool) {
        if draft.chains {
            self.open_chain = Some(draft.at.clone());
        }
        if chained {
            let link_faults = draft.faults_as_link();
            self.faults.extend(link_faults);
            if let Some(Item::Rule(starter)) = self.loaded.items.last_mut() {
                starter.links.push(draft);
            }
            return;
        }
        let faults = draft.faults_as_starter();
        self.faults.extend(faults);
        if let Some(defaults) = self.defaults.get(usize::from(draft.phase().number() - 1)) {
            draft.defaults = defaults.clone();
        }
        self.loaded.items.push(Item::Rule(Box::new(draft)));
    }

    fn default_action(&mut self, line: &Logical, actions: &Word) {
        match Defaults::read(line, actions, &self.loaded.settings) {
            Ok((phase, defaults)) => {
                if let Some(slot) = self.defaults.get_mut(usize::from(phase.number() - 1)) {
                    *slot = defaults;
                }
            }
            Err(faults) => self.faults.extend(faults),
        }
    }

    fn end_of_chain(&mut self) {
        if let Some(at) = self.open_chain.take() {
            self.fault(at, "the rule ends with `chain` but no `SecRule` follows");
        }
    }

    fn finish(mut self) -> Result<Loaded, LoadError> {
        self.duplicate_ids();
        for update in std::mem::take(&mut self.updates) {
            match update.apply(&mut self.loaded.items) {
                Ok(0) => self.loaded.notes.push(Fault::new(update.at, "no rule is meant by this")),
                Ok(_) => {}
                Err(fault) => self.faults.push(fault),
            }
        }
        if self.faults.is_empty() { Ok(self.loaded) } else { Err(LoadError { faults: self.faults }) }
    }

    fn duplicate_ids(&mut self) {
        let mut seen = std::collections::HashMap::new();
        let mut faults = Vec::new();
        for item in &self.loaded.items {
            let Item::Rule(draft) = item else { continue };
            let Some(id) = draft.id() else { continue };
            if let Some(first) = seen.insert(id, draft.at.clone()) {
                faults.push(Fault::new(
                    draft.at.clone(),
                    format!("rule id {id} is taken by the rule at {first}"),
                ));
            }
        }
        self.faults.extend(faults);
    }
}
