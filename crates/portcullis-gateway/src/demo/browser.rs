//! A browser, as far as the demo needs one: cookies, forms with what the page put into them, and the
//! headers by which a browser says where a request comes from.

use std::io;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header, request};

use super::door::Door;

/// The site of the attacker, in the reserved top-level domain `.example` (RFC 2606).
pub(super) const FOREIGN: &str = "https://evil.example";

/// Somebody's browser at one door.
pub(super) struct Browser<'d> {
    door: &'d Door,
    cookies: Vec<Cookie>,
}

/// A cookie with the attributes that decide who gets it (RFC 6265bis section 5.7).
#[derive(Debug, Clone)]
pub(super) struct Cookie {
    pub(super) name: String,
    value: String,
    /// Out of reach for scripts.
    pub(super) http_only: bool,
    /// Never sent in clear.
    pub(super) secure: bool,
    /// Not sent with what other sites cause.
    pub(super) same_site: bool,
}

/// What came back.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) headers: http::HeaderMap,
    pub(super) text: String,
}

/// How the browser came to send a request.
#[derive(Clone, Copy)]
enum From {
    /// From a page of the site.
    Here,
    /// From a page of another site.
    Elsewhere,
}

impl<'d> Browser<'d> {
    pub(super) fn new(door: &'d Door) -> Self {
        Self { door, cookies: Vec::new() }
    }

    pub(super) fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Follows a link on a page of the site.
    pub(super) async fn open(&mut self, path: &str) -> io::Result<Page> {
        let request = self.from(From::Here, Method::GET, path, "navigate").body(Bytes::new());
        self.send(request).await
    }

    /// Fills in and sends the form of `page` that goes to `action`: the fields given, and those that the
    /// page hid in it. Follows the redirect that answers.
    pub(super) async fn submit(
        &mut self,
        page: &Page,
        action: &str,
        fields: &[(&str, &str)],
    ) -> io::Result<Page> {
        let hidden = page.hidden_fields(action)?;
        let hidden = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let encoded = encoded(hidden.chain(fields.iter().copied()));
        let request = self
            .from(From::Here, Method::POST, action, "navigate")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(encoded));
        let answer = self.send(request).await?;
        self.follow(answer).await
    }

    /// The same with a file.
    pub(super) async fn upload(&mut self, page: &Page, action: &str, file: (&str, &str)) -> io::Result<Page> {
        const BOUNDARY: &str = "----harbour-form-7f3a";
        let mut body = String::new();
        for (name, value) in page.hidden_fields(action)? {
            body.push_str(&format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        let (name, content) = file;
        body.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: text/plain\r\n\r\n{content}\r\n--{BOUNDARY}--\r\n"
        ));
        let request = self
            .from(From::Here, Method::POST, action, "navigate")
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
            .body(Bytes::from(body));
        let answer = self.send(request).await?;
        self.follow(answer).await
    }

    /// A script of the site's own page sends JSON.
    pub(super) async fn fetch_json(&mut self, path: &str, json: String) -> io::Result<Page> {
        let request = self
            .from(From::Here, Method::POST, path, "cors")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(json));
        self.send(request).await
    }

    /// A page of another site sends a form here by itself. The cookies go along, as from a browser that
    /// does not take `SameSite=Lax` for granted: what is shown must not hang on the newest browser.
    pub(super) async fn submit_from_elsewhere(
        &mut self,
        action: &str,
        fields: &[(&str, &str)],
    ) -> io::Result<Page> {
        let encoded = encoded(fields.iter().copied());
        let request = self
            .from(From::Elsewhere, Method::POST, action, "navigate")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(encoded));
        self.send(request).await
    }

    /// The same from a browser so old that it does not say where the form stood.
    pub(super) async fn submit_without_a_word(
        &mut self,
        action: &str,
        fields: &[(&str, &str)],
    ) -> io::Result<Page> {
        let encoded = encoded(fields.iter().copied());
        let request = self
            .with_cookies(Request::builder().method(Method::POST).uri(action))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(encoded));
        self.send(request).await
    }

    /// Signs in by the form.
    pub(super) async fn sign_in(&mut self, name: &str, password: &str) -> io::Result<Page> {
        let form = self.open("/login").await?;
        self.submit(&form, "/login", &[("name", name), ("password", password)]).await
    }

    /// Goes where a redirect points, once, if that is within the site.
    pub(super) async fn follow(&mut self, answer: Page) -> io::Result<Page> {
        if !answer.status.is_redirection() {
            return Ok(answer);
        }
        match answer.lands_at(self.door)? {
            Some(target) if target.origin().ascii_serialization() == self.door.origin() => {
                self.open(target.path()).await
            }
            _ => Ok(answer),
        }
    }

    /// What Chromium, Firefox and Safari of 2023 and later say of a request.
    fn from(&self, from: From, method: Method, path: &str, mode: &str) -> request::Builder {
        let (site, origin) = match from {
            From::Here => ("same-origin", self.door.origin()),
            From::Elsewhere => ("cross-site", FOREIGN.to_owned()),
        };
        let destination = if mode == "navigate" { "document" } else { "empty" };
        let mut request = Request::builder()
            .uri(path)
            .header(header::USER_AGENT, "Mozilla/5.0 (demo)")
            .header(header::ACCEPT, "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8")
            .header(header::REFERER, format!("{origin}/"))
            .header("sec-fetch-site", site)
            .header("sec-fetch-mode", mode)
            .header("sec-fetch-dest", destination);
        if method != Method::GET {
            request = request.header(header::ORIGIN, origin);
        }
        self.with_cookies(request.method(method))
    }

    fn with_cookies(&self, request: request::Builder) -> request::Builder {
        if self.cookies.is_empty() {
            return request;
        }
        let pairs: Vec<String> = self.cookies.iter().map(|c| format!("{}={}", c.name, c.value)).collect();
        request.header(header::COOKIE, pairs.join("; "))
    }

    async fn send(&mut self, request: http::Result<Request<Bytes>>) -> io::Result<Page> {
        let response = self.door.send(request.map_err(io::Error::other)?).await?;
        for line in response.headers().get_all(header::SET_COOKIE) {
            if let Some(cookie) = line.to_str().ok().and_then(Cookie::read) {
                self.cookies.retain(|known| known.name != cookie.name);
                if !cookie.value.is_empty() {
                    self.cookies.push(cookie);
                }
            }
        }
        Ok(Page::read(response))
    }
}

impl Cookie {
    fn read(line: &str) -> Option<Self> {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = Self {
            name: name.to_owned(),
            value: value.to_owned(),
            http_only: false,
            secure: false,
            same_site: false,
        };
        for attribute in parts {
            let attribute = attribute.to_ascii_lowercase();
            match attribute.as_str() {
                "httponly" => cookie.http_only = true,
                "secure" => cookie.secure = true,
                "samesite=lax" | "samesite=strict" => cookie.same_site = true,
                _ => {}
            }
        }
        Some(cookie)
    }
}

impl Page {
    pub(super) fn read(response: Response<Bytes>) -> Self {
        let (head, body) = response.into_parts();
        Self { status: head.status, headers: head.headers, text: String::from_utf8_lossy(&body).into_owned() }
    }

    /// A header that came once.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where a browser ends up that follows the `Location` (WHATWG URL, RFC 9110 section 10.2.2).
    pub(super) fn lands_at(&self, door: &Door) -> io::Result<Option<url::Url>> {
        let Some(location) = self.headers.get(header::LOCATION) else { return Ok(None) };
        let base = url::Url::parse(&door.origin()).map_err(io::Error::other)?;
        let location = String::from_utf8_lossy(location.as_bytes());
        // The `url` crate does not skip slashes after the second, as the standard's state "special
        // authority ignore slashes" and every browser do.
        let slashes = location.chars().take_while(|c| matches!(c, '/' | '\\')).count();
        let location = match location.get(slashes..) {
            Some(rest) if slashes > 2 => format!("//{rest}").into(),
            _ => location,
        };
        base.join(&location)
            .map(Some)
            .map_err(|error| io::Error::other(format!("`{location}` leads nowhere: {error}")))
    }

    /// The fields that the page hid in its form to `action`, the gate's token among them.
    fn hidden_fields(&self, action: &str) -> io::Result<Vec<(String, String)>> {
        let wanted = format!("action=\"{action}\"");
        let form = self
            .text
            .split("<form")
            .skip(1)
            .filter_map(|rest| rest.split("</form").next())
            .find(|form| form.contains(&wanted) && form.contains("method=\"post\""))
            .ok_or_else(|| io::Error::other(format!("the page has no form to `{action}`")))?;
        Ok(form
            .split("<input")
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
            .filter(|input| attribute(input, "type") == Some("hidden"))
            .filter_map(|input| {
                Some((attribute(input, "name")?.to_owned(), attribute(input, "value")?.to_owned()))
            })
            .collect())
    }

    /// The id of our refusal, if this is one: see [`portcullis::ExchangeId`].
    pub(super) fn refusal_id(&self) -> Option<&str> {
        if !self.status.is_client_error() && !self.status.is_server_error() {
            return None;
        }
        refusal_id(&self.text)
    }
}

/// The first word of a text that is shaped like an exchange id: 16 digits of Crockford's base 32.
pub(super) fn refusal_id(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| {
        word.len() == 16
            && word.bytes().any(|byte| byte.is_ascii_digit())
            && word.bytes().all(|b| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&b))
    })
}

fn encoded<'f>(fields: impl Iterator<Item = (&'f str, &'f str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split('"').next()
}
