//! The scripts that run inside the store: the same arithmetic as [`Bucket`] in microseconds, which are exact in
//! the double precision that Lua has.
//!
//! [`Bucket`]: portcullis::layers::caller::rate::Bucket

use std::fmt::Write as _;

use portcullis::layers::caller::rate::{Allowance, Draw, RateKey};
use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Script};

/// Draws all or nothing. Answers for each key whether there was enough, and how far ahead its theoretical
/// arrival time lies.
const DRAW: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due, after, enough, all = {}, {}, {}, true
for i, key in ipairs(KEYS) do
  local interval, tolerance, cost = tonumber(ARGV[3*i-2]), tonumber(ARGV[3*i-1]), tonumber(ARGV[3*i])
  due[i] = math.max(tonumber(redis.call('GET', key) or 0), now)
  after[i] = due[i] + cost * interval
  enough[i] = after[i] - now <= tolerance
  all = all and enough[i]
end
local answer = {}
for i, key in ipairs(KEYS) do
  local told = due[i]
  if all then
    told = after[i]
    redis.call('SET', key, string.format('%.0f', told), 'PX', math.ceil((told - now) / 1000) + 1)
  end
  answer[2*i-1] = enough[i] and 1 or 0
  answer[2*i] = string.format('%.0f', told - now)
end
return answer
";

/// Puts back what did not count.
const GIVE_BACK: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for i, key in ipairs(KEYS) do
  local due = tonumber(redis.call('GET', key) or 0) - tonumber(ARGV[i])
  if due > now then
    redis.call('SET', key, string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1)
  else
    redis.call('DEL', key)
  end
end
";

pub(super) struct Scripts {
    draw: Script,
    give_back: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self { draw: Script::new(DRAW), give_back: Script::new(GIVE_BACK) }
    }

    pub(super) async fn draw(
        &self,
        connection: &mut MultiplexedConnection,
        draws: &[&Draw],
    ) -> RedisResult<Vec<Allowance>> {
        let mut call = self.draw.prepare_invoke();
        for draw in draws {
            let quota = &draw.limit.quota;
            call.key(name(draw.key)).arg(quota.interval).arg(quota.tolerance()).arg(draw.cost);
        }
        let answer: Vec<(u8, u64)> = call.invoke_async(connection).await?;
        let read = |(draw, (enough, ahead)): (&&Draw, (u8, u64))| {
            draw.limit.quota.allowance(enough == 1, ahead, draw.cost, 0)
        };
        Ok(draws.iter().zip(answer).map(read).collect())
    }

    pub(super) async fn give_back(
        &self,
        connection: &mut MultiplexedConnection,
        draws: &[Draw],
    ) -> RedisResult<()> {
        let mut call = self.give_back.prepare_invoke();
        for draw in draws {
            call.key(name(draw.key)).arg(draw.cost.saturating_mul(draw.limit.quota.interval));
        }
        call.invoke_async(connection).await
    }
}

/// The braces keep all keys of a gate on one node of a cluster, for one script draws from several.
fn name(key: RateKey) -> String {
    let mut name = String::with_capacity(48);
    name.push_str("{portcullis}:rate:");
    for byte in key.0 {
        let _ = write!(name, "{byte:02x}");
    }
    name
}
