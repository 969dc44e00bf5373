//! When a certificate is due, purely. All times are seconds since the epoch.

/// The first wait after a failure; doubled with each, up to a day.
const FIRST_WAIT: u64 = 60;
const LONGEST_WAIT: u64 = 86_400;
/// Where the authority limits the rate and does not say for how long.
const LIMITED_WAIT: u64 = 3600;

/// From when to when a certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: u64,
    pub(super) not_after: u64,
}

/// When to renew where the authority does not say: after two thirds of the time; after half of it where that
/// is less than ten days, so that failures leave time.
pub(super) fn renew_at(validity: Validity) -> u64 {
    let span = validity.not_after.saturating_sub(validity.not_before);
    let share = if span < 10 * 86_400 { span / 2 } else { span / 3 };
    validity.not_after.saturating_sub(share)
}

/// A moment in the window that the authority suggests (RFC 9773 section 4.2), so that not all who were issued
/// together renew together. `luck` is any number.
pub(super) fn within(start: u64, end: u64, luck: u64) -> u64 {
    let span = end.saturating_sub(start);
    start.saturating_add(luck.checked_rem(span.saturating_add(1)).unwrap_or(0))
}

/// When to try again after the `failures`th failure in a row: later each time, a little at random, and never
/// before the authority allows.
pub(super) fn again(now: u64, failures: u32, limited: bool, allowed: Option<u64>, luck: u64) -> u64 {
    let doubled = FIRST_WAIT.saturating_mul(1_u64 << failures.saturating_sub(1).min(20)).min(LONGEST_WAIT);
    let wait = if limited && allowed.is_none() { doubled.max(LIMITED_WAIT) } else { doubled };
    let more = luck.checked_rem((wait / 4).max(1)).unwrap_or(0);
    now.saturating_add(wait).saturating_add(more).max(allowed.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    #[test]
    fn a_third_of_a_long_life_is_left_and_half_of_a_short_one() {
        assert_eq!(renew_at(Validity { not_before: 0, not_after: 90 * DAY }), 60 * DAY);
        assert_eq!(renew_at(Validity { not_before: 0, not_after: 6 * DAY }), 3 * DAY);
    }

    #[test]
    fn a_window_is_met_anywhere_within() {
        assert_eq!((within(10, 20, 0), within(10, 20, 10), within(10, 20, 11)), (10, 20, 10));
        assert_eq!(within(20, 10, 7), 20, "a window that ends before it begins is a moment");
    }

    #[test]
    fn failures_are_tried_again_later_and_later() {
        assert_eq!(again(0, 1, false, None, 0), 60);
        assert_eq!(again(0, 4, false, None, 0), 480);
        assert_eq!(again(0, 40, false, None, 0), DAY);
        assert!(again(0, 4, false, None, u64::MAX) < 600);
    }

    #[test]
    fn never_before_the_authority_allows() {
        assert_eq!(again(0, 1, true, Some(5000), 0), 5000);
        assert_eq!(again(0, 1, true, None, 0), 3600);
        assert_eq!(again(0, 9, true, Some(10), 0), 15_360);
    }
}
