//! With the OWASP Core Rule Set, which is looked for in `PORTCULLIS_CRS`, else in `shared/crs` beside the checkout.

use std::path::PathBuf;

use crate::{Disk, RuleSet, Source};

/// The directory of the newest version there.
pub(super) fn directory() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/crs");
    let up = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/crs");
    let root = std::env::var_os("PORTCULLIS_CRS")
        .map_or_else(|| if beside().is_dir() { beside() } else { up() }, PathBuf::from);
    std::fs::read_dir(&root)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("rules").is_dir())
        .max()
        .unwrap_or_else(|| {
            panic!("no Core Rule Set in `{}`: unpack a release there, or set PORTCULLIS_CRS", root.display())
        })
}

pub(super) fn sources(before: &str) -> Vec<Source> {
    let crs = directory();
    vec![
        Source::text("before", before),
        Source::file(crs.join("crs-setup.conf.example")),
        Source::file(crs.join("rules/*.conf")),
    ]
}

#[test]
fn the_core_rule_set_loads_whole() {
    let set = RuleSet::load(&sources("SecRuleEngine On"), &Disk).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(set.len(), 630);
    assert!(set.notes().is_empty(), "{:?}", set.notes());
}
