//! The settings of limits.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Faults;
use crate::policy::units::Size;
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`.
    pub mode: Option<Mode>,
    /// The longest path and query; `"8 KiB"` by default (RFC 9112 section 3 asks for at least 8000).
    pub url: Option<Size>,
    /// The most header lines; 100 by default.
    pub headers: Option<u64>,
    /// The largest single header, name and value; `"16 KiB"` by default.
    pub header: Option<Size>,
    /// The largest head, request line and all headers; `"32 KiB"` by default.
    pub head: Option<Size>,
    /// The most ranges that one request may ask for; 32 by default.
    pub ranges: Option<u64>,
    /// The largest body; `"100 MB"` by default.
    pub body: Option<Size>,
    /// How much of a form or of JSON is held back until it is judged; `"256 KiB"` by default. What is
    /// longer is judged on its way.
    pub hold: Option<Size>,
    /// The most parameters, in the query and a form together; 1000 by default.
    pub parameters: Option<u64>,
    /// The longest name of a parameter, as sent; `"1 KiB"` by default.
    pub parameter_name: Option<Size>,
    /// The longest value of a parameter that is not a file, as sent; `"8 MiB"` by default.
    pub parameter_value: Option<Size>,
    /// The deepest nesting of JSON; 64 by default.
    pub json_depth: Option<u64>,
    /// The most keys in a JSON document, over all its objects; 250000 by default.
    pub json_keys: Option<u64>,
    /// The most parts of a multipart form; 1000 by default.
    pub parts: Option<u64>,
}

/// Checked.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    /// The longest path and query in bytes.
    pub url: u64,
    /// The most header lines.
    pub headers: u64,
    /// The largest single header in bytes.
    pub header: u64,
    /// The largest head in bytes.
    pub head: u64,
    /// The most ranges that one request may ask for.
    pub ranges: u64,
    /// The largest body in bytes.
    pub body: u64,
    /// The bytes of a body that are held back until it is judged.
    pub hold: usize,
    /// The most parameters, in the query and a form together.
    pub parameters: u64,
    /// The longest name of a parameter in bytes, as sent.
    pub parameter_name: u64,
    /// The longest value of a parameter in bytes, as sent.
    pub parameter_value: u64,
    /// The deepest nesting of JSON.
    pub json_depth: u64,
    /// The most keys in a JSON document.
    pub json_keys: u64,
    /// The most parts of a multipart form.
    pub parts: u64,
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        let config = Self {
            mode: raw.mode.unwrap_or_default(),
            url: size("url", raw.url, 8 << 10, faults),
            headers: count("headers", raw.headers, 100, faults),
            header: size("header", raw.header, 16 << 10, faults),
            head: size("head", raw.head, 32 << 10, faults),
            ranges: count("ranges", raw.ranges, 32, faults),
            body: size("body", raw.body, 100_000_000, faults),
            hold: usize::try_from(size("hold", raw.hold, 256 << 10, faults)).unwrap_or(usize::MAX),
            parameters: count("parameters", raw.parameters, 1000, faults),
            parameter_name: size("parameter_name", raw.parameter_name, 1 << 10, faults),
            parameter_value: size("parameter_value", raw.parameter_value, 8 << 20, faults),
            json_depth: count("json_depth", raw.json_depth, 64, faults),
            json_keys: count("json_keys", raw.json_keys, 250_000, faults),
            parts: count("parts", raw.parts, 1000, faults),
        };
        if config.hold as u64 > LARGEST_HOLD {
            faults.at(
                "hold",
                "more than `64 MiB` held back for each request lets a few clients fill the memory",
                "longer bodies are judged on their way; a window of `256 KiB` is enough for forms",
            );
        }
        config
    }
}

/// Every connection may have this much kept for it.
const LARGEST_HOLD: u64 = 64 << 20;

fn size(key: &str, written: Option<Size>, default: u64, faults: &mut Faults<'_>) -> u64 {
    count(key, written.map(|size| size.0), default, faults)
}

fn count(key: &str, written: Option<u64>, default: u64, faults: &mut Faults<'_>) -> u64 {
    if written == Some(0) {
        faults.at(
            key,
            format!("a limit of zero on `{key}` refuses everything"),
            format!("leave it out for `{default}`, or switch the layer off with `mode = \"off\"`"),
        );
    }
    written.unwrap_or(default)
}
