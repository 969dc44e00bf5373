//! `@validateByteRange`: matches input with a byte that is not among those allowed.

/// The bytes allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidateByteRange {
    allowed: [bool; 256],
}

impl ValidateByteRange {
    /// Numbers and ranges of numbers between commas, as `9,10,13,32-126`.
    ///
    /// # Errors
    /// Names what is not a byte or a range of bytes.
    pub fn parse(ranges: &str) -> Result<Self, String> {
        let mut allowed = [false; 256];
        for range in ranges.split(',').map(str::trim) {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let byte = |text: &str| {
                text.trim()
                    .parse::<u8>()
                    .map_err(|_| format!("`{range}` is not a byte or a range of bytes, 0 to 255"))
            };
            let (first, last) = (byte(first)?, byte(last)?);
            if first > last {
                return Err(format!("the range `{range}` runs backwards"));
            }
            for (byte, allowed) in (0..=u8::MAX).zip(&mut allowed) {
                *allowed |= (first..=last).contains(&byte);
            }
        }
        Ok(Self { allowed })
    }

    /// Whether a byte of `input` is not allowed.
    #[must_use]
    pub fn matches(&self, input: &[u8]) -> bool {
        input.iter().any(|byte| !self.allowed.get(usize::from(*byte)).copied().unwrap_or(false))
    }
}
