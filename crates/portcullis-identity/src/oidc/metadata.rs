//! What a provider says about itself (OpenID Connect Discovery 1.0).

use http::Uri;
use serde::Deserialize;

use super::fetch::{Fetch, FetchFailure, get, json};

/// As written, as far as it is read.
#[derive(Debug, Clone, Deserialize)]
struct Written {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What is needed of it, checked.
#[derive(Debug, Clone)]
pub(super) struct Metadata {
    pub(super) authorization: String,
    pub(super) token: String,
    pub(super) keys: String,
    pub(super) userinfo: Option<String>,
    pub(super) end_session: Option<String>,
    /// Whether the secret goes into the body because the provider does not take it in the head.
    pub(super) secret_in_body: bool,
    /// What ID tokens are signed by, in the provider's words.
    pub(super) algorithms: Vec<String>,
    /// Whether every answer names the issuer (RFC 9207).
    pub(super) names_issuer: bool,
}

/// Asks the provider. The document must be about the issuer that the policy names, to the letter (section 4.3).
pub(super) async fn discover(fetch: &dyn Fetch, issuer: &str) -> Result<Metadata, FetchFailure> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let written: Written = json(fetch, get(&url)?).await?;
    let unusable = |what: String| FetchFailure::Unusable { url: url.clone(), what };
    if written.issuer != issuer {
        return Err(unusable(format!("for the issuer `{}`", written.issuer.escape_debug())));
    }
    // Endpoints of a provider with HTTPS have it, too: no key comes over an open line.
    let plain = issuer.starts_with("http://");
    let endpoint = |url: String| {
        let uri: Option<Uri> = url.parse().ok();
        let scheme = uri.as_ref().and_then(Uri::scheme_str);
        let fits = scheme == Some("https") || (plain && scheme == Some("http"));
        let fits = fits && uri.as_ref().is_some_and(|uri| uri.host().is_some()) && !url.contains('#');
        if fits { Ok(url) } else { Err(unusable(format!("with the endpoint `{}`", url.escape_debug()))) }
    };
    let methods = written.token_endpoint_auth_methods_supported;
    let has =
        |method: &str| methods.as_ref().is_some_and(|methods| methods.iter().any(|known| known == method));
    Ok(Metadata {
        secret_in_body: !has("client_secret_basic") && has("client_secret_post"),
        authorization: endpoint(written.authorization_endpoint)?,
        token: endpoint(written.token_endpoint)?,
        keys: endpoint(written.jwks_uri)?,
        userinfo: written.userinfo_endpoint.map(endpoint).transpose()?,
        end_session: written.end_session_endpoint.map(endpoint).transpose()?,
        algorithms: written.id_token_signing_alg_values_supported.unwrap_or_else(|| vec!["RS256".to_owned()]),
        names_issuer: written.authorization_response_iss_parameter_supported,
    })
}

/// Adds parameters to an address that may have some.
pub(super) fn with_query(url: &str, parameters: &[(&str, &str)]) -> String {
    let mut whole = url.to_owned();
    for (number, (name, value)) in parameters.iter().enumerate() {
        whole.push(if number == 0 && !url.contains('?') { '?' } else { '&' });
        whole.push_str(&form(&[(name, value)]));
    }
    whole
}

/// `application/x-www-form-urlencoded`, written so that it is right in a query as well (RFC 3986 section 2.3).
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let encode = |text| utf8_percent_encode(text, KEPT);
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    fields.join("&")
}
