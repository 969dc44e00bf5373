//! Hours of the week.

use std::time::Duration;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY: u32 = 24 * 60;

/// Some hours of some days, in minutes, by a clock at a fixed distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Monday is bit 0.
    days: u8,
    from: u32,
    /// Not in it any more; before `from` where it is on the next day.
    to: u32,
    /// Minutes that the clock is before UTC.
    offset: i32,
}

impl Hours {
    /// Reads `mon-fri 08:00-18:00`, `sat 10:00-14:00` or `daily 22:00-06:00`.
    #[must_use]
    pub fn parse(text: &str, offset: i32) -> Option<Self> {
        let (days, times) = text.trim().split_once(' ')?;
        let (from, to) = times.trim().split_once('-')?;
        let (from, to) = (time(from)?, time(to)?);
        (from != to && from < DAY).then_some(Self { days: self::days(days)?, from, to, offset })
    }

    /// Reads `+01:00`, `-05:30` or `Z`: the minutes that a clock is before UTC.
    #[must_use]
    pub fn offset(text: &str) -> Option<i32> {
        if text == "Z" {
            return Some(0);
        }
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+')?),
        };
        let minutes = time(rest).filter(|minutes| *minutes <= 14 * 60)?;
        i32::try_from(minutes).ok()?.checked_mul(sign)
    }

    /// Whether it is one of these hours.
    #[must_use]
    pub fn holds(&self, since_epoch: Duration) -> bool {
        let minutes = i64::try_from(since_epoch.as_secs() / 60).unwrap_or(i64::MAX / 2);
        let local = minutes.saturating_add(i64::from(self.offset));
        let (day, minute) = (local.div_euclid(i64::from(DAY)), local.rem_euclid(i64::from(DAY)));
        let minute = u32::try_from(minute).unwrap_or(0);
        // The epoch was a Thursday.
        let is_on = |day: i64| {
            let weekday = u32::try_from(day.saturating_add(3).rem_euclid(7)).unwrap_or(0);
            self.days.checked_shr(weekday).unwrap_or(0) & 1 == 1
        };
        if self.from < self.to {
            return is_on(day) && (self.from..self.to).contains(&minute);
        }
        (is_on(day) && minute >= self.from) || (is_on(day.saturating_sub(1)) && minute < self.to)
    }
}

/// `08:00` in minutes; `24:00` is the end of the day.
fn time(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |text: &str| {
        (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok())
            .flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let all = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && all <= DAY).then_some(all)
}

fn days(text: &str) -> Option<u8> {
    if text.eq_ignore_ascii_case("daily") {
        return Some(0x7f);
    }
    let number = |name: &str| DAYS.iter().position(|day| day.eq_ignore_ascii_case(name));
    let mut bits = 0;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        let mut day = first;
        loop {
            bits |= 1_u8.checked_shl(u32::try_from(day).ok()?)?;
            if day == last {
                break;
            }
            day = day.checked_add(1)? % DAYS.len();
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday, the 6th of January 2025, at midnight UTC.
    const MONDAY: u64 = 1_736_121_600;

    fn holds(text: &str, offset: &str, day: u64, hour: u64, minute: u64) -> bool {
        let hours = Hours::parse(text, Hours::offset(offset).unwrap()).unwrap();
        hours.holds(Duration::from_secs(MONDAY + day * 86_400 + hour * 3600 + minute * 60))
    }

    #[test]
    fn office_hours_begin_with_their_first_minute_and_end_before_their_last() {
        let office = "mon-fri 08:00-18:00";
        assert!(holds(office, "Z", 0, 8, 0));
        assert!(!holds(office, "Z", 0, 7, 59));
        assert!(holds(office, "Z", 4, 17, 59));
        assert!(!holds(office, "Z", 4, 18, 0));
        assert!(!holds(office, "Z", 5, 12, 0));
    }

    #[test]
    fn a_night_belongs_to_the_day_that_it_begins_on() {
        let night = "fri 22:00-06:00";
        assert!(holds(night, "Z", 4, 23, 0));
        assert!(holds(night, "Z", 5, 5, 59));
        assert!(!holds(night, "Z", 4, 5, 0));
        assert!(!holds(night, "Z", 5, 22, 30));
    }

    #[test]
    fn the_clock_may_stand_elsewhere() {
        assert!(holds("mon 08:00-09:00", "+09:00", 6 + 7, 23, 30), "Monday morning in Tokyo");
        assert!(holds("sun 23:00-24:00", "-05:30", 0, 4, 45));
        assert!(!holds("sun 23:00-24:00", "Z", 0, 4, 45));
    }

    #[test]
    fn days_go_around_the_week() {
        assert!(holds("sat-mon 00:00-24:00", "Z", 6, 1, 0));
        assert!(holds("sat-mon 00:00-24:00", "Z", 7, 1, 0));
        assert!(!holds("sat-mon 00:00-24:00", "Z", 1, 1, 0));
        assert!(holds("mon,wed 00:00-24:00", "Z", 2, 1, 0));
    }

    #[test]
    fn what_is_no_hours_is_none() {
        for text in [
            "",
            "mon",
            "mon 8-18",
            "mon 08:00-08:00",
            "mon 08:00-25:00",
            "mon 08:60-09:00",
            "xyz 08:00-09:00",
            "mon 24:00-24:00",
        ] {
            assert_eq!(Hours::parse(text, 0), None, "{text}");
        }
        for text in ["", "1", "+1:00", "+15:00", "01:00"] {
            assert_eq!(Hours::offset(text), None, "{text}");
        }
    }
}
