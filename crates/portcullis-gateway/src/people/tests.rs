use std::sync::Arc;
use std::time::Duration;

use portcullis::Policy;
use portcullis::keys::Keyring;
use portcullis::layers::caller::session::{Context, Cookie, Factors, Presented};
use portcullis_identity::sessions::Begin;
use portcullis_store::{NewUser, Standing, UserId};
use portcullis_tower::Identity;
use zeroize::Zeroizing;

use super::*;
use crate::Settings;
use crate::record::{DataDir, EventLog};
use crate::testing::folder;

const NOW: Duration = Duration::from_secs(1_800_000_000);

struct Ground {
    data: DataDir,
    keys: Keyring,
    log: EventLog,
}

fn ground(name: &str) -> Ground {
    let data = DataDir::open(&folder(name)).unwrap();
    let keys = Keyring::new([1; 32], Vec::new());
    let log = EventLog::open(&data.events(), &keys).unwrap();
    Ground { data, keys, log }
}

fn settings(policy: &str) -> Settings {
    let text = format!("upstream = \"http://127.0.0.1:5000\"\n{policy}");
    let (policy, written) = Policy::parse("p", &text).unwrap();
    Settings::from_policy(policy, &written, std::path::Path::new("/policy")).unwrap()
}

impl Ground {
    fn open(&self, policy: &str, before: Option<&Built>) -> Result<Option<Built>, PeopleError> {
        open(&settings(policy), before, &self.data, &self.keys, &self.log)
    }
}

fn context() -> Context {
    Context { agent: String::new(), network: "192.0.2.7".parse().unwrap(), secure: true }
}

/// Somebody signs in; what their browser then presents.
async fn signed_in(built: &Built) -> Presented {
    let user = UserId([1; 16]);
    let new = NewUser {
        id: user,
        email: "ann@notes.example".to_owned(),
        name: "Ann".to_owned(),
        password: None,
        standing: Standing::Active,
        roles: Vec::new(),
        lapses: None,
    };
    built.stores.people.add(new, NOW).await.unwrap().unwrap();
    let (presented, context) = (Presented::default(), context());
    let begin = Begin {
        user,
        factors: Factors::PASSWORD,
        remember: false,
        external: None,
        presented: &presented,
        context: &context,
        now: NOW,
    };
    let begun = built.door.sessions().begin_after_proof(begin).await.unwrap();
    let cookie = begun.cookies[0].to_str().unwrap();
    let value = cookie.strip_prefix(Cookie::Session.name(true)).unwrap().strip_prefix('=').unwrap();
    let id = value.split(';').next().unwrap().to_owned();
    Presented { session: Some(Zeroizing::new(id)), ..Presented::default() }
}

#[tokio::test]
async fn who_signed_in_stays_so_over_a_reload_and_a_restart() {
    let ground = ground("people-reload");
    let keepers = Keepers::new(ground.open("[identity]\n", None).unwrap());
    let presented = signed_in(&keepers.built().unwrap()).await;
    let knows = |keepers: Arc<Keepers>| {
        let presented = presented.clone();
        async move { keepers.find(&presented, &context(), NOW).await.visitor.person().is_some() }
    };
    assert!(knows(keepers.clone()).await);
    let before = keepers.built();
    let next = ground.open("[identity]\nname = \"Notes\"\n", before.as_deref()).unwrap();
    keepers.replace(next);
    assert!(Arc::ptr_eq(&before.unwrap().stores.people, &keepers.built().unwrap().stores.people));
    assert!(knows(keepers.clone()).await);
    let restarted = Keepers::new(ground.open("[identity]\n", None).unwrap());
    assert!(knows(restarted).await);
    keepers.replace(ground.open("", None).unwrap());
    let found = keepers.find(&presented, &context(), NOW).await;
    assert!(found.away && found.visitor.person().is_none(), "nobody is asked, and nobody is in");
}

#[test]
fn what_cannot_be_had_is_told_with_its_key() {
    let ground = ground("people-faults");
    let wrong =
        |policy: &str| ground.open(policy, None).err().map(|error| error.to_string()).unwrap_or_default();
    let store = wrong("[identity]\nstore = \"sqlite:/nowhere/at/all.db\"\n");
    assert!(store.contains("`identity.store`") && store.contains("/nowhere/at/all.db"), "{store}");
    let logo = wrong("[identity]\nlogo = \"logo.png\"\n");
    assert!(logo.contains("`/policy/logo.png`") && logo.contains("identity.logo"), "{logo}");
    let pepper = wrong("[identity.password]\npepper_files = [\"pepper\"]\n");
    assert!(pepper.contains("`/policy/pepper`"), "{pepper}");
    let file = folder("people-damaged").join("people.db");
    std::fs::write(&file, "this is no database, however long it is written to be").unwrap();
    let damaged = wrong(&format!("[identity]\nstore = \"sqlite:{}\"\n", file.display()));
    assert!(damaged.contains("cannot be read"), "{damaged}");
}
