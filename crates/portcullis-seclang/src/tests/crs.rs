//! With the OWASP Core Rule Set, which is found by `PORTCULLIS_CRS` or beside the checkout.

use std::path::PathBuf;

use crate::{Disk, RuleSet, Source};

/// The directory of the Core Rule Set.
pub(super) fn directory() -> PathBuf {
    let place = std::env::var_os("PORTCULLIS_CRS").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/crs/4.28.0");
    let up = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/crs/4.28.0");
    place
        .into_iter()
        .chain([beside, up])
        .find(|path| path.join("crs-setup.conf.example").exists())
        .expect("set PORTCULLIS_CRS to a directory with `crs-setup.conf.example` and `rules/` of CRS 4")
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
