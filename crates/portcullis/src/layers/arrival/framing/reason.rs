use http::StatusCode;

use super::Fault;
use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies: the fault, and the bytes it was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What is wrong.
    pub fault: Fault,
    /// Where, and the bytes as sent.
    pub evidence: Evidence,
}

/// The most bytes of the evidence that the sentence quotes.
const QUOTED: usize = 60;

impl Reason {
    /// `fault`, found at `place` in `bytes`.
    pub fn new(fault: Fault, place: impl Into<String>, bytes: &[u8]) -> Self {
        Self { fault, evidence: Evidence::new(place, bytes) }
    }
}

impl Reason {
    /// Whether the head says one thing alone in spite of this: where the layer observes, it may pass on.
    ///
    /// A raw byte in the target stands for itself; of a length and a coding the coding holds, and the
    /// length is taken away (RFC 9112 section 6.3); a later version is read as the latest that is known
    /// (RFC 9110 section 2.5); whether `CONNECT` is served is for others to say.
    #[must_use]
    pub fn leaves_one_reading(&self) -> bool {
        matches!(
            self.fault,
            Fault::TargetByte
                | Fault::TargetEightBit
                | Fault::LengthWithCoding
                | Fault::ConnectMethod
                | Fault::VersionUnsupported
        )
    }
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        self.fault.code()
    }

    fn status(&self) -> StatusCode {
        self.fault.status()
    }

    fn sentence(&self) -> String {
        let seen = self.fault.seen();
        let bytes = &self.evidence.bytes;
        if bytes.is_empty() {
            return seen.to_owned();
        }
        let quoted = bytes.get(..QUOTED).unwrap_or(bytes).escape_ascii();
        let more = if bytes.len() > QUOTED { "…" } else { "" };
        format!("{seen}: `{quoted}{more}`")
    }

    fn why(&self) -> &'static str {
        self.fault.why()
    }

    fn evidence(&self) -> Option<Evidence> {
        Some(self.evidence.clone())
    }

    /// Only what does not touch the framing can be let through: where a message ends is not negotiable.
    fn exception(&self, at: &Place<'_>) -> Option<String> {
        let knob = self.fault.knob()?;
        Some(at.route(&format!(
            "[route.framing]\n# danger: {}\n{knob} = true\n",
            self.fault.why().split_whitespace().collect::<Vec<_>>().join(" ")
        )))
    }
}
