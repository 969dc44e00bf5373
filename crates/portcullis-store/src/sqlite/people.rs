//! People in SQLite.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row};

use super::Sqlite;
use super::rows::{all, instant, maybe_instant, maybe_micros, micros};
use crate::letters::SWEPT_AFTER;
use crate::people::{Activity, Credential, CredentialKind, NewUser, People, Standing, Taken, Token, User};
use crate::{Instant, Key, Pending, UserId};

/// How much of an account's past is kept.
const ACTIVITIES: i64 = 100;

impl People for Sqlite {
    fn add(&self, user: NewUser, now: Instant) -> Pending<'_, Result<(), Taken>> {
        self.write(move |connection| {
            let added = insert(connection, &user, now)?;
            Ok(if added { Ok(()) } else { Err(Taken) })
        })
    }

    fn add_all(&self, users: Vec<NewUser>, now: Instant) -> Pending<'_, Result<(), usize>> {
        self.write(move |connection| {
            let mut exists =
                connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM user WHERE email = ?1)")?;
            let mut seen = HashSet::new();
            for (place, user) in users.iter().enumerate() {
                if !seen.insert(&user.email) || exists.query_row([&user.email], |row| row.get(0))? {
                    return Ok(Err(place));
                }
            }
            for user in &users {
                insert(connection, user, now)?;
            }
            Ok(Ok(()))
        })
    }

    fn user(&self, id: UserId) -> Pending<'_, Option<User>> {
        self.read(move |connection| {
            let mut select = connection.prepare_cached("SELECT * FROM user WHERE id = ?1")?;
            select.query_row([id], user).optional()?.map(|user| with_roles(connection, user)).transpose()
        })
    }

    fn user_by_email(&self, email: String) -> Pending<'_, Option<User>> {
        self.read(move |connection| {
            let mut select = connection.prepare_cached("SELECT * FROM user WHERE email = ?1")?;
            select.query_row([email], user).optional()?.map(|user| with_roles(connection, user)).transpose()
        })
    }

    fn users(&self, after: Option<String>, most: u32) -> Pending<'_, Vec<User>> {
        self.read(move |connection| {
            let mut select =
                connection.prepare_cached("SELECT * FROM user WHERE email > ?1 ORDER BY email LIMIT ?2")?;
            let users = all(&mut select, (after.unwrap_or_default(), most), user)?;
            users.into_iter().map(|user| with_roles(connection, user)).collect()
        })
    }

    fn upgrade_password(&self, id: UserId, old: String, new: String) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut update =
                connection.prepare_cached("UPDATE user SET password = ?3 WHERE id = ?1 AND password = ?2")?;
            Ok(update.execute((id, old, new))? > 0)
        })
    }

    fn set_password(&self, id: UserId, hash: Option<String>, now: Instant) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut update = connection
                .prepare_cached("UPDATE user SET password = ?2, password_changed = ?3 WHERE id = ?1")?;
            connection.prepare_cached("DELETE FROM token WHERE user = ?1")?.execute([id])?;
            Ok(update.execute((id, hash, micros(now)))? > 0)
        })
    }

    fn set_email(&self, id: UserId, email: String) -> Pending<'_, Result<bool, Taken>> {
        self.write(move |connection| {
            let mut other = connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM user WHERE email = ?1 AND id <> ?2)")?;
            if other.query_row((&email, id), |row| row.get(0))? {
                return Ok(Err(Taken));
            }
            connection.prepare_cached("DELETE FROM token WHERE user = ?1")?.execute([id])?;
            let mut update = connection.prepare_cached("UPDATE user SET email = ?2 WHERE id = ?1")?;
            Ok(Ok(update.execute((id, email))? > 0))
        })
    }

    fn set_name(&self, id: UserId, name: String) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut update = connection.prepare_cached("UPDATE user SET name = ?2 WHERE id = ?1")?;
            Ok(update.execute((id, name))? > 0)
        })
    }

    fn set_standing(&self, id: UserId, standing: Standing) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut update = connection.prepare_cached(
                "UPDATE user SET standing = ?2, lapses = CASE WHEN ?2 = 0 THEN lapses END WHERE id = ?1",
            )?;
            Ok(update.execute((id, standing))? > 0)
        })
    }

    fn set_lapse(&self, id: UserId, lapses: Option<Instant>) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut update = connection.prepare_cached("UPDATE user SET lapses = ?2 WHERE id = ?1")?;
            Ok(update.execute((id, maybe_micros(lapses)))? > 0)
        })
    }

    fn set_role(&self, id: UserId, role: String, has: bool) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut exists = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM user WHERE id = ?1)")?;
            if !exists.query_row([id], |row| row.get::<_, bool>(0))? {
                return Ok(false);
            }
            set_role(connection, id, &role, has).map(|()| true)
        })
    }

    fn remove(&self, id: UserId) -> Pending<'_, bool> {
        self.write(move |connection| {
            connection.prepare_cached("DELETE FROM session WHERE user = ?1")?.execute([id])?;
            connection.prepare_cached("DELETE FROM remembered WHERE user = ?1")?.execute([id])?;
            Ok(connection.prepare_cached("DELETE FROM user WHERE id = ?1")?.execute([id])? > 0)
        })
    }

    fn add_credential(&self, credential: Credential) -> Pending<'_, Result<(), Taken>> {
        self.write(move |connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO credential (kind, key, user, label, content, made, used)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL) ON CONFLICT (kind, key) DO NOTHING",
            )?;
            let Credential { kind, key, user, label, content, made, .. } = &credential;
            let added = insert.execute((kind, key, user, label, content, micros(*made)))?;
            Ok(if added > 0 { Ok(()) } else { Err(Taken) })
        })
    }

    fn credential(&self, kind: CredentialKind, key: Key) -> Pending<'_, Option<Credential>> {
        self.read(move |connection| {
            let mut select =
                connection.prepare_cached("SELECT * FROM credential WHERE kind = ?1 AND key = ?2")?;
            select.query_row((kind, key), credential).optional()
        })
    }

    fn credentials(&self, user: UserId, kind: CredentialKind) -> Pending<'_, Vec<Credential>> {
        self.read(move |connection| {
            let mut select = connection.prepare_cached(
                "SELECT * FROM credential WHERE user = ?1 AND kind = ?2 ORDER BY made, key",
            )?;
            all(&mut select, (user, kind), credential)
        })
    }

    fn use_credential(
        &self,
        kind: CredentialKind,
        key: Key,
        content: Vec<u8>,
        now: Instant,
    ) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut update = connection.prepare_cached(
                "UPDATE credential SET content = ?3, used = ?4 WHERE kind = ?1 AND key = ?2",
            )?;
            Ok(update.execute((kind, key, content, micros(now)))? > 0)
        })
    }

    fn remove_credential(&self, user: UserId, kind: CredentialKind, key: Key) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut delete = connection
                .prepare_cached("DELETE FROM credential WHERE user = ?1 AND kind = ?2 AND key = ?3")?;
            Ok(delete.execute((user, kind, key))? > 0)
        })
    }

    fn promise(&self, token: Token) -> Pending<'_, ()> {
        self.write(move |connection| {
            let mut insert = connection.prepare_cached(
                "INSERT OR REPLACE INTO token (key, user, purpose, content, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let Token { key, user, purpose, content, end } = &token;
            insert.execute((key, user, purpose, content, micros(*end))).map(drop)
        })
    }

    fn promised(&self, key: Key, purpose: String, now: Instant) -> Pending<'_, Option<Token>> {
        self.read(move |connection| {
            let mut select = connection
                .prepare_cached("SELECT * FROM token WHERE key = ?1 AND purpose = ?2 AND expires > ?3")?;
            select.query_row((key, purpose, micros(now)), token).optional()
        })
    }

    fn keep(&self, key: Key, purpose: String, now: Instant) -> Pending<'_, Option<Token>> {
        self.write(move |connection| {
            let mut delete = connection.prepare_cached(
                "DELETE FROM token WHERE key = ?1 AND purpose = ?2 AND expires > ?3 RETURNING *",
            )?;
            delete.query_row((key, purpose, micros(now)), token).optional()
        })
    }

    fn activate(
        &self,
        key: Key,
        purpose: String,
        name: String,
        password: String,
        now: Instant,
    ) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut update = connection.prepare_cached(
                "UPDATE user SET name = ?4, password = ?5, password_changed = ?3, standing = 1, lapses = NULL
                 WHERE standing = 0
                 AND id = (SELECT user FROM token WHERE key = ?1 AND purpose = ?2 AND expires > ?3)
                 RETURNING id",
            )?;
            let given = (key, purpose, micros(now), name, password);
            let id: Option<UserId> = update.query_row(given, |row| row.get(0)).optional()?;
            if let Some(id) = id {
                connection.prepare_cached("DELETE FROM token WHERE user = ?1")?.execute([id])?;
            }
            Ok(id.is_some())
        })
    }

    fn note(&self, user: UserId, activity: Activity) -> Pending<'_, ()> {
        self.write(move |connection| {
            let mut last =
                connection.prepare_cached("SELECT coalesce(max(number), 0) FROM activity WHERE user = ?1")?;
            let number = last.query_row([user], |row| row.get::<_, i64>(0))? + 1;
            let Activity { at, what, network, agent } = &activity;
            connection.prepare_cached("INSERT INTO activity VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute((
                user,
                number,
                micros(*at),
                what,
                network,
                agent,
            ))?;
            connection
                .prepare_cached("DELETE FROM activity WHERE user = ?1 AND number <= ?2")?
                .execute((user, number - ACTIVITIES))
                .map(drop)
        })
    }

    fn activity(&self, user: UserId, most: u32) -> Pending<'_, Vec<Activity>> {
        self.read(move |connection| {
            let mut select = connection
                .prepare_cached("SELECT * FROM activity WHERE user = ?1 ORDER BY number DESC LIMIT ?2")?;
            all(&mut select, (user, most), |row| {
                Ok(Activity {
                    at: instant(row, "at")?,
                    what: row.get("what")?,
                    network: row.get("network")?,
                    agent: row.get("agent")?,
                })
            })
        })
    }

    fn sweep_people(&self, now: Instant, most: u32) -> Pending<'_, u64> {
        const OVER: [&str; 2] = [
            "DELETE FROM token WHERE key IN (SELECT key FROM token WHERE expires <= ?1 LIMIT ?2)",
            "DELETE FROM user WHERE id IN (SELECT id FROM user WHERE lapses <= ?1 AND standing = 0
             AND password IS NULL AND NOT EXISTS (SELECT 1 FROM credential WHERE credential.user = user.id)
             AND NOT EXISTS (SELECT 1 FROM token WHERE token.user = user.id AND expires > ?1) LIMIT ?2)",
        ];
        self.write(move |connection| {
            let letters = micros(now.saturating_sub(SWEPT_AFTER));
            let mut swept = connection
                .prepare_cached(
                    "DELETE FROM letter WHERE id IN (SELECT id FROM letter WHERE expires <= ?1 LIMIT ?2)",
                )?
                .execute((letters, most))?;
            for query in OVER {
                swept += connection.prepare_cached(query)?.execute((micros(now), most))?;
            }
            Ok(u64::try_from(swept).unwrap_or(u64::MAX))
        })
    }
}

fn insert(connection: &Connection, user: &NewUser, now: Instant) -> rusqlite::Result<bool> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO user (id, email, name, password, standing, made, lapses) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (email) DO NOTHING",
    )?;
    let NewUser { id, email, name, password, standing, roles, lapses } = user;
    if insert.execute((id, email, name, password, standing, micros(now), maybe_micros(*lapses)))? == 0 {
        return Ok(false);
    }
    for role in roles {
        set_role(connection, *id, role, true)?;
    }
    Ok(true)
}

fn set_role(connection: &Connection, id: UserId, role: &str, has: bool) -> rusqlite::Result<()> {
    let query = if has {
        "INSERT INTO role (user, role) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM role WHERE user = ?1 AND role = ?2"
    };
    connection.prepare_cached(query)?.execute((id, role)).map(drop)
}

fn with_roles(connection: &Connection, user: User) -> rusqlite::Result<User> {
    let mut select = connection.prepare_cached("SELECT role FROM role WHERE user = ?1 ORDER BY role")?;
    let roles = all(&mut select, [user.id], |row| row.get(0))?;
    Ok(User { roles, ..user })
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get("id")?,
        email: row.get("email")?,
        name: row.get("name")?,
        password: row.get("password")?,
        standing: row.get("standing")?,
        roles: Vec::new(),
        made: instant(row, "made")?,
        password_changed: maybe_instant(row, "password_changed")?,
    })
}

fn credential(row: &Row<'_>) -> rusqlite::Result<Credential> {
    Ok(Credential {
        key: row.get("key")?,
        user: row.get("user")?,
        kind: row.get("kind")?,
        label: row.get("label")?,
        content: row.get("content")?,
        made: instant(row, "made")?,
        used: maybe_instant(row, "used")?,
    })
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        key: row.get("key")?,
        user: row.get("user")?,
        purpose: row.get("purpose")?,
        content: row.get("content")?,
        end: instant(row, "expires")?,
    })
}
