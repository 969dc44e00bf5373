//! STUB: the request body.

use std::ops::Range;

use bytes::Bytes;
use http::request;

use crate::layers::arrival::limits;

/// Reads a request body as it arrives, before the app does.
pub struct Inspector {
    held: Vec<Bytes>,
    done: bool,
}

/// Whether the inspector knows enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Push more, or end.
    More,
    /// Call [`crate::Engine::admit`] now; the rest of the body goes through [`Inspector::pass`].
    Enough,
}

impl Inspector {
    pub(crate) fn new(_head: &request::Parts, _limits: &limits::Config, _find_token: bool) -> Self {
        Self { held: Vec::new(), done: false }
    }

    /// Whether anything has to be seen before admission.
    #[must_use]
    pub fn wants_body(&self) -> bool {
        !self.done
    }

    /// The next bytes; they are kept until admission.
    pub fn push(&mut self, chunk: Bytes) -> Progress {
        self.held.push(chunk);
        Progress::Enough
    }

    /// The body is complete.
    pub fn end(&mut self) {
        self.done = true;
    }

    /// After admission: the bytes kept, as the app is to get them.
    pub fn take_held(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.held)
    }

    /// After admission: a later chunk. `Err` when a limit is passed in mid-stream: break the request to
    /// the app off.
    ///
    /// # Errors
    /// The limit that was passed.
    pub fn pass(&mut self, chunk: Bytes) -> Result<Bytes, limits::Reason> {
        Ok(chunk)
    }

    /// The value of our form field, once found.
    pub(crate) fn csrf_token(&self) -> Option<&str> {
        None
    }

    /// The fields of a urlencoded form that was held whole.
    pub(crate) fn form_pairs(&self) -> Option<&[(String, String)]> {
        None
    }

    /// How many bytes of the body the app will not get.
    pub(crate) fn removed(&self) -> usize {
        0
    }

    /// Bytes of the body that the app is not to get: our own form field, so that it never meets it.
    pub(crate) fn cut(&mut self, _range: Range<usize>) {}
}
