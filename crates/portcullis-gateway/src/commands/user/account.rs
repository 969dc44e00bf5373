//! What is done to one account, and lists.

use std::io::{IsTerminal, Write};

use portcullis_store::{CredentialKind, NewUser, Standing, Taken};

use super::super::Failure;
use super::super::secret::{Given, Secret};
use super::opened::{Opened, address, broken, is_role, new_id};
use super::shown;
use crate::admin::now;

pub(super) async fn add(
    opened: &Opened,
    email: &str,
    name: &str,
    roles: Vec<String>,
    secret: &Secret,
) -> Result<String, Failure> {
    let email = address(email)?;
    roles.iter().try_for_each(|role| fits(role))?;
    if opened.stores.people.user_by_email(email.clone()).await.map_err(broken)?.is_some() {
        return Err(taken(&email));
    }
    let password = match secret.ask(&email)? {
        Given::Password(password) => Some(opened.hash(&password, &[&email, name]).await?),
        Given::Nothing => None,
    };
    let name = name.to_owned();
    let id = new_id()?;
    let user =
        NewUser { id, email: email.clone(), name, password, standing: Standing::Active, roles, lapses: None };
    match opened.stores.people.add(user, now()).await.map_err(broken)? {
        Ok(()) => one(opened, &email).await,
        Err(Taken) => Err(taken(&email)),
    }
}

pub(super) async fn list(opened: &Opened, who: Option<&str>) -> Result<String, Failure> {
    if let Some(who) = who {
        return one(opened, who).await;
    }
    let mut users = Vec::new();
    let mut after = None;
    loop {
        let page = opened.stores.people.users(after, 1000).await.map_err(broken)?;
        let Some(last) = page.last() else { break };
        after = Some(last.email.clone());
        users.extend(page);
    }
    Ok(shown::users(&users, opened.json))
}

pub(super) async fn stand(opened: &Opened, who: &str, standing: Standing) -> Result<String, Failure> {
    let user = opened.find(who).await?;
    opened.stores.people.set_standing(user.id, standing).await.map_err(broken)?;
    if standing == Standing::Disabled {
        opened.stores.sessions.end_all(user.id, None).await.map_err(broken)?;
    }
    one(opened, who).await
}

pub(super) async fn reset(opened: &Opened, who: &str, secret: &Secret) -> Result<String, Failure> {
    let user = opened.find(who).await?;
    let hash = match secret.ask(&user.email)? {
        Given::Password(password) => Some(opened.hash(&password, &[&user.email, &user.name]).await?),
        Given::Nothing => None,
    };
    opened.stores.people.set_password(user.id, hash, now()).await.map_err(broken)?;
    opened.stores.sessions.end_all(user.id, None).await.map_err(broken)?;
    one(opened, who).await
}

pub(super) async fn reset_factors(opened: &Opened, who: &str) -> Result<String, Failure> {
    let user = opened.find(who).await?;
    let people = &opened.stores.people;
    for kind in [CredentialKind::Totp, CredentialKind::Passkey, CredentialKind::RecoveryCode] {
        for credential in people.credentials(user.id, kind).await.map_err(broken)? {
            people.remove_credential(user.id, kind, credential.key).await.map_err(broken)?;
        }
    }
    opened.stores.sessions.end_all(user.id, None).await.map_err(broken)?;
    one(opened, who).await
}

pub(super) async fn role(opened: &Opened, who: &str, role: &str, has: bool) -> Result<String, Failure> {
    fits(role)?;
    let user = opened.find(who).await?;
    opened.stores.people.set_role(user.id, role.to_owned(), has).await.map_err(broken)?;
    one(opened, who).await
}

pub(super) async fn sessions(opened: &Opened, who: &str, end: Option<&str>) -> Result<String, Failure> {
    let user = opened.find(who).await?;
    let stored = &opened.stores.sessions;
    if end == Some("all") {
        stored.end_all(user.id, None).await.map_err(broken)?;
    }
    let mut sessions = stored.sessions_of(user.id, now()).await.map_err(broken)?;
    if let Some(begin) = end.filter(|end| *end != "all") {
        let named = |session: &portcullis_store::Session| session.key.to_string().starts_with(begin);
        match sessions.iter().filter(|session| named(session)).collect::<Vec<_>>().as_slice() {
            [session] => stored.end(session.key).await.map_err(broken)?,
            [] => return Err(Failure::Broken(format!("there is no session `{begin}`"))),
            _ => return Err(Failure::Broken(format!("several sessions begin with `{begin}`"))),
        };
        sessions.retain(|session| !named(session));
    }
    let devices = stored.remembered_by(user.id, now()).await.map_err(broken)?;
    Ok(shown::sessions(&sessions, &devices, opened.json))
}

pub(super) async fn remove(opened: &Opened, who: &str, yes: bool) -> Result<String, Failure> {
    let user = opened.find(who).await?;
    if !yes {
        if !std::io::stdin().is_terminal() {
            return Err(Failure::Wrong("nobody can be asked here: say `--yes`".to_owned()));
        }
        eprint!("Remove {} and all that belongs to it? Write `yes`: ", user.email);
        let _ = std::io::stderr().flush();
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).map_err(|error| Failure::Broken(error.to_string()))?;
        if answer.trim() != "yes" {
            return Err(Failure::Broken("nothing was removed".to_owned()));
        }
    }
    // Sessions first: were this cut off between the two, an account without sessions would be left.
    opened.stores.sessions.end_all(user.id, None).await.map_err(broken)?;
    opened.stores.people.remove(user.id).await.map_err(broken)?;
    Ok(if opened.json { shown::users(&[user], true) } else { format!("removed {}\n", user.email) })
}

/// How it stands now.
async fn one(opened: &Opened, who: &str) -> Result<String, Failure> {
    Ok(shown::user(&opened.find(who).await?, opened.json))
}

pub(super) fn fits(role: &str) -> Result<(), Failure> {
    if is_role(role) {
        return Ok(());
    }
    Err(Failure::Wrong(format!(
        "`{role}` is no role: up to 64 letters, digits and signs of ASCII, without spaces, commas and quotes"
    )))
}

pub(super) fn taken(email: &str) -> Failure {
    Failure::Broken(format!("there is an account `{email}` already"))
}
