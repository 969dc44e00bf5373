//! Answers of our pages.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY, REFRESH,
    RETRY_AFTER, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use portcullis::layers::caller::session::Notice;
use portcullis_tower::people::Answer;

/// Nothing runs, nothing loads but our style and the logo, forms go to us alone.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// The same for a page that knows passkeys: our script runs, and talks to us alone.
const POLICY_WITH_SCRIPT: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
                                  img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// An answer on its way.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    body: Bytes,
    headers: HeaderMap,
    pub(crate) notices: Vec<Notice>,
}

impl Page {
    /// A page of HTML. A template that fails, which none of ours does, is an error that says nothing.
    pub(crate) fn of(status: StatusCode, html: Result<String, askama::Error>) -> Self {
        let (status, html) = match html {
            Ok(html) => (status, html),
            Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
        };
        Self::new(status, Bytes::from(html), "text/html; charset=utf-8")
    }

    pub(crate) fn new(status: StatusCode, body: Bytes, kind: &'static str) -> Self {
        let fixed = [
            (CONTENT_TYPE, kind),
            (CACHE_CONTROL, "no-store"),
            (CONTENT_SECURITY_POLICY, POLICY),
            // A link with a token is told to nobody that its page leads to.
            (REFERRER_POLICY, "no-referrer"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
            (VARY, "accept-language, cookie"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ];
        let headers =
            fixed.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
        Self { status, body, headers, notices: Vec::new() }
    }

    /// The page has our script.
    pub(crate) fn with_script(mut self) -> Self {
        self.headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY_WITH_SCRIPT));
        self
    }

    /// The same for a script: it is told where to go on, instead of being sent there.
    pub(crate) fn told(mut self) -> Self {
        if let Some(to) = self.headers.remove(LOCATION).and_then(|to| to.to_str().map(str::to_owned).ok()) {
            self.status = StatusCode::OK;
            self.body = Bytes::from(serde_json::json!({ "to": to }).to_string());
            self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        self
    }

    /// What may be kept by the browser: the same for everybody.
    pub(crate) fn kept(mut self) -> Self {
        self.headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
        self.headers.remove(VARY);
        self
    }

    /// On to another page, by `GET`. `location` is a path of this site.
    pub(crate) fn see(location: &str) -> Self {
        let mut page = Self::new(StatusCode::SEE_OTHER, Bytes::new(), "text/plain; charset=utf-8");
        let value = HeaderValue::from_str(location).unwrap_or_else(|_| HeaderValue::from_static("/"));
        page.headers.insert(LOCATION, value);
        page
    }

    /// The page leads on to another site by itself. Not a redirect: what follows the form of a page is held to its
    /// `form-action` to the end (Content Security Policy level 3 section 6.4.2), and leads to us alone.
    pub(crate) fn leads_to(mut self, url: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(&format!("0;url={url}")) {
            self.headers.insert(REFRESH, value);
        }
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// When to come again, in whole seconds.
    pub(crate) fn retry_after(mut self, wait: std::time::Duration) -> Self {
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
        self.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        self
    }

    pub(crate) fn cookies(mut self, cookies: impl IntoIterator<Item = HeaderValue>) -> Self {
        for cookie in cookies {
            self.headers.append(SET_COOKIE, cookie);
        }
        self
    }

    pub(crate) fn notice(mut self, notice: Notice) -> Self {
        self.notices.push(notice);
        self
    }

    /// Takes out of the browser what it keeps of this site's pages, so that nobody sees them by going back.
    pub(crate) fn forget_pages(mut self) -> Self {
        let name = HeaderName::from_static("clear-site-data");
        self.headers
            .insert(name, HeaderValue::from_static("\"cache\", \"prefetchCache\", \"prerenderCache\""));
        self
    }

    #[cfg(test)]
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn finish(self) -> Answer {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        Answer { response, notices: self.notices }
    }
}
