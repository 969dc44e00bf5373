//! People in PostgreSQL. Each change is one statement, and so one step.

use std::collections::HashSet;

use sqlx::postgres::PgRow;

use super::Postgres;
use super::rows::{
    activity, credential, kind_number, maybe_micros, micros, standing_number, text, token, user,
};
use crate::letters::SWEPT_AFTER;
use crate::people::{Activity, Credential, CredentialKind, NewUser, People, Standing, Taken, Token, User};
use crate::{Instant, Key, Pending, UserId};

/// How much of an account's past is kept, without the newest.
const ACTIVITIES_BEFORE: i64 = 99;

impl People for Postgres {
    fn add(&self, user: NewUser, now: Instant) -> Pending<'_, Result<(), Taken>> {
        self.ask(|pool| async move {
            let roles = user.roles.into_iter().map(text).collect::<Vec<_>>();
            let added: i64 = sqlx::query_scalar(
                "WITH added AS (
                     INSERT INTO portcullis.person (id, email, name, password, standing, made, lapses)
                     VALUES ($1, $2, $3, $4, $5, $6, $8) ON CONFLICT (email) DO NOTHING RETURNING id),
                 given AS (
                     INSERT INTO portcullis.role (person, role) SELECT id, unnest($7::text[]) FROM added
                     ON CONFLICT DO NOTHING)
                 SELECT count(*) FROM added",
            )
            .bind(user.id.0)
            .bind(text(user.email))
            .bind(text(user.name))
            .bind(user.password)
            .bind(standing_number(user.standing))
            .bind(micros(now))
            .bind(roles)
            .bind(maybe_micros(user.lapses))
            .fetch_one(&pool)
            .await?;
            Ok(if added > 0 { Ok(()) } else { Err(Taken) })
        })
    }

    fn add_all(&self, users: Vec<NewUser>, now: Instant) -> Pending<'_, Result<(), usize>> {
        self.ask(|pool| async move {
            let emails = users.iter().map(|user| text(user.email.clone())).collect::<Vec<_>>();
            let (mut owners, mut roles) = (Vec::new(), Vec::new());
            for user in &users {
                owners.extend(user.roles.iter().map(|_| user.id.0.to_vec()));
                roles.extend(user.roles.iter().map(|role| text(role.clone())));
            }
            let mut transaction = pool.begin().await?;
            let added: Vec<String> = sqlx::query_scalar(
                "INSERT INTO portcullis.person (id, email, name, password, standing, made, lapses)
                 SELECT id, email, name, password, standing, $6, lapses
                 FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::smallint[], $7::bigint[])
                 AS new (id, email, name, password, standing, lapses)
                 ON CONFLICT (email) DO NOTHING RETURNING email",
            )
            .bind(users.iter().map(|user| user.id.0.to_vec()).collect::<Vec<_>>())
            .bind(&emails)
            .bind(users.iter().map(|user| text(user.name.clone())).collect::<Vec<_>>())
            .bind(users.iter().map(|user| user.password.clone()).collect::<Vec<_>>())
            .bind(users.iter().map(|user| standing_number(user.standing)).collect::<Vec<_>>())
            .bind(micros(now))
            .bind(users.iter().map(|user| maybe_micros(user.lapses)).collect::<Vec<_>>())
            .fetch_all(&mut *transaction)
            .await?;
            if added.len() < emails.len() {
                transaction.rollback().await?;
                // An address that was added once is missing the second time.
                let mut added = added.into_iter().collect::<HashSet<_>>();
                return Ok(Err(emails.iter().position(|email| !added.remove(email)).unwrap_or_default()));
            }
            sqlx::query(
                "INSERT INTO portcullis.role (person, role) SELECT * FROM unnest($1::bytea[], $2::text[])
                 ON CONFLICT DO NOTHING",
            )
            .bind(owners)
            .bind(roles)
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(Ok(()))
        })
    }

    fn user(&self, id: UserId) -> Pending<'_, Option<User>> {
        self.ask(|pool| async move {
            let row = sqlx::query(
                "SELECT *, ARRAY(SELECT role FROM portcullis.role WHERE person = id ORDER BY role) AS roles
                 FROM portcullis.person WHERE id = $1",
            )
            .bind(id.0)
            .fetch_optional(&pool)
            .await?;
            row.as_ref().map(user).transpose()
        })
    }

    fn user_by_email(&self, email: String) -> Pending<'_, Option<User>> {
        self.ask(|pool| async move {
            let row = sqlx::query(
                "SELECT *, ARRAY(SELECT role FROM portcullis.role WHERE person = id ORDER BY role) AS roles
                 FROM portcullis.person WHERE email = $1",
            )
            .bind(text(email))
            .fetch_optional(&pool)
            .await?;
            row.as_ref().map(user).transpose()
        })
    }

    fn users(&self, after: Option<String>, most: u32) -> Pending<'_, Vec<User>> {
        self.ask(|pool| async move {
            let rows = sqlx::query(
                "SELECT *, ARRAY(SELECT role FROM portcullis.role WHERE person = id ORDER BY role) AS roles
                 FROM portcullis.person WHERE email > $1 ORDER BY email LIMIT $2",
            )
            .bind(text(after.unwrap_or_default()))
            .bind(i64::from(most))
            .fetch_all(&pool)
            .await?;
            all(&rows, user)
        })
    }

    fn upgrade_password(&self, id: UserId, old: String, new: String) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done =
                sqlx::query("UPDATE portcullis.person SET password = $3 WHERE id = $1 AND password = $2")
                    .bind(id.0)
                    .bind(text(old))
                    .bind(text(new))
                    .execute(&pool)
                    .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn set_password(&self, id: UserId, hash: Option<String>, now: Instant) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done = sqlx::query(
                "WITH dead AS (DELETE FROM portcullis.token WHERE person = $1)
                 UPDATE portcullis.person SET password = $2, password_changed = $3 WHERE id = $1",
            )
            .bind(id.0)
            .bind(hash.map(text))
            .bind(micros(now))
            .execute(&pool)
            .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn set_email(&self, id: UserId, email: String) -> Pending<'_, Result<bool, Taken>> {
        self.ask(|pool| async move {
            let done = sqlx::query(
                "WITH dead AS (DELETE FROM portcullis.token WHERE person = $1)
                 UPDATE portcullis.person SET email = $2 WHERE id = $1",
            )
            .bind(id.0)
            .bind(text(email))
            .execute(&pool)
            .await;
            match done {
                Ok(done) => Ok(Ok(done.rows_affected() > 0)),
                Err(sqlx::Error::Database(refused)) if refused.is_unique_violation() => Ok(Err(Taken)),
                Err(error) => Err(error),
            }
        })
    }

    fn set_name(&self, id: UserId, name: String) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done = sqlx::query("UPDATE portcullis.person SET name = $2 WHERE id = $1")
                .bind(id.0)
                .bind(text(name))
                .execute(&pool)
                .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn set_standing(&self, id: UserId, standing: Standing) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done = sqlx::query(
                "UPDATE portcullis.person SET standing = $2, lapses = CASE WHEN $2 = 0 THEN lapses END WHERE id = $1",
            )
            .bind(id.0)
            .bind(standing_number(standing))
            .execute(&pool)
            .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn set_lapse(&self, id: UserId, lapses: Option<Instant>) -> Pending<'_, bool> {
        self.ask(move |pool| async move {
            let done = sqlx::query("UPDATE portcullis.person SET lapses = $2 WHERE id = $1")
                .bind(id.0)
                .bind(maybe_micros(lapses))
                .execute(&pool)
                .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn set_role(&self, id: UserId, role: String, has: bool) -> Pending<'_, bool> {
        const GIVE: &str = "WITH them AS (SELECT id FROM portcullis.person WHERE id = $1 FOR KEY SHARE),
             given AS (INSERT INTO portcullis.role (person, role) SELECT id, $2 FROM them ON CONFLICT DO NOTHING)
             SELECT count(*) FROM them";
        const TAKE: &str = "WITH taken AS (DELETE FROM portcullis.role WHERE person = $1 AND role = $2)
             SELECT count(*) FROM portcullis.person WHERE id = $1";
        self.ask(|pool| async move {
            let query = if has { GIVE } else { TAKE };
            let found: i64 = sqlx::query_scalar(query).bind(id.0).bind(text(role)).fetch_one(&pool).await?;
            Ok(found > 0)
        })
    }

    fn remove(&self, id: UserId) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done = sqlx::query(
                "WITH ended AS (DELETE FROM portcullis.session WHERE person = $1),
                 forgotten AS (DELETE FROM portcullis.remembered WHERE person = $1)
                 DELETE FROM portcullis.person WHERE id = $1",
            )
            .bind(id.0)
            .execute(&pool)
            .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn add_credential(&self, credential: Credential) -> Pending<'_, Result<(), Taken>> {
        self.ask(|pool| async move {
            let done = sqlx::query(
                "INSERT INTO portcullis.credential (kind, key, person, label, content, made)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, key) DO NOTHING",
            )
            .bind(kind_number(credential.kind))
            .bind(credential.key.0)
            .bind(credential.user.0)
            .bind(text(credential.label))
            .bind(credential.content)
            .bind(micros(credential.made))
            .execute(&pool)
            .await?;
            Ok(if done.rows_affected() > 0 { Ok(()) } else { Err(Taken) })
        })
    }

    fn credential(&self, kind: CredentialKind, key: Key) -> Pending<'_, Option<Credential>> {
        self.ask(|pool| async move {
            let row = sqlx::query("SELECT * FROM portcullis.credential WHERE kind = $1 AND key = $2")
                .bind(kind_number(kind))
                .bind(key.0)
                .fetch_optional(&pool)
                .await?;
            row.as_ref().map(credential).transpose()
        })
    }

    fn credentials(&self, user: UserId, kind: CredentialKind) -> Pending<'_, Vec<Credential>> {
        self.ask(|pool| async move {
            let rows = sqlx::query(
                "SELECT * FROM portcullis.credential WHERE person = $1 AND kind = $2 ORDER BY made, key",
            )
            .bind(user.0)
            .bind(kind_number(kind))
            .fetch_all(&pool)
            .await?;
            all(&rows, credential)
        })
    }

    fn use_credential(
        &self,
        kind: CredentialKind,
        key: Key,
        content: Vec<u8>,
        now: Instant,
    ) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done = sqlx::query(
                "UPDATE portcullis.credential SET content = $3, used = $4 WHERE kind = $1 AND key = $2",
            )
            .bind(kind_number(kind))
            .bind(key.0)
            .bind(content)
            .bind(micros(now))
            .execute(&pool)
            .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn remove_credential(&self, user: UserId, kind: CredentialKind, key: Key) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done =
                sqlx::query("DELETE FROM portcullis.credential WHERE person = $1 AND kind = $2 AND key = $3")
                    .bind(user.0)
                    .bind(kind_number(kind))
                    .bind(key.0)
                    .execute(&pool)
                    .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn promise(&self, token: Token) -> Pending<'_, ()> {
        self.ask(|pool| async move {
            sqlx::query(
                "INSERT INTO portcullis.token (key, person, purpose, content, expires)
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (person, purpose) DO UPDATE
                 SET key = excluded.key, content = excluded.content, expires = excluded.expires",
            )
            .bind(token.key.0)
            .bind(token.user.0)
            .bind(text(token.purpose))
            .bind(text(token.content))
            .bind(micros(token.end))
            .execute(&pool)
            .await
            .map(drop)
        })
    }

    fn promised(&self, key: Key, purpose: String, now: Instant) -> Pending<'_, Option<Token>> {
        self.ask(|pool| async move {
            let row = sqlx::query(
                "SELECT * FROM portcullis.token WHERE key = $1 AND purpose = $2 AND expires > $3",
            )
            .bind(key.0)
            .bind(text(purpose))
            .bind(micros(now))
            .fetch_optional(&pool)
            .await?;
            row.as_ref().map(token).transpose()
        })
    }

    fn keep(&self, key: Key, purpose: String, now: Instant) -> Pending<'_, Option<Token>> {
        self.ask(|pool| async move {
            let row = sqlx::query(
                "DELETE FROM portcullis.token WHERE key = $1 AND purpose = $2 AND expires > $3 RETURNING *",
            )
            .bind(key.0)
            .bind(text(purpose))
            .bind(micros(now))
            .fetch_optional(&pool)
            .await?;
            row.as_ref().map(token).transpose()
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
        self.ask(|pool| async move {
            let row = sqlx::query(
                "WITH active AS (
                     UPDATE portcullis.person
                     SET name = $4, password = $5, password_changed = $3, standing = 1, lapses = NULL
                     WHERE standing = 0 AND id = (
                         SELECT person FROM portcullis.token WHERE key = $1 AND purpose = $2 AND expires > $3
                     )
                     RETURNING id
                 ), dead AS (
                     DELETE FROM portcullis.token WHERE person = (SELECT id FROM active)
                 )
                 SELECT id FROM active",
            )
            .bind(key.0)
            .bind(text(purpose))
            .bind(micros(now))
            .bind(text(name))
            .bind(text(password))
            .fetch_optional(&pool)
            .await?;
            Ok(row.is_some())
        })
    }

    fn note(&self, user: UserId, activity: Activity) -> Pending<'_, ()> {
        self.ask(|pool| async move {
            // The deletion sees the table as it was before: it leaves room for the one that is added.
            sqlx::query(
                "WITH over AS (
                     DELETE FROM portcullis.activity WHERE person = $1 AND number <= (
                         SELECT number FROM portcullis.activity WHERE person = $1
                         ORDER BY number DESC OFFSET $6 LIMIT 1))
                 INSERT INTO portcullis.activity (person, at, what, network, agent) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(user.0)
            .bind(micros(activity.at))
            .bind(text(activity.what))
            .bind(text(activity.network))
            .bind(text(activity.agent))
            .bind(ACTIVITIES_BEFORE)
            .execute(&pool)
            .await
            .map(drop)
        })
    }

    fn activity(&self, user: UserId, most: u32) -> Pending<'_, Vec<Activity>> {
        self.ask(|pool| async move {
            let rows = sqlx::query(
                "SELECT * FROM portcullis.activity WHERE person = $1 ORDER BY number DESC LIMIT $2",
            )
            .bind(user.0)
            .bind(i64::from(most))
            .fetch_all(&pool)
            .await?;
            all(&rows, activity)
        })
    }

    fn sweep_people(&self, now: Instant, most: u32) -> Pending<'_, u64> {
        // Rows that another is at are left to it.
        const OVER: [&str; 2] = [
            "DELETE FROM portcullis.token WHERE key IN (SELECT key FROM portcullis.token
             WHERE expires <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            "DELETE FROM portcullis.person WHERE id IN (SELECT id FROM portcullis.person AS them
             WHERE lapses <= $1 AND standing = 0 AND password IS NULL
             AND NOT EXISTS (SELECT 1 FROM portcullis.credential WHERE person = them.id)
             AND NOT EXISTS (SELECT 1 FROM portcullis.token WHERE person = them.id AND expires > $1)
             LIMIT $2 FOR UPDATE SKIP LOCKED)",
        ];
        self.ask(move |pool| async move {
            let letters = sqlx::query(
                "DELETE FROM portcullis.letter WHERE id IN (SELECT id FROM portcullis.letter
                 WHERE expires <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            );
            let before = micros(now.saturating_sub(SWEPT_AFTER));
            let mut swept = letters.bind(before).bind(i64::from(most)).execute(&pool).await?.rows_affected();
            for query in OVER {
                let done = sqlx::query(query).bind(micros(now)).bind(i64::from(most)).execute(&pool).await?;
                swept += done.rows_affected();
            }
            Ok(swept)
        })
    }
}

fn all<T>(rows: &[PgRow], read: fn(&PgRow) -> sqlx::Result<T>) -> sqlx::Result<Vec<T>> {
    rows.iter().map(read).collect()
}
