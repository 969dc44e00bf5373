//! Sizes and spans of time as people write them.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A number of bytes: `4096`, `"64 KiB"`, `"100 MB"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// A span of time: `"500 ms"`, `"30 s"`, `"5 min"`, `"12 h"`, `"365 d"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Size;
            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a size, as in `4096` or `\"64 KiB\"`")
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Size, E> {
                u64::try_from(value)
                    .map(Size)
                    .map_err(|_| E::custom(format!("the size `{value}` is negative")))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
                size(text).ok_or_else(|| {
                    E::custom(format!(
                        "`{text}` is not a size: write a whole number and B, kB, MB, GB, KiB, MiB or GiB"
                    ))
                })
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        span(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is not a span of time: write a whole number and ms, s, min, h or d"
            ))
        })
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a number of bytes, or a text such as \"64 KiB\" or \"100 MB\"",
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": "^[0-9]+ ?(B|kB|KB|MB|GB|KiB|MiB|GiB)$" }
            ]
        })
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a span of time, such as \"30 s\" or \"5 min\"",
            "type": "string",
            "pattern": "^[0-9]+ ?(ms|s|min|h|d)$"
        })
    }
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit.trim_start()))
}

fn size(text: &str) -> Option<Size> {
    let (number, unit) = number_and_unit(text.trim())?;
    let factor: u64 = match unit {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor).map(Size)
}

fn span(text: &str) -> Option<Span> {
    let (number, unit) = number_and_unit(text.trim())?;
    let millis: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(millis).map(Duration::from_millis).map(Span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_spans_read_as_written() {
        assert_eq!(size("64 KiB"), Some(Size(65_536)));
        assert_eq!(size("100MB"), Some(Size(100_000_000)));
        assert_eq!(size("12"), Some(Size(12)));
        assert_eq!(size("12 parsecs"), None);
        assert_eq!(size("99999999999999 GiB"), None);
        assert_eq!(span("5 min"), Some(Span(Duration::from_secs(300))));
        assert_eq!(span("5"), None);
    }
}
