//! Sessions in SQLite.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::Sqlite;
use super::devices::{forget, is_remembered, redeem, remembered};
use super::rows::{all, instant, maybe_instant, maybe_micros, micros};
use crate::{External, Instant, Key, Pending, Redeemed, Remembered, Session, Sessions, UserId};

const INSERT: &str = "INSERT INTO session
    (key, user, began, seen, idle_end, absolute_end, proved, factors, family, agent, network,
     provider, provider_subject, provider_session, provider_grant)
    VALUES (:key, :user, :began, :seen, :idle_end, :end, :proved, :factors, :family, :agent, :network,
     :provider, :subject, :outside, :grant)";
const SELECT: &str = "SELECT * FROM session WHERE key = ?1 AND idle_end > ?2 AND absolute_end > ?2";
const DELETE: &str = "DELETE FROM session WHERE key = ?1";

impl Sessions for Sqlite {
    fn begin(&self, session: Session) -> Pending<'_, bool> {
        self.write(move |connection| {
            if let Some(family) = session.family
                && !is_remembered(connection, family)?
            {
                return Ok(false);
            }
            insert(connection, &session).map(|()| true)
        })
    }

    fn session(&self, key: Key, now: Instant) -> Pending<'_, Option<Session>> {
        self.read(move |connection| {
            connection.prepare_cached(SELECT)?.query_row((key, micros(now)), session).optional()
        })
    }

    fn touch(&self, key: Key, seen: Instant, idle_end: Instant, network: String) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut update = connection.prepare_cached(
                "UPDATE session SET seen = max(seen, ?2), idle_end = max(idle_end, ?3), network = ?4
                 WHERE key = ?1 AND idle_end > ?2 AND absolute_end > ?2",
            )?;
            Ok(update.execute((key, micros(seen), micros(idle_end), network))? > 0)
        })
    }

    fn rotate(&self, key: Key, next: Session, now: Instant) -> Pending<'_, bool> {
        self.write(move |connection| {
            let before =
                connection.prepare_cached(SELECT)?.query_row((key, micros(now)), session).optional()?;
            let Some(before) = before else { return Ok(false) };
            if let Some(family) = next.family.filter(|family| before.family != Some(*family))
                && !is_remembered(connection, family)?
            {
                return Ok(false);
            }
            insert(connection, &next)?;
            if let Some(external) = &next.external {
                connection
                    .prepare_cached("UPDATE provider_grant SET session = ?3 WHERE id = ?1 AND session = ?2")?
                    .execute((external.grant, key, next.key))?;
            }
            connection.prepare_cached(DELETE)?.execute([key])?;
            Ok(true)
        })
    }

    fn end(&self, key: Key) -> Pending<'_, bool> {
        self.write(move |connection| Ok(connection.prepare_cached(DELETE)?.execute([key])? > 0))
    }

    fn end_all(&self, user: UserId, keep: Option<Key>) -> Pending<'_, Vec<Key>> {
        self.write(move |connection| {
            let mut family = connection.prepare_cached("SELECT family FROM session WHERE key = ?1")?;
            let kept =
                keep.map(|keep| family.query_row([keep], |row| row.get::<_, Option<Key>>(0)).optional());
            let kept = kept.transpose()?.flatten().flatten();
            connection
                .prepare_cached("DELETE FROM remembered WHERE user = ?1 AND family IS NOT ?2")?
                .execute((user, kept))?;
            let mut ended = connection
                .prepare_cached("DELETE FROM session WHERE user = ?1 AND key IS NOT ?2 RETURNING key")?;
            all(&mut ended, (user, keep), |row| row.get(0))
        })
    }

    fn end_external(&self, user: UserId, subject: Key, session: Option<Key>) -> Pending<'_, Vec<Key>> {
        self.write(move |connection| {
            let mut ended = connection.prepare_cached(
                "DELETE FROM session WHERE user = ?1 AND provider_subject = ?2
                 AND (?3 IS NULL OR provider_session = ?3) RETURNING key",
            )?;
            all(&mut ended, (user, subject, session), |row| row.get(0))
        })
    }

    fn sessions_of(&self, user: UserId, now: Instant) -> Pending<'_, Vec<Session>> {
        self.read(move |connection| {
            let mut select = connection.prepare_cached(
                "SELECT * FROM session WHERE user = ?1 AND idle_end > ?2 AND absolute_end > ?2 ORDER BY seen DESC",
            )?;
            all(&mut select, (user, micros(now)), session)
        })
    }

    fn remember(&self, remembered: Remembered) -> Pending<'_, ()> {
        self.write(move |connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO remembered (family, user, token, began, seen, absolute_end, agent)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            let Remembered { family, user, token, began, seen, end, agent } = &remembered;
            insert
                .execute((family, user, token, micros(*began), micros(*seen), micros(*end), agent))
                .map(drop)
        })
    }

    fn redeem(
        &self,
        family: Key,
        token: Key,
        next: Key,
        now: Instant,
        grace: Instant,
    ) -> Pending<'_, Redeemed> {
        self.write(move |connection| redeem(connection, family, token, next, now, grace))
    }

    fn forget(&self, family: Key) -> Pending<'_, Vec<Key>> {
        self.write(move |connection| forget(connection, family))
    }

    fn remembered_by(&self, user: UserId, now: Instant) -> Pending<'_, Vec<Remembered>> {
        self.read(move |connection| {
            let mut select = connection.prepare_cached(
                "SELECT * FROM remembered WHERE user = ?1 AND absolute_end > ?2 ORDER BY seen DESC",
            )?;
            all(&mut select, (user, micros(now)), remembered)
        })
    }

    fn first_use(&self, key: Key, until: Instant, now: Instant) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO used (key, until) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE until <= ?3",
            )?;
            Ok(insert.execute((key, micros(until), micros(now)))? > 0)
        })
    }

    fn sweep(&self, now: Instant, most: u32) -> Pending<'_, u64> {
        self.write(move |connection| {
            const OVER: [&str; 4] = [
                "DELETE FROM session WHERE key IN
                 (SELECT key FROM session WHERE min(idle_end, absolute_end) <= ?1 LIMIT ?2)",
                "DELETE FROM remembered WHERE family IN
                 (SELECT family FROM remembered WHERE absolute_end <= ?1 LIMIT ?2)",
                "DELETE FROM used WHERE key IN (SELECT key FROM used WHERE until <= ?1 LIMIT ?2)",
                "DELETE FROM tally WHERE key IN (SELECT key FROM tally WHERE until <= ?1 LIMIT ?2)",
            ];
            let mut swept = 0;
            for query in OVER {
                swept += connection.prepare_cached(query)?.execute((micros(now), most))?;
            }
            Ok(u64::try_from(swept).unwrap_or(u64::MAX))
        })
    }
}

fn insert(connection: &Connection, session: &Session) -> rusqlite::Result<()> {
    connection
        .prepare_cached(INSERT)?
        .execute(named_params! {
            ":key": session.key,
            ":user": session.user,
            ":began": micros(session.began),
            ":seen": micros(session.seen),
            ":idle_end": micros(session.idle_end),
            ":end": micros(session.end),
            ":proved": maybe_micros(session.proved),
            ":factors": session.factors,
            ":family": session.family,
            ":agent": session.agent,
            ":network": session.network,
            ":provider": session.external.as_ref().map(|external| external.provider.as_str()),
            ":subject": session.external.as_ref().map(|external| external.subject),
            ":outside": session.external.as_ref().and_then(|external| external.session),
            ":grant": session.external.as_ref().map(|external| external.grant),
        })
        .map(drop)
}

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        key: row.get("key")?,
        user: row.get("user")?,
        began: instant(row, "began")?,
        seen: instant(row, "seen")?,
        idle_end: instant(row, "idle_end")?,
        end: instant(row, "absolute_end")?,
        proved: maybe_instant(row, "proved")?,
        factors: row.get("factors")?,
        family: row.get("family")?,
        agent: row.get("agent")?,
        network: row.get("network")?,
        external: external(row)?,
    })
}

fn external(row: &Row<'_>) -> rusqlite::Result<Option<External>> {
    let Some(provider) = row.get::<_, Option<String>>("provider")? else { return Ok(None) };
    Ok(Some(External {
        provider,
        subject: row.get("provider_subject")?,
        session: row.get("provider_session")?,
        grant: row.get("provider_grant")?,
    }))
}
