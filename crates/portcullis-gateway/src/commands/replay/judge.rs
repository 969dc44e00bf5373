//! One recorded request through the engine, of which only the rules are on.

use std::ops::ControlFlow;
use std::time::Duration;

use portcullis::body::Progress;
use portcullis::keys::Keyring;
use portcullis::layers::caller::Lent;
use portcullis::layers::content::gate;
use portcullis::verdict::Grounds;
use portcullis::{Engine, Layer, Listener, Moment, Peer, Policy, Reason, Refusal};

use super::read::Recorded;

/// Why a request would be refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// The rules that it rests on; none where a limit does it.
    pub(super) rules: Vec<Rule>,
    /// `gate.sql_injection` and the like.
    pub(super) code: &'static str,
    /// In a sentence.
    pub(super) sentence: String,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) id: u64,
    pub(super) message: String,
    /// Where, as in `ARGS:q`.
    pub(super) variable: String,
    /// What it judged, printable.
    pub(super) value: String,
}

/// An engine to ask.
pub(super) struct Judge {
    engine: Engine,
    peer: Peer,
}

impl Judge {
    /// An engine with that policy, whose rules are loaded.
    pub(super) fn new(policy: Policy) -> Self {
        let peer = Peer {
            address: std::net::SocketAddr::from(([127, 0, 0, 1], 40_000)),
            listener: Listener::DangerousPlain,
            tls: None,
        };
        // Nothing is signed or sealed here that anybody will see.
        Self { engine: Engine::new(policy, Keyring::new([0; 32], Vec::new())), peer }
    }

    /// What the rules say; nothing where they let it through.
    pub(super) fn judge(&self, recorded: &Recorded) -> Option<Refused> {
        match self.run(recorded) {
            ControlFlow::Continue(()) => None,
            ControlFlow::Break(refusal) => Some(refused(&refusal)),
        }
    }

    fn run(&self, recorded: &Recorded) -> ControlFlow<Box<Refusal>> {
        let moment = Moment { since_epoch: Duration::from_secs(1_800_000_000), entropy: [0; 32] };
        let (head, body) = recorded.request.clone().into_parts();
        let received = self.engine.receive(head, None, &self.peer, moment)?;
        let identified = self.engine.identify(received, Lent::default())?;
        let mut inspector = identified.inspector();
        let mut whole = Some(body);
        while inspector.wants_body() {
            match whole.take() {
                Some(body) => {
                    if inspector.push(body) == Progress::Enough {
                        break;
                    }
                }
                None => inspector.end(),
            }
        }
        let _ = self.engine.admit(identified, &mut inspector)?;
        ControlFlow::Continue(())
    }
}

fn refused(refusal: &Refusal) -> Refused {
    let rules = match &refusal.reason {
        Reason::Gate(gate::Reason::Match(matched)) => {
            let found = |finding: &gate::Finding| Rule {
                id: finding.id,
                message: finding.message.clone(),
                variable: finding.variable.clone(),
                value: finding.value.clone(),
            };
            let mut rules: Vec<Rule> = matched.findings.iter().map(found).collect();
            if rules.is_empty() {
                let (variable, value) = (String::new(), String::new());
                rules.push(Rule { id: matched.rule, message: matched.message.clone(), variable, value });
            }
            rules
        }
        _ => Vec::new(),
    };
    Refused { rules, code: refusal.reason.code(), sentence: refusal.reason.sentence() }
}

/// The policy with every layer off but the rules, and with `rules` in place of its own if there are any.
///
/// # Errors
/// A policy that is no TOML.
pub(super) fn rules_alone(text: &str, rules: &[String]) -> Result<String, String> {
    let mut policy: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let routes = policy.get_mut("route").and_then(toml::Value::as_array_mut).into_iter().flatten();
    for route in routes.filter_map(toml::Value::as_table_mut) {
        switch_off(route);
    }
    switch_off(&mut policy);
    set(&mut policy, "gate", "mode", "enforce".into());
    if !rules.is_empty() {
        set(&mut policy, "gate", "rules", rules.to_vec().into());
    }
    toml::to_string(&policy).map_err(|error| error.to_string())
}

fn switch_off(layers: &mut toml::Table) {
    for layer in Layer::ALL {
        // The body is read by the limits, and events are no layer that refuses.
        if !matches!(layer, Layer::Gate | Layer::Event) {
            set(layers, layer.name(), "mode", "off".into());
        }
    }
}

fn set(layers: &mut toml::Table, name: &str, key: &str, value: toml::Value) {
    let mut layer = match layers.remove(name) {
        Some(toml::Value::Table(layer)) => layer,
        _ => toml::Table::new(),
    };
    layer.insert(key.to_owned(), value);
    layers.insert(name.to_owned(), layer.into());
}
