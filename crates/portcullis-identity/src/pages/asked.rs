//! What was asked, read once.

use std::sync::Arc;

use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, Method, request};
use portcullis::layers::caller::session::{Person, Presented};
use portcullis::policy::identity::Language;
use portcullis_tower::people::Asked;
use zeroize::Zeroizing;

use super::words::{self, Words};
use crate::accounts::Visit;
use crate::passwords::Password;

/// The cookie with the language that was chosen. It is no secret and no help to anybody.
pub(super) const LANGUAGE: &str = "portcullis-language";

/// A request for a page, read.
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// Below `/.portcullis/`.
    pub(crate) page: String,
    pub(crate) query: Vec<(String, String)>,
    form: Vec<(String, Zeroizing<String>)>,
    /// What a script sent; empty where nothing of that kind was.
    pub(crate) json: bytes::Bytes,
    /// Whether a browser goes there, rather than a script (Fetch Metadata; who does not say counts as going).
    pub(crate) navigates: bool,
    pub(crate) person: Option<Arc<Person>>,
    pub(crate) presented: Presented,
    pub(crate) visit: Visit,
    pub(crate) words: &'static Words,
    /// A language that was chosen just now.
    pub(crate) chosen: Option<Language>,
}

impl Ask {
    pub(super) fn read(asked: Asked, languages: &[Language]) -> Self {
        let Asked { head, body, visitor, presented, context, origin, now, .. } = asked;
        let page = head.uri.path().strip_prefix("/.portcullis/").unwrap_or_default().to_owned();
        let query = pairs(head.uri.query().unwrap_or_default().as_bytes()).collect::<Vec<_>>();
        let chosen = find(&query, "lang").and_then(|tag| tagged(tag, languages));
        let language = chosen.unwrap_or_else(|| language_of(&head.headers, languages));
        let form = if is_kind(&head, b"application/x-www-form-urlencoded") {
            pairs(&body).map(|(name, value)| (name, Zeroizing::new(value))).collect()
        } else {
            Vec::new()
        };
        let json = if is_kind(&head, b"application/json") { body } else { bytes::Bytes::new() };
        let mode = head.headers.get("sec-fetch-mode");
        let navigates = mode.is_none_or(|mode| mode == "navigate");
        let device = presented.device.as_ref().map(|cookie| cookie.to_string());
        Self {
            method: head.method,
            page,
            query,
            form,
            json,
            navigates,
            person: visitor.person().cloned(),
            presented,
            visit: Visit { context, device, language, origin, now },
            words: words::of(language),
            chosen,
        }
    }

    pub(crate) fn is_post(&self) -> bool {
        self.method == Method::POST
    }

    /// A field of the form; empty where it was not sent.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// A password of the form; `None` where it is empty or too long to be one.
    pub(crate) fn password(&self, name: &str) -> Option<Arc<Password>> {
        let typed = self.field(name);
        if typed.is_empty() { None } else { Password::new(typed).map(Arc::new) }
    }

    /// A field of the form, or of the query: for what is carried from page to page.
    pub(crate) fn carried(&self, name: &str) -> &str {
        let posted = self.field(name);
        if posted.is_empty() { find(&self.query, name).unwrap_or_default() } else { posted }
    }

    /// This page in another language, without what was posted.
    pub(super) fn in_language(&self, language: Language) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for name in ["token", "return_to", "done"] {
            let value = self.carried(name);
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.append_pair("lang", language.tag());
        format!("/.portcullis/{}?{}", self.page, query.finish())
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = (String, String)> {
    // No page has more fields.
    url::form_urlencoded::parse(bytes).take(32).map(|(name, value)| (name.into_owned(), value.into_owned()))
}

fn is_kind(head: &request::Parts, wanted: &[u8]) -> bool {
    let kind = head.headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    essence.eq_ignore_ascii_case(wanted)
}

/// The language that was chosen before, or the best of those that the browser asks for (RFC 9110 section 12.5.4).
fn language_of(headers: &HeaderMap, languages: &[Language]) -> Language {
    let first = languages.first().copied().unwrap_or(Language::En);
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let chosen = cookies.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, tag) = pair.trim().split_once('=')?;
        let name = name.strip_prefix("__Host-").unwrap_or(name);
        (name == LANGUAGE).then(|| tagged(tag, languages)).flatten()
    });
    chosen.or_else(|| wanted(headers, languages)).unwrap_or(first)
}

fn wanted(headers: &HeaderMap, languages: &[Language]) -> Option<Language> {
    let mut best: Option<(u16, Language)> = None;
    let text = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    for item in text.split(',').take(32) {
        let (tag, weight) = item.split_once(";q=").map_or((item, 1000), |(tag, q)| (tag, thousandths(q)));
        let Some(language) = tagged(tag.trim(), languages) else { continue };
        if weight > 0 && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

fn thousandths(weight: &str) -> u16 {
    let number = weight.trim().parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0) * 1000.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a thousand")]
    let whole = number as u16;
    whole
}

/// The language of a tag, by its first part: `de-AT` is German enough.
fn tagged(tag: &str, languages: &[Language]) -> Option<Language> {
    let primary = tag.split('-').next().unwrap_or_default();
    languages.iter().copied().find(|language| language.tag().eq_ignore_ascii_case(primary))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(accept: &str, cookie: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, accept.parse().unwrap());
        headers.insert(COOKIE, cookie.parse().unwrap());
        language_of(&headers, &Language::ALL)
    }

    #[test]
    fn the_browser_says_which_language_until_somebody_chooses() {
        assert_eq!(language("de-AT,de;q=0.9,en;q=0.8", ""), Language::De);
        assert_eq!(language("fr, es;q=0.5, en;q=0.4", ""), Language::Es);
        assert_eq!(language("zh-Hans-CN", "a=b"), Language::Zh);
        assert_eq!(language("fr", ""), Language::En);
        assert_eq!(language("en;q=0, de;q=nonsense", ""), Language::En);
        assert_eq!(language("de", "a=b; portcullis-language=zh"), Language::Zh);
        assert_eq!(language("de", "__Host-portcullis-language=es"), Language::Es);
        assert_eq!(language("de", "portcullis-language=xx"), Language::De);
    }

    #[test]
    fn a_language_that_the_site_does_not_have_is_not_chosen() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, "en, de;q=0.5".parse().unwrap());
        assert_eq!(language_of(&headers, &[Language::Es, Language::De]), Language::De);
        assert_eq!(language_of(&HeaderMap::new(), &[Language::Es, Language::De]), Language::Es);
    }
}
