//! What the engine is given of the world: the time, and randomness.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis::Moment;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Exchanges after which a thread's generator is seeded anew by the operating system, so that whoever once
/// reads its state does not know the randomness of the days to come.
const RESEED: u32 = 4096;

struct Source {
    random: StdRng,
    left: u32,
}

thread_local! {
    static SOURCE: RefCell<Option<Source>> = const { RefCell::new(None) };
}

/// The time and fresh randomness for one exchange; `None` when the operating system gives none.
///
/// The randomness comes from a generator of the thread (ChaCha, NIST SP 800-90A in spirit: seeded with 256
/// bits of the system's entropy, and again after some thousand exchanges): asking the system for each
/// exchange is a system call for each exchange.
#[must_use]
pub fn moment() -> Option<Moment> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let entropy = SOURCE.with_borrow_mut(|source| {
        if source.as_ref().is_none_or(|source| source.left == 0) {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).ok()?;
            *source = Some(Source { random: StdRng::from_seed(seed), left: RESEED });
        }
        let source = source.as_mut()?;
        source.left = source.left.saturating_sub(1);
        let mut entropy = [0; 32];
        source.random.fill_bytes(&mut entropy);
        Some(entropy)
    })?;
    Some(Moment { since_epoch, entropy })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_exchanges_get_the_same_randomness_on_any_thread() {
        let draw = || (0..3 * RESEED).map(|_| moment().unwrap().entropy).collect::<Vec<_>>();
        let threads: Vec<_> = (0..3).map(|_| std::thread::spawn(draw)).collect();
        let mut seen = HashSet::new();
        for thread in threads {
            for entropy in thread.join().unwrap() {
                assert!(seen.insert(entropy));
            }
        }
    }
}
