//! The time of an event as text.

use std::time::Duration;

/// RFC 3339 in UTC with milliseconds, as in `2026-11-24T02:40:00.000Z`.
#[must_use]
pub fn rfc3339(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs();
    let (year, month, day) = date(seconds / 86_400);
    let of_day = seconds % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60,
        since_epoch.subsec_millis()
    )
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar. Counts from March, so that the
/// leap day is the last of its year and months follow a line (H. Hinnant, "chrono-Compatible Low-Level
/// Date Algorithms").
fn date(days: u64) -> (u64, u64, u64) {
    let from_era = days.saturating_add(719_468);
    let era = from_era / 146_097;
    let day_of_era = from_era % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era.saturating_mul(400).saturating_add(year_of_era).saturating_add(u64::from(month <= 2));
    (year, month, day)
}
