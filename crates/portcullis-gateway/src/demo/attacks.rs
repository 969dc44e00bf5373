//! The attacks. Each is judged by what it brought about, not by a status: did the money move, are the
//! secret's bytes in the answer, where does a browser end up, who may read the cookie.

use std::io;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Method, Request, header};

use super::browser::{Browser, FOREIGN, Page, refusal_id};
use super::door::Door;
use super::injection;
use super::outcome::Outcome;
use super::sample::{Sample, random_hex};

/// One attack.
pub(super) struct Attack {
    /// Its name in the table.
    pub(super) name: &'static str,
    /// What it shows, for the reader of the table.
    pub(super) shows: &'static str,
    /// Plays it at a door and judges what came of it.
    pub(super) play: for<'a> fn(&'a Stage<'a>) -> BoxFuture<'a, io::Result<Outcome>>,
}

/// Where an attack or an ordinary use takes place.
pub(super) struct Stage<'a> {
    /// The way to the app.
    pub(super) door: &'a Door,
    /// The app, to look behind the counter.
    pub(super) sample: &'a Sample,
}

/// All of them, in the order of the path.
pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "request smuggling (CL.TE)",
        shows: "one request by its Content-Length, two by its Transfer-Encoding: the second is hidden",
        play: |stage| Box::pin(smuggling(stage)),
    },
    Attack {
        name: "path traversal, encoded dots",
        shows: "`%2e%2e%2f` climbs out of the folder of public files",
        play: |stage| Box::pin(path_traversal(stage)),
    },
    Attack {
        name: "oversize header",
        shows: "a header of 200 KB is read into memory before anybody asks who sends it",
        play: |stage| Box::pin(oversize_header(stage)),
    },
    Attack {
        name: "JSON depth bomb",
        shows: "4,000 lists within lists keep a parser busy for nothing",
        play: |stage| Box::pin(json_bomb(stage)),
    },
    Attack {
        name: "spoofed X-Forwarded-For",
        shows: "a header that anybody can write opens a page for the office network",
        play: |stage| Box::pin(spoofed_address(stage)),
    },
    Attack {
        name: "Host header poisoning",
        shows: "the mail to reset a password links to the attacker's site",
        play: |stage| Box::pin(host_poisoning(stage)),
    },
    Attack {
        name: "plain HTTP",
        shows: "the page goes over the wire in clear",
        play: |stage| Box::pin(plain_http(stage)),
    },
    Attack {
        name: "CSRF transfer",
        shows: "a foreign page sends the transfer form with the victim's cookie",
        play: |stage| Box::pin(forged_transfer(stage)),
    },
    Attack {
        name: "login CSRF",
        shows: "a foreign page signs the victim in as the attacker",
        play: |stage| Box::pin(forged_sign_in(stage)),
    },
    Attack {
        name: "SQL injection, sign-in",
        shows: "`' OR 1=1 --` is a name, and the password does not matter",
        play: |stage| Box::pin(injection::sign_in(stage)),
    },
    Attack {
        name: "SQL injection, search",
        shows: "a `UNION` adds everybody's password to the list",
        play: |stage| Box::pin(injection::union(stage)),
    },
    Attack {
        name: "SQL injection, blind",
        shows: "whether the list is empty tells the letters of a password one by one",
        play: |stage| Box::pin(injection::blind(stage)),
    },
    Attack {
        name: "script in a link",
        shows: "a link to the search runs the attacker's script in the victim's page (XSS)",
        play: |stage| Box::pin(injection::reflected(stage)),
    },
    Attack {
        name: "script in the guest book",
        shows: "what one visitor writes runs in the browsers of all the others (XSS)",
        play: |stage| Box::pin(injection::stored(stage)),
    },
    Attack {
        name: "session cookie theft",
        shows: "scripts may read it, plain HTTP and foreign pages carry it",
        play: |stage| Box::pin(cookie_theft(stage)),
    },
    Attack {
        name: "clickjacking",
        shows: "a foreign page lays the account page invisibly under its own buttons",
        play: |stage| Box::pin(clickjacking(stage)),
    },
    Attack {
        name: "account page from cache",
        shows: "the next person at this computer presses the back button",
        play: |stage| Box::pin(cached_account(stage)),
    },
    Attack {
        name: "version banners",
        shows: "the server says which exploits to try",
        play: |stage| Box::pin(banners(stage)),
    },
    Attack {
        name: "stack trace leak",
        shows: "an error page shows the SQL, the source's paths and the stack",
        play: |stage| Box::pin(stack_trace(stage)),
    },
    Attack {
        name: "private key leak",
        shows: "a forgotten page for developers shows a private key and a cloud key",
        play: |stage| Box::pin(key_leak(stage)),
    },
    Attack {
        name: "open redirect",
        shows: "a link to the site ends at the attacker's",
        play: |stage| Box::pin(open_redirect(stage)),
    },
];

async fn smuggling(stage: &Stage<'_>) -> io::Result<Outcome> {
    let marker = format!("smuggled {}", random_hex()?);
    let host = &stage.door.authority;
    let form = format!("author=nobody&words={}", marker.replace(' ', "+"));
    let hidden = format!(
        "POST /guestbook HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let body = format!("0\r\n\r\n{hidden}");
    let message = format!(
        "POST /api/quote HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n{body}",
        body.len()
    );
    let answer = stage.door.send_raw(message.as_bytes()).await?;
    let hit = stage.sample.guestbook()?.contains(&marker);
    let mut outcome = Outcome::new("did the hidden request too");
    outcome.shot_raw(hit, &answer);
    Ok(outcome)
}

async fn path_traversal(stage: &Stage<'_>) -> io::Result<Outcome> {
    let mut outcome = Outcome::new("gave the secret file away");
    for path in [
        "/files/%2e%2e/secret/vault-code.txt",
        "/files/..%2fsecret%2fvault-code.txt",
        "/files/%2E%2E%2Fsecret%2Fvault-code.txt",
        "/files/.%2e/./secret//vault-code.txt",
    ] {
        let page = get(stage.door, path, &[]).await?;
        outcome.shot(page.text.contains(stage.sample.vault_code()), &page);
    }
    Ok(outcome)
}

async fn oversize_header(stage: &Stage<'_>) -> io::Result<Outcome> {
    let message = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nX-Padding: {}\r\n\r\n",
        stage.door.authority,
        "a".repeat(200 * 1024)
    );
    let answer = stage.door.send_raw(message.as_bytes()).await?;
    let hit = String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 200");
    let mut outcome = Outcome::new("read all of it");
    outcome.shot_raw(hit, &answer);
    Ok(outcome)
}

async fn json_bomb(stage: &Stage<'_>) -> io::Result<Outcome> {
    const LEVELS: usize = 4000;
    let bomb = format!("{}{}", "[".repeat(LEVELS), "]".repeat(LEVELS));
    let page = Browser::new(stage.door).fetch_json("/api/quote", bomb).await?;
    let mut outcome = Outcome::new("went down all 4,000 levels");
    outcome.shot(page.text.contains(&format!("\"levels\":{LEVELS}")), &page);
    Ok(outcome)
}

async fn spoofed_address(stage: &Stage<'_>) -> io::Result<Outcome> {
    let page = get(stage.door, "/staff", &[("x-forwarded-for", "10.0.0.7")]).await?;
    let mut outcome =
        Outcome::new("showed the staff's page").or_else("told the app the true address; it refused");
    outcome.shot(page.text.contains(stage.sample.staff_note()), &page);
    Ok(outcome)
}

async fn host_poisoning(stage: &Stage<'_>) -> io::Result<Outcome> {
    let mut outcome = Outcome::new("mailed a link to evil.example");
    for name in [header::HOST.as_str(), "x-forwarded-host"] {
        let before = stage.sample.last_mail("alice")?;
        let request = Request::builder()
            .method(Method::POST)
            .uri("/forgot")
            .header(name, "evil.example")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from_static(b"name=alice"))
            .map_err(io::Error::other)?;
        let page = Page::read(stage.door.send(request).await?);
        let after = stage.sample.last_mail("alice")?;
        let hit = after != before && after.is_some_and(|mail| mail.contains("//evil.example"));
        outcome.shot(hit, &page);
    }
    Ok(outcome)
}

async fn plain_http(stage: &Stage<'_>) -> io::Result<Outcome> {
    let request = Request::builder()
        .uri("/login")
        .header(header::HOST, format!("localhost:{}", stage.door.plain.port()))
        .body(Bytes::new())
        .map_err(io::Error::other)?;
    let page = Page::read(stage.door.send_in_clear(request).await?);
    let mut outcome = Outcome::new("served the sign-in page in clear");
    if let Some(target) = page.lands_at(stage.door)? {
        outcome = outcome.or_else(&format!("only said {} to {}", page.status.as_u16(), target.scheme()));
    }
    outcome.shot(page.text.contains("name=\"password\""), &page);
    Ok(outcome)
}

async fn forged_transfer(stage: &Stage<'_>) -> io::Result<Outcome> {
    let fields = [("to", "mallory"), ("amount", "100")];
    let mut victim = Browser::new(stage.door);
    victim.sign_in("alice", "lighthouse-7").await?;
    let mut outcome = Outcome::new("moved 100 € to mallory");
    let mut before = stage.sample.balance("mallory")?;
    let said = victim.submit_from_elsewhere("/transfer", &fields).await?;
    let mut after = stage.sample.balance("mallory")?;
    outcome.shot(after - before == 10_000, &said);
    before = after;
    let silent = victim.submit_without_a_word("/transfer", &fields).await?;
    after = stage.sample.balance("mallory")?;
    outcome.shot(after - before == 10_000, &silent);
    Ok(outcome)
}

async fn forged_sign_in(stage: &Stage<'_>) -> io::Result<Outcome> {
    let fields = [("name", "mallory"), ("password", "low-tide")];
    let mut victim = Browser::new(stage.door);
    let answer = victim.submit_from_elsewhere("/login", &fields).await?;
    let account = victim.open("/account").await?;
    let mut outcome = Outcome::new("the victim is now mallory");
    outcome.shot(account.text.contains("Welcome, mallory"), &answer);
    Ok(outcome)
}

async fn cookie_theft(stage: &Stage<'_>) -> io::Result<Outcome> {
    let mut victim = Browser::new(stage.door);
    let page = victim.sign_in("alice", "lighthouse-7").await?;
    let cookie = victim
        .cookies()
        .iter()
        .find(|cookie| cookie.name.ends_with("session"))
        .ok_or_else(|| io::Error::other("signing in brought no session cookie"))?;
    let mut outcome =
        Outcome::new("cookie without any attribute").or_else("cookie got Secure, HttpOnly and SameSite");
    outcome.shot(!cookie.http_only, &page);
    outcome.shot(!cookie.secure, &page);
    outcome.shot(!cookie.same_site, &page);
    Ok(outcome)
}

async fn clickjacking(stage: &Stage<'_>) -> io::Result<Outcome> {
    let page = account_page(stage).await?;
    let framed = page
        .header("x-frame-options")
        .is_some_and(|value| value.eq_ignore_ascii_case("deny") || value.eq_ignore_ascii_case("sameorigin"));
    let policies = page.headers.get_all(header::CONTENT_SECURITY_POLICY);
    let ancestors = policies
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("frame-ancestors 'none'") || value.contains("frame-ancestors 'self'"));
    let mut outcome = Outcome::new("any page may frame it").or_else("forbade foreign frames");
    outcome.shot(!framed && !ancestors, &page);
    Ok(outcome)
}

async fn cached_account(stage: &Stage<'_>) -> io::Result<Outcome> {
    let page = account_page(stage).await?;
    let mut outcome = Outcome::new("the balance stays in the cache").or_else("told caches not to keep it");
    outcome.shot(!page.header("cache-control").is_some_and(|value| value.contains("no-store")), &page);
    Ok(outcome)
}

async fn banners(stage: &Stage<'_>) -> io::Result<Outcome> {
    let page = get(stage.door, "/", &[]).await?;
    let mut outcome = Outcome::new("told its versions").or_else("took the banners off");
    for name in ["server", "x-powered-by"] {
        let told = page.header(name).is_some_and(|value| value.bytes().any(|b| b.is_ascii_digit()));
        outcome.shot(told, &page);
    }
    Ok(outcome)
}

async fn stack_trace(stage: &Stage<'_>) -> io::Result<Outcome> {
    let page = get(stage.door, "/report?id=x", &[]).await?;
    let mut outcome = Outcome::new("showed stack and SQL");
    outcome.shot(page.text.contains("stack backtrace:"), &page);
    outcome.shot(page.text.contains("no such column"), &page);
    Ok(outcome)
}

async fn key_leak(stage: &Stage<'_>) -> io::Result<Outcome> {
    let page = get(stage.door, "/debug/settings", &[]).await?;
    let mut outcome = Outcome::new("showed both keys");
    outcome.shot(page.text.contains(stage.sample.private_key_line()), &page);
    outcome.shot(page.text.contains(stage.sample.cloud_secret()), &page);
    Ok(outcome)
}

async fn open_redirect(stage: &Stage<'_>) -> io::Result<Outcome> {
    // Without slashes, a scheme other than the page's own begins a new address.
    let other = if stage.door.scheme == "https" { "http:evil.example" } else { "https:evil.example" };
    let mut outcome = Outcome::new("sent to evil.example");
    for next in [
        FOREIGN,
        "//evil.example",
        "////evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "//evil\u{3002}example",
        other,
    ] {
        let query: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let page = get(stage.door, &format!("/go?next={query}"), &[]).await?;
        let lands = page.lands_at(stage.door)?;
        let left = lands.is_some_and(|target| target.host_str() == Some("evil.example"));
        outcome.shot(left, &page);
    }
    Ok(outcome)
}

async fn account_page(stage: &Stage<'_>) -> io::Result<Page> {
    let mut victim = Browser::new(stage.door);
    victim.sign_in("alice", "lighthouse-7").await
}

/// A request as a tool sends it: no cookies, nothing that a browser would add.
pub(super) async fn get(door: &Door, path: &str, headers: &[(&str, &str)]) -> io::Result<Page> {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Bytes::new()).map_err(io::Error::other)?;
    Ok(Page::read(door.send(request).await?))
}

impl Outcome {
    /// A shot whose answer was not read as HTTP.
    fn shot_raw(&mut self, hit: bool, answer: &[u8]) {
        let text = String::from_utf8_lossy(answer);
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        self.count(hit, status, if hit { None } else { refusal_id(&text) });
    }
}
