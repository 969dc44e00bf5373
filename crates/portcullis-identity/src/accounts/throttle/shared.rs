//! Counts that gates share, in the store of sessions.
//!
//! The gate's own memory is asked first, and has to agree: what it refuses costs the store nothing. Then the try is
//! counted as a failure in the store, before the password is looked at, so that tries at several gates at once are not
//! one; a right password takes the count away, and what got no answer is given back. A gate that is killed meanwhile
//! leaves a failure behind.
//!
//! While the store is away the gate's own memory decides alone: it goes on counting, and forgets nothing.

use std::sync::Arc;
use std::time::Duration;

use portcullis::layers::caller::session::Notice;
use portcullis_store::{Sessions, StoreError, Tally};

use super::super::email::Email;
use super::super::token::digest;
use super::devices::Device;
use super::pace::{DAY, Kind, delay, left, one_more};
use super::table::Subject;
use super::{Ended, Permit, Place, Throttle};

/// How often a count that others change meanwhile is looked at again.
const AGAIN: usize = 16;

/// The counts of a gate, and those that it shares. A clone is the same counts.
#[derive(Clone)]
pub struct Counting {
    throttle: Arc<Throttle>,
    shared: Option<Arc<dyn Sessions>>,
}

/// Leave to try once. What is dropped without an answer is given back.
#[must_use]
pub struct Leave {
    permit: Option<Permit>,
    /// What was counted in the store.
    charged: Option<(Arc<dyn Sessions>, Subject)>,
    now: Duration,
}

/// What the store says of one more try.
enum Shared {
    Counted,
    Wait(Duration),
}

impl Counting {
    /// Counts here, and in `shared` besides.
    #[must_use]
    pub fn new(throttle: Arc<Throttle>, shared: Option<Arc<dyn Sessions>>) -> Self {
        Self { throttle, shared }
    }

    /// Asks for leave to try.
    ///
    /// # Errors
    /// With how long to wait.
    pub async fn begin(
        &self,
        email: &Email,
        place: Place,
        device: Option<Device>,
        now: Duration,
    ) -> Result<Leave, Duration> {
        let permit = self.throttle.begin(email, place, device, now)?;
        let Some(store) = &self.shared else { return Ok(Leave { permit: Some(permit), charged: None, now }) };
        let (permit, subject) = match permit.device {
            Some(device) => match below(store, device, self.throttle.limits.device, now).await {
                Ok(Shared::Counted) => (permit, Some(device)),
                Err(_) => (permit, None),
                // Its own allowance is used up, at this gate or another: it counts like any other.
                Ok(Shared::Wait(_)) => {
                    drop(permit);
                    let permit = self.throttle.begin(email, place, None, now)?;
                    let account = self.account(store, &permit, place, now).await?;
                    (permit, account)
                }
            },
            None => {
                let account = self.account(store, &permit, place, now).await?;
                (permit, account)
            }
        };
        let charged = subject.map(|subject| (store.clone(), subject));
        Ok(Leave { permit: Some(permit), charged, now })
    }

    /// Counts a try at an account; what was counted, or nothing while the store is away.
    async fn account(
        &self,
        store: &Arc<dyn Sessions>,
        permit: &Permit,
        place: Place,
        now: Duration,
    ) -> Result<Option<Subject>, Duration> {
        let free = self.throttle.free(&self.throttle.lock(), now);
        let from = Subject::number(Kind::Place, place.0);
        if let Ok(Some(failures)) = read(store, from, now).await
            && let Some(wait) = delay(Kind::Place, failures, free.place, now)
        {
            return Err(wait);
        }
        let may = |failures: Option<Tally>| match failures {
            Some(failures) => delay(Kind::Account, failures, free.account, now).map_or(Ok(()), Err),
            None => Ok(()),
        };
        match charge(store, permit.account, now, may).await {
            Ok(Shared::Counted) => Ok(Some(permit.account)),
            Ok(Shared::Wait(wait)) => Err(wait),
            Err(_) => Ok(None),
        }
    }

    /// How long to wait until this place may cause letters again, if it has caused too many: told openly, since it has
    /// to do with no account.
    pub async fn has_written_too_much(&self, place: Place, now: Duration) -> Option<Duration> {
        if let Some(wait) = self.throttle.has_written_too_much(place, now) {
            return Some(wait);
        }
        let from = Subject::number(Kind::LettersFrom, place.0);
        let written = read(self.shared.as_ref()?, from, now).await.ok().flatten()?;
        (written.count >= self.throttle.limits.letters_from).then_some(Duration::from_secs(60))
    }

    /// Whether one more letter may be sent to this address for somebody at this place.
    pub async fn may_write(&self, email: &Email, place: Place, now: Duration) -> bool {
        if !self.throttle.may_write(email, place, now) {
            return false;
        }
        let Some(store) = &self.shared else { return true };
        let limits = &self.throttle.limits;
        let to = Subject::new(Kind::Letters, digest(email.as_str().as_bytes()).0);
        let from = Subject::number(Kind::LettersFrom, place.0);
        for (subject, most) in [(from, limits.letters_from), (to, limits.letters)] {
            if matches!(below(store, subject, most, now).await, Ok(Shared::Wait(_))) {
                return false;
            }
        }
        true
    }
}

impl Leave {
    /// Whether a known device's own allowance was used.
    #[must_use]
    pub fn is_of_known_device(&self) -> bool {
        self.permit.as_ref().is_some_and(Permit::is_of_known_device)
    }

    /// Counts how it ended; tells of an attack that this shows.
    pub async fn settle(mut self, ended: Ended, now: Duration) -> Vec<Notice> {
        let Some(permit) = self.permit.take() else { return Vec::new() };
        let (place, is_device) = (permit.place, permit.is_of_known_device());
        let notices = permit.settle(ended, now);
        if let Some((store, subject)) = self.charged.take() {
            // What the store does not learn now stays a failure there, and is forgiven in time.
            let _ = match ended {
                Ended::Right => forget(&store, subject, now).await,
                Ended::Wrong if is_device => Ok(()),
                Ended::Wrong => {
                    let from = Subject::number(Kind::Place, place.0);
                    charge(&store, from, now, |_| Ok(())).await.map(drop)
                }
            };
        }
        notices
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        let Some((store, subject)) = self.charged.take() else { return };
        let now = self.now;
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // Where it fails one failure too many is counted.
                let _ = give_back(&store, subject, now).await;
            });
        }
    }
}

async fn read(
    store: &Arc<dyn Sessions>,
    subject: Subject,
    now: Duration,
) -> Result<Option<Tally>, StoreError> {
    let tally = store.tally(subject.key(), now).await?;
    Ok(tally.and_then(|tally| left(subject.kind(), tally, now)))
}

/// Counts one more while fewer than `most` are counted.
async fn below(
    store: &Arc<dyn Sessions>,
    subject: Subject,
    most: u32,
    now: Duration,
) -> Result<Shared, StoreError> {
    charge(store, subject, now, |left| {
        let counted = left.map_or(0, |tally| tally.count);
        if counted < most { Ok(()) } else { Err(Duration::from_secs(60)) }
    })
    .await
}

/// Counts one more, if `may` has nothing against it in view of those that are counted.
async fn charge(
    store: &Arc<dyn Sessions>,
    subject: Subject,
    now: Duration,
    may: impl Fn(Option<Tally>) -> Result<(), Duration>,
) -> Result<Shared, StoreError> {
    let key = subject.key();
    for _ in 0..AGAIN {
        let before = store.tally(key, now).await?;
        let left = before.and_then(|tally| left(subject.kind(), tally, now));
        if let Err(wait) = may(left) {
            return Ok(Shared::Wait(wait));
        }
        let after = Some(one_more(left, now));
        if store.set_tally(key, before, after, now.saturating_add(DAY), now).await? {
            return Ok(Shared::Counted);
        }
    }
    // So many at once are no person.
    Ok(Shared::Wait(Duration::from_secs(1)))
}

/// Nothing went wrong any more.
async fn forget(store: &Arc<dyn Sessions>, subject: Subject, now: Duration) -> Result<(), StoreError> {
    for _ in 0..AGAIN {
        let before = store.tally(subject.key(), now).await?;
        if store.set_tally(subject.key(), before, None, now, now).await? {
            break;
        }
    }
    Ok(())
}

/// One was not tried after all.
async fn give_back(store: &Arc<dyn Sessions>, subject: Subject, now: Duration) -> Result<(), StoreError> {
    for _ in 0..AGAIN {
        let Some(before) = store.tally(subject.key(), now).await? else { break };
        let count = before.count.saturating_sub(1);
        let after = (count > 0).then_some(Tally { count, ..before });
        let until = before.last.saturating_add(DAY);
        if store.set_tally(subject.key(), Some(before), after, until, now).await? {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use portcullis_store::Tallies as _;
    use zeroize::Zeroizing;

    use super::super::Limits;
    use super::super::devices::Devices;
    use super::*;
    use crate::sessions::tests::{Fragile, fragile};

    const START: Duration = Duration::from_secs(1_800_000_000);

    fn ada() -> Email {
        Email::parse("ada@example.org").unwrap()
    }

    fn place(number: u32) -> Place {
        Place::of(std::net::Ipv4Addr::from(0xC000_0200 + number).into())
    }

    /// A gate that was just started.
    fn gate(store: &Arc<Fragile>) -> Counting {
        Counting::new(Throttle::new(Limits::default()), Some(store.clone()))
    }

    async fn fail(gate: &Counting, from: u32, now: Duration) -> Result<(), Duration> {
        let leave = gate.begin(&ada(), place(from), None, now).await?;
        leave.settle(Ended::Wrong, now).await;
        Ok(())
    }

    #[tokio::test]
    async fn two_gates_and_a_restart_give_nobody_more_tries() {
        let (store, _folder) = fragile();
        let gates = [gate(&store), gate(&store)];
        for number in 0..5 {
            fail(&gates[number % 2], 1, START).await.unwrap();
        }
        for gate in [&gates[0], &gates[1], &gate(&store)] {
            assert_eq!(fail(gate, 2, START).await, Err(Duration::from_secs(1)));
        }
        let mut now = START;
        let mut waits = Vec::new();
        for number in 0..6 {
            let gate = gate(&store);
            let wait = fail(&gate, 3, now).await.unwrap_err();
            now += wait;
            waits.push(wait.as_secs());
            fail(&gates[number % 2], 3, now).await.unwrap();
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32]);
    }

    #[tokio::test]
    async fn tries_at_several_gates_at_once_are_not_one() {
        let (store, _folder) = fragile();
        let gates = (0..4).map(|_| gate(&store)).collect::<Vec<_>>();
        let mut held = Vec::new();
        for number in 0..40 {
            held.extend(gates[number % 4].begin(&ada(), place(1), None, START).await.ok());
        }
        assert_eq!(held.len(), 5);
        // What got no answer is given back, and a right password frees the account everywhere.
        drop(held);
        let mut given_back = false;
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            given_back =
                store.tally(Subject::new(Kind::Account, digest(b"ada@example.org").0).key(), START).await
                    == Ok(None);
            if given_back {
                break;
            }
        }
        assert!(given_back);
        for gate in &gates {
            fail(gate, 1, START).await.unwrap();
        }
        let right = gates[0].begin(&ada(), place(1), None, START).await.unwrap();
        right.settle(Ended::Right, START).await;
        for number in 0..5 {
            fail(&gate(&store), 4, START + Duration::from_secs(number)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn one_place_is_slowed_over_all_gates_and_a_known_device_has_one_allowance() {
        let (store, _folder) = fragile();
        for number in 0..20 {
            let email = Email::parse(&format!("u{number}@example.org")).unwrap();
            let leave = gate(&store).begin(&email, place(1), None, START).await.unwrap();
            leave.settle(Ended::Wrong, START).await;
        }
        assert!(fail(&gate(&store), 1, START).await.is_err());
        assert!(fail(&gate(&store), 2, START).await.is_ok());

        let devices = Devices::new(vec![Zeroizing::new([7; 32])]);
        let cookie = devices.know(None, &ada(), START).unwrap();
        let known = devices.known(Some(&cookie), &ada(), START);
        for _ in 0..10 {
            let leave = gate(&store).begin(&ada(), place(3), known, START).await.unwrap();
            assert!(leave.is_of_known_device());
            leave.settle(Ended::Wrong, START).await;
        }
        let leave = gate(&store).begin(&ada(), place(3), known, START).await.unwrap();
        assert!(!leave.is_of_known_device(), "it counts like any other now");
    }

    #[tokio::test]
    async fn while_the_store_is_away_the_memory_of_the_gate_goes_on_and_nothing_opens() {
        let (store, _folder) = fragile();
        let gate = gate(&store);
        for _ in 0..3 {
            fail(&gate, 1, START).await.unwrap();
        }
        store.1.store(true, Ordering::Relaxed);
        for _ in 0..2 {
            fail(&gate, 1, START).await.unwrap();
        }
        assert_eq!(fail(&gate, 1, START).await, Err(Duration::from_secs(1)), "it knows of all five");
        assert!(gate.may_write(&ada(), place(1), START).await);
        store.1.store(false, Ordering::Relaxed);
        assert_eq!(fail(&gate, 1, START).await, Err(Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn nobody_is_buried_in_letters_by_several_gates() {
        let (store, _folder) = fragile();
        let mut sent = 0;
        for number in 0..20 {
            sent += u32::from(gate(&store).may_write(&ada(), place(number), START).await);
        }
        assert_eq!(sent, 5);
        assert_eq!(gate(&store).has_written_too_much(place(1), START).await, None);
        for number in 0..40 {
            let email = Email::parse(&format!("u{number}@example.org")).unwrap();
            gate(&store).may_write(&email, place(99), START).await;
        }
        assert!(gate(&store).has_written_too_much(place(99), START).await.is_some());
    }
}
