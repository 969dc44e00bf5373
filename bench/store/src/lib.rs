//! What the stores do when there is much in them.
//!
//! [`fill`] makes accounts and sessions by the calls that a gate makes; [`measure`] looks, lists, moves and sweeps,
//! says what is wrong, and how long it took. `tests/` does it with few and looks at the plans of the queries;
//! the program does it with many:
//!
//! ```text
//! cargo run --release -p portcullis-bench-store -- [--users 100000] [--sessions 1000000] [sqlite|postgres|redis]…
//! ```

pub mod opened;
mod rows;

use std::future::Future;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use portcullis_store::{People, Remembered, Sessions, StoreError};

pub use rows::{NOW, family, has_ended, session, session_key, user, user_id};

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Accounts.
    pub users: u32,
    /// Sessions, spread over them evenly; one in ten has ended.
    pub sessions: u32,
}

/// How long one kind of call took.
#[derive(Debug, Clone)]
pub struct Took {
    /// Which.
    pub what: &'static str,
    /// How many were made.
    pub calls: usize,
    /// From the first to the last.
    pub all: Duration,
    /// The longest of the fastest half.
    pub median: Duration,
    /// The longest of the fastest 99 of a hundred.
    pub p99: Duration,
}

/// What went wrong.
pub type Wrong = String;

/// How many calls are on their way at once while the store is filled.
const AT_ONCE: usize = 256;
/// How many accounts are made in one call.
const TOGETHER: u32 = 500;

/// Makes the accounts, where there is a store for them.
///
/// # Errors
/// When the store is away.
pub async fn fill_people(people: &dyn People, size: Size) -> Result<Took, Wrong> {
    let starts = (0..size.users).step_by(usize::try_from(TOGETHER).unwrap_or(1));
    timed("make accounts (500 a call)", 4, starts, |first| async move {
        let numbers = first..size.users.min(first.saturating_add(TOGETHER));
        people.add_all(numbers.map(user).collect(), NOW).await.map(|added| added.is_ok())
    })
    .await
}

/// Begins the sessions.
///
/// # Errors
/// When the store is away.
pub async fn fill_sessions(sessions: &dyn Sessions, size: Size) -> Result<Took, Wrong> {
    timed("begin", AT_ONCE, 0..size.sessions, |number| begin(sessions, number, size)).await
}

/// Begins a session; the device that it comes from is remembered first.
async fn begin(sessions: &dyn Sessions, number: u32, size: Size) -> Result<bool, StoreError> {
    let begun = session(number, size);
    if let (Some(family), Some(user)) = (begun.family, begun.user) {
        let (began, agent) = (begun.began, begun.agent.clone());
        let end = NOW + Duration::from_secs(30 * 86_400);
        let token = session_key(number);
        sessions.remember(Remembered { family, user, token, began, seen: began, end, agent }).await?;
    }
    sessions.begin(begun).await
}

/// Looks accounts up.
///
/// # Errors
/// When an answer is not what it must be.
pub async fn measure_people(people: &dyn People, size: Size, calls: u32) -> Result<Vec<Took>, Wrong> {
    let some = move || (0..calls).map(move |call| spread(call, size.users));
    Ok(vec![
        timed("user by id", 1, some(), |number| async move {
            let found = people.user(user_id(number)).await?;
            Ok(found.is_some_and(|found| found.email == user(number).email && found.roles == ["reader"]))
        })
        .await?,
        timed("user by address", 1, some(), |number| async move {
            let found = people.user_by_email(user(number).email).await?;
            Ok(found.is_some_and(|found| found.id == user_id(number)))
        })
        .await?,
        timed("a page of 50 users", 1, some().take(100), |number| async move {
            let page = people.users(Some(user(number.min(size.users / 2)).email), 50).await?;
            Ok(page.len() == 50)
        })
        .await?,
    ])
}

/// Looks sessions up, lists, moves and ends them; sweeps, where the store does not forget by itself.
///
/// # Errors
/// When an answer is not what it must be.
pub async fn measure_sessions(
    sessions: &dyn Sessions,
    size: Size,
    calls: u32,
    sweeps: bool,
) -> Result<Vec<Took>, Wrong> {
    // Those that have not ended; the first has not.
    let alive = |number: u32| (0..=number).rev().find(|one| !has_ended(*one)).unwrap_or(0);
    let some = move || (0..calls).map(move |call| alive(spread(call, size.sessions)));
    let each = size.sessions / size.users;
    let mut all = vec![
        timed("session", 1, some(), |number| async move {
            Ok(sessions.session(session_key(number), NOW).await? == Some(session(number, size)))
        })
        .await?,
        timed("session, 64 at once", 64, some(), |number| async move {
            Ok(sessions.session(session_key(number), NOW).await?.is_some())
        })
        .await?,
        timed(
            "list of devices",
            1,
            (0..calls / 10).map(|call| spread(call, size.users)),
            |number| async move {
                let list = sessions.sessions_of(user_id(number), NOW).await?;
                Ok(list.len() <= usize::try_from(each).unwrap_or(0).saturating_add(1))
            },
        )
        .await?,
        timed("touch", 1, some(), |number| async move {
            let seen = NOW + Duration::from_secs(1);
            sessions.touch(session_key(number), seen, session(number, size).idle_end, String::new()).await
        })
        .await?,
        timed("rotate, there and back", 1, some().take(1000), |number| async move {
            let other = portcullis_store::Session {
                key: session_key(size.sessions.saturating_add(number)),
                ..session(number, size)
            };
            let there = sessions.rotate(session_key(number), other.clone(), NOW).await?;
            Ok(there && sessions.rotate(other.key, session(number, size), NOW).await?)
        })
        .await?,
        timed("code used once", 1, 0..calls, |number| async move {
            let until = NOW + Duration::from_secs(90);
            sessions.first_use(session_key(number), until, NOW).await
        })
        .await?,
    ];
    if sweeps {
        let ended = (0..size.sessions).filter(|number| has_ended(*number)).count();
        let sweep = timed("sweep of 1000", 1, 0..ended.div_ceil(1000), |_| async move {
            Ok((1..=1000).contains(&sessions.sweep(NOW, 1000).await?))
        });
        all.push(sweep.await?);
        if sessions.sweep(NOW, 1000).await.map_err(|error| error.to_string())? != 0 {
            return Err("something that ended was left".to_owned());
        }
    }
    let end_all = timed("end all of a user", 1, 0..(size.users / 100).min(1000), |number| async move {
        sessions.end_all(user_id(number), None).await.map(|ended| !ended.is_empty())
    });
    all.push(end_all.await?);
    Ok(all)
}

/// Any place among `among`, the same ones each time.
fn spread(call: u32, among: u32) -> u32 {
    let place = u64::from(call).wrapping_mul(2_654_435_761) % u64::from(among.max(1));
    u32::try_from(place).unwrap_or(0)
}

/// Makes the calls, `at_once` of them together.
async fn timed<T, W>(
    what: &'static str,
    at_once: usize,
    with: impl Iterator<Item = T>,
    call: impl Fn(T) -> W,
) -> Result<Took, Wrong>
where
    W: Future<Output = Result<bool, StoreError>>,
{
    let began = Instant::now();
    let answers = futures_util::stream::iter(with).map(|one| {
        let call = call(one);
        async {
            let began = Instant::now();
            (call.await, began.elapsed())
        }
    });
    let mut answers = answers.buffer_unordered(at_once);
    let mut times = Vec::new();
    while let Some((answer, time)) = answers.next().await {
        match answer {
            Ok(true) => times.push(time),
            Ok(false) => return Err(format!("{what}: the answer is not what it must be")),
            Err(error) => return Err(format!("{what}: {error}")),
        }
    }
    let all = began.elapsed();
    times.sort_unstable();
    let place = |hundredth: usize| times.get(times.len() * hundredth / 100).copied().unwrap_or_default();
    Ok(Took { what, calls: times.len(), all, median: place(50), p99: place(99) })
}
