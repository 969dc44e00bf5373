//! One page on its way: the parser reads along, and tokens are put between the app's own bytes.

use url::Url;

use super::address::Addresses;
use super::charset::{self, NotAscii};
use super::findings::Findings;
use super::markup::{self, Reader};
use super::search::Search;
use crate::layers::content::csrf::{FIELD, TokenMint};
use crate::origin::Origin;

/// The most tokens in one page, so that what is added has a bound.
const MOST_TOKENS: usize = 512;

/// HTML, or XHTML, which is read as HTML as far as that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Html,
    Xhtml,
}

/// Why a page passes unedited from some point on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The page is in a charset in which ASCII bytes are not ASCII characters.
    Charset(&'static str),
    /// Where a tag stands the parser cannot tell whether it is one.
    Ambiguous,
    /// The parser would need too much memory.
    Memory,
}

impl Fault {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Charset(_) => "html.charset_not_ascii",
            Self::Ambiguous => "html.ambiguous_markup",
            Self::Memory => "html.too_complex",
        }
    }

    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Charset(name) => format!("the page is in `{name}`, which is passed on unedited"),
            Self::Ambiguous => {
                "the page has markup that parsers read differently, and passed unedited from there on"
                    .to_owned()
            }
            Self::Memory => {
                "the page has a tag too long or is nested too deeply to be searched, and passed unedited from there on".to_owned()
            }
        }
    }
}

enum State {
    /// The first bytes may become a byte order mark.
    Starting {
        first: Vec<u8>,
        label: Option<String>,
        addresses: Box<Addresses>,
    },
    Reading {
        reader: Box<Reader>,
        search: Box<Search>,
    },
    /// Everything passes as it is.
    GivenUp,
}

/// Edits one page.
pub(crate) struct Rewriter {
    state: State,
    kind: Kind,
    mint: Option<TokenMint>,
    read: usize,
    tokens: usize,
    findings: Findings,
    fault: Option<Fault>,
    gave_up: bool,
}

impl Rewriter {
    /// `label` is the charset in the `Content-Type`; `page` the address that the client asked for. Without
    /// a `mint` the page is only searched.
    pub(crate) fn new(
        kind: Kind,
        label: Option<String>,
        page: Option<Url>,
        own: Origin,
        mint: Option<TokenMint>,
    ) -> Self {
        let addresses = Box::new(Addresses::new(page, own));
        Self {
            state: State::Starting { first: Vec::new(), label, addresses },
            kind,
            mint,
            read: 0,
            tokens: 0,
            findings: Findings::default(),
            fault: None,
            gave_up: false,
        }
    }

    /// Reads the next bytes and appends what may be sent.
    pub(crate) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let joined;
        let mut chunk = chunk;
        if let State::Starting { first, .. } = &mut self.state {
            first.extend_from_slice(chunk);
            if charset::may_be_marked(first) {
                return;
            }
            joined = std::mem::take(first);
            chunk = &joined;
            self.start(chunk);
        }
        self.read_on(chunk, out);
    }

    /// No more bytes come: appends what was kept.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        if let State::Starting { first, .. } = &mut self.state {
            let first = std::mem::take(first);
            self.start(&first);
            self.read_on(&first, out);
        }
        if let State::Reading { reader, mut search } = std::mem::replace(&mut self.state, State::GivenUp) {
            reader.end(&mut *search);
            self.findings = std::mem::take(&mut search.findings);
        }
    }

    /// How many tokens were put in.
    pub(crate) fn tokens(&self) -> usize {
        self.tokens
    }

    /// What the page contains, as far as it was read; `partial` unless it was read to its end.
    pub(crate) fn findings(&self, to_its_end: bool) -> Findings {
        let mut findings = match &self.state {
            State::Reading { search, .. } => search.findings.clone(),
            State::Starting { .. } | State::GivenUp => self.findings.clone(),
        };
        findings.partial |= !to_its_end || self.gave_up || self.kind == Kind::Xhtml;
        findings
    }

    /// Why the page passes unedited, once.
    pub(crate) fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// The cookie that the tokens are bound to, if the visitor has none yet.
    pub(crate) fn anchor_cookie(&self) -> Option<http::HeaderValue> {
        self.mint.as_ref().and_then(TokenMint::set_cookie)
    }

    /// Whether tokens may be put in yet.
    pub(crate) fn edits(&self) -> bool {
        self.mint.is_some() && !matches!(self.state, State::GivenUp)
    }

    fn start(&mut self, first: &[u8]) {
        let State::Starting { label, addresses, .. } = std::mem::replace(&mut self.state, State::GivenUp)
        else {
            return;
        };
        match charset::choose(label.as_deref(), first) {
            Err(NotAscii(name)) => self.give_up(Fault::Charset(name)),
            Ok(charset) => {
                let search = Box::new(Search::new(*addresses, &charset));
                self.state = State::Reading { reader: Box::new(Reader::new()), search };
            }
        }
    }

    fn give_up(&mut self, fault: Fault) {
        self.fault = Some(fault);
        self.gave_up = true;
        self.state = State::GivenUp;
    }

    fn read_on(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let begin = self.read;
        self.read = self.read.saturating_add(chunk.len());
        let State::Reading { reader, search } = &mut self.state else {
            out.extend_from_slice(chunk);
            return;
        };
        let read = reader.push(chunk, &mut **search);
        let places = search.settle();
        if let Err(fault) = read {
            self.findings = std::mem::take(&mut search.findings);
            self.give_up(fault.into());
        }
        let mut rest = chunk;
        let mut at = begin;
        for place in places {
            let Some(mint) = self.mint.as_mut().filter(|_| self.tokens < MOST_TOKENS) else { break };
            let split = place.checked_sub(at).and_then(|length| rest.split_at_checked(length));
            // A form that ended before this chunk has been sent already.
            let Some((before, behind)) = split else { continue };
            out.extend_from_slice(before);
            // Closed as XHTML needs it; all ASCII, so that it reads the same in every charset.
            let token = mint.token();
            out.extend_from_slice(
                format!("<input type=\"hidden\" name=\"{FIELD}\" value=\"{token}\" />").as_bytes(),
            );
            self.tokens = self.tokens.saturating_add(1);
            rest = behind;
            at = place;
        }
        out.extend_from_slice(rest);
    }
}

impl From<markup::Fault> for Fault {
    fn from(fault: markup::Fault) -> Self {
        match fault {
            markup::Fault::Ambiguous => Self::Ambiguous,
            markup::Fault::Memory => Self::Memory,
        }
    }
}
