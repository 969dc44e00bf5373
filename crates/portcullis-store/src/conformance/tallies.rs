//! Counts.

use super::{at, key};
use crate::tallies::{Tallies, Tally};

pub(super) async fn all(store: &impl Tallies) {
    a_count_changes_only_for_who_knew_it(store).await;
    a_count_is_gone_after_its_time(store).await;
}

fn tally(count: u32) -> Tally {
    Tally { count, last: at(u64::from(count)), since: at(0) }
}

async fn a_count_changes_only_for_who_knew_it(store: &impl Tallies) {
    let set = |before, after| store.set_tally(key(170), before, after, at(500), at(1));
    assert_eq!(store.tally(key(170), at(1)).await.unwrap(), None);
    assert!(set(None, None).await.unwrap());
    assert!(set(None, Some(tally(1))).await.unwrap());
    assert!(!set(None, Some(tally(1))).await.unwrap(), "somebody was sooner");
    assert_eq!(store.tally(key(170), at(1)).await.unwrap(), Some(tally(1)));
    assert!(!set(Some(tally(2)), Some(tally(3))).await.unwrap());
    assert!(!set(Some(tally(2)), None).await.unwrap());
    assert!(set(Some(tally(1)), Some(tally(2))).await.unwrap());
    assert_eq!(store.tally(key(170), at(1)).await.unwrap(), Some(tally(2)));
    assert_eq!(store.tally(key(171), at(1)).await.unwrap(), None);
    assert!(set(Some(tally(2)), None).await.unwrap());
    assert_eq!(store.tally(key(170), at(1)).await.unwrap(), None);
}

async fn a_count_is_gone_after_its_time(store: &impl Tallies) {
    assert!(store.set_tally(key(172), None, Some(tally(9)), at(50), at(0)).await.unwrap());
    assert_eq!(store.tally(key(172), at(49)).await.unwrap(), Some(tally(9)));
    assert_eq!(store.tally(key(172), at(50)).await.unwrap(), None);
    assert!(store.set_tally(key(172), None, Some(tally(1)), at(90), at(50)).await.unwrap());
    assert_eq!(store.tally(key(172), at(60)).await.unwrap(), Some(tally(1)));
    assert!(store.set_tally(key(172), Some(tally(1)), None, at(90), at(60)).await.unwrap());
}

/// Two gates count at once: no count is lost.
pub(super) async fn what_two_gates_count_adds_up([gate, other]: &[impl Tallies; 2]) {
    async fn add(store: &impl Tallies) {
        for _ in 0..20 {
            loop {
                let before = store.tally(key(175), at(1)).await.unwrap();
                let count = before.map_or(0, |tally| tally.count) + 1;
                let after = Some(Tally { count, last: at(1), since: at(1) });
                if store.set_tally(key(175), before, after, at(500), at(1)).await.unwrap() {
                    break;
                }
            }
        }
    }
    tokio::join!(add(gate), add(other));
    assert_eq!(gate.tally(key(175), at(1)).await.unwrap().unwrap().count, 40);
}
