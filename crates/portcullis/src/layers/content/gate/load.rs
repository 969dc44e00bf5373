//! Rules, loaded: one compiled set for the whole site, and what each route excludes of it.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use portcullis_seclang::{
    Collections, Exclusions, Files, LoadError, MemoryCollections, MemoryFiles, RuleSet, Source,
};

use super::Config;
use crate::policy::{Policy, Rules};
use crate::verdict::Mode;

/// The compiled rules of one place.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Shared by every route.
    pub set: Arc<RuleSet>,
    /// What is excluded here.
    pub exclusions: Option<Arc<Exclusions>>,
    /// What rules keep of addresses, sessions and users from one exchange to the next. Shared by every route.
    pub collections: Arc<dyn Collections>,
}

/// How many addresses, sessions and users rules may remember at once: a stranger decides how many there are.
pub const REMEMBERED: usize = 100_000;

/// Why rules were not loaded: every fault, with its place.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RulesError {
    /// The rules themselves.
    #[error(transparent)]
    Rules(#[from] LoadError),
    /// An exclusion of the policy.
    #[error("{key}: {message}")]
    Exclusion {
        /// The key in the policy.
        key: String,
        /// What is wrong.
        message: String,
    },
}

/// The built-in set alone, as most sites have it: compiled once.
static BUILTIN: LazyLock<Result<Arc<RuleSet>, LoadError>> = LazyLock::new(|| {
    let sources = builtin();
    RuleSet::load(&sources.0, &sources.1).map(Arc::new)
});

impl Policy {
    /// Loads what `[gate] rules` names, for the site and every route. Relative paths start at `folder`.
    ///
    /// A policy whose rules are not loaded refuses every request that the layer is asked about.
    ///
    /// # Errors
    /// Every fault of the rules, and exclusions that mean no rule.
    pub fn load_rules(&mut self, folder: &Path, files: &dyn Files) -> Result<(), RulesError> {
        let wanted = std::iter::once(self.site()).chain(self.routes().iter().map(|route| &route.rules));
        if wanted.into_iter().all(|rules| rules.gate.mode == Mode::Off) {
            return Ok(());
        }
        let set = compile(&self.site().gate, folder, files)?;
        let collections: Arc<dyn Collections> = Arc::new(MemoryCollections::new(REMEMBERED));
        self.each_rules(|rules, key| put(rules, key, &set, &collections))
    }

    /// From now on rules remember in `collections`, instead of in the memory of the policy.
    pub fn remember_in(&mut self, collections: &Arc<dyn Collections>) {
        let _ = self.each_rules(|rules, _| {
            if let Some(loaded) = &mut rules.gate.loaded {
                loaded.collections = Arc::clone(collections);
            }
            Ok::<(), std::convert::Infallible>(())
        });
    }

    /// Goes on with what the rules of `before` remember, so that a reload forgives nobody.
    pub fn remember_as(&mut self, before: &Self) {
        let Some(collections) = before.site().gate.loaded.as_ref().map(|loaded| loaded.collections.clone())
        else {
            return;
        };
        self.remember_in(&collections);
    }

    /// Loads the rules of a policy that names no files, which is what a policy without `[gate] rules` does.
    pub(crate) fn load_builtin(&mut self) {
        let gate = &self.site().gate;
        if gate.loaded.is_none() && gate.sources.iter().all(|source| source == "builtin") {
            // Without a set the layer refuses, so that a fault opens no door; a test shows that there is none.
            let _ = self.load_rules(Path::new(""), &MemoryFiles::new());
        }
    }
}

fn put(
    rules: &mut Rules,
    key: &str,
    set: &Arc<RuleSet>,
    collections: &Arc<dyn Collections>,
) -> Result<(), RulesError> {
    let gate = &mut rules.gate;
    let mut ctls = Vec::new();
    for exclude in &gate.exclude {
        let wrong = |message| RulesError::Exclusion { key: format!("{key}gate.{}", exclude.key), message };
        // One at a time, so that the fault has its key.
        Exclusions::compile(set, &[exclude.ctl.as_str()]).map_err(wrong)?;
        ctls.push(exclude.ctl.as_str());
    }
    let exclusions = match ctls.as_slice() {
        [] => None,
        ctls => {
            let wrong = |message| RulesError::Exclusion { key: format!("{key}gate.exclude"), message };
            Some(Arc::new(Exclusions::compile(set, ctls).map_err(wrong)?))
        }
    };
    gate.loaded = Some(Loaded { set: Arc::clone(set), exclusions, collections: Arc::clone(collections) });
    Ok(())
}

fn compile(config: &Config, folder: &Path, files: &dyn Files) -> Result<Arc<RuleSet>, RulesError> {
    if config.prelude.is_none() && config.sources.iter().all(|source| source == "builtin") {
        return BUILTIN.clone().map_err(RulesError::from);
    }
    let mut sources = Vec::new();
    if let Some(prelude) = &config.prelude {
        sources.push(Source::text("portcullis.toml", prelude.clone()));
    }
    let (own, own_files) = builtin();
    for source in &config.sources {
        match source.as_str() {
            "builtin" => sources.extend(own.iter().cloned()),
            path => sources.push(Source::file(folder.join(path))),
        }
    }
    let both = Both { own: own_files, others: files };
    Ok(Arc::new(RuleSet::load(&sources, &both)?))
}

/// The built-in rules, and the files that they name.
fn builtin() -> (Vec<Source>, MemoryFiles) {
    let mut files = MemoryFiles::new();
    let mut sources = Vec::new();
    for (name, text) in super::builtin::FILES {
        let path = format!("builtin/{name}");
        if Path::new(name).extension().is_some_and(|ending| ending == "conf") {
            sources.push(Source::file(&path));
        }
        files = files.with(path, *text);
    }
    (sources, files)
}

/// The files of the built-in set before those of the machine.
struct Both<'a> {
    own: MemoryFiles,
    others: &'a dyn Files,
}

impl Files for Both<'_> {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        self.own.read(path).or_else(|_| self.others.read(path))
    }

    fn glob(&self, pattern: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
        if pattern.starts_with("builtin") { self.own.glob(pattern) } else { self.others.glob(pattern) }
    }
}
