//! Fills each store and measures it.

use std::process::ExitCode;
use std::time::Instant;

use portcullis_bench_store::{
    Size, Took, Wrong, fill_people, fill_sessions, measure_people, measure_sessions, opened,
};
use portcullis_store::servers::Server;

/// How often each call is made.
const CALLS: u32 = 10_000;

#[tokio::main]
async fn main() -> ExitCode {
    let mut size = Size { users: 100_000, sessions: 1_000_000 };
    let mut stores = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok());
        match argument.as_str() {
            "--users" => size.users = number().unwrap_or(size.users),
            "--sessions" => size.sessions = number().unwrap_or(size.sessions),
            _ => stores.push(argument),
        }
    }
    if stores.is_empty() {
        stores = ["sqlite", "postgres", "redis"].map(str::to_owned).to_vec();
    }
    println!("{} users, {} sessions", size.users, size.sessions);
    for store in stores {
        if let Err(wrong) = run(&store, size).await {
            eprintln!("{store}: {wrong}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn run(store: &str, size: Size) -> Result<(), Wrong> {
    let told = |error: std::io::Error| error.to_string();
    let folder = std::env::temp_dir().join(format!("portcullis-bench-store-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(told)?;
    let file = folder.join("people.db");
    let server = match store {
        "postgres" => Some(Server::postgres().map_err(told)?),
        "redis" => Some(Server::redis().map_err(told)?),
        _ => None,
    };
    let place = server.as_ref().map_or_else(|| file.display().to_string(), |server| server.url.clone());
    let store_open = opened::open(&place).map_err(|error| error.to_string())?;
    println!("\n{store}");
    let began = Instant::now();
    if let Some(people) = &store_open.people {
        print(&fill_people(&**people, size).await?);
    }
    print(&fill_sessions(&*store_open.sessions, size).await?);
    if let Some(people) = &store_open.people {
        measure_people(&**people, size, CALLS).await?.iter().for_each(print);
    }
    let sweeps = store != "redis";
    measure_sessions(&*store_open.sessions, size, CALLS, sweeps).await?.iter().for_each(print);
    let most = memory("/proc/self/status", "VmHWM:");
    println!("  this process at most {most} KiB; all of it {:.0} s", began.elapsed().as_secs_f64());
    if let Some(process) = server.as_ref().and_then(Server::process) {
        println!("  the server {} KiB", memory(&format!("/proc/{process}/status"), "VmRSS:"));
    }
    if let Ok(file) = std::fs::metadata(&file) {
        println!("  the file {} KiB", file.len() / 1024);
    }
    drop(store_open);
    std::fs::remove_dir_all(&folder).map_err(told)
}

fn print(took: &Took) {
    let micros = |time: std::time::Duration| time.as_secs_f64() * 1e6;
    println!(
        "  {:<28} {:>8} calls {:>8.2} s   median {:>8.0} us   p99 {:>8.0} us",
        took.what,
        took.calls,
        took.all.as_secs_f64(),
        micros(took.median),
        micros(took.p99)
    );
}

/// A line of a status file of Linux, in KiB.
fn memory(file: &str, name: &str) -> u64 {
    let status = std::fs::read_to_string(file).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
