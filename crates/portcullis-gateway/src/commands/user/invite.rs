//! `portcullis user invite`: an account that waits for its owner.

use clap::Args;
use portcullis::policy::identity::{Language, SignUp};
use portcullis_identity::accounts::{Email, Invitation, Purpose, invite};
use portcullis_identity::mail::{Outbox, Smtp, Unsent};
use portcullis_store::{Key, Taken};

use super::super::Failure;
use super::account::{fits, taken};
use super::opened::{Opened, broken};
use super::shown;
use crate::admin::now;
use crate::people;
use crate::record::keys;

/// Invite somebody: an account is made that waits for them, and a letter with a link is sent. It works once, for a
/// week; inviting them again makes another and ends the one before
#[derive(Debug, Args)]
pub(super) struct Invite {
    /// The address
    email: String,
    /// A role, in the words of the policy; once for each
    #[arg(long)]
    role: Vec<String>,
    /// Send no letter: print the link, this once, to be handed over. Whoever has it gets the account
    #[arg(long)]
    print: bool,
    /// Where the site is, as in `https://notes.example`; by default its first name in the policy
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// The language of the letter [default: the first of the policy]
    #[arg(long, value_name = "TAG", value_parser = language)]
    language: Option<Language>,
}

/// What became of the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// The mail server took it.
    Sent,
    /// It waits in the store for the gate to send it.
    Waits,
}

impl Invite {
    pub(super) async fn run(self, opened: &Opened) -> Result<String, Failure> {
        if opened.identity.sign_up == SignUp::Off {
            let why = "nobody can accept an invitation: the policy has `identity.sign_up = \"off\"`";
            return Err(Failure::Wrong(format!("{why}; write `\"invited\"`")));
        }
        let email = Email::parse(&self.email)
            .ok_or_else(|| Failure::Wrong(format!("`{}` is no address of mail", self.email)))?;
        self.role.iter().try_for_each(|role| fits(role))?;
        let origin = origin(self.origin.as_deref(), &opened.names)?;
        // What is needed for the letter fails before there is an account.
        let way = if self.print { None } else { Some(way(opened)?) };
        let address = email.as_str().to_owned();
        let invited = invite(opened.stores.people.as_ref(), email, self.role, now()).await;
        let invited = invited.map_err(|fault| Failure::Broken(fault.to_string()))?;
        let invitation = invited.map_err(|Taken| taken(&address))?;
        let language = self.language.or(opened.identity.languages.first().copied()).unwrap_or(Language::En);
        let sent = match way {
            None => None,
            Some((smtp, outbox)) => Some(send(opened, &invitation, &origin, language, &smtp, &outbox).await?),
        };
        let user = opened.find(&address).await?;
        let ends = now().saturating_add(Purpose::Invitation.lasts());
        let link = sent.is_none().then(|| invitation.link(&origin));
        let letter = sent.map(|sent| match sent {
            Sent::Sent => "sent",
            Sent::Waits => "waits",
        });
        Ok(shown::invitation(&user, link.as_deref(), letter, ends, opened.json))
    }
}

/// The way to the mail server, and where a letter waits that it does not take now.
fn way(opened: &Opened) -> Result<(Smtp, Outbox), Failure> {
    let mail = opened.identity.mail.as_ref().ok_or_else(|| {
        Failure::Wrong("the policy has no `[identity.mail]` to send a letter by; say `--print`".to_owned())
    })?;
    let wrong = |error: &dyn std::fmt::Display| Failure::Wrong(error.to_string());
    let setting = people::setting(mail).map_err(|error| wrong(&error))?;
    let smtp = Smtp::new(setting).map_err(|error| wrong(&error))?;
    let keys = keys::load(&opened.data).map_err(|error| wrong(&error))?;
    Ok((smtp, Outbox::new(opened.stores.people.clone(), keys)))
}

async fn send(
    opened: &Opened,
    invitation: &Invitation,
    origin: &str,
    language: Language,
    smtp: &Smtp,
    outbox: &Outbox,
) -> Result<Sent, Failure> {
    let letter = invitation.letter(origin, &opened.identity.name, language);
    let mut id = [0; 32];
    getrandom::fill(&mut id).map_err(|_| Failure::Broken("the system gives no randomness".to_owned()))?;
    match smtp.send(&letter, Key(id)).await {
        Ok(()) => Ok(Sent::Sent),
        Err(away @ Unsent::Away(_)) => {
            if !outbox.keep(&letter, now()).await.map_err(broken)? {
                return Err(Failure::Broken(format!("{away}, and too many letters wait already")));
            }
            eprintln!("{away}; a gate that stands sends the letter once it is back");
            Ok(Sent::Waits)
        }
        Err(refused) => Err(Failure::Broken(refused.to_string())),
    }
}

/// What links begin with.
fn origin(written: Option<&str>, names: &[String]) -> Result<String, Failure> {
    let Some(written) = written else {
        let name = names.iter().find(|name| !name.starts_with('*')).ok_or_else(|| {
            Failure::Wrong(
                "the policy has no `host.names`: say where the site is, as in `--origin https://notes.example`"
                    .to_owned(),
            )
        })?;
        return Ok(format!("https://{name}"));
    };
    let url = url::Url::parse(written).ok().filter(|url| {
        matches!(url.scheme(), "https" | "http") && url.has_host() && matches!(url.path(), "" | "/")
    });
    url.filter(|url| url.query().is_none() && url.fragment().is_none() && url.username().is_empty())
        .map(|url| url.origin().ascii_serialization())
        .ok_or_else(|| Failure::Wrong(format!("`{written}` is no origin, as `https://notes.example` is")))
}

fn language(tag: &str) -> Result<Language, String> {
    let found = Language::ALL.into_iter().find(|language| language.tag() == tag);
    found.ok_or_else(|| "one of `en`, `de`, `es`, `zh`".to_owned())
}
