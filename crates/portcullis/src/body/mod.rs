//! The request body, read as it streams by, before the app gets it.
//!
//! Forms (`application/x-www-form-urlencoded`, `multipart/form-data`) and JSON are held back until they
//! are complete or the window `limits.hold` is full, so that the verdict falls before the app sees a
//! byte; then the rest is counted on its way ([`Inspector::pass`]). Every other kind of body, and every
//! compressed one, goes straight through and only its bytes are counted.
//!
//! Our own form field, the token against forged requests, is taken out of what was held: the app never
//! meets it. Where rules read the body, the fields behind the window are judged as they come (`late.rs`). A field of
//! ours that comes behind the window stays where it is; the gateway writes it first
//! into each form, so that this takes another writer.

mod json;
mod kind;
pub(crate) mod late;
mod multipart;
#[cfg(test)]
mod tests;
mod urlencoded;

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use http::request;

use self::json::Json;
use self::kind::Kind;
use self::late::Judge;
use self::multipart::Multipart;
use self::urlencoded::Urlencoded;
use crate::layers::arrival::limits;
use crate::layers::content::csrf::FIELD;
use crate::reason::Reason;
use crate::verdict::Mode;

/// The longest value of our own field that is looked at.
const LONGEST_TOKEN: usize = 1024;

/// How much is read at once behind the window.
const PIECE: usize = 64 << 10;

/// How far the window may stretch when it would end within our own field.
const STRETCH: usize = 4096;

/// Reads a request body as it arrives, before the app does.
pub struct Inspector {
    reader: Reader,
    limits: limits::Config,
    /// How much is held before the verdict.
    window: usize,
    held: BytesMut,
    total: u64,
    stage: Stage,
    complete: bool,
    exceeded: Option<limits::Reason>,
    /// Who judges the fields of a multipart body behind the window.
    judge: Option<Box<dyn Judge>>,
}

/// Whether the inspector knows enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Push more, or end.
    More,
    /// Call [`crate::Engine::admit`] now; the rest of the body goes through [`Inspector::pass`].
    Enough,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before the verdict, and more is wanted.
    Holding,
    /// Nothing more is wanted before the verdict.
    Enough,
}

#[derive(Debug)]
enum Reader {
    Urlencoded(Urlencoded),
    Multipart(Multipart),
    Json(Json),
    /// `multipart/form-data` that cannot be split; without a byte of body it does not matter.
    Unclear(&'static str),
    Bytes,
}

impl Inspector {
    pub(crate) fn new(head: &request::Parts, limits: &limits::Config) -> Self {
        let reader = match Kind::of(&head.headers) {
            Kind::Urlencoded => {
                let before = head.uri.query().map_or(0, |query| read_query(query, limits).count());
                Reader::Urlencoded(Urlencoded::new(*limits, before))
            }
            Kind::Multipart(boundary) => Reader::Multipart(Multipart::new(*limits, &boundary)),
            Kind::MultipartUnclear(fault) => Reader::Unclear(fault),
            Kind::Json => Reader::Json(Json::new(*limits)),
            Kind::Other => Reader::Bytes,
        };
        let stage = match reader {
            Reader::Bytes => Stage::Enough,
            Reader::Urlencoded(_) | Reader::Multipart(_) | Reader::Json(_) | Reader::Unclear(_) => {
                Stage::Holding
            }
        };
        let complete = limits::content_length(&head.headers) == Some(0);
        Self {
            reader,
            limits: *limits,
            window: limits.hold,
            held: BytesMut::new(),
            total: 0,
            stage,
            complete,
            exceeded: None,
            judge: None,
        }
    }

    /// Of whatever kind the body is, so much of it is held for rules that look at it.
    pub(crate) fn held_to(mut self, window: usize) -> Self {
        self.window = self.window.max(window);
        self.stage = Stage::Holding;
        self
    }

    /// Whether it is a form whose files may be long.
    pub(crate) fn is_multipart(&self) -> bool {
        matches!(self.reader, Reader::Multipart(_))
    }

    /// From here on, what is no file behind the window is judged as it comes.
    pub(crate) fn judge_later(&mut self, judge: Box<dyn Judge>) {
        if let Reader::Multipart(form) = &mut self.reader {
            form.copy(&self.held);
            self.judge = Some(judge);
        }
    }

    /// What is held, as the app is to get it.
    pub(crate) fn held_for_app(&self) -> Vec<&[u8]> {
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in self.cuts() {
            pieces.extend(self.held.get(from..cut.start.max(from)));
            from = cut.end;
        }
        pieces.extend(self.held.get(from..));
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    /// Whether anything has to be seen before admission.
    #[must_use]
    pub fn wants_body(&self) -> bool {
        self.stage == Stage::Holding && !self.complete
    }

    /// The next bytes; they are kept until admission.
    pub fn push(&mut self, chunk: Bytes) -> Progress {
        self.read(&chunk);
        // Copied, because a client may send the body byte by byte, and each slice keeps its whole buffer.
        self.held.extend_from_slice(&chunk);
        let window = self.window.saturating_add(if self.in_own_field() { STRETCH } else { 0 });
        if self.exceeded.is_some() && self.limits.mode == Mode::Enforce || self.held.len() >= window {
            self.stage = Stage::Enough;
        }
        match self.stage {
            Stage::Holding => Progress::More,
            Stage::Enough => Progress::Enough,
        }
    }

    /// The body is complete.
    pub fn end(&mut self) {
        if self.complete {
            return;
        }
        self.complete = true;
        self.stage = Stage::Enough;
        match &mut self.reader {
            Reader::Urlencoded(form) => form.end(),
            Reader::Multipart(form) => form.end(),
            Reader::Json(_) | Reader::Unclear(_) | Reader::Bytes => {}
        }
        self.note_fault();
    }

    /// Whether everything that was sent has been seen before the verdict.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The value of our own form field, when it has been seen whole. Where it stands more than once, the
    /// first counts: nobody can forge either.
    #[must_use]
    pub fn csrf_token(&self) -> Option<&str> {
        let token = match &self.reader {
            Reader::Urlencoded(form) => form.token.as_deref()?,
            Reader::Multipart(form) => form.token.as_deref()?,
            Reader::Json(_) | Reader::Unclear(_) | Reader::Bytes => return None,
        };
        std::str::from_utf8(token).ok()
    }

    /// Every field of an urlencoded form that is held whole, decoded, without our own: to offer the form
    /// again. `None` for every other body, for one that is not UTF-8, and after
    /// [`Inspector::take_held`].
    #[must_use]
    pub fn form_pairs(&self) -> Option<Vec<(String, String)>> {
        let Reader::Urlencoded(_) = &self.reader else { return None };
        if !self.complete || u64::try_from(self.held.len()) != Ok(self.total) {
            return None;
        }
        let pairs = urlencoded::pairs(&self.held).into_iter().filter(|(name, _)| name != FIELD.as_bytes());
        pairs
            .map(|(name, value)| Some((String::from_utf8(name).ok()?, String::from_utf8(value).ok()?)))
            .collect()
    }

    /// How many bytes of what was sent the app does not get: by so much `Content-Length` must shrink.
    #[must_use]
    pub fn removed(&self) -> usize {
        self.cuts().iter().map(|cut| cut.end.saturating_sub(cut.start)).fold(0, usize::saturating_add)
    }

    /// After admission: the bytes kept, as the app is to get them.
    pub fn take_held(&mut self) -> Vec<Bytes> {
        let cuts: Vec<Range<usize>> = self.cuts().to_vec();
        let mut rest = std::mem::take(&mut self.held).freeze();
        let mut taken = 0_usize;
        let mut pieces = Vec::new();
        for cut in cuts {
            let before = cut.start.saturating_sub(taken).min(rest.len());
            let piece = rest.split_to(before);
            let dropped = cut.end.saturating_sub(cut.start).min(rest.len());
            let _ = rest.split_to(dropped);
            taken = cut.end;
            pieces.push(piece);
        }
        pieces.push(rest);
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    /// After admission: a later chunk. `Err` when a limit is passed in mid-stream: break the request to
    /// the app off.
    ///
    /// # Errors
    /// The limit that was passed, or what rules have against a field behind the window.
    pub fn pass(&mut self, chunk: Bytes) -> Result<Bytes, Reason> {
        if self.limits.mode != Mode::Enforce && self.judge.is_none() {
            return Ok(chunk);
        }
        // Piece by piece, so that what is copied for rules stays within the window whatever comes at once.
        for piece in chunk.chunks(PIECE) {
            self.read(piece);
            self.judge_copied(false)?;
        }
        match &self.exceeded {
            Some(reason) if self.limits.mode == Mode::Enforce => Err(reason.clone().into()),
            _ => Ok(chunk),
        }
    }

    /// After admission: the body has ended.
    ///
    /// # Errors
    /// What rules have against a field behind the window.
    pub fn finish(&mut self) -> Result<(), Reason> {
        self.judge_copied(true)
    }

    /// How many bytes are kept for rules behind the window.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        match &self.reader {
            Reader::Multipart(form) => form.copied.as_ref().map_or(0, late::Copied::len),
            _ => 0,
        }
    }

    fn judge_copied(&mut self, ended: bool) -> Result<(), Reason> {
        let (Reader::Multipart(form), Some(judge)) = (&mut self.reader, &mut self.judge) else {
            return Ok(());
        };
        let closed = form.is_closed();
        let full = form.copied.as_ref().is_some_and(|copied| copied.len() >= self.window);
        if !(closed || ended || full) {
            return Ok(());
        }
        let delimiter = form.delimiter().to_vec();
        let Some(copied) = &mut form.copied else { return Ok(()) };
        let body = copied.take(&delimiter, closed);
        if closed || ended {
            form.copied = None;
        }
        judge.judge(&body)
    }

    /// The first limit that was passed.
    pub(crate) fn exceeded(&self) -> Option<&limits::Reason> {
        self.exceeded.as_ref()
    }

    fn read(&mut self, chunk: &[u8]) {
        self.total = self.total.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if self.total > self.limits.body {
            let limit = self.limits.body;
            self.exceeded.get_or_insert(limits::Reason::BodyTooLarge { announced: None, limit });
        }
        match &mut self.reader {
            Reader::Urlencoded(form) => form.feed(chunk),
            Reader::Multipart(form) => form.feed(chunk),
            Reader::Json(document) => document.feed(chunk),
            Reader::Unclear(fault) if !chunk.is_empty() => {
                self.exceeded.get_or_insert(limits::Reason::MalformMultipart { fault });
            }
            Reader::Unclear(_) | Reader::Bytes => {}
        }
        self.note_fault();
    }

    fn note_fault(&mut self) {
        let fault = match &self.reader {
            Reader::Urlencoded(form) => &form.fault,
            Reader::Multipart(form) => &form.fault,
            Reader::Json(document) => &document.fault,
            Reader::Unclear(_) | Reader::Bytes => return,
        };
        if self.exceeded.is_none() {
            self.exceeded.clone_from(fault);
        }
    }

    fn in_own_field(&self) -> bool {
        match &self.reader {
            Reader::Urlencoded(form) => form.in_own_field(),
            Reader::Multipart(form) => form.in_own_field(),
            Reader::Json(_) | Reader::Unclear(_) | Reader::Bytes => false,
        }
    }

    /// Where our own field stands in the held bytes, in order and apart.
    fn cuts(&self) -> &[Range<usize>] {
        match &self.reader {
            Reader::Urlencoded(form) => &form.cuts,
            Reader::Multipart(form) => &form.cuts,
            Reader::Json(_) | Reader::Unclear(_) | Reader::Bytes => &[],
        }
    }
}

/// What is wrong with the parameters of a query.
pub(crate) fn query_fault(query: &str, limits: &limits::Config) -> Option<limits::Reason> {
    read_query(query, limits).fault
}

fn read_query(query: &str, limits: &limits::Config) -> Urlencoded {
    let mut form = Urlencoded::new(*limits, 0);
    form.feed(query.as_bytes());
    form.end();
    form
}
