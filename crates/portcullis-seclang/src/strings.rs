//! The values of one transaction, each stored once and named by a number.
//!
//! Numbers with the high bit set name the constants of the rule set, so that a variable set to a text of the
//! rules copies nothing.

/// A value of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct StrId(pub(crate) u32);

const CONSTANT: u32 = 1 << 31;

impl StrId {
    pub(crate) const EMPTY: Self = Self(0);

    pub(crate) fn constant(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX) | CONSTANT)
    }

    pub(crate) fn as_constant(self) -> Option<usize> {
        (self.0 & CONSTANT != 0).then_some((self.0 & !CONSTANT) as usize)
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Storage that only grows.
#[derive(Debug, Clone)]
pub(crate) struct Strings {
    bytes: Vec<u8>,
    /// A large text that was taken over whole; its places begin at [`ADOPTED`].
    adopted: Vec<u8>,
    spans: Vec<(u32, u32)>,
}

/// Places from here on are of the text that was taken over.
const ADOPTED: u32 = 1 << 31;

impl Strings {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::with_capacity(4096), adopted: Vec::new(), spans: vec![(0, 0)] }
    }

    pub(crate) fn push(&mut self, value: &[u8]) -> StrId {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.close(start)
    }

    /// A value of `bytes`, which [`keep_promise`](Self::keep_promise) then takes over without a copy. Until then
    /// pieces can be made of it, but none can be read.
    pub(crate) fn promise(&mut self, bytes: &[u8]) -> StrId {
        match u32::try_from(bytes.len()).ok().filter(|length| *length < ADOPTED) {
            Some(length) if self.adopted.is_empty() => {
                let id = StrId(u32::try_from(self.spans.len()).unwrap_or(u32::MAX) & !CONSTANT);
                self.spans.push((ADOPTED, ADOPTED + length));
                id
            }
            _ => self.push(bytes),
        }
    }

    /// Takes over what [`promise`](Self::promise) made a value of.
    pub(crate) fn keep_promise(&mut self, id: StrId, bytes: Vec<u8>) {
        if self.spans.get(id.index()).is_some_and(|(start, _)| *start == ADOPTED) {
            self.adopted = bytes;
        }
    }

    /// The bytes between two places.
    fn between(&self, start: u32, end: u32) -> Option<&[u8]> {
        match (start.checked_sub(ADOPTED), end.checked_sub(ADOPTED)) {
            (Some(start), Some(end)) => self.adopted.get(start as usize..end as usize),
            _ => self.bytes.get(start as usize..end as usize),
        }
    }

    /// Makes a value of what was appended to [`Self::open`] since `start`.
    pub(crate) fn close(&mut self, start: usize) -> StrId {
        let id = StrId(u32::try_from(self.spans.len()).unwrap_or(u32::MAX) & !CONSTANT);
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        self.spans.push((start, u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)));
        id
    }

    /// The bytes to append to, for a value built piece by piece.
    pub(crate) fn open(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Appends another value to the one that is open.
    pub(crate) fn append(&mut self, id: StrId, constants: &[Box<[u8]>]) {
        match id.as_constant() {
            Some(index) => self.bytes.extend_from_slice(constants.get(index).map_or(&[], |text| text)),
            None => {
                let Some((start, end)) = self.spans.get(id.index()).copied() else { return };
                if let (Some(start), Some(end)) = (start.checked_sub(ADOPTED), end.checked_sub(ADOPTED)) {
                    let text = self.adopted.get(start as usize..end as usize).unwrap_or_default();
                    self.bytes.extend_from_slice(text);
                } else if start <= end && end as usize <= self.bytes.len() {
                    self.bytes.extend_from_within(start as usize..end as usize);
                }
            }
        }
    }

    pub(crate) fn mark(&self) -> usize {
        self.bytes.len()
    }

    /// Takes back the value that was made last, if it is that one.
    pub(crate) fn forget_last(&mut self, id: StrId) {
        if id.index() + 1 == self.spans.len()
            && let Some((start, _)) = self.spans.pop()
        {
            self.bytes.truncate(start as usize);
        }
    }

    /// Makes a value of a piece of another.
    pub(crate) fn slice(&mut self, of: StrId, start: usize, end: usize) -> StrId {
        let Some((from, to)) = self.spans.get(of.index()).copied() else { return StrId::EMPTY };
        let clamp = |at: usize| from.saturating_add(u32::try_from(at).unwrap_or(u32::MAX)).min(to);
        let id = StrId(u32::try_from(self.spans.len()).unwrap_or(u32::MAX) & !CONSTANT);
        self.spans.push((clamp(start), clamp(end)));
        id
    }

    pub(crate) fn get<'a>(&'a self, id: StrId, constants: &'a [Box<[u8]>]) -> &'a [u8] {
        match id.as_constant() {
            Some(index) => constants.get(index).map_or(&[], |text| text),
            None => self
                .spans
                .get(id.index())
                .and_then(|(start, end)| self.between(*start, *end))
                .unwrap_or_default(),
        }
    }
}
