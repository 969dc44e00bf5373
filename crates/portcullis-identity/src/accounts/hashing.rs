//! Hashing off the async threads.
//!
//! A few threads hash, and no more: a flood of sign-ins is worked off at the rate of the hash and takes no core
//! from the gate, which is served before them (they run at a lower priority). Who waits is served in turn by
//! address, so that a thousand tries from one place don't stand before one from another. The queue has a bound;
//! when it is full, the place that has most in it gives way.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::throttle::Place;
use crate::passwords::{HashFailure, Hasher, Password, UnreadableHash, Verification};

/// How many wait by default: a thousand sign-ins at once find room.
pub const WAITING: usize = 2048;

/// There is no room for one more; come again after a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

type Work = Box<dyn FnOnce(&Hasher) + Send>;

/// The threads that hash, and the queue before them.
pub struct Hashing {
    line: Arc<Line>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

struct Line {
    state: Mutex<State>,
    came: Condvar,
    most: usize,
}

#[derive(Default)]
struct State {
    /// What waits, by where it came from.
    waiting: HashMap<Place, VecDeque<Work>>,
    /// Whose turn it is.
    turns: VecDeque<Place>,
    count: usize,
    closed: bool,
}

impl Hashing {
    /// Starts `threads` threads; `most` is how many may wait.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(hasher: Arc<Hasher>, threads: usize, most: usize) -> std::io::Result<Self> {
        let line = Arc::new(Line { state: Mutex::default(), came: Condvar::new(), most });
        let mut started = Self { line: line.clone(), threads: Vec::new() };
        for _ in 0..threads.max(1) {
            let (hasher, line) = (hasher.clone(), line.clone());
            let thread = std::thread::Builder::new()
                .name("hashing".to_owned())
                .spawn(move || serve(&hasher, &line))?;
            started.threads.push(thread);
        }
        Ok(started)
    }

    /// As many threads as leave half of the machine to the gate.
    #[must_use]
    pub fn threads_for(cores: usize) -> usize {
        (cores / 2).max(1)
    }

    /// Verifies; takes as long where there is no hash to verify against.
    ///
    /// # Errors
    /// [`Busy`] when there is no room.
    pub async fn verify(
        &self,
        place: Place,
        password: Arc<Password>,
        stored: Option<String>,
    ) -> Result<Result<Verification, UnreadableHash>, Busy> {
        self.ask(place, move |hasher| hasher.verify(&password, stored.as_deref())).await
    }

    /// Hashes.
    ///
    /// # Errors
    /// [`Busy`] when there is no room.
    pub async fn hash(
        &self,
        place: Place,
        password: Arc<Password>,
    ) -> Result<Result<String, HashFailure>, Busy> {
        self.ask(place, move |hasher| hasher.hash(&password)).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce(&Hasher) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (sender, receiver) = oneshot::channel();
        let work: Work = Box::new(move |hasher| {
            // Who has hung up is not worked for.
            if !sender.is_closed() {
                let _ = sender.send(work(hasher));
            }
        });
        self.line.join(place, work)?;
        receiver.await.map_err(|_| Busy)
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.line.lock().closed = true;
        self.line.came.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, place: Place, work: Work) -> Result<(), Busy> {
        let mut state = self.lock();
        if state.closed || (state.count >= self.most && !state.make_room(place)) {
            return Err(Busy);
        }
        let own = state.waiting.entry(place).or_default();
        own.push_back(work);
        if own.len() == 1 {
            state.turns.push_back(place);
        }
        state.count += 1;
        drop(state);
        self.came.notify_one();
        Ok(())
    }

    fn next(&self) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(work) = state.take() {
                return Some(work);
            }
            state = self.came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn take(&mut self) -> Option<Work> {
        let place = self.turns.pop_front()?;
        let own = self.waiting.get_mut(&place)?;
        let work = own.pop_front();
        if own.is_empty() {
            self.waiting.remove(&place);
        } else {
            self.turns.push_back(place);
        }
        self.count = self.count.saturating_sub(1);
        work
    }

    /// Takes the last of the place that has most, where that is more than `newcomer` would have.
    fn make_room(&mut self, newcomer: Place) -> bool {
        let has = self.waiting.get(&newcomer).map_or(0, VecDeque::len);
        let longest = self.waiting.iter_mut().max_by_key(|(_, works)| works.len());
        let Some((_, works)) = longest.filter(|(_, works)| works.len() > has + 1) else { return false };
        works.pop_back();
        self.count = self.count.saturating_sub(1);
        true
    }
}

fn serve(hasher: &Hasher, line: &Line) {
    // On Linux this is the priority of this thread alone. Where it is not granted, the bound on threads remains.
    let _ = rustix::process::nice(10);
    while let Some(work) = line.next() {
        work(hasher);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn line(most: usize) -> Line {
        Line { state: Mutex::default(), came: Condvar::new(), most }
    }

    fn place(number: u8) -> Place {
        Place::of([192, 0, 2, number].into())
    }

    #[test]
    fn places_are_served_in_turn() {
        let line = line(100);
        let order = Arc::new(Mutex::new(Vec::new()));
        let add = |who: u8, times: usize| {
            for _ in 0..times {
                let order = order.clone();
                line.join(place(who), Box::new(move |_| order.lock().unwrap().push(who))).unwrap();
            }
        };
        add(1, 5);
        add(2, 1);
        add(3, 2);
        let cost = crate::passwords::Cost { memory_kib: 8, passes: 1, lanes: 1 };
        let hasher = Hasher::new(cost, Default::default(), Default::default(), Vec::new()).unwrap();
        for _ in 0..8 {
            line.next().unwrap()(&hasher);
        }
        assert_eq!(*order.lock().unwrap(), [1, 2, 3, 1, 3, 1, 1, 1]);
    }

    #[test]
    fn a_full_queue_takes_from_who_has_most_and_refuses_them() {
        let line = line(4);
        for _ in 0..4 {
            line.join(place(1), Box::new(|_| {})).unwrap();
        }
        assert_eq!(line.join(place(1), Box::new(|_| {})), Err(Busy));
        assert_eq!(line.join(place(2), Box::new(|_| {})), Ok(()));
        assert_eq!(line.lock().waiting[&place(1)].len(), 3);
        assert_eq!(line.lock().count, 4);
    }

    #[tokio::test]
    async fn no_more_hash_at_once_than_there_are_threads() {
        let cost = crate::passwords::Cost { memory_kib: 8, passes: 1, lanes: 1 };
        let hasher = Arc::new(Hasher::new(cost, Default::default(), Default::default(), Vec::new()).unwrap());
        let hashing = Hashing::start(hasher, 2, 1000).unwrap();
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let asked = (0..200).map(|number| {
            let (now, most) = (now.clone(), most.clone());
            hashing.ask(place(number), move |_| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_micros(200));
                now.fetch_sub(1, Ordering::SeqCst);
            })
        });
        for answer in futures_util::future::join_all(asked).await {
            answer.unwrap();
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
    }
}
