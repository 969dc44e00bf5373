//! Runs the transactions of `bench/rules/corpus.py` through the rules, as a door would.
//!
//! `transactions RULES ROW[:PASSES]...` loads the rules, then runs each row so many times. It prints the CPU
//! microseconds and the resident kilobytes of loading, then for each row the CPU microseconds, the
//! transactions and those refused. With `LOUD` set it prints the log lines too.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use portcullis_seclang::{Disk, RuleSet, Source, Start, Transaction};
use rustix::time::{ClockId, clock_gettime};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let rules = words.next().ok_or("usage: transactions RULES ROW[:PASSES]...")?;
    let before = cpu_microseconds();
    let rules = Arc::new(RuleSet::load(&[Source::file(rules)], &Disk)?);
    println!("load {:.0} {}", cpu_microseconds() - before, resident_kilobytes());
    for word in words {
        let (name, passes) = word.split_once(':').unwrap_or((&word, "1"));
        let file = std::fs::read(name)?;
        // Once to warm up what is made on first use; not counted.
        run_all(&rules, &file)?;
        let before = cpu_microseconds();
        let (mut transactions, mut refused) = (0, 0);
        for _ in 0..passes.parse::<u32>()? {
            let (ran, stopped) = run_all(&rules, &file)?;
            transactions += ran;
            refused += stopped;
        }
        println!("row {name} {:.1} {transactions} {refused}", cpu_microseconds() - before);
    }
    println!("end {}", resident_kilobytes());
    Ok(())
}

fn run_all(rules: &Arc<RuleSet>, mut rest: &[u8]) -> Result<(u64, u64), Box<dyn Error>> {
    let loud = std::env::var_os("LOUD").is_some();
    let (mut transactions, mut refused) = (0, 0);
    while !rest.is_empty() {
        let mut transaction = Transaction::new(Arc::clone(rules), Start::default());
        rest = run(&mut transaction, rest).ok_or("the file of transactions is not one")?;
        transactions += 1;
        refused += u64::from(transaction.intervention().is_some());
        if loud {
            transaction.log_lines().iter().for_each(|line| eprintln!("{line}"));
        }
    }
    Ok((transactions, refused))
}

/// Takes one transaction from the front of `rest` and gives back what follows.
fn run<'a>(transaction: &mut Transaction, mut rest: &'a [u8]) -> Option<&'a [u8]> {
    let mut body: &[u8] = b"";
    let mut stopped = false;
    loop {
        let (line, after) = rest.split_at(rest.iter().position(|byte| *byte == b'\n')?);
        rest = after.get(1..)?;
        let (kind, text) = (line.first()?, line.get(2..).unwrap_or_default());
        match kind {
            b'T' => {
                let mut words = text.split(|byte| *byte == b' ');
                transaction.connection(([192, 0, 2, 7], 40000).into(), ([127, 0, 0, 1], 80).into());
                transaction.request_line(words.next()?, words.next()?, words.next()?);
            }
            b'H' | b'R' => {
                let (name, value) = text.split_at(text.iter().position(|byte| *byte == b':')?);
                let value = value.get(2..)?;
                if *kind == b'H' {
                    transaction.request_header(name, value);
                } else {
                    transaction.response_header(name, value);
                }
            }
            b'B' | b'D' => {
                let (bytes, after) = rest.split_at_checked(std::str::from_utf8(text).ok()?.parse().ok()?)?;
                (body, rest) = (bytes, after.get(1..)?);
            }
            b'S' => {
                stopped = transaction.request_head_done().is_some();
                if !stopped && !body.is_empty() {
                    stopped = transaction.request_body_chunk(body).is_some();
                }
                stopped = stopped || transaction.request_body_done().is_some();
                body = b"";
                transaction.response_line(b"HTTP/1.1", std::str::from_utf8(text).ok()?.parse().ok()?, b"");
            }
            _ => {
                stopped = stopped || transaction.response_head_done().is_some();
                if !stopped && !body.is_empty() {
                    stopped = transaction.response_body_chunk(body).is_some();
                }
                if !stopped {
                    transaction.response_body_done();
                }
                transaction.finish();
                return Some(rest);
            }
        }
    }
}

/// The CPU time of this process so far.
fn cpu_microseconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default().as_secs_f64() * 1e6
}

fn resident_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
