//! Sessions in Redis: each change is a step of `sessions.lua`.

use super::Redis;
use super::rows::{
    FIELDS, Fields, arguments, key as read_key, micros, number, of, remembered, session, user_id,
};
use crate::{Instant, Key, Pending, Redeemed, Remembered, Session, Sessions, StoreError, UserId};

impl Sessions for Redis {
    fn begin(&self, session: Session) -> Pending<'_, bool> {
        let (key, now) = (session.key.to_string(), number(micros(session.seen)));
        let step = ["begin".into(), key.clone().into_bytes(), now];
        let arguments = step.into_iter().chain(arguments(session)).collect();
        self.step(name("session", &key), arguments)
    }

    fn session(&self, key: Key, now: Instant) -> Pending<'_, Option<Session>> {
        let place = name("session", &key.to_string());
        let found = self.ask(move |_, mut connection| async move {
            redis::cmd("HMGET").arg(place).arg(&FIELDS).query_async::<Fields>(&mut connection).await
        });
        Box::pin(async move {
            let found = session(key, found.await?)?;
            Ok(found.filter(|session| session.idle_end > now && session.end > now))
        })
    }

    fn touch(&self, key: Key, seen: Instant, idle_end: Instant, network: String) -> Pending<'_, bool> {
        let key = key.to_string();
        let arguments = vec![
            "touch".into(),
            key.clone().into_bytes(),
            number(micros(seen)),
            number(micros(idle_end)),
            network.into_bytes(),
        ];
        self.step(name("session", &key), arguments)
    }

    fn rotate(&self, key: Key, next: Session, now: Instant) -> Pending<'_, bool> {
        let key = key.to_string();
        let step = [
            "rotate".into(),
            key.clone().into_bytes(),
            number(micros(now)),
            next.key.to_string().into_bytes(),
        ];
        self.step(name("session", &key), step.into_iter().chain(arguments(next)).collect())
    }

    fn end(&self, key: Key) -> Pending<'_, bool> {
        let key = key.to_string();
        self.step(name("session", &key), vec!["end".into(), key.into_bytes()])
    }

    fn end_all(&self, user: UserId, keep: Option<Key>) -> Pending<'_, Vec<Key>> {
        let keep = keep.map(|keep| keep.to_string()).unwrap_or_default();
        let arguments = vec!["end_all".into(), user.to_string().into_bytes(), keep.into_bytes()];
        let ended = self.step(name("sessions", &user.to_string()), arguments);
        Box::pin(async move { keys(ended.await?) })
    }

    fn end_external(&self, user: UserId, subject: Key, session: Option<Key>) -> Pending<'_, Vec<Key>> {
        let session = session.map(|session| session.to_string()).unwrap_or_default();
        let step = ["end_external".to_owned(), user.to_string(), subject.to_string(), session];
        let arguments = step.into_iter().map(String::into_bytes).collect();
        let ended = self.step(name("sessions", &user.to_string()), arguments);
        Box::pin(async move { keys(ended.await?) })
    }

    fn sessions_of(&self, user: UserId, now: Instant) -> Pending<'_, Vec<Session>> {
        let arguments = vec!["sessions_of".into(), user.to_string().into_bytes(), number(micros(now))];
        let found = self.step::<Vec<(String, Fields)>>(name("sessions", &user.to_string()), arguments);
        Box::pin(async move {
            let mut sessions = Vec::new();
            for (key, fields) in found.await? {
                sessions.extend(session(of(read_key(&key), "a key")?, fields)?);
            }
            sessions.retain(|session| session.idle_end > now && session.end > now);
            sessions.sort_by_key(|session| std::cmp::Reverse(session.seen));
            Ok(sessions)
        })
    }

    fn remember(&self, remembered: Remembered) -> Pending<'_, ()> {
        let family = remembered.family.to_string();
        let arguments = vec![
            "remember".into(),
            family.clone().into_bytes(),
            number(micros(remembered.seen)),
            remembered.user.to_string().into_bytes(),
            remembered.token.to_string().into_bytes(),
            number(micros(remembered.began)),
            number(micros(remembered.seen)),
            number(micros(remembered.end)),
            remembered.agent.into_bytes(),
        ];
        let done = self.step::<u8>(name("family", &family), arguments);
        Box::pin(async move { done.await.map(drop) })
    }

    fn redeem(
        &self,
        family: Key,
        token: Key,
        next: Key,
        now: Instant,
        grace: Instant,
    ) -> Pending<'_, Redeemed> {
        let family = family.to_string();
        let arguments = vec![
            "redeem".into(),
            family.clone().into_bytes(),
            token.to_string().into_bytes(),
            next.to_string().into_bytes(),
            number(micros(now)),
            number(micros(grace)),
        ];
        let done = self.step::<(String, String)>(name("family", &family), arguments);
        Box::pin(async move {
            let (outcome, user) = done.await?;
            let user = || of(user_id(&user), "a device");
            match outcome.as_str() {
                "fresh" => user().map(Redeemed::Fresh),
                "concurrent" => user().map(Redeemed::Concurrent),
                "reused" => user().map(Redeemed::Reused),
                _ => Ok(Redeemed::Unknown),
            }
        })
    }

    fn forget(&self, family: Key) -> Pending<'_, Vec<Key>> {
        let family = family.to_string();
        let ended = self.step(name("family", &family), vec!["forget".into(), family.into_bytes()]);
        Box::pin(async move { keys(ended.await?) })
    }

    fn remembered_by(&self, user: UserId, now: Instant) -> Pending<'_, Vec<Remembered>> {
        let arguments = vec!["remembered_by".into(), user.to_string().into_bytes(), number(micros(now))];
        let found = self.step::<Vec<(String, Fields)>>(name("families", &user.to_string()), arguments);
        Box::pin(async move {
            let mut devices = Vec::new();
            for (family, fields) in found.await? {
                devices.push(remembered(of(read_key(&family), "a key")?, fields)?);
            }
            devices.sort_by_key(|device| std::cmp::Reverse(device.seen));
            Ok(devices)
        })
    }

    fn first_use(&self, key: Key, until: Instant, now: Instant) -> Pending<'_, bool> {
        let key = key.to_string();
        let arguments =
            vec!["first_use".into(), key.clone().into_bytes(), number(micros(until)), number(micros(now))];
        self.step(name("used", &key), arguments)
    }

    /// Nothing to do: Redis forgets by itself what has ended.
    fn sweep(&self, _now: Instant, _most: u32) -> Pending<'_, u64> {
        Box::pin(async { Ok(0) })
    }
}

/// The braces keep all keys on one node of a cluster, for a step changes several.
pub(super) fn name(kind: &str, key: &str) -> String {
    format!("{{portcullis}}:{kind}:{key}")
}

fn keys(texts: Vec<String>) -> Result<Vec<Key>, StoreError> {
    texts.iter().map(|text| of(read_key(text), "a key")).collect()
}
