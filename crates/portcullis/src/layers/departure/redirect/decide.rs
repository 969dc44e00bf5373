//! The decision about a response head.

use http::header::{HeaderName, LOCATION, REFRESH};
use http::{HeaderMap, HeaderValue, StatusCode, response};
use url::Url;

use super::{Destination, Foreign, Reason, guard};
use crate::exchange::Exchange;
use crate::layers::arrival::transport::Scheme;
use crate::origin::Origin;
use crate::verdict::Verdict;

/// What is to be done with a redirect that may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Onward {
    /// Nothing.
    AsWritten,
    /// It names our own host over plain HTTP: this is the same place over HTTPS.
    Upgrade(HeaderValue),
}

/// Judges `Location` and `Refresh`.
pub(crate) fn judge(head: &response::Parts, exchange: &Exchange) -> Verdict<Onward, Reason> {
    match judge_head(head, exchange) {
        Ok(onward) => Verdict::Pass(onward),
        Err(reason) => Verdict::Deny(reason),
    }
}

/// Writes what was decided into the head.
pub(crate) fn apply(onward: Onward, headers: &mut HeaderMap) {
    match onward {
        Onward::AsWritten => {}
        Onward::Upgrade(location) => {
            headers.insert(LOCATION, location);
        }
    }
}

fn judge_head(head: &response::Parts, exchange: &Exchange) -> Result<Onward, Reason> {
    let followed = is_followed(head.status) && head.headers.contains_key(LOCATION);
    if !followed && !head.headers.contains_key(REFRESH) {
        return Ok(Onward::AsWritten);
    }
    let Some(base) = base(exchange) else { return Ok(Onward::AsWritten) };
    for refresh in head.headers.get_all(REFRESH) {
        if let Some(target) = refresh_target(&text(refresh)) {
            judge_target(&REFRESH, &target, &base, exchange)?;
        }
    }
    if !followed {
        return Ok(Onward::AsWritten);
    }
    let mut locations = head.headers.get_all(LOCATION).iter();
    let Some(location) = locations.next() else { return Ok(Onward::AsWritten) };
    if let Some(second) = locations.find(|other| *other != location) {
        return Err(Reason::RepeatedLocation { second: second.as_bytes().to_vec() });
    }
    let target = text(location);
    Ok(match judge_target(&LOCATION, &target, &base, exchange)? {
        Destination::Ours(url) => upgrade(&url, &target, exchange).unwrap_or(Onward::AsWritten),
        Destination::Partner(_)
        | Destination::Foreign(_)
        | Destination::Dangerous { .. }
        | Destination::Nowhere => Onward::AsWritten,
    })
}

fn judge_target(
    header: &HeaderName,
    target: &str,
    base: &Url,
    exchange: &Exchange,
) -> Result<Destination, Reason> {
    let config = &exchange.rules.redirect;
    let destination = guard(base, target, &config.partners);
    let evidence = || (header.clone(), target.as_bytes().to_vec());
    match &destination {
        Destination::Ours(_) | Destination::Partner(_) | Destination::Nowhere => Ok(destination),
        Destination::Dangerous { scheme } => {
            let (header, target) = evidence();
            Err(Reason::DangerousScheme { header, scheme: scheme.clone(), target })
        }
        Destination::Foreign(there) => {
            let origin = Origin::of(there).map(|origin| origin.to_string());
            let place = origin.unwrap_or_else(|| format!("{}:", there.scheme()));
            match config.foreign {
                Foreign::DangerousAnywhere => Ok(destination),
                Foreign::Never => {
                    let (header, target) = evidence();
                    Err(Reason::Foreign { header, place, target })
                }
                Foreign::FromRequest => match exchange.told.names(&exchange.request.target, base, there) {
                    Some(told) => {
                        let (header, target) = evidence();
                        Err(Reason::FromRequest { header, place, target, told: told.into_bytes() })
                    }
                    None => Ok(destination),
                },
            }
        }
    }
}

/// The statuses whose `Location` browsers follow (Fetch, "redirect status").
fn is_followed(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The URL that relative targets are resolved against. Where the host could not be read, and that was
/// only observed, no host is ours.
fn base(exchange: &Exchange) -> Option<Url> {
    let ours = Origin::ours(exchange.scheme, &exchange.site);
    let base = Url::parse(&ours.to_string()).or_else(|_| Url::parse("https://unknown.invalid")).ok()?;
    Some(base.join(&exchange.path).ok().filter(|url| url.origin() == base.origin()).unwrap_or(base))
}

/// The same place over HTTPS: a redirect in the open lets anybody on the network answer it. A default
/// port becomes the one that the visitor came to.
fn upgrade(url: &Url, target: &str, exchange: &Exchange) -> Option<Onward> {
    if exchange.scheme != Scheme::Https || url.scheme() != "http" {
        return None;
    }
    let ours = exchange.site.port.unwrap_or(443);
    if url.port().is_some_and(|port| port != ours) {
        return None;
    }
    let mut better = url.clone();
    better.set_scheme("https").ok()?;
    better.set_port((ours != 443).then_some(ours)).ok()?;
    // What was plainly written keeps its bytes behind the host.
    let rest = target
        .trim_start()
        .get(7..)
        .filter(|_| target.trim_start().to_ascii_lowercase().starts_with("http://"));
    let kept = rest.and_then(|rest| {
        let path = rest.split_at_checked(rest.find(['/', '?', '#'])?)?.1;
        let origin = better.origin().ascii_serialization();
        Some(format!("{origin}{path}"))
    });
    let kept = kept.filter(|kept| Url::parse(kept).is_ok_and(|kept| kept == better));
    HeaderValue::from_str(&kept.unwrap_or_else(|| better.to_string())).ok().map(Onward::Upgrade)
}

/// The bytes as text; those that are not UTF-8 as ISO 8859-1, so that none is lost.
fn text(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value.as_bytes().iter().copied().map(char::from).collect(),
    }
}

/// The URL of `Refresh: 0; url='…'` (HTML standard, "shared declarative refresh steps"), read widely: what
/// some browser could follow counts.
fn refresh_target(value: &str) -> Option<String> {
    let rest = value.trim_start().trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start();
    let rest = rest.trim_start_matches([';', ',']).trim_start();
    let after_name = rest
        .get(..3)
        .filter(|name| name.eq_ignore_ascii_case("url"))
        .and_then(|_| rest.get(3..)?.trim_start().strip_prefix('='))
        .map(str::trim_start);
    let target = after_name.unwrap_or(rest);
    let target = match target.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let inner = target.trim_start_matches(quote);
            inner.split(quote).next().unwrap_or(inner)
        }
        _ => target,
    };
    (!target.is_empty()).then(|| target.to_owned())
}
