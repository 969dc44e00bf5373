//! The policy, built into the program, and the engine made from it.

use std::fmt;
use std::sync::Arc;

use portcullis::keys::Keyring;
use portcullis::{Engine, Policy, PolicyError};

const POLICY: &str = include_str!("../portcullis.toml");

/// Why the app does not start.
#[derive(Debug)]
pub enum StartError {
    /// The policy has faults, each with its place.
    Policy(PolicyError),
    /// The system has no randomness.
    Randomness(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(error) => write!(out, "the policy has faults: {error}"),
            Self::Randomness(error) => write!(out, "the system has no randomness: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// The engine with this app's policy.
///
/// # Errors
/// When the policy has faults.
pub fn engine(keys: Keyring) -> Result<Arc<Engine>, StartError> {
    let (policy, _) = Policy::parse("portcullis.toml", POLICY).map_err(StartError::Policy)?;
    Ok(Arc::new(Engine::new(policy, keys)))
}
