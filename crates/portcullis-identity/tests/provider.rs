//! The relying party beside the certified `oidc-provider`, started by `node` as `tests/setup/node.sh` installs it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::{Request, Response, header};
use portcullis::keys::Keyring;
use portcullis_identity::Ground;
use portcullis_identity::oidc::{
    Began, CallbackError, Fetch, HttpFetch, NotRenewed, Registration, Relying, signed_out_at,
};
use portcullis_store::sqlite::Sqlite;
use url::Url;
use zeroize::Zeroizing;

const CALLBACK: &str = "https://notes.example/.portcullis/oidc/idp/callback";
const SIGNED_OUT: &str = "https://notes.example/.portcullis/sign-out";
const BOUND: &[u8] = b"cookie of the browser";

struct Provider {
    child: Child,
    issuer: String,
    folder: PathBuf,
}

impl Provider {
    fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let home = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser");
        assert!(home.join("node_modules/oidc-provider").exists(), "run `tests/setup/node.sh` first");
        let mut child = Command::new("node")
            .args(["provider.mjs", &port.to_string(), CALLBACK, SIGNED_OUT])
            .current_dir(home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "ready"), "the provider does not start");
        // It goes on telling, and must not find the pipe closed.
        std::thread::spawn(move || lines.for_each(drop));
        let folder = std::env::temp_dir().join(format!("portcullis-provider-{port}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { child, issuer: format!("http://localhost:{port}"), folder }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// As much of a browser as the provider's pages need.
struct Browser {
    fetch: Arc<HttpFetch>,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    async fn ask(&mut self, method: &str, url: &Url, body: &str) -> Response<Bytes> {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(header::COOKIE, cookies.join("; "))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        let response = self.fetch.fetch(request).await.unwrap();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        response
    }

    /// Follows redirects until one leaves the provider, signing in as `who` on the way; gives where that leads to.
    async fn follow(&mut self, start: &str, who: &str) -> Url {
        let mut url: Url = start.parse().unwrap();
        let home = url.origin();
        for _ in 0..10 {
            let mut response = self.ask("GET", &url, "").await;
            if response.status() == 200 {
                response = self.ask("POST", &url, &format!("login={who}")).await;
            }
            let location = response.headers()[header::LOCATION].to_str().unwrap();
            url = url.join(location).unwrap();
            if url.origin() != home {
                return url;
            }
        }
        panic!("the provider sends the browser in circles: {url}");
    }
}

fn client() -> Arc<HttpFetch> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Arc::new(HttpFetch::new(tls, true))
}

fn query(url: &Url) -> Vec<(String, String)> {
    url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn people_come_back_from_a_certified_provider_and_from_no_forged_answer_of_it() {
    let provider = Provider::start();
    let store = Sqlite::open(&provider.folder.join("portcullis.db")).unwrap();
    let keys = Keyring::new([1; 32], Vec::new());
    let ground = Ground { people: &store, sessions: &store, keys: &keys };
    let registration = |secret: &str| Registration {
        name: "idp".to_owned(),
        issuer: provider.issuer.clone(),
        client_id: "notes".to_owned(),
        client_secret: Some(Zeroizing::new(secret.to_owned())),
        scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
        keep_tokens: true,
    };
    let relying = Relying::new(registration("a secret / with + signs"), client());
    let began = Began { redirect_uri: CALLBACK, bound: BOUND, return_to: "/notes", ..Began::default() };
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let mut browser = Browser { fetch: client(), cookies: BTreeMap::new() };

    let url = relying.begin(ground, &began, now()).await.unwrap();
    let back = browser.follow(&url, "anna").await;
    assert!(back.as_str().starts_with(CALLBACK));
    let vouched = relying.complete(ground, &query(&back), CALLBACK, BOUND, now()).await.unwrap();
    assert_eq!((vouched.issuer.as_str(), vouched.subject.as_str()), (provider.issuer.as_str(), "anna"));
    assert_eq!((vouched.email.as_deref(), vouched.email_verified), (Some("anna@idp.example"), true));
    assert_eq!((vouched.name.as_deref(), vouched.return_to.as_str()), (Some("anna"), "/notes"));

    // The same answer once more, to us; its code once more, to the provider.
    let again = relying.complete(ground, &query(&back), CALLBACK, BOUND, now()).await;
    assert_eq!(again, Err(CallbackError::Over));
    let url = relying.begin(ground, &began, now()).await.unwrap();
    let next = browser.follow(&url, "anna").await;
    let old: String = query(&back).into_iter().find(|(name, _)| name == "code").unwrap().1;
    let replayed: Vec<_> = query(&next)
        .into_iter()
        .map(|(name, value)| if name == "code" { (name, old.clone()) } else { (name, value) })
        .collect();
    let refused = relying.complete(ground, &replayed, CALLBACK, BOUND, now()).await;
    assert!(matches!(refused, Err(CallbackError::Provider(_))), "{refused:?}");

    // Whoever must prove themselves again is asked again, though the provider knows them.
    let url = relying.begin(ground, &Began { again: true, ..began.clone() }, now()).await.unwrap();
    let asked = browser.ask("GET", &url.parse().unwrap(), "").await;
    assert!(asked.headers()[header::LOCATION].to_str().unwrap().contains("/interaction/"));
    let back = browser.follow(&url, "anna").await;
    assert!(relying.complete(ground, &query(&back), CALLBACK, BOUND, now()).await.unwrap().again);

    // The person says no.
    let url = relying.begin(ground, &Began { again: true, ..began.clone() }, now()).await.unwrap();
    let back = browser.follow(&url, "").await;
    let declined = relying.complete(ground, &query(&back), CALLBACK, BOUND, now()).await;
    assert_eq!(declined, Err(CallbackError::Declined("access_denied".to_owned())));

    // A gate that does not know the secret.
    let stranger = Relying::new(registration("wrong"), client());
    let url = stranger.begin(ground, &began, now()).await.unwrap();
    let back = browser.follow(&url, "anna").await;
    let refused = stranger.complete(ground, &query(&back), CALLBACK, BOUND, now()).await;
    assert!(matches!(refused, Err(CallbackError::Provider(_))), "{refused:?}");

    // Its tokens are renewed, each refresh token once: a second use is taken for theft, and ends them all.
    let renewed = relying.renew(&vouched.granted, now()).await.unwrap();
    let soon = now() + std::time::Duration::from_secs(1);
    assert!(renewed.access(soon).is_some() && renewed.access(soon) != vouched.granted.access(soon));
    let again = relying.renew(&renewed, now()).await.unwrap();
    assert_eq!(relying.renew(&renewed, now()).await, Err(NotRenewed::Dead));
    assert_eq!(relying.renew(&again, now()).await, Err(NotRenewed::Dead));

    // Out there as well: the provider knows by the hint whom it is about, and sends the browser back.
    let url = relying.begin(ground, &began, now()).await.unwrap();
    let back = browser.follow(&url, "anna").await;
    let vouched = relying.complete(ground, &query(&back), CALLBACK, BOUND, now()).await.unwrap();
    let hint = Some(vouched.granted.id_token());
    let out = relying.sign_out_url(ground, hint, SIGNED_OUT, BOUND, now()).await.unwrap().unwrap();
    let out: Url = out.parse().unwrap();
    let page = browser.ask("GET", &out, "").await;
    assert_eq!(page.status(), 200);
    let page = String::from_utf8(page.into_body().to_vec()).unwrap();
    let secret = page.split("name=\"xsrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let confirm = out.join("/session/end/confirm").unwrap();
    let back = browser.ask("POST", &confirm, &format!("xsrf={secret}&logout=yes")).await;
    let back: Url = back.headers()[header::LOCATION].to_str().unwrap().parse().unwrap();
    assert!(back.as_str().starts_with(SIGNED_OUT), "{back}");
    let state = query(&back).into_iter().find(|(name, _)| name == "state").unwrap().1;
    assert_eq!(signed_out_at(ground, &state, BOUND, now()).as_deref(), Some("idp"));
    let url = relying.begin(ground, &began, now()).await.unwrap();
    let asked = browser.ask("GET", &url.parse().unwrap(), "").await;
    let to = asked.headers()[header::LOCATION].to_str().unwrap();
    assert!(to.contains("/interaction/"), "whoever signed out there is asked again: {to}");
}
