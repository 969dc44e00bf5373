//! Request bodies, read into the fields that rules look at.
//!
//! A reader takes the whole body and hands out names and values as slices of it, copied only where they were
//! written with escapes. It is strict: what two readers could take in two ways is told, as the reading that a
//! rule sees may not be the one that the app makes. What was read before a fault is handed out too, so that a
//! rule set without a rule for faults still sees it.
//!
//! All take time linear in the body; what a sender could make grow beyond that has a bound in [`Limits`].

mod graphql;
mod json;
mod multipart;
mod urlencoded;
mod xml;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use graphql::GraphqlFacts;
pub use multipart::MultipartFlags;
pub use urlencoded::{Urlencoded, parse as urlencoded};

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name; for JSON the path to the value, `json.user.roles.0`.
    pub name: Cow<'a, [u8]>,
    /// The value, with escapes undone.
    pub value: Cow<'a, [u8]>,
}

/// A file in a multipart body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File<'a> {
    /// The name of the form's field.
    pub name: Cow<'a, [u8]>,
    /// The file name as sent.
    pub filename: Cow<'a, [u8]>,
    /// What is in it.
    pub content: &'a [u8],
}

/// Which reader a body asks for, as `ctl:requestBodyProcessor` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Processor {
    /// `URLENCODED`: `application/x-www-form-urlencoded`.
    Urlencoded,
    /// `MULTIPART`: `multipart/form-data` (RFC 7578).
    Multipart,
    /// `JSON` (RFC 8259).
    Json,
    /// `XML`, without document types.
    Xml,
    /// `GRAPHQL`: a query, in JSON or, as `application/graphql`, alone.
    Graphql,
    /// `RAW`: no fields; rules see `REQUEST_BODY`.
    Raw,
}

/// How much of everything a body may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fields, of whatever kind (`SecArgumentsLimit`).
    pub fields: usize,
    /// Nesting of JSON, XML and GraphQL (`SecRequestBodyJsonDepthLimit`).
    pub depth: usize,
    /// Files of a multipart body (`SecUploadFileLimit`).
    pub files: usize,
    /// Header lines of one part of a multipart body.
    pub part_headers: usize,
    /// Bytes of the headers of one part of a multipart body.
    pub part_header_bytes: usize,
    /// Bytes of the path that names one value of JSON.
    pub path_bytes: usize,
    /// Bytes of the paths that name all values of JSON.
    pub paths_bytes: usize,
    /// Attributes of one element of XML.
    pub attributes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fields: 10_000,
            depth: 512,
            files: 100,
            part_headers: 32,
            part_header_bytes: 16 << 10,
            path_bytes: 4 << 10,
            paths_bytes: 8 << 20,
            attributes: 256,
        }
    }
}

/// What was read from a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body<'a> {
    /// `ARGS_POST`
    pub args: Vec<Field<'a>>,
    /// `FILES` and its kin
    pub files: Vec<File<'a>>,
    /// `MULTIPART_PART_HEADERS`: the name of the part, and one of its header lines.
    pub part_headers: Vec<Field<'a>>,
    /// `MULTIPART_*`
    pub multipart: MultipartFlags,
    /// `XML:/*`: the text of each element that has any, without that of the elements in it.
    pub xml_texts: Vec<Cow<'a, [u8]>>,
    /// `XML://@*`: the value of each attribute.
    pub xml_attributes: Vec<Cow<'a, [u8]>>,
    /// What a GraphQL query asks for in all.
    pub graphql: GraphqlFacts,
    /// `URLENCODED_ERROR`: a `%` that two hexadecimal digits do not follow.
    pub urlencoded_error: bool,
    /// `REQBODY_ERROR_MSG`: the first thing wrong with the body; `REQBODY_ERROR` if there is one.
    pub error: Option<String>,
}

impl Processor {
    /// The processor of that name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Urlencoded, Self::Multipart, Self::Json, Self::Xml, Self::Graphql, Self::Raw]
            .into_iter()
            .find(|processor| processor.name().eq_ignore_ascii_case(name))
    }

    /// Its name, as `REQBODY_PROCESSOR` has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Urlencoded => "URLENCODED",
            Self::Multipart => "MULTIPART",
            Self::Json => "JSON",
            Self::Xml => "XML",
            Self::Graphql => "GRAPHQL",
            Self::Raw => "RAW",
        }
    }

    /// Reads `body`, which came with `content_type` (the whole header value).
    #[must_use]
    pub fn read<'a>(self, content_type: &[u8], body: &'a [u8], limits: &Limits) -> Body<'a> {
        match self {
            Self::Urlencoded => {
                let read = urlencoded::parse(body, b'&', limits.fields);
                Body {
                    error: read.overflow.then(|| format!("more than {} arguments", limits.fields)),
                    args: read.fields,
                    urlencoded_error: read.invalid_encoding,
                    ..Body::default()
                }
            }
            Self::Multipart => multipart::parse(content_type, body, limits),
            Self::Json => json::parse(body, limits),
            Self::Xml => xml::parse(body, limits),
            Self::Graphql => graphql::parse(content_type, body, limits),
            Self::Raw => Body::default(),
        }
    }
}

impl Body<'_> {
    /// Keeps the first fault.
    fn fault(&mut self, message: impl Into<String>) {
        self.error.get_or_insert_with(|| message.into());
    }
}
