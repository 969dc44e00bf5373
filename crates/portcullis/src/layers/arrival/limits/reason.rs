//! Why limits denies.

use http::StatusCode;

use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The path and query are longer than the limit.
    UrlTooLong {
        /// Their length in bytes.
        length: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// There are more header lines than the limit.
    TooManyHeaders {
        /// How many.
        count: u64,
        /// The limit.
        limit: u64,
    },
    /// More ranges of a resource are asked for than the limit.
    TooManyRanges {
        /// How many.
        count: u64,
        /// The limit.
        limit: u64,
    },
    /// One header is larger than the limit.
    HeaderTooLarge {
        /// Its name.
        name: String,
        /// Name and value in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The head is larger than the limit.
    HeadTooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// `Content-Type` stands more than once, so that the app may read the body as another kind than we.
    RepeatContentType {
        /// All its values, joined by `, `.
        values: Vec<u8>,
    },
    /// The body is, or says it will be, larger than the limit.
    BodyTooLarge {
        /// What it says it will be; `None` when it just went on.
        announced: Option<u64>,
        /// The limit in bytes.
        limit: u64,
    },
    /// There are more parameters in query and form than the limit.
    TooManyParameters {
        /// The limit.
        limit: u64,
    },
    /// The name of a parameter is longer than the limit.
    ParameterNameTooLong {
        /// How it begins.
        start: Vec<u8>,
        /// The limit in bytes.
        limit: u64,
    },
    /// The value of a parameter is longer than the limit.
    ParameterValueTooLong {
        /// Its name, or how it begins.
        name: Vec<u8>,
        /// The limit in bytes.
        limit: u64,
    },
    /// JSON is nested deeper than the limit.
    JsonTooDeep {
        /// The limit.
        limit: u64,
    },
    /// A JSON document has more keys than the limit.
    TooManyJsonKeys {
        /// The limit.
        limit: u64,
    },
    /// A JSON document has a NUL byte, as UTF-16 and UTF-32 have.
    EncodeJsonOddly,
    /// A multipart form has more parts than the limit.
    TooManyParts {
        /// The limit.
        limit: u64,
    },
    /// A multipart form that readers may split into different parts.
    MalformMultipart {
        /// What is wrong with it.
        fault: &'static str,
    },
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::UrlTooLong { .. } => "limits.url_too_long",
            Self::TooManyHeaders { .. } => "limits.too_many_headers",
            Self::TooManyRanges { .. } => "limits.too_many_ranges",
            Self::HeaderTooLarge { .. } => "limits.header_too_large",
            Self::HeadTooLarge { .. } => "limits.head_too_large",
            Self::RepeatContentType { .. } => "limits.repeated_content_type",
            Self::BodyTooLarge { .. } => "limits.body_too_large",
            Self::TooManyParameters { .. } => "limits.too_many_parameters",
            Self::ParameterNameTooLong { .. } => "limits.parameter_name_too_long",
            Self::ParameterValueTooLong { .. } => "limits.parameter_value_too_long",
            Self::JsonTooDeep { .. } => "limits.json_too_deep",
            Self::TooManyJsonKeys { .. } => "limits.too_many_json_keys",
            Self::EncodeJsonOddly => "limits.json_encoding",
            Self::TooManyParts { .. } => "limits.too_many_parts",
            Self::MalformMultipart { .. } => "limits.malformed_multipart",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::UrlTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::TooManyHeaders { .. } | Self::HeaderTooLarge { .. } | Self::HeadTooLarge { .. } => {
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
            }
            Self::TooManyRanges { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::BodyTooLarge { .. } | Self::ParameterValueTooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RepeatContentType { .. }
            | Self::TooManyParameters { .. }
            | Self::ParameterNameTooLong { .. }
            | Self::JsonTooDeep { .. }
            | Self::TooManyJsonKeys { .. }
            | Self::EncodeJsonOddly
            | Self::TooManyParts { .. }
            | Self::MalformMultipart { .. } => StatusCode::BAD_REQUEST,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::UrlTooLong { length, limit } => {
                format!("the path and query are `{length}` bytes long, more than `{limit}`")
            }
            Self::TooManyHeaders { count, limit } => {
                format!("the request has `{count}` headers, more than `{limit}`")
            }
            Self::TooManyRanges { count, limit } => {
                format!("`{count}` ranges are asked for at once, more than `{limit}`")
            }
            Self::HeaderTooLarge { name, size, limit } => {
                format!("the header `{name}` has `{size}` bytes, more than `{limit}`")
            }
            Self::HeadTooLarge { size, limit } => {
                format!("the head of the request has `{size}` bytes, more than `{limit}`")
            }
            Self::RepeatContentType { .. } => "the header `content-type` stands more than once".to_owned(),
            Self::BodyTooLarge { announced: Some(size), limit } => {
                format!("the body is to have `{size}` bytes, more than `{limit}`")
            }
            Self::BodyTooLarge { announced: None, limit } => {
                format!("the body has more than `{limit}` bytes")
            }
            Self::TooManyParameters { limit } => {
                format!("query and form have more than `{limit}` parameters")
            }
            Self::ParameterNameTooLong { limit, .. } => {
                format!("the name of a parameter has more than `{limit}` bytes")
            }
            Self::ParameterValueTooLong { name, limit } => {
                let name = String::from_utf8_lossy(name);
                format!("the value of the parameter `{name}` has more than `{limit}` bytes")
            }
            Self::JsonTooDeep { limit } => format!("the JSON body is nested deeper than `{limit}`"),
            Self::TooManyJsonKeys { limit } => format!("the JSON body has more than `{limit}` keys"),
            Self::EncodeJsonOddly => "the JSON body has a NUL byte, so it is not UTF-8 text".to_owned(),
            Self::TooManyParts { limit } => format!("the multipart form has more than `{limit}` parts"),
            Self::MalformMultipart { fault } => format!("the multipart form is malformed: {fault}"),
        }
    }

    fn why(&self) -> &'static str {
        match self {
            Self::UrlTooLong { .. } => {
                "an endless target fills buffers and logs of everything behind (CWE-770, RFC 9110 section 15.5.15)"
            }
            Self::TooManyHeaders { .. } | Self::HeaderTooLarge { .. } | Self::HeadTooLarge { .. } => {
                "heads are kept in memory whole before anyone can judge them (CWE-770, RFC 6585 section 5)"
            }
            Self::TooManyRanges { .. } => {
                "a few bytes ask for an answer many times the size of the file (CVE-2011-3192, CVE-2005-2728, RFC 9110 section 14.2)"
            }
            Self::RepeatContentType { .. } => {
                "two readers that pick different ones read the body differently, and one of them past every check (CWE-436, RFC 9110 section 5.3)"
            }
            Self::BodyTooLarge { .. } => {
                "an app that reads bodies whole can be made to run out of memory (CWE-770, RFC 9110 section 15.5.14)"
            }
            Self::TooManyParameters { .. } => {
                "each parameter costs far more than its bytes, and crafted names make tables slow (CVE-2011-3414, CWE-400)"
            }
            Self::ParameterNameTooLong { .. } | Self::ParameterValueTooLong { .. } => {
                "parameters are decoded and kept whole, often several times over (CWE-770)"
            }
            Self::JsonTooDeep { .. } => "recursive parsers run out of stack on deep nesting (CWE-674)",
            Self::TooManyJsonKeys { .. } => {
                "each key costs far more than its bytes, and crafted keys make tables slow (CWE-400)"
            }
            Self::EncodeJsonOddly => {
                "some parsers detect UTF-16, so that they see another document than was judged (CWE-436, RFC 8259 section 8.1)"
            }
            Self::TooManyParts { .. } => {
                "each part costs far more than its bytes, also an empty one (CVE-2023-25577, CWE-770)"
            }
            Self::MalformMultipart { .. } => {
                "readers that split it differently see other fields and files than were judged (CWE-436, RFC 2046 section 5.1.1, RFC 7578)"
            }
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::RepeatContentType { values } => Some(Evidence::new("header `content-type`", values)),
            Self::ParameterNameTooLong { start, .. } => Some(Evidence::new("name of a parameter", start)),
            Self::ParameterValueTooLong { name, .. } => Some(Evidence::new("name of the parameter", name)),
            Self::HeaderTooLarge { name, .. } => Some(Evidence::new("name of the header", name.as_bytes())),
            Self::UrlTooLong { .. }
            | Self::TooManyHeaders { .. }
            | Self::TooManyRanges { .. }
            | Self::HeadTooLarge { .. }
            | Self::BodyTooLarge { .. }
            | Self::TooManyParameters { .. }
            | Self::JsonTooDeep { .. }
            | Self::TooManyJsonKeys { .. }
            | Self::EncodeJsonOddly
            | Self::TooManyParts { .. }
            | Self::MalformMultipart { .. } => None,
        }
    }

    fn exception(&self, at: &Place<'_>) -> Option<String> {
        let (key, limit) = match self {
            Self::UrlTooLong { length, .. } => ("url", *length),
            Self::TooManyHeaders { count, .. } => ("headers", *count),
            Self::TooManyRanges { count, .. } => ("ranges", *count),
            Self::HeaderTooLarge { size, .. } => ("header", *size),
            Self::HeadTooLarge { size, .. } => ("head", *size),
            Self::BodyTooLarge { announced, limit } => ("body", announced.unwrap_or(limit.saturating_mul(2))),
            Self::TooManyParameters { limit } => ("parameters", limit.saturating_mul(2)),
            Self::ParameterNameTooLong { limit, .. } => ("parameter_name", limit.saturating_mul(2)),
            Self::ParameterValueTooLong { limit, .. } => ("parameter_value", limit.saturating_mul(2)),
            Self::JsonTooDeep { limit } => ("json_depth", limit.saturating_mul(2)),
            Self::TooManyJsonKeys { limit } => ("json_keys", limit.saturating_mul(2)),
            Self::TooManyParts { limit } => ("parts", limit.saturating_mul(2)),
            Self::RepeatContentType { .. } | Self::EncodeJsonOddly | Self::MalformMultipart { .. } => {
                return None;
            }
        };
        Some(at.route(&format!(
            "[route.limits]\n# every client may now cost the app this much here\n{key} = {limit}\n"
        )))
    }
}
