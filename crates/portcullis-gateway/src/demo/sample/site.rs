//! What the sample answers: its routes, and the flaws that are not in the books, the files or the
//! server.

use std::backtrace::Backtrace;
use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use percent_encoding::percent_decode_str;

use super::ledger::Ledger;
use super::vault::{Vault, random_hex};
use super::{multipart, pages};

/// The bank.
pub(super) struct Site {
    pub(super) ledger: Ledger,
    pub(super) vault: Vault,
    /// What only the staff should read.
    pub(super) staff_note: String,
}

/// What a page could not be made of; shown to everybody.
type Trouble = Box<dyn std::error::Error>;

impl Site {
    /// One request, one response.
    pub(super) fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let mut response = self.route(&request).unwrap_or_else(|trouble| trace(&*trouble));
        // FLAW: tells attackers which exploits to try (CWE-497), and sets no security header at all.
        let headers = response.headers_mut();
        headers.insert(header::SERVER, HeaderValue::from_static("Harbour/1.2.7 (Debian)"));
        headers.insert("x-powered-by", HeaderValue::from_static("QuayScript/4.0.1"));
        response
    }

    fn route(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, Trouble> {
        let path = request.uri().path();
        let query = Fields::of(request.uri().query().unwrap_or_default().as_bytes());
        let form = Fields::of(request.body());
        let headers = request.headers();
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        match (method.as_str(), path) {
            ("GET", "/") => Ok(html(pages::home())),
            ("GET", "/search") => {
                let words = query.text("q");
                Ok(html(pages::search(&words, &self.ledger.search(&words)?)))
            }
            ("GET", "/login") => Ok(html(pages::login(""))),
            ("POST", "/login") => self.login(&form),
            ("POST", "/logout") => self.logout(headers),
            ("GET", "/account") => self.account(headers),
            ("POST", "/transfer") => self.transfer(headers, &form),
            ("GET", "/guestbook") => Ok(html(pages::guestbook(&self.ledger.guestbook()?))),
            ("POST", "/guestbook") => {
                self.ledger.sign_guestbook(&form.text("author"), &form.text("words"))?;
                see("/guestbook")
            }
            ("GET", "/forgot") => Ok(html(pages::forgot(""))),
            ("POST", "/forgot") => self.forgot(headers, &form),
            ("GET", "/go") => go(&query.text("next")),
            ("GET", "/report") => {
                let found = self.ledger.report(&query.text("id"))?;
                Ok(html(pages::search("report", &found)))
            }
            ("GET", "/staff") => self.staff(headers),
            ("GET", "/debug/settings") => Ok(text(self.settings())),
            ("GET", "/files") => Ok(html(pages::files(&self.vault.names()?))),
            ("POST", "/files") => self.upload(headers, request.body()),
            ("GET", "/static/harbour.css") => Ok(with_type("text/css", pages::STYLE)),
            ("POST", "/api/quote") => quote(request.body()),
            ("GET", _) => match path.strip_prefix("/files/") {
                Some(name) => self.download(name),
                None => Ok(missing()),
            },
            _ => Ok(missing()),
        }
    }

    /// FLAW: the cookie has no attribute: scripts read it, plain HTTP carries it (CWE-614, CWE-1004).
    fn login(&self, form: &Fields<'_>) -> Result<Response<Bytes>, Trouble> {
        let Some(name) = self.ledger.sign_in(&form.text("name"), &form.text("password"))? else {
            return Ok(html(pages::login("That name and password do not go together.")));
        };
        let token = random_hex()?;
        self.ledger.begin_session(&token, &name)?;
        let mut response = see("/account")?;
        let cookie = HeaderValue::from_str(&format!("session={token}; Path=/"))?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        Ok(response)
    }

    fn logout(&self, headers: &HeaderMap) -> Result<Response<Bytes>, Trouble> {
        if let Some(token) = session(headers) {
            self.ledger.end_session(&token)?;
        }
        let mut response = see("/")?;
        let cookie = HeaderValue::from_static("session=; Path=/; Max-Age=0");
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        Ok(response)
    }

    fn signed_in(&self, headers: &HeaderMap) -> Result<Option<String>, Trouble> {
        match session(headers) {
            Some(token) => Ok(self.ledger.whose_session(&token)?),
            None => Ok(None),
        }
    }

    fn account(&self, headers: &HeaderMap) -> Result<Response<Bytes>, Trouble> {
        match self.signed_in(headers)? {
            Some(name) => Ok(html(pages::account(&name, self.ledger.balance(&name)?))),
            None => see("/login"),
        }
    }

    /// FLAW: the cookie alone is the consent (CSRF, CWE-352).
    fn transfer(&self, headers: &HeaderMap, form: &Fields<'_>) -> Result<Response<Bytes>, Trouble> {
        let Some(from) = self.signed_in(headers)? else { return see("/login") };
        let cents = form.text("amount").parse::<i64>().ok().and_then(|euros| euros.checked_mul(100));
        let moved = match cents {
            Some(cents) if cents > 0 => self.ledger.transfer(&from, &form.text("to"), cents)?,
            _ => false,
        };
        if moved {
            return see("/account");
        }
        let mut response = html(pages::page("That did not work", "<p>Nothing was transferred.</p>"));
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        Ok(response)
    }

    /// FLAW: the link that resets a password points wherever the request said that we are (CWE-640).
    fn forgot(&self, headers: &HeaderMap, form: &Fields<'_>) -> Result<Response<Bytes>, Trouble> {
        let here = header(headers, "x-forwarded-host").or(header(headers, "host")).unwrap_or_default();
        let scheme = header(headers, "x-forwarded-proto").unwrap_or("http");
        let link = format!("{scheme}://{here}/reset?token={}", random_hex()?);
        self.ledger.mail(&form.text("name"), &link)?;
        Ok(html(pages::forgot("If we know you, a mail is on its way.")))
    }

    /// FLAW: believes the left-most address, which anybody can write (CWE-348).
    fn staff(&self, headers: &HeaderMap) -> Result<Response<Bytes>, Trouble> {
        let address = header(headers, "x-forwarded-for").unwrap_or("127.0.0.1");
        let address = address.split(',').next().unwrap_or_default().trim();
        if address.starts_with("10.") {
            return Ok(html(pages::page("Staff only", &format!("<p>{}</p>", self.staff_note))));
        }
        let refused = format!("<p>This page is for the office; you are at {}.</p>", pages::escaped(address));
        let mut response = html(pages::page("Staff only", &refused));
        *response.status_mut() = StatusCode::FORBIDDEN;
        Ok(response)
    }

    /// FLAW: a page for developers that nobody took out (CWE-489, CWE-522).
    fn settings(&self) -> String {
        let (id, secret) = &self.vault.cloud_key;
        format!(
            "[bank]\nname = Harbour\n\n[backup]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n\n\
             [tls]\n{}",
            self.vault.private_key
        )
    }

    /// FLAW: decodes `%2e%2e%2f` after the server routed by it (CWE-22); see [`Vault::read`].
    fn download(&self, name: &str) -> Result<Response<Bytes>, Trouble> {
        let name = percent_decode_str(name).decode_utf8_lossy();
        let Some(bytes) = self.vault.read(&name) else { return Ok(missing()) };
        let kind = match name.rsplit('.').next() {
            Some("txt") => "text/plain; charset=utf-8",
            Some("html") => "text/html; charset=utf-8",
            _ => "application/octet-stream",
        };
        Ok(with_type(kind, bytes))
    }

    fn upload(&self, headers: &HeaderMap, body: &[u8]) -> Result<Response<Bytes>, Trouble> {
        let kind = header(headers, "content-type").unwrap_or_default();
        let file = multipart::first_file(kind, body).ok_or("there is no file in this form")?;
        self.vault.keep(file.name, file.bytes)?;
        see("/files")
    }
}

/// FLAW: goes wherever it is sent (open redirect, CWE-601).
fn go(next: &str) -> Result<Response<Bytes>, Trouble> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_bytes(next.as_bytes())?);
    Ok(response)
}

/// FLAW: starts over at the beginning for every level it goes down (CWE-407), to any depth (CWE-674).
fn quote(body: &[u8]) -> Result<Response<Bytes>, Trouble> {
    let mut levels = 0_usize;
    while opens_at_least(body, levels + 1) {
        levels += 1;
    }
    let amount = String::from_utf8_lossy(body);
    let amount = amount.split_once("\"amount\":").map_or("", |(_, rest)| rest);
    let amount: u64 = amount
        .trim()
        .chars()
        .map_while(|c| c.to_digit(10))
        .take(9)
        .fold(0, |sum, digit| sum.saturating_mul(10).saturating_add(digit.into()));
    let answer = format!("{{\"levels\":{levels},\"interest\":{}}}", amount.saturating_mul(24) / 1000);
    Ok(with_type("application/json", answer))
}

fn opens_at_least(body: &[u8], levels: usize) -> bool {
    let mut open = 0_usize;
    body.iter().any(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open >= levels
    })
}

/// FLAW: shows the visitor what is meant for the developer (CWE-209).
fn trace(trouble: &dyn std::error::Error) -> Response<Bytes> {
    let report = format!(
        "thread 'harbour-worker' panicked at {}:{}:{}:\ncalled `Result::unwrap()` on an `Err` value: \
         {trouble:?}\nSQL error: {trouble}\nstack backtrace:\n{}",
        file!(),
        line!(),
        column!(),
        Backtrace::force_capture()
    );
    let mut response =
        html(pages::page("Something broke", &format!("<pre>{}</pre>", pages::escaped(&report))));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

fn missing() -> Response<Bytes> {
    let mut response = html(pages::page("Not found", "<p>No such quay in this harbour.</p>"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn see(path: &'static str) -> Result<Response<Bytes>, Trouble> {
    Ok(Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, path).body(Bytes::new())?)
}

fn html(page: String) -> Response<Bytes> {
    with_type("text/html; charset=utf-8", page)
}

fn text(words: String) -> Response<Bytes> {
    with_type("text/plain; charset=utf-8", words)
}

fn with_type(kind: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn session(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix("session="))
        .map(str::to_owned)
}

/// `a=1&b=2`, decoded.
struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Fields<'a> {
    fn of(encoded: &'a [u8]) -> Self {
        Self(url::form_urlencoded::parse(encoded).collect())
    }

    fn text(&self, name: &str) -> String {
        self.0.iter().find(|(key, _)| key == name).map_or_else(String::new, |(_, value)| value.to_string())
    }
}
