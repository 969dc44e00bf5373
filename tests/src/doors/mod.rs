//! The doors, as the runner uses them: a case in, an outcome out.

pub mod engine;
pub mod gateway;
pub mod tower;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis::keys::Keyring;
use portcullis::{Engine, Listener, Moment, Peer, Policy, TlsFacts};

use crate::case::{Case, Connection};

/// An engine with the case's policy.
///
/// # Panics
/// When the policy does not hold: a case must not pass by not being run.
#[must_use]
#[expect(clippy::panic, reason = "a broken case must fail the suite and name itself")]
pub fn engine_for(case: &Case) -> Engine {
    let policy = match Policy::parse("policy of the case", &case.policy) {
        Ok((policy, _)) => policy,
        Err(error) => panic!("{}: {error}", case.name),
    };
    Engine::new(policy, Keyring::new([7; 32], Vec::new()))
}

/// Who connects in a case, for doors without a socket.
#[must_use]
pub fn peer_for(case: &Case) -> Peer {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000));
    let server_name = Some(case.server_name.clone());
    let secure = TlsFacts { version: "TLSv1.3", server_name, client_certificate: false };
    match case.connection {
        Connection::Https => Peer { address, listener: Listener::Https, tls: Some(secure) },
        Connection::DangerousPlain => Peer { address, listener: Listener::DangerousPlain, tls: None },
        Connection::Redirect => {
            Peer { address, listener: Listener::Redirect { https_port: 8443 }, tls: None }
        }
    }
}

/// The time now and fixed randomness.
#[must_use]
pub fn moment() -> Moment {
    Moment { since_epoch: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(), entropy: [3; 32] }
}

/// The app's answer in a case.
///
/// # Panics
/// When the case's answer is no HTTP response.
#[must_use]
#[expect(clippy::panic, reason = "a broken case must fail the suite and name itself")]
pub fn app_response(case: &Case) -> http::Response<bytes::Bytes> {
    let mut response = http::Response::builder().status(case.app.status);
    for (name, value) in &case.app.headers {
        response = response.header(name, value);
    }
    match response.body(bytes::Bytes::from(case.app.body.clone().into_bytes())) {
        Ok(response) => response,
        Err(error) => panic!("{}: the app's answer: {error}", case.name),
    }
}
