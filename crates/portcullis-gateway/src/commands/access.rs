//! `portcullis access`

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use portcullis::layers::caller::access::{self, Asked, Step};
use portcullis::layers::caller::session::{By, Factors, Person, Visitor};
use portcullis::{Policy, TlsFacts};
use portcullis_store::{Standing, StoreError, User, UserId};

use super::{Failure, LogFormat, policy_file, print, run};
use crate::Settings;
use crate::people::Stores;
use crate::policies;

/// Who may go where.
#[derive(Debug, Args)]
pub(super) struct Access {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Why somebody may go somewhere, or not: every question that the policy asks there, and the answer
    Explain(Explain),
}

/// Exits with 0 where the person may go, 1 where not.
#[derive(Debug, Args)]
struct Explain {
    /// The person, by address or id; `-` for nobody
    user: String,
    /// As in `GET`
    method: String,
    /// As in `/admin/users`; with a query, where policies ask for one
    path: String,
    /// The policy [default: portcullis.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where people are kept, unless the policy says otherwise
    #[arg(long, value_name = "DIR", default_value = Settings::DATA_DIR)]
    data_dir: PathBuf,
    /// From which address
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    from: IpAddr,
    /// By which name of the site; the first of `host.names` by default
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// How it was proved: `password`, `totp`, `recovery`, `passkey`, `external`, `mail`; once for each
    #[arg(long, value_name = "NAME", default_value = "password")]
    factor: Vec<String>,
    /// How many seconds ago it was proved
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    proved: u64,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t)]
    log: LogFormat,
}

impl Access {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        match self.what {
            What::Explain(explain) => explain.start(),
        }
    }
}

impl Explain {
    fn start(self) -> Result<ExitCode, Failure> {
        let file = policy_file(self.policy.as_ref());
        let (name, text) = match &file {
            Some(path) => (path.display().to_string(), run::read(path)?),
            None => ("the default policy".to_owned(), String::new()),
        };
        let (mut policy, written) = run::parse(&name, &text)?;
        let method = http::Method::from_bytes(self.method.to_ascii_uppercase().as_bytes())
            .map_err(|_| Failure::Wrong(format!("`{}` is not an HTTP method", self.method)))?;
        if !self.path.starts_with('/') {
            return Err(Failure::Wrong(format!("`{}` is no path: it begins with `/`", self.path)));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let folder = file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        policies::load(&mut policy, folder).map_err(|error| Failure::Wrong(error.to_string()))?;
        let visitor = self.visitor(&policy, folder, now)?;
        let (path, query) = match self.path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (self.path.as_str(), None),
        };
        let rules = policy.rules(&method, path);
        let first = written.host.names.iter().flatten().next().map(String::as_str);
        let asked = Asked {
            visitor: &visitor,
            method: &method,
            host: self.host.as_deref().or(first).unwrap_or("localhost"),
            path,
            route: rules.route.as_ref(),
            query,
            address: self.from,
            now,
            secure: true,
            tls: Some(&TLS),
        };
        let steps = access::explain(rules, &asked);
        let route = rules.route.as_ref().map(ToString::to_string);
        let may = steps.iter().all(|step| step.missing.is_none());
        print(&match self.log {
            LogFormat::Text => words(&visitor, route.as_deref(), &steps),
            LogFormat::Json => line(&visitor, route.as_deref(), &steps),
        })?;
        Ok(if may { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn visitor(&self, policy: &Policy, folder: &Path, now: Duration) -> Result<Visitor, Failure> {
        if self.user == "-" {
            return Ok(Visitor::Nobody);
        }
        let mut factors = Factors::NONE;
        for name in &self.factor {
            factors |=
                Factors::named(name).ok_or_else(|| Failure::Wrong(format!("`{name}` is no factor")))?;
        }
        let identity = policy.identity().ok_or_else(|| {
            Failure::Wrong("the policy has no `[identity]`: nobody signs in here".to_owned())
        })?;
        let identity = crate::settings::located(identity, folder);
        let broken = |error: String| Failure::Broken(error);
        let stores = Stores::open(&identity, &self.data_dir).map_err(|error| broken(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| broken(error.to_string()))?;
        let found = runtime.block_on(user(&stores, &self.user)).map_err(|error| broken(error.to_string()))?;
        let user = found.ok_or_else(|| Failure::Wrong(format!("there is no person `{}`", self.user)))?;
        if user.standing != Standing::Active {
            return Err(Failure::Wrong(format!(
                "`{}` may not sign in at all: {:?}",
                user.email, user.standing
            )));
        }
        Ok(Visitor::Person(Arc::new(Person {
            id: user.id.to_string(),
            email: user.email,
            name: user.name,
            roles: user.roles,
            proved: Some(now.saturating_sub(Duration::from_secs(self.proved))),
            factors,
            by: By::Session { key: [0; 32] },
        })))
    }
}

/// A connection as most are.
const TLS: TlsFacts = TlsFacts { version: "TLSv1.3", server_name: None, client_certificate: false };

async fn user(stores: &Stores, named: &str) -> Result<Option<User>, StoreError> {
    match named.parse::<UserId>() {
        Ok(id) => stores.people.user(id).await,
        Err(()) => stores.people.user_by_email(named.trim().to_lowercase()).await,
    }
}

fn words(visitor: &Visitor, route: Option<&str>, steps: &[Step]) -> String {
    let who = visitor.person().map_or_else(
        || "nobody in particular".to_owned(),
        |person| format!("{} with the roles `{}`", person.email, person.roles.join("`, `")),
    );
    let may =
        if steps.iter().all(|step| step.missing.is_none()) { "may go there" } else { "may not go there" };
    let place = route.map_or_else(
        || "no route; the site's own settings".to_owned(),
        |route| format!("the route `{route}`"),
    );
    let mut text = format!("{who}: {may}, by {place}\n");
    if steps.is_empty() {
        text.push_str("  nothing is asked\n");
    }
    for Step { asked, missing, by } in steps {
        let _ = match missing {
            None => writeln!(text, "  yes  {asked}"),
            Some(missing) => writeln!(text, "  no   {asked}: {missing}"),
        };
        let says = if missing.is_none() { "permitted" } else { "forbidden" };
        for policy in by {
            let _ = writeln!(text, "       {says} by {policy}");
        }
    }
    text
}

fn line(visitor: &Visitor, route: Option<&str>, steps: &[Step]) -> String {
    let asked: Vec<_> = steps
        .iter()
        .map(
            |Step { asked, missing, by }| serde_json::json!({ "asked": asked, "missing": missing, "by": by }),
        )
        .collect();
    let told = serde_json::json!({
        "user": visitor.person().map(|person| person.id.clone()),
        "route": route,
        "allowed": steps.iter().all(|step| step.missing.is_none()),
        "asked": asked,
    });
    format!("{told}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(asked: &str, missing: Option<&str>) -> Step {
        Step { asked: asked.to_owned(), missing: missing.map(str::to_owned), by: Vec::new() }
    }

    #[test]
    fn every_question_is_told_with_its_answer() {
        let steps = [step("somebody who is signed in", None), step("one of the roles `admin`", Some("none"))];
        let text = words(&Visitor::Nobody, Some("/admin/*"), &steps);
        assert_eq!(
            text,
            "nobody in particular: may not go there, by the route `/admin/*`\n  yes  somebody who is signed in\n  \
             no   one of the roles `admin`: none\n"
        );
        let json: serde_json::Value = serde_json::from_str(&line(&Visitor::Nobody, None, &steps)).unwrap();
        assert_eq!((json["allowed"].as_bool(), json["asked"].as_array().unwrap().len()), (Some(false), 2));
    }
}
