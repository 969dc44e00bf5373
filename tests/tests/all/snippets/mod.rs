//! The programs of `docs/identity.md`, run as they stand there, behind a gate and around it.

mod apps;
mod tokens;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body as AxumBody;
use portcullis::keys::Keyring;
use portcullis::layers::caller::session::{By, Context, Factors, Found, Person, Presented, Visitor};
use portcullis::{Engine, Event, Listener, Moment, Peer, Policy};
use portcullis_tower::people::{Answer, Asked, Boxed, Identity};
use portcullis_tower::{Body, GateLayer};
use tower::{Layer, ServiceExt};

use tokens::Tokens;

/// The first block of a language in the document.
fn block(language: &str, after: &str) -> String {
    let document = include_str!("../../../../docs/identity.md");
    let (_, rest) = document.split_once(after).unwrap();
    let (_, block) = rest.split_once(&format!("```{language}\n")).unwrap();
    block.split("```").next().unwrap().to_owned()
}

mod inside {
    include!("inside.rs");

    pub(super) fn documented() -> Router {
        app()
    }
}

mod behind {
    include!("behind.rs");

    /// Says who calls.
    pub(super) fn app(keys: JwkSet) -> axum::Router {
        let home = async |person: Option<super::Extension<Person>>| match person {
            Some(super::Extension(person)) => {
                format!("{} {} {}", person.sub, person.email, person.roles.join(","))
            }
            None => "nobody".to_owned(),
        };
        let who = axum::middleware::from_fn_with_state(Arc::new(keys), who);
        axum::Router::new().route("/", axum::routing::get(home)).layer(who)
    }
}

#[test]
fn the_programs_in_rust_are_those_of_the_document() {
    assert_eq!(block("rust,ignore", "### axum"), include_str!("inside.rs"));
    assert_eq!(block("rust,ignore", "in another process"), include_str!("behind.rs"));
}

#[tokio::test]
async fn the_documented_flask_app_knows_who_calls_and_believes_no_forgery() {
    let program = |site: &apps::Site| {
        let app = format!(
            "{}\n@app.get('/')\ndef home():\n    return g.user['sub'] if g.user else 'nobody'\n\napp.run(port={})\n",
            site.at_the_gate(&block("python", "### Flask")),
            site.port
        );
        site.python(&[("app.py", &app)])
    };
    apps::try_out("flask", program).await;
}

#[tokio::test]
async fn the_documented_django_app_knows_who_calls_and_believes_no_forgery() {
    let program = |site: &apps::Site| {
        let who = site.at_the_gate(&block("python", "### Django"));
        let app = format!(
            "import django\nfrom django.conf import settings\n\
             settings.configure(SECRET_KEY='of a test', ALLOWED_HOSTS=['*'], ROOT_URLCONF=__name__,\n    \
             MIDDLEWARE=['notes.who.Portcullis'])\n\
             django.setup()\nfrom django.core.management import call_command\nfrom django.http import HttpResponse\n\
             from django.urls import path\n\
             urlpatterns = [path('', lambda r: HttpResponse(r.person['sub'] if r.person else 'nobody'))]\n\
             if __name__ == '__main__':\n    call_command('runserver', '127.0.0.1:{}', '--noreload')\n",
            site.port
        );
        site.python(&[("app.py", &app), ("notes/__init__.py", ""), ("notes/who.py", &who)])
    };
    apps::try_out("django", program).await;
}

#[tokio::test]
async fn the_documented_express_app_knows_who_calls_and_believes_no_forgery() {
    let program = |site: &apps::Site| {
        let app = format!(
            "{}\napp.get(\"/\", (request, response) => response.send(request.user ? request.user.sub : \"nobody\"));\n\
             app.listen({}, \"127.0.0.1\");\n",
            site.at_the_gate(&block("js", "### Express")),
            site.port
        );
        site.node(&app)
    };
    apps::try_out("express", program).await;
}

#[tokio::test]
async fn the_documented_axum_middleware_knows_who_calls_and_believes_no_forgery() {
    let program = |site: &apps::Site| {
        let (port, gate) = (site.port, site.gate());
        apps::Program::Task(tokio::spawn(async move {
            let keys = portcullis_tests::live::ask(gate, "GET", "/.portcullis/jwks.json", "").await.unwrap();
            // The client of these tests leaves the lengths of chunks where they stand.
            let (from, to) = (keys.body.find('{').unwrap(), keys.body.rfind('}').unwrap());
            let app = behind::app(serde_json::from_str(keys.body.get(from..=to).unwrap()).unwrap());
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
            axum::serve(listener, app).await.unwrap();
        }))
    };
    apps::try_out("axum", program).await;
}

/// Knows whoever presents `old`, `editor` or `admin` as a session.
struct Known;

impl Identity for Known {
    fn find<'a>(&'a self, presented: &'a Presented, _: &'a Context, now: Duration) -> Boxed<'a, Found> {
        let session = presented.session.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        let role = if session == "admin" { "admin" } else { "editor" };
        let proved = if session == "old" { now - Duration::from_secs(301) } else { now };
        let person = Person {
            id: tokens::ANN.to_owned(),
            email: "ann@notes.example".to_owned(),
            name: "Ann".to_owned(),
            roles: vec![role.to_owned()],
            proved: Some(proved),
            factors: Factors::PASSWORD,
            by: By::Session { key: [1; 32] },
        };
        Box::pin(async move { Found { visitor: Visitor::Person(Arc::new(person)), ..Found::default() } })
    }

    fn answer<'a>(&'a self, _: Asked) -> Boxed<'a, Answer> {
        Box::pin(async { http::Response::new(bytes::Bytes::new()).into() })
    }
}

#[tokio::test]
async fn the_documented_extractors_let_in_whom_they_say() {
    let (policy, _) = Policy::parse("p", "[identity]\n[access]\nallow = \"public\"\n").unwrap();
    let engine = Arc::new(Engine::new(policy, Keyring::new([1; 32], Vec::new())));
    let gate = GateLayer::new(engine, Arc::new(|_: Event| {})).with_identity(Arc::new(Known));
    // The gate's own body in, that of axum behind it.
    let app = tower::service_fn(|request: http::Request<Body>| async move {
        let answer = inside::documented().oneshot(request.map(AxumBody::new)).await;
        Ok::<_, Infallible>(answer.unwrap())
    });
    let gate = gate.layer(app);
    for (path, session, expected) in [
        ("/", "", 200),
        ("/mine", "", 401),
        ("/mine", "editor", 200),
        ("/remove", "old", 401),
        ("/remove", "editor", 200),
        ("/panel", "", 401),
        ("/panel", "editor", 403),
        ("/panel", "admin", 200),
    ] {
        let peer = Peer {
            address: "127.0.0.1:4711".parse().unwrap(),
            listener: Listener::DangerousPlain,
            tls: None,
        };
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let cookie = if session.is_empty() { String::new() } else { format!("portcullis-session={session}") };
        let mut request =
            http::Request::get(path).header("host", "localhost").header("x-portcullis-user", "forged");
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        let mut request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(Moment { since_epoch, entropy: [7; 32] });
        let answer = gate.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), expected, "{path} as `{session}`");
    }
}
