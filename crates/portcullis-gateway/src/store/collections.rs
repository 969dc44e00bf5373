//! What rules remember, shared by the gates that share limits.
//!
//! Changes go to the store behind the requests that made them, one after another; what comes of them there, with those
//! of other gates, replaces what is here, unless more changes of the same collection wait. At most [`WAITING`] wait; what
//! finds no room, or comes while the store is away, holds at this gate alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portcullis_seclang::{Entry, MemoryCollections, Record, VarChange, Variable};
use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Script};
use tokio::sync::mpsc;

use super::{Shared, Store, kind};

/// So many changes may wait.
const WAITING: usize = 10_000;
/// A collection is asked for again after this time.
const FRESH: Duration = Duration::from_secs(1);
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Carries out changes, and answers with the milliseconds that the collection has to live and all of its fields:
/// `v:NAME` with the value and, where the variable goes before, `e:NAME` with the time in milliseconds.
const CHANGE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local key, timeout = KEYS[1], tonumber(ARGV[1])
for i = 2, #ARGV, 3 do
  local change, name, value = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local expires = tonumber(redis.call('HGET', key, 'e:' .. name) or '')
  if expires and expires <= now then redis.call('HDEL', key, 'v:' .. name, 'e:' .. name) end
  if change == 'set' then
    redis.call('HSET', key, 'v:' .. name, value)
  elseif change == 'add' then
    local held = redis.call('HGET', key, 'v:' .. name) or ''
    local number = tonumber(string.match(held, '^%s*[-+]?%d+') or '0')
    redis.call('HSET', key, 'v:' .. name, string.format('%.0f', number + tonumber(value)))
  elseif change == 'unset' then
    redis.call('HDEL', key, 'v:' .. name, 'e:' .. name)
  elseif redis.call('HEXISTS', key, 'v:' .. name) == 1 then
    redis.call('HSET', key, 'e:' .. name, value)
  end
end
if timeout > 0 then redis.call('PEXPIRE', key, timeout) end
local answer = redis.call('HGETALL', key)
table.insert(answer, 1, tostring(redis.call('PTTL', key)))
return answer
";

/// The way to the store.
pub struct SharedCollections {
    jobs: mpsc::Sender<Job>,
    known: Arc<Known>,
}

type Place = (Variable, Vec<u8>);

/// What is known of the collections that were asked for.
#[derive(Default)]
struct Known(Mutex<HashMap<Place, Standing>>);

#[derive(Default)]
struct Standing {
    waiting: u32,
    fetched: Duration,
}

struct Job {
    place: Place,
    changes: Vec<VarChange>,
    timeout: Duration,
}

impl SharedCollections {
    /// Hands changes on.
    pub(crate) fn change(&self, collection: Variable, key: &[u8], changes: &[VarChange], timeout: Duration) {
        self.send(Job { place: (collection, key.to_vec()), changes: changes.to_vec(), timeout });
    }

    /// Asks for what other gates have made of it, if that was not done just now.
    pub(crate) fn refresh(&self, collection: Variable, key: &[u8], now: Duration) {
        let place = (collection, key.to_vec());
        {
            let mut known = self.known.0.lock().unwrap_or_else(PoisonError::into_inner);
            let standing = known.entry(place.clone()).or_default();
            if standing.waiting > 0 || now.saturating_sub(standing.fetched) < FRESH {
                return;
            }
            standing.fetched = now;
        }
        self.send(Job { place, changes: Vec::new(), timeout: Duration::ZERO });
    }

    fn send(&self, job: Job) {
        let place = job.place.clone();
        self.known.waits(&place);
        if self.jobs.try_send(job).is_err() {
            self.known.done(&place);
            metrics::counter!("portcullis_store_failures_total").increment(1);
        }
    }
}

impl Known {
    fn waits(&self, place: &Place) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= 2 * WAITING {
            known.retain(|_, standing| standing.waiting > 0);
        }
        let standing = known.entry(place.clone()).or_default();
        standing.waiting = standing.waiting.saturating_add(1);
    }

    /// One job is done; whether it was the last that waited.
    fn done(&self, place: &Place) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(standing) = known.get_mut(place) else { return true };
        standing.waiting = standing.waiting.saturating_sub(1);
        standing.waiting == 0
    }
}

impl Store {
    /// Shares the collections in `memory` with other gates, until what is given back is dropped.
    #[must_use]
    pub fn share_collections(&self, memory: Arc<MemoryCollections>) -> SharedCollections {
        let (jobs, mut coming) = mpsc::channel::<Job>(WAITING);
        let known = Arc::new(Known::default());
        let (shared, standing) = (Arc::clone(&self.shared), Arc::clone(&known));
        self.runtime.spawn(async move {
            let script = Script::new(CHANGE);
            while let Some(job) = coming.recv().await {
                let record = carry_out(&shared, &script, &job).await;
                let last = standing.done(&job.place);
                if let Some(record) = record.filter(|_| last) {
                    memory.put(record);
                }
            }
        });
        SharedCollections { jobs, known }
    }
}

/// What the collection came to; nothing while the store is away, or where there is none.
async fn carry_out(shared: &Shared, script: &Script, job: &Job) -> Option<Record> {
    let connection = shared.connection.load_full()?;
    let mut connection = MultiplexedConnection::clone(&connection);
    let called = call(script, &mut connection, job);
    let fields = match tokio::time::timeout(PATIENCE, called).await {
        Ok(Ok(fields)) => fields,
        Ok(Err(error)) => {
            shared.lose(kind(&error));
            return None;
        }
        Err(_) => return None,
    };
    let mut fields = fields.into_iter();
    let lives: i64 = String::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let lives = u64::try_from(lives).ok()?;
    let mut record = Record {
        collection: job.place.0,
        key: job.place.1.clone(),
        gone_at: crate::admin::now().saturating_add(Duration::from_millis(lives)),
        variables: Vec::new(),
    };
    let mut expiries = HashMap::new();
    while let (Some(field), Some(value)) = (fields.next(), fields.next()) {
        match (field.strip_prefix(b"v:"), field.strip_prefix(b"e:")) {
            (Some(name), _) => record.variables.push(Entry { name: name.to_vec(), value, expires: None }),
            (_, Some(name)) => {
                let at = String::from_utf8(value).ok().and_then(|text| text.parse().ok());
                expiries.extend(at.map(|at| (name.to_vec(), Duration::from_millis(at))));
            }
            _ => {}
        }
    }
    for entry in &mut record.variables {
        entry.expires = expiries.remove(&entry.name);
    }
    Some(record)
}

async fn call(
    script: &Script,
    connection: &mut MultiplexedConnection,
    job: &Job,
) -> RedisResult<Vec<Vec<u8>>> {
    let (collection, key) = &job.place;
    let name = [format!("{{portcullis}}:rules:{}:", collection.name()).as_bytes(), key.as_slice()].concat();
    let mut call = script.prepare_invoke();
    call.key(name).arg(u64::try_from(job.timeout.as_millis()).unwrap_or(u64::MAX));
    for change in &job.changes {
        match change {
            VarChange::Set { name, value } => call.arg("set").arg(name.as_slice()).arg(value.as_slice()),
            VarChange::Add { name, by } => call.arg("add").arg(name.as_slice()).arg(*by),
            VarChange::Unset { name } => call.arg("unset").arg(name.as_slice()).arg(""),
            VarChange::Expire { name, at } => {
                let at = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
                call.arg("expire").arg(name.as_slice()).arg(at)
            }
        };
    }
    call.invoke_async(connection).await
}
