//! `portcullis user export`

use clap::{Args, ValueEnum};
use portcullis_identity::passwords::Origin;
use portcullis_store::User;
use serde_json::{Value, json};

use super::super::Failure;
use super::opened::{Opened, broken};
use super::shown::standing;

/// In which form accounts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// Comma-separated values (RFC 4180), with a first line of names.
    #[default]
    Csv,
    /// An array of objects.
    Json,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The form
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// With the hashes of the passwords: who has the file can guess at them
    #[arg(long)]
    hashes: bool,
}

/// The columns of a file with comma-separated values.
const COLUMNS: [&str; 6] = ["email", "name", "standing", "roles", "origin", "hash"];

impl Export {
    pub(super) async fn run(self, opened: &Opened) -> Result<String, Failure> {
        let mut users = Vec::new();
        let mut after = None;
        loop {
            let page = opened.stores.people.users(after, 1000).await.map_err(broken)?;
            let Some(last) = page.last() else { break };
            after = Some(last.email.clone());
            users.extend(page);
        }
        let format = if opened.json { Format::Json } else { self.format };
        match format {
            Format::Csv => csv(&users, self.hashes),
            Format::Json => {
                let list = users.iter().map(|user| object(user, self.hashes)).collect();
                let text = serde_json::to_string_pretty(&Value::Array(list));
                text.map(|text| format!("{text}\n")).map_err(|error| Failure::Broken(error.to_string()))
            }
        }
    }
}

/// Who wrote the hash, and the hash.
fn hash(user: &User) -> Option<(&str, &str)> {
    let text = user.password.as_deref()?;
    Some(Origin::marked(text).unwrap_or(("portcullis", text)))
}

fn object(user: &User, hashes: bool) -> Value {
    let mut object = json!({
        "email": user.email,
        "name": user.name,
        "standing": standing(user.standing),
        "roles": user.roles,
    });
    if let (true, Some((origin, hash)), Some(object)) = (hashes, hash(user), object.as_object_mut()) {
        object.insert("origin".to_owned(), origin.into());
        object.insert("hash".to_owned(), hash.into());
    }
    object
}

fn csv(users: &[User], hashes: bool) -> Result<String, Failure> {
    let broken = |error: &dyn std::fmt::Display| Failure::Broken(error.to_string());
    let columns = if hashes { &COLUMNS[..] } else { COLUMNS.split_at(4).0 };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns).map_err(|error| broken(&error))?;
    for user in users {
        let (origin, hash) = hash(user).unwrap_or_default();
        let roles = user.roles.join(" ");
        let name = no_formula(&user.name);
        let row = [user.email.as_str(), &name, standing(user.standing), &roles, origin, hash];
        writer.write_record(row.iter().take(columns.len())).map_err(|error| broken(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| broken(&error))?;
    String::from_utf8(bytes).map_err(|error| broken(&error))
}

/// A name that a spreadsheet would run as a formula gets a `'` in front (CWE-1236), which an import takes off.
fn no_formula(name: &str) -> String {
    if name.starts_with(FORMULA) { format!("'{name}") } else { name.to_owned() }
}

/// What begins a formula.
pub(super) const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
