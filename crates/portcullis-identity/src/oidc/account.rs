//! Whose account an identity at a provider is.

use portcullis::layers::caller::session::Factors;
use portcullis_store::{
    Credential, CredentialKind, External, Instant, Key, NewUser, People, Standing, Taken, Token, UserId,
};

use super::complete::Vouched;
use super::logout::LoggedOut;
use crate::random::{digest, random};
use crate::{Ground, Unavailable};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Settled {
    /// Signs in whom it belongs to. The caller looks how the account stands.
    SignIn(UserId),
    /// The owner added it to their account.
    Linked(UserId),
    /// An account was made, and is signed in.
    Made(UserId),
    /// Nobody's, and it may not become anybody's.
    Nobody(Unsettled),
}

/// Why an identity is nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsettled {
    /// It belongs to another account already.
    OfAnother,
    /// The address has an account, whose owner must add the identity: the provider's word is not enough. Said only
    /// where the provider has verified the address, so that nobody learns of other people's accounts.
    AccountExists,
    /// Nobody who is not known may have an account.
    Closed,
    /// An account needs an address that the provider has verified.
    NoVerifiedEmail,
}

/// What is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether somebody who is not known gets an account.
    pub sign_up: bool,
    /// Whether a verified address is enough to get at the account that has it.
    pub link_by_email: bool,
}

/// What names an identity in the store.
fn key(issuer: &str, subject: &str) -> Key {
    Key(digest(&[b"oidc", issuer.as_bytes(), subject.as_bytes()]))
}

/// Settles whose identity this is. `email` is the verified address in the form in which addresses are compared, `None`
/// where there is none.
///
/// # Errors
/// When the store is away or the system has no randomness: nobody is signed in.
pub async fn settle(
    people: &dyn People,
    vouched: &Vouched,
    email: Option<String>,
    rules: Rules,
    now: Instant,
) -> Result<Settled, Unavailable> {
    let key = key(&vouched.issuer, &vouched.subject);
    let email = email.filter(|_| vouched.email_verified);
    let known = people.credential(CredentialKind::External, key).await?;
    if let Some(known) = known {
        if vouched.link.is_some_and(|user| user != known.user) {
            return Ok(Settled::Nobody(Unsettled::OfAnother));
        }
        let _ = people.use_credential(CredentialKind::External, key, known.content, now).await?;
        return Ok(match vouched.link {
            Some(user) => Settled::Linked(user),
            None => Settled::SignIn(known.user),
        });
    }
    let added = |user| add(people, vouched, key, user, now);
    if let Some(user) = vouched.link {
        return Ok(if added(user).await? {
            Settled::Linked(user)
        } else {
            Settled::Nobody(Unsettled::OfAnother)
        });
    }
    let Some(email) = email else {
        return Ok(Settled::Nobody(if rules.sign_up {
            Unsettled::NoVerifiedEmail
        } else {
            Unsettled::Closed
        }));
    };
    if let Some(user) = people.user_by_email(email.clone()).await? {
        // An account that nobody confirmed may be one that a stranger made beforehand, to get at it later.
        let may = rules.link_by_email && user.standing == Standing::Active;
        return Ok(if may && added(user.id).await? {
            Settled::SignIn(user.id)
        } else {
            Settled::Nobody(Unsettled::AccountExists)
        });
    }
    if !rules.sign_up {
        return Ok(Settled::Nobody(Unsettled::Closed));
    }
    let id = UserId(random()?);
    let user = NewUser {
        id,
        name: vouched.name.clone().unwrap_or_default(),
        email,
        password: None,
        standing: Standing::Active,
        roles: Vec::new(),
        lapses: None,
    };
    if people.add(user, now).await? == Err(Taken) {
        return Ok(Settled::Nobody(Unsettled::AccountExists));
    }
    if added(id).await? {
        return Ok(Settled::Made(id));
    }
    // Two tabs at once: the other one made the account that this identity is of.
    people.remove(id).await?;
    Ok(Settled::Nobody(Unsettled::OfAnother))
}

/// Adds the identity to an account; `false` when somebody has it.
async fn add(
    people: &dyn People,
    vouched: &Vouched,
    key: Key,
    user: UserId,
    now: Instant,
) -> Result<bool, Unavailable> {
    let credential = Credential {
        key,
        user,
        kind: CredentialKind::External,
        label: vouched.email.clone().unwrap_or_else(|| vouched.subject.chars().take(64).collect()),
        content: vouched.issuer.clone().into_bytes(),
        made: now,
        used: Some(now),
    };
    Ok(people.add_credential(credential).await?.is_ok())
}

/// Takes an identity away; `false` when this user has none of this name. The caller sees to it that another way to
/// sign in is left.
///
/// # Errors
/// When the store is away.
pub async fn unlink(people: &dyn People, user: UserId, key: Key) -> Result<bool, Unavailable> {
    Ok(people.remove_credential(user, CredentialKind::External, key).await?)
}

/// What a session here remembers of the sign-in at the provider `name` that it comes from.
///
/// # Errors
/// When the system has no randomness.
pub fn external(name: &str, vouched: &Vouched) -> Result<External, Unavailable> {
    Ok(External {
        provider: name.to_owned(),
        subject: key(&vouched.issuer, &vouched.subject),
        session: vouched.session.as_deref().map(|session| session_key(&vouched.issuer, session)),
        grant: Key(random()?),
    })
}

/// Remembers which person a session at the provider is of, until `end`: its logout may name nothing else.
///
/// # Errors
/// When the store is away.
pub async fn remember(
    people: &dyn People,
    vouched: &Vouched,
    user: UserId,
    end: Instant,
) -> Result<(), Unavailable> {
    if let Some(session) = &vouched.session {
        let key = session_key(&vouched.issuer, session);
        let content = self::key(&vouched.issuer, &vouched.subject).to_string();
        people.promise(Token { key, user, purpose: purpose(key), content, end }).await?;
    }
    Ok(())
}

fn session_key(issuer: &str, session: &str) -> Key {
    Key(digest(&[b"oidc session", issuer.as_bytes(), session.as_bytes()]))
}

/// One for each session there: tokens of one purpose replace each other.
fn purpose(key: Key) -> String {
    format!("oidc session {key}")
}

/// Ends what a logout at the provider ends (Back-Channel Logout 1.0 section 2.7): where it names a session there, the
/// sessions that came from that one, and no others; where it names a person alone, all that came from them. A device that
/// one of these keeps signed in is forgotten as well. Gives the keys of the sessions that ended, so that caches forget
/// them.
///
/// # Errors
/// When the store is away: the provider should say it again.
pub async fn ended_by(
    ground: Ground<'_>,
    logged_out: &LoggedOut,
    now: Instant,
) -> Result<Option<(UserId, Vec<Key>)>, Unavailable> {
    let Ground { people, sessions, .. } = ground;
    let LoggedOut { issuer, subject, session } = logged_out;
    let outside = session.as_deref().map(|session| session_key(issuer, session));
    let mut found = None;
    if let Some(subject) = subject {
        let subject = key(issuer, subject);
        let known = people.credential(CredentialKind::External, subject).await?;
        found = known.map(|known| (known.user, subject));
    } else if let Some(outside) = outside
        && let Some(kept) = people.promised(outside, purpose(outside), now).await?
    {
        found = kept.content.parse().ok().map(|subject| (kept.user, subject));
    }
    let Some((user, subject)) = found else { return Ok(None) };
    let mut families = Vec::new();
    let mut unknown = Vec::new();
    for one in sessions.sessions_of(user, now).await? {
        match &one.external {
            Some(external) if external.subject == subject => {
                if outside.is_none() || external.session == outside {
                    families.extend(one.family);
                }
            }
            // It began before it was written down where from: one too many is ended rather than one too few.
            None if Factors(one.factors).contains(Factors::EXTERNAL) => unknown.push(one),
            Some(_) | None => {}
        }
    }
    // In one step: a session that gets a new id meanwhile is not missed.
    let mut ended = sessions.end_external(user, subject, outside).await?;
    for family in families {
        ended.extend(sessions.forget(family).await?);
    }
    for one in unknown {
        if let Some(family) = one.family {
            ended.extend(sessions.forget(family).await?);
        }
        if sessions.end(one.key).await? {
            ended.push(one.key);
        }
    }
    Ok(Some((user, ended)))
}
