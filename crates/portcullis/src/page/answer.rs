//! One answer in the three forms.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};
use sha2::{Digest, Sha256};

use super::form::Form;
use super::taste::Taste;
use super::words::Words;

const STYLE: &str = include_str!("style.css");

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    words: &'a Words,
    form: Option<Form<'a>>,
    id: &'a str,
    status: String,
    style: &'static str,
}

/// The answer, complete but for what the connection needs.
pub(super) fn with(
    taste: Taste,
    status: StatusCode,
    words: &Words,
    id: &str,
    form: Option<Form<'_>>,
) -> Response<Bytes> {
    let offers_form = form.is_some();
    let written = match taste {
        Taste::Page => page(status, words, id, form).map(|page| (page, "text/html; charset=utf-8")),
        Taste::Problem => Some((problem(status, words, id), "application/problem+json")),
        Taste::Text => None,
    };
    let (body, kind) = written.unwrap_or_else(|| (text(status, words, id), "text/plain; charset=utf-8"));
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // A page that names its own site by `http:` is of another origin than the redirect to HTTPS, and the
    // browser would stop there (Fetch, section 3.6).
    let resource_policy = if status.is_redirection() { "cross-origin" } else { "same-origin" };
    let fixed = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), resource_policy),
        (HeaderName::from_static("origin-agent-cluster"), "?1"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&content_policy(taste, offers_form)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Nothing may run or load; the one style is named by its hash.
fn content_policy(taste: Taste, offers_form: bool) -> String {
    let style = match taste {
        Taste::Page => format!(" style-src 'sha256-{}';", STANDARD.encode(Sha256::digest(STYLE))),
        Taste::Problem | Taste::Text => String::new(),
    };
    // Browsers ask for the site's icon by themselves, and would complain of it.
    let forms = if offers_form { "'self'" } else { "'none'" };
    format!(
        "default-src 'none';{style} img-src 'self'; base-uri 'none'; form-action {forms}; frame-ancestors 'none'"
    )
}

fn page(status: StatusCode, words: &Words, id: &str, form: Option<Form<'_>>) -> Option<String> {
    Page { words, form, id, status: status_line(status), style: STYLE }.render().ok()
}

fn problem(status: StatusCode, words: &Words, id: &str) -> String {
    let mut problem = serde_json::json!({
        "type": "about:blank",
        "title": words.title,
        "status": status.as_u16(),
        "detail": words.happened,
    });
    if let Some(members) = problem.as_object_mut()
        && !id.is_empty()
    {
        members.insert("instance".to_owned(), format!("urn:portcullis:{id}").into());
        members.insert("id".to_owned(), id.into());
    }
    format!("{problem}\n")
}

fn text(status: StatusCode, words: &Words, id: &str) -> String {
    let reference = if id.is_empty() { String::new() } else { format!("Reference: {id}\n") };
    format!("{}\n\n{}\n{}\n{reference}", status_line(status), words.title, words.happened)
}

fn status_line(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(name) => format!("{} {name}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}
