//! `SecUnicodeMapFile`: which byte a code page makes of a character that it does not have.

use std::collections::HashMap;

/// The best fit of one code page: characters of the basic plane to single bytes.
///
/// Windows turns `’` (U+2019) into `'` when it converts to US-ASCII; a rule that looks for a quote must see it
/// too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnicodeMap {
    bytes: HashMap<u16, u8>,
}

impl UnicodeMap {
    /// Reads the table of `code_page` from the text of a mapping file: a line that begins with the number of
    /// the code page, then a line of pairs `hhhh:hh`.
    ///
    /// # Errors
    /// Tells which pair is not one, or that the file has no such code page.
    pub fn parse(text: &str, code_page: u32) -> Result<Self, String> {
        let mut lines = text.lines().zip(1..);
        lines
            .by_ref()
            .find(|(line, _)| {
                line.split_whitespace().next().is_some_and(|word| word.parse() == Ok(code_page))
            })
            .ok_or_else(|| format!("the map has no code page `{code_page}`"))?;
        let mut bytes = HashMap::new();
        for (line, number) in lines {
            let mut words = line.split_whitespace().peekable();
            if words.peek().is_none_or(|word| !word.contains(':')) {
                if bytes.is_empty() { continue } else { break }
            }
            for word in words {
                let (character, byte) = word
                    .split_once(':')
                    .and_then(|(character, byte)| {
                        Some((u16::from_str_radix(character, 16).ok()?, u8::from_str_radix(byte, 16).ok()?))
                    })
                    .ok_or_else(|| format!("line {number} of the map: `{word}` is not a pair `hhhh:hh`"))?;
                bytes.insert(character, byte);
            }
        }
        Ok(Self { bytes })
    }

    /// The byte for `character`, if the code page has a best fit for it.
    #[must_use]
    pub fn get(&self, character: u16) -> Option<u8> {
        self.bytes.get(&character).copied()
    }
}
