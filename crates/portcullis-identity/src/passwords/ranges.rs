//! Breached passwords by asking a service that never learns which: the range form of Have I Been Pwned.
//!
//! The service is told the first five hexadecimal digits of a password's SHA-1, which hundreds of thousands share, and
//! answers with all that go on so (k-anonymity). What goes on so is compared here. `Add-Padding` makes answers alike in
//! length, so that whoever watches the line learns no more; what was added has the count nought, and counts for nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use sha1::{Digest, Sha1};

use super::password::Password;
use crate::oidc::{Fetch, FetchFailure};

/// How long an answer may take: a person waits for it.
const PATIENCE: Duration = Duration::from_secs(3);

/// A service that knows breached passwords.
#[derive(Clone)]
pub struct Ranges {
    url: String,
    fetch: Arc<dyn Fetch>,
    patience: Duration,
}

impl Ranges {
    /// The service at this address, as in `https://api.pwnedpasswords.com/range/`; `fetch` bounds the answer's size.
    #[must_use]
    pub fn new(url: &str, fetch: Arc<dyn Fetch>) -> Self {
        Self { url: format!("{}/", url.trim_end_matches('/')), fetch, patience: PATIENCE }
    }

    /// Whether the service lists the password, in the form in which it was typed or in normal form.
    ///
    /// # Errors
    /// When it does not answer in time, or not in the form of a range: nothing is known then.
    pub async fn list(&self, password: &Password) -> Result<bool, FetchFailure> {
        let (typed, normal) = (digest(password.typed()), digest(password.normal()));
        if self.lists(&normal).await? {
            return Ok(true);
        }
        Ok(typed != normal && self.lists(&typed).await?)
    }

    async fn lists(&self, digest: &str) -> Result<bool, FetchFailure> {
        let (asked, rest) = digest.split_at_checked(5).unwrap_or((digest, ""));
        let url = format!("{}{asked}", self.url);
        let unusable = |what: &str| FetchFailure::Unusable { url: self.url.clone(), what: what.to_owned() };
        let request = Request::get(&url)
            .header("add-padding", "true")
            .header(header::ACCEPT, "text/plain")
            .body(Bytes::new())
            .map_err(|_| FetchFailure::Forbidden(self.url.clone()))?;
        let answer = match tokio::time::timeout(self.patience, self.fetch.fetch(request)).await {
            Ok(Ok(answer)) => answer,
            // Without the five digits: they are no help to whoever reads the log.
            Ok(Err(FetchFailure::Away { why, .. })) => {
                return Err(FetchFailure::Away { url: self.url.clone(), why });
            }
            Ok(Err(_)) => return Err(FetchFailure::Forbidden(self.url.clone())),
            Err(_) => {
                let why = format!("no answer in {} ms", self.patience.as_millis());
                return Err(FetchFailure::Away { url: self.url.clone(), why });
            }
        };
        if answer.status() != StatusCode::OK {
            return Err(unusable(&answer.status().as_u16().to_string()));
        }
        let text = std::str::from_utf8(answer.body()).map_err(|_| unusable("no text"))?;
        let mut listed = false;
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (suffix, count) = entry(line).ok_or_else(|| unusable("something else than a range"))?;
            listed |= count > 0 && suffix.eq_ignore_ascii_case(rest);
        }
        Ok(listed)
    }

    #[cfg(test)]
    pub(super) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

/// The 35 digits that go on, and how often the password was seen.
fn entry(line: &str) -> Option<(&str, u64)> {
    let (suffix, count) = line.trim_end().split_once(':')?;
    let fits = suffix.len() == 35 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((suffix, count.parse().ok()?)).filter(|_| fits)
}

/// 40 hexadecimal digits, as the service writes them.
fn digest(form: &str) -> String {
    Sha1::digest(form.as_bytes()).iter().map(|byte| format!("{byte:02X}")).collect()
}
