//! Accounts and sessions, for people and for scripts.

use std::fmt::Write as _;
use std::time::Duration;

use portcullis_store::{Key, Remembered, Session, Standing, User};
use serde_json::{Value, json};

pub(super) const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Unconfirmed => "unconfirmed",
        Standing::Active => "active",
        Standing::Disabled => "disabled",
    }
}

/// As in `2026-11-25T20:51:23Z`.
fn time(at: Duration) -> String {
    let text = portcullis::layers::record::event::rfc3339(at);
    text.split_once('.').map_or(text.clone(), |(whole, _)| format!("{whole}Z"))
}

fn as_json(user: &User) -> Value {
    json!({
        "id": user.id.to_string(),
        "email": user.email,
        "name": user.name,
        "standing": standing(user.standing),
        "roles": user.roles,
        "password": user.password.is_some(),
        "made": time(user.made),
        "password_changed": user.password_changed.map(time),
    })
}

pub(super) fn user(user: &User, json: bool) -> String {
    if json { format!("{}\n", as_json(user)) } else { users(std::slice::from_ref(user), false) }
}

/// Somebody who was invited: the link where it was asked for, else what became of the letter.
pub(super) fn invitation(
    user: &User,
    link: Option<&str>,
    letter: Option<&str>,
    ends: Duration,
    json: bool,
) -> String {
    let ends = time(ends);
    if json {
        let mut object = as_json(user);
        for (key, value) in [("link", link), ("letter", letter), ("ends", Some(ends.as_str()))] {
            if let (Some(value), Some(fields)) = (value, object.as_object_mut()) {
                fields.insert(key.to_owned(), value.into());
            }
        }
        return format!("{object}\n");
    }
    match (link, letter) {
        (Some(link), _) => format!("{link}\nworks once, until {ends}\n"),
        (None, Some("waits")) => format!("a letter to {} waits to be sent\n", plain(&user.email)),
        (None, _) => format!("a letter is on its way to {}\n", plain(&user.email)),
    }
}

pub(super) fn users(users: &[User], json: bool) -> String {
    if json {
        let list = users.iter().map(as_json).collect::<Vec<_>>();
        return format!("{}\n", Value::Array(list));
    }
    if users.is_empty() {
        return "there are no accounts\n".to_owned();
    }
    let rows = users.iter().map(|user| {
        let password = if user.password.is_some() { "" } else { "no password" };
        let made = time(user.made);
        [
            plain(&user.email),
            standing(user.standing).to_owned(),
            user.roles.join(" "),
            made.split('T').next().unwrap_or_default().to_owned(),
            plain(&user.name),
            password.to_owned(),
        ]
    });
    table(&rows.collect::<Vec<_>>())
}

pub(super) fn sessions(sessions: &[Session], devices: &[Remembered], json: bool) -> String {
    if json {
        let sessions = sessions.iter().map(|session| {
            json!({
                "id": session.key.to_string(),
                "began": time(session.began),
                "seen": time(session.seen),
                "ends": time(session.end.min(session.idle_end)),
                "agent": session.agent,
                "network": session.network,
            })
        });
        let devices = devices.iter().map(|device| {
            json!({
                "id": device.family.to_string(),
                "began": time(device.began),
                "seen": time(device.seen),
                "ends": time(device.end),
                "agent": device.agent,
            })
        });
        let both = json!({
            "sessions": sessions.collect::<Vec<_>>(),
            "devices": devices.collect::<Vec<_>>(),
        });
        return format!("{both}\n");
    }
    let short = |key: Key| key.to_string().chars().take(12).collect::<String>();
    let rows = sessions.iter().map(|session| {
        let seen = format!("seen {}", time(session.seen));
        [short(session.key), "session".to_owned(), seen, plain(&session.network), plain(&session.agent)]
    });
    let devices = devices.iter().map(|device| {
        let seen = format!("seen {}", time(device.seen));
        [short(device.family), "device".to_owned(), seen, String::new(), plain(&device.agent)]
    });
    let rows = rows.chain(devices).collect::<Vec<_>>();
    if rows.is_empty() { "signed in nowhere\n".to_owned() } else { table(&rows) }
}

/// What a stranger chose must not move the cursor (CWE-150).
fn plain(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { '\u{fffd}' } else { sign }).collect()
}

fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
