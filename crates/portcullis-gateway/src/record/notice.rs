//! What the gateway itself has to tell: no exchange belongs to it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis::ExchangeId;
use serde::Serialize;

/// One line of the log about the gateway itself.
#[derive(Debug, Clone, Serialize)]
pub struct Notice {
    /// RFC 3339, UTC.
    pub timestamp: String,
    /// OpenTelemetry: what kind of event this is, as in `portcullis.gateway.certificate_kept`.
    #[serde(rename = "event.name")]
    pub name: &'static str,
    /// OpenTelemetry: how grave.
    #[serde(rename = "severity_text")]
    pub severity: &'static str,
    /// One plain sentence.
    pub body: String,
    /// The exchange it is about, where there is one.
    #[serde(rename = "portcullis.exchange.id", skip_serializing_if = "Option::is_none")]
    pub exchange: Option<String>,
}

impl Notice {
    /// Something that the operator should look at.
    #[must_use]
    pub fn warn(name: &'static str, body: impl Into<String>) -> Self {
        Self { timestamp: now(), name, severity: "WARN", body: body.into(), exchange: None }
    }

    /// Something that the operator may want to know.
    #[must_use]
    pub fn info(name: &'static str, body: impl Into<String>) -> Self {
        Self { timestamp: now(), name, severity: "INFO", body: body.into(), exchange: None }
    }

    /// About one exchange.
    #[must_use]
    pub fn of(mut self, exchange: &ExchangeId) -> Self {
        self.exchange = Some(exchange.to_string());
        self
    }
}

fn now() -> String {
    rfc3339(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
}

/// Days to a civil date: the algorithm of Howard Hinnant's `civil_from_days`.
fn rfc3339(since_epoch: Duration) -> String {
    let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX / 2);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60,
        since_epoch.subsec_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(Duration::from_millis(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(Duration::from_millis(951_782_400_123)), "2000-02-29T00:00:00.123Z");
        assert_eq!(rfc3339(Duration::from_secs(1_795_484_223)), "2026-11-24T01:37:03.000Z");
    }
}
