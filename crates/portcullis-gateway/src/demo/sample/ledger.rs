//! The sample's books: accounts, guest book, sessions and mails, in an SQLite that lives in memory.
//!
//! Some statements are built by gluing strings (CWE-89), on purpose and marked where it is done;
//! passwords are kept as they were typed (CWE-256).

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

const SCHEMA: &str = "
    CREATE TABLE accounts (name TEXT PRIMARY KEY, full_name TEXT, password TEXT, balance INTEGER);
    CREATE TABLE services (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
    CREATE TABLE guestbook (id INTEGER PRIMARY KEY, author TEXT, words TEXT);
    CREATE TABLE sessions (token TEXT PRIMARY KEY, name TEXT);
    CREATE TABLE mails (id INTEGER PRIMARY KEY, name TEXT, body TEXT);
    INSERT INTO accounts VALUES
        ('alice', 'Alice Anker', 'lighthouse-7', 100000),
        ('bob', 'Bob Bollard', 'seagull-42', 5000),
        ('mallory', 'Mallory Maelstrom', 'low-tide', 0);
    INSERT INTO services (title, body) VALUES
        ('Berth loans', 'A mooring of your own, from 2.4 % a year.'),
        ('Cargo insurance', 'Containers, crates and barrels, door to quay.'),
        ('Sailor savings', 'For a rainy day and for the high seas.'),
        ('Ferry card', 'Tap, board, cross. Free on Sundays.');
    INSERT INTO guestbook (author, words) VALUES ('Bob', 'Friendly people, good coffee.');
";

/// How many guest book entries and mails are kept: the sample is not to grow for ever.
const KEPT: i64 = 200;

/// One row of a list: a title and a text.
pub(super) type Line = (String, String);

/// Everything that the bank knows.
pub(super) struct Ledger {
    connection: Mutex<Connection>,
}

impl Ledger {
    pub(super) fn open() -> rusqlite::Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    fn books(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account for a name and a password. FLAW: glued SQL, so that `' OR 1=1 --` is a name.
    pub(super) fn sign_in(&self, name: &str, password: &str) -> rusqlite::Result<Option<String>> {
        let sql = format!("SELECT name FROM accounts WHERE name = '{name}' AND password = '{password}'");
        self.books().query_row(&sql, [], |row| row.get(0)).optional()
    }

    /// What the bank offers. FLAW: glued SQL, so that a `UNION` reads any table.
    pub(super) fn search(&self, words: &str) -> rusqlite::Result<Vec<Line>> {
        let sql = format!("SELECT title, body FROM services WHERE title LIKE '%{words}%' ORDER BY 1");
        self.lines(&sql)
    }

    /// One report. FLAW: glued SQL, and the caller shows the error to everybody.
    pub(super) fn report(&self, id: &str) -> rusqlite::Result<Vec<Line>> {
        self.lines(&format!("SELECT title, body FROM services WHERE id = {id}"))
    }

    fn lines(&self, sql: &str) -> rusqlite::Result<Vec<Line>> {
        let books = self.books();
        let mut statement = books.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((text(row, 0)?, text(row, 1)?)))?;
        rows.collect()
    }

    pub(super) fn begin_session(&self, token: &str, name: &str) -> rusqlite::Result<()> {
        self.books().execute("INSERT INTO sessions VALUES (?1, ?2)", params![token, name])?;
        Ok(())
    }

    pub(super) fn end_session(&self, token: &str) -> rusqlite::Result<()> {
        self.books().execute("DELETE FROM sessions WHERE token = ?1", params![token])?;
        Ok(())
    }

    pub(super) fn whose_session(&self, token: &str) -> rusqlite::Result<Option<String>> {
        self.books()
            .query_row("SELECT name FROM sessions WHERE token = ?1", params![token], |row| row.get(0))
            .optional()
    }

    pub(super) fn balance(&self, name: &str) -> rusqlite::Result<i64> {
        self.books()
            .query_row("SELECT balance FROM accounts WHERE name = ?1", params![name], |row| row.get(0))
    }

    /// Moves money; `false` when there is too little, or nobody of that name.
    pub(super) fn transfer(&self, from: &str, to: &str, cents: i64) -> rusqlite::Result<bool> {
        let mut books = self.books();
        let within = books.transaction()?;
        let taken = within.execute(
            "UPDATE accounts SET balance = balance - ?2 WHERE name = ?1 AND balance >= ?2",
            params![from, cents],
        )?;
        let given = within
            .execute("UPDATE accounts SET balance = balance + ?2 WHERE name = ?1", params![to, cents])?;
        if (taken, given) != (1, 1) {
            within.rollback()?;
            return Ok(false);
        }
        within.commit()?;
        Ok(true)
    }

    pub(super) fn sign_guestbook(&self, author: &str, words: &str) -> rusqlite::Result<()> {
        let books = self.books();
        books.execute("INSERT INTO guestbook (author, words) VALUES (?1, ?2)", params![author, words])?;
        books.execute("DELETE FROM guestbook WHERE id <= last_insert_rowid() - ?1", params![KEPT])?;
        Ok(())
    }

    pub(super) fn guestbook(&self) -> rusqlite::Result<Vec<Line>> {
        self.lines("SELECT author, words FROM guestbook ORDER BY id DESC")
    }

    /// Puts a mail into the outbox; nothing leaves the machine.
    pub(super) fn mail(&self, name: &str, body: &str) -> rusqlite::Result<()> {
        let books = self.books();
        books.execute("INSERT INTO mails (name, body) VALUES (?1, ?2)", params![name, body])?;
        books.execute("DELETE FROM mails WHERE id <= last_insert_rowid() - ?1", params![KEPT])?;
        Ok(())
    }

    /// The mails that await being sent, oldest first.
    pub(super) fn outbox(&self) -> rusqlite::Result<Vec<Line>> {
        self.lines("SELECT name, body FROM mails ORDER BY id")
    }
}

/// A column as text, whatever its type: an injected `UNION` may bring numbers.
fn text(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<String> {
    use rusqlite::types::ValueRef;
    Ok(match row.get_ref(column)? {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    })
}
