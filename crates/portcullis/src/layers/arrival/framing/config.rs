use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Faults;
use crate::policy::units::Size;
use crate::verdict::Mode;

/// As written in the policy.
///
/// The limits hold for the site as a whole: they are needed before it is known which route is asked for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`. A request whose end is in doubt, or that RFC 9112 says
    /// must be refused, is refused in every mode.
    pub mode: Option<Mode>,
    /// The longest request line; `"16 KiB"` by default, 60 KiB at most. Site-wide.
    pub request_line: Option<Size>,
    /// The longest header line; `"16 KiB"` by default. Site-wide.
    pub header_line: Option<Size>,
    /// The longest head, request line and headers together; `"64 KiB"` by default, 256 KiB at most.
    /// Site-wide.
    pub head: Option<Size>,
    /// How many header fields a request may have; 100 by default, 1000 at most. Site-wide.
    pub headers: Option<usize>,
    /// How many bytes of chunk extensions one body may have; `"256 B"` by default, 8 KiB at most.
    /// Site-wide.
    pub chunk_extensions: Option<Size>,
    /// How many bytes of trailers one body may have; `"4 KiB"` by default, 12 KiB at most. Site-wide.
    pub trailers: Option<Size>,
    /// Lets `.` and `..` segments in the path through, encoded or not. The app must not turn paths into
    /// names of files.
    pub dangerous_allow_dot_segments: bool,
    /// Lets `%2F` in the path through. The app must not decode it before it chooses a route.
    pub dangerous_allow_encoded_slash: bool,
    /// Lets `\` and `%5C` in the path through. The app must not run on Windows, nor turn paths into
    /// names of files.
    pub dangerous_allow_backslash: bool,
    /// Lets percent-encoded control bytes other than NUL in the path through.
    pub dangerous_allow_encoded_control: bool,
    /// Lets a `%` in the path through that no two hexadecimal digits follow.
    pub dangerous_allow_invalid_percent: bool,
    /// Lets paths through that are not UTF-8 when decoded. Overlong sequences stay refused.
    pub dangerous_allow_non_utf8: bool,
    /// Lets header names such as `X_Forwarded_For` through, which CGI-like app servers confuse with the
    /// ones the gate checks.
    pub dangerous_allow_disguised_names: bool,
}

impl Raw {
    /// The keys written here that hold for the site only.
    pub(crate) fn site_wide_keys(&self) -> impl Iterator<Item = &'static str> {
        [
            ("request_line", self.request_line.is_some()),
            ("header_line", self.header_line.is_some()),
            ("head", self.head.is_some()),
            ("headers", self.headers.is_some()),
            ("chunk_extensions", self.chunk_extensions.is_some()),
            ("trailers", self.trailers.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, is_written)| is_written.then_some(key))
    }
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    /// Bounds of the strict reader.
    pub reader: ReaderLimits,
    /// What a path may hold.
    pub path: PathRules,
    /// Whether names that only `_` parts from those of checked fields pass.
    pub disguised_names: bool,
}

/// Bounds of what the strict reader keeps and lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderLimits {
    /// Bytes of the request line, without its end.
    pub request_line: usize,
    /// Bytes of a header line, without its end.
    pub header_line: usize,
    /// Bytes of the whole head.
    pub head: usize,
    /// Header fields of a head. The HTTP library behind the reader must allow as many.
    pub headers: usize,
    /// Bytes of all chunk extensions of a body.
    pub chunk_extensions: usize,
    /// Bytes of all trailers of a body.
    pub trailers: usize,
    /// Whether a head with faults passes where one reading of it is certain: the layer only observes.
    pub tolerant: bool,
}

/// Which unusual paths pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PathRules {
    /// `.` and `..`, encoded or not.
    pub dot_segments: bool,
    /// `%2F`.
    pub encoded_slash: bool,
    /// `\` and `%5C`.
    pub backslash: bool,
    /// Encoded control bytes other than NUL.
    pub encoded_control: bool,
    /// `%` without two hexadecimal digits.
    pub invalid_percent: bool,
    /// Bytes that are not UTF-8.
    pub non_utf8: bool,
}

const KIB: u64 = 1 << 10;

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        // The ceilings are those of the HTTP library behind the reader: beyond them it would answer itself,
        // without an event.
        let reader = ReaderLimits {
            request_line: bounded("request_line", raw.request_line, 16 * KIB, 60 * KIB, faults),
            header_line: bounded("header_line", raw.header_line, 16 * KIB, 256 * KIB, faults),
            head: bounded("head", raw.head, 64 * KIB, 256 * KIB, faults),
            headers: match raw.headers {
                None => 100,
                Some(0) => {
                    faults.at("headers", "with `0` headers no request passes", "leave it out for 100");
                    100
                }
                Some(many) if many > 1000 => {
                    faults.at("headers", format!("`{many}` headers are too many"), "1000 at most");
                    1000
                }
                Some(some) => some,
            },
            chunk_extensions: match raw.chunk_extensions {
                Some(Size(0)) => 0,
                size => bounded("chunk_extensions", size, 256, 8 * KIB, faults),
            },
            trailers: match raw.trailers {
                Some(Size(0)) => 0,
                size => bounded("trailers", size, 4 * KIB, 12 * KIB, faults),
            },
            tolerant: raw.mode.unwrap_or_default() != Mode::Enforce,
        };
        Self {
            mode: raw.mode.unwrap_or_default(),
            reader,
            path: PathRules {
                dot_segments: raw.dangerous_allow_dot_segments,
                encoded_slash: raw.dangerous_allow_encoded_slash,
                backslash: raw.dangerous_allow_backslash,
                encoded_control: raw.dangerous_allow_encoded_control,
                invalid_percent: raw.dangerous_allow_invalid_percent,
                non_utf8: raw.dangerous_allow_non_utf8,
            },
            disguised_names: raw.dangerous_allow_disguised_names,
        }
    }
}

impl Default for ReaderLimits {
    fn default() -> Self {
        Config::check(&Raw::default(), &mut Faults::new()).reader
    }
}

fn bounded(key: &str, size: Option<Size>, default: u64, most: u64, faults: &mut Faults<'_>) -> usize {
    let size = size.map_or(default, |size| size.0);
    if size == 0 {
        faults.at(key, "a limit of zero refuses everything", "leave it out for the default");
    } else if size > most {
        faults.at(key, format!("`{size}` bytes are more than can be allowed"), format!("{most} at most"));
    }
    usize::try_from(size.min(most)).unwrap_or(usize::MAX)
}
