//! What answers tell of the allowance: draft-ietf-httpapi-ratelimit-headers-10, and `Retry-After` (RFC 9110
//! section 10.2.3).

use std::sync::Arc;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Allowance, Limit, Reason};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// On an answer that passes: of the limits that the operator wrote, unless the app tells of its own.
pub(crate) fn announce(headers: &mut HeaderMap, allowances: &[(Arc<Limit>, Allowance)]) {
    if headers.contains_key(LIMIT) || headers.contains_key(POLICY) {
        return;
    }
    tell(headers, allowances.iter().filter(|(limit, _)| limit.written));
}

/// On a refusal by this layer: of every limit.
pub(crate) fn announce_refusal(
    headers: &mut HeaderMap,
    reason: &Reason,
    allowances: &[(Arc<Limit>, Allowance)],
) {
    if let Some(wait) = reason.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds(wait).max(1)));
    }
    tell(headers, allowances.iter());
}

fn tell<'a>(headers: &mut HeaderMap, allowances: impl Iterator<Item = &'a (Arc<Limit>, Allowance)>) {
    let (mut left, mut policies) = (Vec::new(), Vec::new());
    for (limit, allowance) in allowances {
        let (name, quota) = (&limit.name, &limit.quota);
        left.push(format!("\"{name}\";r={};t={}", allowance.remaining, seconds(allowance.reset)));
        let window = seconds(Duration::from_micros(quota.window)).max(1);
        policies.push(format!("\"{name}\";q={};w={window}", quota.requests));
    }
    if left.is_empty() {
        return;
    }
    for (name, list) in [(LIMIT, left), (POLICY, policies)] {
        if let Ok(value) = HeaderValue::from_str(&list.join(", ")) {
            headers.insert(name, value);
        }
    }
}

/// Whole seconds, upwards: who comes back a moment early is refused again.
fn seconds(span: Duration) -> u64 {
    span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0))
}
