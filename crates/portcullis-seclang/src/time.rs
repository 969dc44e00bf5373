//! The calendar of a time since the epoch, in UTC.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) year: i64,
    /// 1 to 12
    pub(crate) month: u8,
    /// 1 to 31
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    /// 0 (Sunday) to 6
    pub(crate) weekday: u8,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

impl Calendar {
    /// By the algorithm of Howard Hinnant, `civil_from_days`.
    pub(crate) fn of(time: Duration) -> Self {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let days = seconds / 86_400;
        let rest = seconds % 86_400;
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_shifted = (5 * day_of_year + 2) / 153;
        let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
        let small = |number: i64| u8::try_from(number).unwrap_or(0);
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: small(month),
            day: small(day_of_year - (153 * month_shifted + 2) / 5 + 1),
            hour: small(rest / 3600),
            minute: small(rest / 60 % 60),
            second: small(rest % 60),
            weekday: small((days + 4) % 7),
        }
    }

    /// `25/Nov/2026:17:45:42 +0000`, as in access logs.
    pub(crate) fn common_log(self) -> String {
        let Self { day, year, hour, minute, second, .. } = self;
        format!("{day:02}/{}/{year}:{hour:02}:{minute:02}:{second:02} +0000", self.month_name())
    }

    /// `Wed Nov 25 17:45:42 2026`, as `asctime` of C.
    pub(crate) fn asctime(self) -> String {
        let Self { day, year, hour, minute, second, .. } = self;
        let weekday = DAYS.get(usize::from(self.weekday)).copied().unwrap_or_default();
        format!("{weekday} {} {day:>2} {hour:02}:{minute:02}:{second:02} {year}", self.month_name())
    }

    fn month_name(self) -> &'static str {
        MONTHS.get(usize::from(self.month).wrapping_sub(1)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_day_and_the_day_after_it_are_told_apart() {
        let leap = Calendar::of(Duration::from_secs(1_709_164_800));
        assert_eq!((leap.year, leap.month, leap.day, leap.weekday), (2024, 2, 29, 4));
        let after = Calendar::of(Duration::from_secs(1_709_251_200));
        assert_eq!(after.asctime(), "Fri Mar  1 00:00:00 2024");
        assert_eq!(Calendar::of(Duration::ZERO).common_log(), "01/Jan/1970:00:00:00 +0000");
    }
}
