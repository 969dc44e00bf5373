use std::sync::Arc;
use axum::{extract::{Request, State}, http::StatusCode, middleware::Next, response::Response};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};

#[derive(Clone, serde::Deserialize)]
struct Person { sub: String, email: String, roles: Vec<String> }

/// `Router::layer(axum::middleware::from_fn_with_state(keys, who))`; handlers take `Option<Extension<Person>>`.
async fn who(State(keys): State<Arc<JwkSet>>, mut request: Request, next: Next) -> Result<Response, StatusCode> {
    if let Some(token) = request.headers().get("x-portcullis-token") {
        let person = token.to_str().ok().and_then(|token| verified(&keys, token)).ok_or(StatusCode::UNAUTHORIZED)?;
        request.extensions_mut().insert(person);
    }
    Ok(next.run(request).await)
}

fn verified(keys: &JwkSet, token: &str) -> Option<Person> {
    let key = keys.find(&decode_header(token).ok()?.kid?)?;
    let mut wanted = Validation::new(Algorithm::EdDSA);
    wanted.set_audience(&["app"]);
    wanted.leeway = 5; // seconds; a minute by default, as long again as the token holds
    decode(token, &DecodingKey::from_jwk(key).ok()?, &wanted).ok().map(|token| token.claims)
}
