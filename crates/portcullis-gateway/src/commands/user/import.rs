//! `portcullis user import`

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use portcullis_identity::passwords::{Hasher, Origin};
use portcullis_store::{NewUser, Standing};
use serde::Deserialize;
use serde_json::Value;

use super::super::Failure;
use super::export::FORMULA;
use super::opened::{Opened, address, broken, is_role, new_id};
use crate::admin::now;

/// Each account has an `email`, and may have a `name`, `roles` (in CSV with spaces between), a `standing` (`active`,
/// `unconfirmed` or `disabled`) and a `hash` of its password with the `origin` that wrote it. Hashes of other
/// programs are replaced by our own when their owners sign in.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// CSV with a first line of names, or JSON: an array of objects, or one object a line
    file: PathBuf,
    /// Which program wrote the hashes, where the file does not say
    #[arg(long, value_parser = Origin::NAMES)]
    origin: Option<String>,
    /// Look whether all is right, and make nothing
    #[arg(long)]
    dry_run: bool,
}

/// One account as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Row {
    email: String,
    name: String,
    roles: Roles,
    standing: Option<String>,
    origin: Option<String>,
    hash: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Roles {
    Words(String),
    List(Vec<String>),
}

impl Default for Roles {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// An account with the line where it begins.
type Read = (u64, Result<Row, String>);

/// So many faults are told, and then how many more there are.
const TOLD: usize = 20;

impl Import {
    pub(super) async fn run(self, opened: &Opened) -> Result<String, Failure> {
        let name = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file)
            .map_err(|error| Failure::Wrong(format!("`{name}` cannot be read: {error}")))?;
        let rows = rows(&text).map_err(|why| Failure::Wrong(format!("`{name}`: {why}")))?;
        let hasher = opened.hasher()?;
        let (mut users, mut lines, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        let mut first_line: HashMap<String, u64> = HashMap::new();
        for (line, row) in rows {
            match row.and_then(|row| self.check(row, &hasher)) {
                Ok(user) => {
                    if let Some(first) = first_line.insert(user.email.clone(), line) {
                        faults.push((line, format!("line {first} has the address `{}` already", user.email)));
                    } else if opened
                        .stores
                        .people
                        .user_by_email(user.email.clone())
                        .await
                        .map_err(broken)?
                        .is_some()
                    {
                        faults.push((line, format!("there is an account `{}` already", user.email)));
                    }
                    users.push(user);
                    lines.push(line);
                }
                Err(why) => faults.push((line, why)),
            }
        }
        if !faults.is_empty() {
            return Err(Failure::Wrong(told(&name, &faults)));
        }
        let count = users.len();
        if !self.dry_run
            && let Err(place) = opened.stores.people.add_all(users, now()).await.map_err(broken)?
        {
            // Somebody signed up since we looked.
            let line = lines.get(place).copied().unwrap_or_default();
            return Err(Failure::Wrong(told(
                &name,
                &[(line, "there is such an account already".to_owned())],
            )));
        }
        Ok(match (opened.json, self.dry_run) {
            (true, dry_run) => format!("{}\n", serde_json::json!({ "imported": count, "dry_run": dry_run })),
            (false, true) => format!("{count} accounts could be imported\n"),
            (false, false) => format!("{count} accounts imported\n"),
        })
    }

    fn check(&self, row: Row, hasher: &Hasher) -> Result<NewUser, String> {
        let email = address(&row.email).map_err(|_| format!("`{}` is no address of mail", row.email))?;
        let roles = match row.roles {
            Roles::Words(words) => words.split_whitespace().map(str::to_owned).collect(),
            Roles::List(list) => list,
        };
        if let Some(role) = roles.iter().find(|role| !is_role(role)) {
            return Err(format!("`{role}` is no role"));
        }
        let standing = match row.standing.as_deref().unwrap_or_default() {
            "" | "active" => Standing::Active,
            "unconfirmed" => Standing::Unconfirmed,
            "disabled" => Standing::Disabled,
            other => return Err(format!("`{other}` is no standing: `active`, `unconfirmed` or `disabled`")),
        };
        let origin = row.origin.filter(|origin| !origin.is_empty()).or_else(|| self.origin.clone());
        let password = match row.hash.filter(|hash| !hash.is_empty()) {
            None => None,
            Some(hash) => {
                let origin = origin.ok_or("it is not said which program wrote the hash: `--origin`")?;
                if !Origin::NAMES.contains(&origin.as_str()) {
                    return Err(format!("`{origin}` is no origin: one of {}", Origin::NAMES.join(", ")));
                }
                let marked = Origin::mark(&origin, &hash);
                // Not the hash itself: it would stand in a terminal's memory.
                hasher.read(&marked).map_err(|error| error.to_string())?;
                Some(marked)
            }
        };
        let id = new_id().map_err(|_| "the system gives no randomness".to_owned())?;
        Ok(NewUser { id, email, name: row.name, password, standing, roles, lapses: None })
    }
}

fn told(name: &str, faults: &[(u64, String)]) -> String {
    let mut text = format!("nothing was imported from `{name}`\n");
    for (line, why) in faults.iter().take(TOLD) {
        text.push_str(&format!("line {line}: {why}\n"));
    }
    if faults.len() > TOLD {
        text.push_str(&format!("and {} more\n", faults.len() - TOLD));
    }
    text
}

/// The accounts of a text, in whichever form it is.
fn rows(text: &str) -> Result<Vec<Read>, String> {
    let text = text.trim_start_matches('\u{feff}');
    match text.trim_start().chars().next() {
        Some('[') => array(text),
        Some('{') => Ok(lines(text)),
        _ => csv(text),
    }
}

/// One value after the other, so that each has its line.
fn array(text: &str) -> Result<Vec<Read>, String> {
    let whole = text;
    let at = |rest: &str| line_of(whole, whole.len() - rest.len());
    let Some(mut rest) = text.trim_start().strip_prefix('[').map(str::trim_start) else {
        return Err("it does not begin with `[`".to_owned());
    };
    let mut rows = Vec::new();
    while !rest.starts_with(']') {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let wrong = |why: String| format!("line {}: {}", at(rest), without_place(&why));
        let value = match values.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => return Err(wrong(error.to_string())),
            None => return Err(wrong("it ends in the middle".to_owned())),
        };
        rows.push((at(rest), object(value)));
        let after = rest.get(values.byte_offset()..).unwrap_or_default().trim_start();
        rest = match after.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if after.starts_with(']') => after,
            None => return Err(format!("line {}: there is no `,` or `]` behind an account", at(after))),
        };
    }
    Ok(rows)
}

fn line_of(text: &str, place: usize) -> u64 {
    let before = text.as_bytes().get(..place).unwrap_or_default();
    before.iter().fold(1, |line, byte| line + u64::from(*byte == b'\n'))
}

fn lines(text: &str) -> Vec<Read> {
    let numbered = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let read = |line: &str| {
        let value = serde_json::from_str(line).map_err(|error| without_place(&error.to_string()));
        value.and_then(object)
    };
    numbered.map(|(number, line)| (number, read(line))).collect()
}

fn object(value: Value) -> Result<Row, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// The library's place is one within the part that it was given.
fn without_place(why: &str) -> String {
    why.split(" at line ").next().unwrap_or(why).to_owned()
}

fn csv(text: &str) -> Result<Vec<Read>, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|error| error.to_string())?.clone();
    if !names.iter().any(|name| name.trim() == "email") {
        return Err("its first line names no `email`: it is neither CSV with names nor JSON".to_owned());
    }
    let mut rows = Vec::new();
    let (mut line, mut counted) = (1, 0);
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        // The library counts the second half of a line's `\r\n`, and empty lines, to the record behind them.
        let begin = record.position().map_or(0, csv::Position::byte);
        let begin = usize::try_from(begin).unwrap_or(counted);
        let rest = text.as_bytes().get(begin..).unwrap_or_default();
        let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let between = text.as_bytes().get(counted..begin.saturating_add(ends)).unwrap_or_default();
        line += between.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        counted = begin.saturating_add(ends);
        rows.push((line, fields(&names, &record)));
    }
    Ok(rows)
}

fn fields(names: &csv::StringRecord, record: &csv::StringRecord) -> Result<Row, String> {
    if record.len() != names.len() {
        return Err(format!("it has {} fields, the first line {}", record.len(), names.len()));
    }
    let mut row = Row::default();
    for (name, value) in names.iter().zip(record) {
        let written = || Some(value.trim().to_owned());
        match name.trim() {
            "email" => row.email = value.trim().to_owned(),
            "name" => {
                let bare = value.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA));
                row.name = bare.unwrap_or(value).to_owned();
            }
            "roles" => row.roles = Roles::Words(value.to_owned()),
            "standing" => row.standing = written(),
            "origin" => row.origin = written(),
            "hash" => row.hash = written(),
            other => return Err(format!("`{other}` is no field of an account")),
        }
    }
    Ok(row)
}
