//! `portcullis key calibrate`

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use portcullis_identity::passwords::{Caps, Cost, Hasher, Password, Peppers};

use super::{Failure, print};

/// What passwords are hashed with.
#[derive(Debug, Args)]
pub(super) struct Key {
    #[command(subcommand)]
    what: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Suggest parameters of Argon2id for this machine
    ///
    /// It measures the settings that OWASP holds to be enough, and goes up from there to the most memory with which
    /// a hash takes no longer than it may. Run it where the gate will run, while nothing else does.
    Calibrate {
        /// How long one hash may take, in milliseconds
        #[arg(long, value_name = "MS", default_value_t = 250, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        target: u64,
        /// The most memory for one hash, in MiB
        #[arg(long, value_name = "MIB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(19..=1024))]
        memory: u32,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
}

/// A cost with what it takes here.
type Measured = (Cost, Duration);

impl Key {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        let KeyCommand::Calibrate { target, memory, json } = self.what;
        let listed = Cost::EQUALS.into_iter().map(measure).collect::<Result<Vec<_>, _>>()?;
        let target = Duration::from_millis(target);
        let suggested = suggest(&listed, target, memory.saturating_mul(1024), measure)?;
        print(&if json { as_json(&listed, suggested) } else { words(&listed, suggested, target) })
    }
}

/// The best of three: what else runs only makes it slower.
fn measure(cost: Cost) -> Result<Measured, Failure> {
    let broken = |error: portcullis_identity::passwords::HashFailure| Failure::Broken(error.to_string());
    let hasher = Hasher::new(cost, Peppers::default(), Caps::default(), Vec::new()).map_err(broken)?;
    let Some(password) = Password::new("correct horse battery staple") else {
        return Err(Failure::Broken("no password".to_owned()));
    };
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let began = Instant::now();
        hasher.hash(&password).map_err(broken)?;
        best = best.min(began.elapsed());
    }
    Ok((cost, best))
}

/// The strongest that is fast enough: more memory first, which costs a guesser most (RFC 9106 section 4), then more
/// passes. Never less than OWASP's list, however slow the machine is.
fn suggest(
    listed: &[Measured],
    target: Duration,
    most_kib: u32,
    measure: impl Fn(Cost) -> Result<Measured, Failure>,
) -> Result<Measured, Failure> {
    let fits = |measured: &&Measured| measured.0.memory_kib <= most_kib;
    let Some(base) = listed.iter().filter(fits).min_by_key(|(_, takes)| *takes) else {
        return Err(Failure::Broken("there is nothing to measure".to_owned()));
    };
    if base.1 >= target {
        return Ok(*base);
    }
    let mut best = *listed.iter().filter(fits).find(|(_, takes)| *takes <= target).unwrap_or(base);
    loop {
        let Cost { memory_kib, passes, lanes } = best.0;
        let larger = memory_kib.saturating_add(memory_kib / 4).min(most_kib);
        let next = match larger > memory_kib {
            true => Cost { memory_kib: larger, passes, lanes },
            false => Cost { memory_kib, passes: passes.saturating_add(1), lanes },
        };
        let measured = measure(next)?;
        if measured.1 > target || next.passes > 16 {
            return Ok(best);
        }
        best = measured;
    }
}

fn milliseconds(takes: Duration) -> f64 {
    takes.as_secs_f64() * 1000.0
}

fn words(listed: &[Measured], suggested: Measured, target: Duration) -> String {
    let mut text = String::from("OWASP's settings on this machine, for one hash on one core:\n");
    for (cost, takes) in listed {
        let _ = writeln!(
            text,
            "{:>8} KiB, {} passes  {:8.1} ms",
            cost.memory_kib,
            cost.passes,
            milliseconds(*takes)
        );
    }
    let (cost, takes) = suggested;
    let _ = write!(
        text,
        "\nThe strongest that takes no longer than {} ms takes {:.1} ms:\n\n[identity.password]\nmemory = {}\npasses = {}\n",
        target.as_millis(),
        milliseconds(takes),
        cost.memory_kib,
        cost.passes
    );
    if takes > target {
        text.push_str("\nThis machine is slower than that; less would be too weak.\n");
    }
    text
}

fn as_json(listed: &[Measured], suggested: Measured) -> String {
    let one = |(cost, takes): &Measured| {
        serde_json::json!({
            "memory": cost.memory_kib, "passes": cost.passes, "milliseconds": milliseconds(*takes),
        })
    };
    let listed = listed.iter().map(one).collect::<Vec<_>>();
    format!("{}\n", serde_json::json!({ "suggested": one(&suggested), "owasp": listed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine on which a MiB takes a tenth of a millisecond.
    fn machine(cost: Cost) -> Result<Measured, Failure> {
        Ok((cost, Duration::from_micros(u64::from(cost.memory_kib) * u64::from(cost.passes) / 10)))
    }

    fn suggested(target: u64, most_mib: u32) -> Cost {
        let listed = Cost::EQUALS.map(|cost| machine(cost).unwrap());
        suggest(&listed, Duration::from_millis(target), most_mib * 1024, machine).unwrap().0
    }

    #[test]
    fn more_memory_goes_before_more_passes_and_never_less_than_the_list() {
        let plenty = suggested(20, 128);
        assert_eq!((plenty.memory_kib, plenty.passes), (131_072, 1));
        let bounded = suggested(20, 19);
        assert_eq!(bounded.memory_kib, 19 * 1024);
        assert!(bounded.passes > 2, "{bounded:?}");
        assert!(Cost::EQUALS.contains(&suggested(1, 128)), "a slow machine gets the least");
        for (target, most) in [(1, 19), (5, 64), (250, 1024)] {
            assert!(suggested(target, most).is_enough());
        }
    }
}
