//! Detectors: every input is judged, alike each time, and what is told of a finding fits the input.

use portcullis_detectors::DETECTORS;

/// One input for all detectors.
pub fn run(bytes: &[u8]) {
    for detector in DETECTORS {
        let Some(finding) = (detector.find)(bytes) else { continue };
        let name = detector.operator;
        assert!(
            finding.evidence.start <= finding.evidence.end && finding.evidence.end <= bytes.len(),
            "{name}: the evidence is not in the input"
        );
        assert!(!finding.why.is_empty() && !finding.context.is_empty(), "{name} does not say why");
        assert!(
            finding.fingerprint.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '),
            "{name}: the fingerprint cannot be written to a log"
        );
        assert!((detector.find)(bytes) == Some(finding), "{name} says something else the second time");
    }
}
