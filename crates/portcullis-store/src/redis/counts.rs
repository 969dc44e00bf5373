//! Counts, and what providers granted, in Redis.

use super::Redis;
use super::rows::{micros, number, tally, tally_text};
use super::sessions::name;
use crate::{Grant, Grants, Instant, Key, Pending, Tallies, Tally};

impl Tallies for Redis {
    fn tally(&self, key: Key, now: Instant) -> Pending<'_, Option<Tally>> {
        let key = key.to_string();
        let arguments = vec!["tally".into(), key.clone().into_bytes(), number(micros(now))];
        let found = self.step::<Vec<String>>(name("tally", &key), arguments);
        Box::pin(async move { tally(&found.await?) })
    }

    fn set_tally(
        &self,
        key: Key,
        before: Option<Tally>,
        after: Option<Tally>,
        until: Instant,
        now: Instant,
    ) -> Pending<'_, bool> {
        let key = key.to_string();
        let arguments = vec![
            "set_tally".into(),
            key.clone().into_bytes(),
            tally_text(before),
            tally_text(after),
            number(micros(until)),
            number(micros(now)),
        ];
        self.step(name("tally", &key), arguments)
    }
}

impl Grants for Redis {
    fn keep_grant(&self, session: Key, id: Key, content: Vec<u8>) -> Pending<'_, bool> {
        let (session, id) = (session.to_string(), id.to_string());
        let place = name("session", &session);
        self.step(place, vec!["keep_grant".into(), session.into_bytes(), id.into_bytes(), content])
    }

    fn grant(&self, id: Key) -> Pending<'_, Option<Grant>> {
        let place = name("grant", &id.to_string());
        let found = self.ask(move |_, mut connection| async move {
            let mut read = redis::cmd("HMGET");
            read.arg(place).arg("version").arg("content");
            read.query_async::<(Option<u32>, Option<Vec<u8>>)>(&mut connection).await
        });
        Box::pin(async move {
            let (version, content) = found.await?;
            Ok(version.zip(content).map(|(version, content)| Grant { version, content }))
        })
    }

    fn renew_grant(&self, id: Key, before: u32, content: Vec<u8>) -> Pending<'_, bool> {
        let id = id.to_string();
        let arguments = vec!["renew_grant".into(), id.clone().into_bytes(), number(before), content];
        self.step(name("grant", &id), arguments)
    }
}
