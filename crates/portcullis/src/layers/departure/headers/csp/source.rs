//! What a directive allows (CSP level 3 section 2.3.1).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Directive, Values};

/// One source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `'none'`
    NoneAtAll,
    /// `'self'`: the page's own origin.
    Own,
    /// `'unsafe-inline'`: any script or style in the page, an attacker's too.
    UnsafeInline,
    /// `'unsafe-eval'`: text becomes script.
    UnsafeEval,
    /// `'wasm-unsafe-eval'`: WebAssembly may be compiled.
    WasmUnsafeEval,
    /// `'unsafe-hashes'`: hashes hold for handlers and style attributes too.
    UnsafeHashes,
    /// `'strict-dynamic'`: trusted scripts may load others; places do not count.
    StrictDynamic,
    /// `'report-sample'`: reports show the beginning of what was stopped.
    ReportSample,
    /// `'inline-speculation-rules'`
    InlineSpeculationRules,
    /// `'nonce'`: this response's nonce.
    Nonce,
    /// `'sha256-…'`: the hash of a script or style.
    Hash(&'static str, String),
    /// `https:`
    Scheme(String),
    /// `https://cdn.example`, `*.example.com`, `*`
    Place(String),
    /// A word of a directive that takes words.
    Token(String),
}

/// Why a source cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// A space, comma, semicolon or control character, which would end it early.
    #[error("`{0}` is not one source")]
    Parted(String),
    /// A keyword without its quotes.
    #[error("`{0}` without quotes is the name of a host")]
    Unquoted(String),
    /// Quoted, and not a keyword.
    #[error("`{0}` is not a keyword of a content security policy")]
    UnknownKeyword(String),
    /// A nonce that is the same for everybody.
    #[error("a nonce that is written down protects nothing")]
    FixedNonce,
    /// Not the length of its kind of hash, or not base64.
    #[error("`{0}` is not a hash")]
    Hash(String),
    /// A keyword where only places count.
    #[error("`{0}` has no meaning in `{1}`")]
    Misplaced(String, &'static str),
    /// Neither a scheme nor a host.
    #[error("`{0}` is neither a scheme nor a host")]
    Place(String),
}

impl SourceError {
    pub(super) fn help(&self) -> String {
        match self {
            Self::Parted(_) => "write each source as an item of its own".to_owned(),
            Self::Unquoted(word) => format!("write `\"'{word}'\"`"),
            Self::UnknownKeyword(_) => {
                "known: 'none', 'self', 'nonce', 'strict-dynamic', 'unsafe-hashes', 'report-sample', \
                 'unsafe-inline', 'unsafe-eval', 'wasm-unsafe-eval', 'sha256-…', 'sha384-…', 'sha512-…'"
                    .to_owned()
            }
            Self::FixedNonce => "write `\"'nonce'\"`: each response gets a fresh one".to_owned(),
            Self::Hash(_) => "as in `'sha256-` and 44 characters of base64".to_owned(),
            Self::Misplaced(..) => "leave it out".to_owned(),
            Self::Place(_) => "as in `https:`, `https://cdn.example` or `*.example.com`".to_owned(),
        }
    }
}

const KEYWORDS: [(&str, Source); 9] = [
    ("none", Source::NoneAtAll),
    ("self", Source::Own),
    ("unsafe-inline", Source::UnsafeInline),
    ("unsafe-eval", Source::UnsafeEval),
    ("wasm-unsafe-eval", Source::WasmUnsafeEval),
    ("unsafe-hashes", Source::UnsafeHashes),
    ("strict-dynamic", Source::StrictDynamic),
    ("report-sample", Source::ReportSample),
    ("inline-speculation-rules", Source::InlineSpeculationRules),
];

/// The kinds of hashes with the length of what they hash to.
const HASHES: [(&str, usize); 3] = [("sha256", 32), ("sha384", 48), ("sha512", 64)];

impl Source {
    /// The hash of a script or style.
    #[must_use]
    pub fn sha256(hash: &[u8; 32]) -> Self {
        Self::Hash("sha256", STANDARD.encode(hash))
    }

    /// `https:` and its like, by a name that is known to be one.
    #[must_use]
    pub(in super::super) fn scheme(name: &'static str) -> Self {
        Self::Scheme(name.to_owned())
    }

    /// Reads a source for `directive`.
    ///
    /// # Errors
    /// When it would not mean what its writer hoped.
    pub fn parse(text: &str, directive: Directive) -> Result<Self, SourceError> {
        let parts = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ';' | ',') || !c.is_ascii();
        if text.is_empty() || text.contains(parts) {
            return Err(SourceError::Parted(text.to_owned()));
        }
        if directive.values() == Values::Tokens {
            return Ok(Self::Token(text.to_owned()));
        }
        let source = match text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            Some(keyword) => quoted(keyword, text)?,
            None => place(text)?,
        };
        let only_places =
            matches!(directive, Directive::FrameAncestors | Directive::BaseUri | Directive::FormAction);
        let is_place = matches!(source, Self::NoneAtAll | Self::Own | Self::Scheme(_) | Self::Place(_));
        if only_places && !is_place {
            return Err(SourceError::Misplaced(text.to_owned(), directive.name()));
        }
        Ok(source)
    }
}

fn quoted(keyword: &str, text: &str) -> Result<Source, SourceError> {
    let lower = keyword.to_ascii_lowercase();
    if let Some((_, source)) = KEYWORDS.iter().find(|(name, _)| *name == lower) {
        return Ok(source.clone());
    }
    if lower == "nonce" {
        return Ok(Source::Nonce);
    }
    if lower.starts_with("nonce-") {
        return Err(SourceError::FixedNonce);
    }
    for (kind, length) in HASHES {
        if lower.starts_with(kind) {
            let hash = keyword.split_once('-').map(|(_, hash)| hash).unwrap_or_default();
            return match STANDARD.decode(hash) {
                Ok(bytes) if bytes.len() == length => Ok(Source::Hash(kind, hash.to_owned())),
                _ => Err(SourceError::Hash(text.to_owned())),
            };
        }
    }
    Err(SourceError::UnknownKeyword(text.to_owned()))
}

fn place(text: &str) -> Result<Source, SourceError> {
    let wrong = || SourceError::Place(text.to_owned());
    if KEYWORDS.iter().any(|(name, _)| text.eq_ignore_ascii_case(name)) {
        return Err(SourceError::Unquoted(text.to_ascii_lowercase()));
    }
    if text.contains('\'') || text.contains('"') {
        return Err(wrong());
    }
    let is_scheme = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    if let Some(name) = text.strip_suffix(':') {
        return if is_scheme(name) { Ok(Source::Scheme(text_lower(name))) } else { Err(wrong()) };
    }
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        Some(_) => return Err(wrong()),
        None => text,
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if path.starts_with('/') {
        return Err(wrong());
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let port_holds = port.is_none_or(|port| port == "*" || port.parse::<u16>().is_ok());
    let labels = host.strip_prefix("*.").unwrap_or(host);
    let host_holds = host == "*"
        || (!labels.is_empty()
            && labels.split('.').all(|label| {
                !label.is_empty()
                    && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            }));
    if host_holds && port_holds { Ok(Source::Place(text.to_owned())) } else { Err(wrong()) }
}

fn text_lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = KEYWORDS.iter().find(|(_, source)| source == self) {
            return write!(out, "'{name}'");
        }
        match self {
            Self::Hash(kind, hash) => write!(out, "'{kind}-{hash}'"),
            Self::Scheme(name) => write!(out, "{name}:"),
            Self::Place(place) => out.write_str(place),
            Self::Token(token) => out.write_str(token),
            _ => out.write_str("'nonce'"),
        }
    }
}
