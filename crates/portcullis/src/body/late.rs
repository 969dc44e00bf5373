//! What comes behind the window: the fields of a multipart body after a large file, for rules to judge.
//!
//! ModSecurity and Coraza write a body to disk and judge it when all of it is there. Nothing is written here, and a
//! body of any size passes in bounded memory: once the window is full and the rules have judged it, only what is no
//! content of a file is copied on, and judged whenever as much as the window holds has come together, and at the end.
//! The app has bytes of the request by then, and gets no end of it where the rules object.

use crate::reason::Reason;

/// So much of a field that is longer than the window is judged twice, so that nothing hides at the seam.
const OVERLAP: usize = 4096;

/// Whoever judges what was copied: a body of its own, with its delimiters.
pub(crate) trait Judge: Send {
    /// Judges; what must not pass is the error. What was only observed is kept for whom it concerns.
    ///
    /// # Errors
    /// Why it must not pass.
    fn judge(&mut self, body: &[u8]) -> Result<(), Reason>;
}

/// Parts of a multipart body, without what is in files.
#[derive(Debug, Default)]
pub(super) struct Copied {
    bytes: Vec<u8>,
    /// Where the part begins that is being read, and its content.
    part: usize,
    content: usize,
}

impl Copied {
    /// Begins with what has been seen of the part that is being read.
    pub(super) fn begin(part: &[u8], content: usize) -> Self {
        Self { bytes: part.to_vec(), part: 0, content: content.min(part.len()) }
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A delimiter of this length has just been copied.
    pub(super) fn part_begins(&mut self, delimiter: usize) {
        self.part = self.bytes.len().saturating_sub(delimiter);
        self.content = self.bytes.len();
    }

    /// The headers of the part have just ended.
    pub(super) fn content_begins(&mut self) {
        self.content = self.bytes.len();
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What has come together as a body of its own, and goes on with the part that is being read.
    pub(super) fn take(&mut self, delimiter: &[u8], closed: bool) -> Vec<u8> {
        let mut body = self.bytes.clone();
        if !closed {
            body.extend_from_slice(b"\r\n");
            body.extend_from_slice(delimiter);
            body.extend_from_slice(b"--\r\n");
        }
        if self.part > 0 {
            self.bytes.drain(..self.part.min(self.bytes.len()));
        } else {
            // One part alone is longer than the window: its head stays, and the end of what was seen.
            let end = self.bytes.len();
            let from = end.saturating_sub(OVERLAP).max(self.content.min(end));
            self.bytes.drain(self.content.min(end)..from);
        }
        self.content = self.content.saturating_sub(self.part);
        self.part = 0;
        body
    }
}
