//! The detectors as operators.

use portcullis_detectors::{DETECTORS, Finding};

/// Judges one value.
pub(crate) type Find = fn(&[u8]) -> Option<Finding>;

/// How the detector is asked that rules know by this name.
pub(crate) fn by_operator(name: &str) -> Option<Find> {
    portcullis_detectors::by_operator(name).map(|detector| detector.find)
}

/// The names of these operators.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    DETECTORS.iter().map(|known| known.operator)
}
