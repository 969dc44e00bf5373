//! `[identity]`, checked.

use std::path::PathBuf;
use std::time::Duration;

use super::{FactorRule, Identity, Language, Mail, Passwords, Provider, Raw, SignUp, Store};
use crate::policy::Faults;

impl Identity {
    /// `site` is the first of the site's own names, for want of another name.
    pub(in crate::policy) fn check(raw: &Raw, site: Option<&str>, faults: &mut Faults<'_>) -> Self {
        let sign_up = raw.sign_up.unwrap_or_default();
        let magic_links = raw.magic_links.unwrap_or(false);
        if raw.mail.is_none() {
            for (key, needs) in [("sign_up", sign_up == SignUp::Open), ("magic_links", magic_links)] {
                if needs {
                    faults.at(
                        key,
                        "this needs mail to be sent, and nobody sends it",
                        "add `[identity.mail]`",
                    );
                }
            }
        }
        const DAY: Duration = Duration::from_secs(86_400);
        let unconfirmed = raw.unconfirmed.map_or(7 * DAY, |span| span.0);
        if !unconfirmed.is_zero() && unconfirmed < DAY {
            faults.at(
                "unconfirmed",
                "the link that confirms an address works for a day, and its account would be gone before",
                "as in `\"7 d\"`, or `\"0 s\"` for ever",
            );
        }
        let languages = raw.languages.clone().unwrap_or_else(|| Language::ALL.to_vec());
        if languages.is_empty() {
            faults.at("languages", "the pages would have no language", "leave it out for all");
        }
        let store = store(raw.store.as_deref(), "store", false, faults);
        let sessions = raw.sessions.as_deref().map(|text| self::store(Some(text), "sessions", true, faults));
        let audience = raw.audience.clone().unwrap_or_else(|| "app".to_owned());
        if audience.is_empty() || audience.chars().any(char::is_control) {
            faults.at("audience", "the app cannot tell that the statement is for it", "as in `\"notes\"`");
        }
        if let Some(name) =
            raw.name.as_ref().filter(|name| name.is_empty() || name.chars().any(char::is_control))
        {
            faults.at("name", format!("`{name}` cannot be shown"), "write the app's name, as in `\"Notes\"`");
        }
        let passwords = Passwords::check(&raw.password, &mut faults.section("password"));
        let mut providers: Vec<Provider> = Vec::new();
        for (index, raw) in raw.provider.iter().enumerate() {
            let mut here = faults.section(&format!("provider[{index}]"));
            if providers.iter().any(|other| other.name == raw.name) {
                here.at(
                    "name",
                    format!("there are two providers `{}`", raw.name),
                    "each has a name of its own",
                );
            }
            providers.extend(Provider::check(raw, sign_up == SignUp::Open, &mut here));
        }
        let factors = raw.factor.iter().enumerate();
        let factors = factors
            .map(|(index, raw)| FactorRule::check(raw, &mut faults.section(&format!("factor[{index}]"))))
            .collect();
        Self {
            name: raw
                .name
                .clone()
                .or_else(|| site.map(str::to_owned))
                .unwrap_or_else(|| "this site".to_owned()),
            logo: raw.logo.clone(),
            languages,
            sign_up,
            unconfirmed: Some(unconfirmed).filter(|span| !span.is_zero()),
            magic_links,
            store,
            sessions,
            audience,
            contact: raw.contact.clone(),
            mail: raw.mail.as_ref().and_then(|raw| Mail::check(raw, &mut faults.section("mail"))),
            passwords,
            providers,
            factors,
        }
    }
}

fn store(text: Option<&str>, key: &str, for_sessions: bool, faults: &mut Faults<'_>) -> Store {
    let Some(text) = text else { return Store::DataDirectory };
    let scheme = text.split_once(':').map_or(text, |(scheme, _)| scheme);
    let is_url = || url::Url::parse(text).is_ok_and(|url| url.has_host() || scheme.ends_with("unix"));
    match scheme {
        "sqlite" if text == "sqlite" => Store::DataDirectory,
        "sqlite" => Store::Sqlite(PathBuf::from(text.trim_start_matches("sqlite:"))),
        "postgres" | "postgresql" if is_url() => Store::Postgres(text.to_owned()),
        "redis" | "rediss" | "redis+unix" if for_sessions && is_url() => Store::Redis(text.to_owned()),
        _ => {
            // Not the text: it may hold a password.
            faults.at(
                key,
                format!("a store `{scheme}` is not known for this"),
                match for_sessions {
                    true => "write `sqlite`, `sqlite:/path`, `postgres://…` or `redis://…`",
                    false => "write `sqlite`, `sqlite:/path` or `postgres://…`",
                },
            );
            Store::DataDirectory
        }
    }
}
