//! One HTTP exchange under the rules.
//!
//! The caller tells what arrives, in order, and asks for each phase once what it needs is there:
//!
//! 1. [`Transaction::new`], [`connection`](Transaction::connection),
//!    [`request_line`](Transaction::request_line), [`request_header`](Transaction::request_header)s, then
//!    [`request_head_done`](Transaction::request_head_done): phase 1
//! 2. if it [wants](Transaction::wants_request_body) the body, [its pieces](Transaction::request_body_chunk);
//!    then, always, [`request_body_done`](Transaction::request_body_done): phase 2
//! 3. [`response_line`](Transaction::response_line), [`response_header`](Transaction::response_header)s, then
//!    [`response_head_done`](Transaction::response_head_done): phase 3
//! 4. if it [wants](Transaction::wants_response_body) the body,
//!    [its pieces](Transaction::response_body_chunk); then, always,
//!    [`response_body_done`](Transaction::response_body_done): phase 4
//! 5. [`finish`](Transaction::finish): phase 5, after which matches, log lines and the audit record are whole
//!
//! A phase gives back an [`Intervention`] where a rule stops the exchange. The caller carries it out and goes on
//! with `finish`; later phases are then passed over.

mod body;
mod effects;
mod evaluate;
mod expand;
mod planned;
mod request;
mod response;
mod state;
mod targets;
mod tx;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::collections::Collections;
use crate::exclusions::Exclusions;
use crate::load::actions::Phase;
use crate::record::{Intervention, Match};
use crate::rules::RuleSet;
use crate::settings::EngineMode;

pub(crate) use state::State;

/// How rules are walked. Both find the same; the plain walk is what the planned one is tested against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Walk {
    /// Every rule in order, every value transformed anew.
    Plain,
    /// By the plan made when the set was loaded.
    #[default]
    Planned,
}

/// What a transaction begins with.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// `UNIQUE_ID`
    pub unique_id: String,
    /// The time since the epoch.
    pub now: Duration,
    /// How rules are walked.
    pub walk: Walk,
    /// Where persistent collections are kept; without, they begin empty and are forgotten.
    pub collections: Option<Arc<dyn Collections>>,
    /// In place of `SecRuleEngine`, for a site that only watches.
    pub engine: Option<EngineMode>,
    /// What this place leaves out of the set.
    pub exclusions: Option<Arc<Exclusions>>,
}

/// One HTTP exchange under the rules.
///
/// A clone goes its own way from there: what was begun once can be judged with several bodies. Only the one that is
/// finished changes persistent collections.
#[derive(Debug, Clone)]
pub struct Transaction {
    pub(crate) set: Arc<RuleSet>,
    pub(crate) state: State,
}

impl Transaction {
    /// A transaction that knows nothing yet.
    #[must_use]
    pub fn new(set: Arc<RuleSet>, start: Start) -> Self {
        let state = State::new(&set, start);
        Self { set, state }
    }

    /// The time since the epoch, as it goes on; `DURATION` and the times of log lines follow it.
    pub fn set_time(&mut self, now: Duration) {
        self.state.now = now;
    }

    /// Who connected, and to what.
    pub fn connection(&mut self, client: SocketAddr, server: SocketAddr) {
        self.state.connection(client, server);
    }

    /// The user that something else has authenticated, for `REMOTE_USER`.
    pub fn remote_user(&mut self, user: &[u8]) {
        self.state.remote_user(user);
    }

    /// The request line, in the bytes that were sent.
    pub fn request_line(&mut self, method: &[u8], target: &[u8], protocol: &[u8]) {
        self.state.request_line(&self.set, method, target, protocol);
    }

    /// One header of the request, name and value as sent; in order, doubled ones too.
    pub fn request_header(&mut self, name: &[u8], value: &[u8]) {
        self.state.request_header(&self.set, name, value);
    }

    /// Phase 1.
    pub fn request_head_done(&mut self) -> Option<Intervention> {
        self.run(Phase::RequestHeaders)
    }

    /// Whether the request body is to be given. To be asked after phase 1.
    #[must_use]
    pub fn wants_request_body(&self) -> bool {
        self.state.running() && self.state.switches.request_body_access
    }

    /// Whether rules will see anything of the body: it is wanted, and something reads it. To be asked after
    /// phase 1, which may still choose the processor.
    #[must_use]
    pub fn reads_request_body(&self) -> bool {
        let body = &self.state.body;
        self.wants_request_body() && (body.processor.is_some() || self.state.switches.force_request_body)
    }

    /// The body goes on beyond what was given; it is judged as far as it goes.
    pub fn request_body_cut(&mut self) {
        self.state.body.over_limit = true;
    }

    /// A piece of the request body. What passes the limit is either refused or passed over, as
    /// `SecRequestBodyLimitAction` says.
    pub fn request_body_chunk(&mut self, chunk: &[u8]) -> Option<Intervention> {
        if !self.wants_request_body() {
            return None;
        }
        self.state.request_body_chunk(&self.set, chunk)
    }

    /// Phase 2, whether or not there was a body.
    pub fn request_body_done(&mut self) -> Option<Intervention> {
        if self.state.running()
            && let Some(intervention) = self.state.request_body_complete(&self.set)
        {
            return Some(intervention);
        }
        self.run(Phase::RequestBody)
    }

    /// The status line of the response.
    pub fn response_line(&mut self, protocol: &[u8], status: u16, reason: &[u8]) {
        self.state.response_line(protocol, status, reason);
    }

    /// One header of the response.
    pub fn response_header(&mut self, name: &[u8], value: &[u8]) {
        self.state.response_header(&self.set, name, value);
    }

    /// Phase 3.
    pub fn response_head_done(&mut self) -> Option<Intervention> {
        self.run(Phase::ResponseHeaders)
    }

    /// Whether the response body is to be given: rules run, `SecResponseBodyAccess` is on, and the type of the
    /// body is one of `SecResponseBodyMimeType`. To be asked after phase 3.
    #[must_use]
    pub fn wants_response_body(&self) -> bool {
        self.state.running() && self.state.response_body_wanted(&self.set)
    }

    /// A piece of the response body, without content encoding.
    pub fn response_body_chunk(&mut self, chunk: &[u8]) -> Option<Intervention> {
        if !self.wants_response_body() {
            return None;
        }
        self.state.response_body_chunk(&self.set, chunk)
    }

    /// Phase 4.
    pub fn response_body_done(&mut self) -> Option<Intervention> {
        if self.state.running() {
            self.state.response_body_complete(&self.set);
        }
        self.run(Phase::ResponseBody)
    }

    /// Phase 5, and the changes to persistent collections. To be called once, whatever became of the exchange.
    pub fn finish(&mut self) {
        if self.state.finished {
            return;
        }
        self.state.finished = true;
        self.state.stopped = false;
        let _ = self.run(Phase::Logging);
        self.state.keep_collections(&self.set);
    }

    /// What matched so far and was to be logged or audited, in order.
    #[must_use]
    pub fn matches(&self) -> &[Match] {
        &self.state.matches
    }

    /// One line for each match that is to be logged, in order, in the form of ModSecurity v3.
    #[must_use]
    pub fn log_lines(&self) -> Vec<String> {
        let place = crate::log::Place {
            client: self.state.request.client.map(|client| client.ip().to_canonical().to_string()),
            hostname: self.text_of(self.state.request.host),
            uri: self.text_of(self.state.request.uri),
            unique_id: self.text_of(Some(self.state.unique_id)),
        };
        self.state.matches.iter().filter(|found| found.log).map(|found| place.line(found)).collect()
    }

    fn text_of(&self, id: Option<crate::strings::StrId>) -> &[u8] {
        id.map_or(&[], |id| self.state.text(&self.set, id))
    }

    /// What stopped the exchange, if something did.
    #[must_use]
    pub fn intervention(&self) -> Option<&Intervention> {
        self.state.intervention.as_ref()
    }

    /// The value of `TX:name`, in any case.
    #[must_use]
    pub fn tx(&self, name: &str) -> Option<Vec<u8>> {
        self.state.tx_text(&self.set, name.to_ascii_lowercase().as_bytes())
    }

    /// What a GraphQL body asks for in all, once it has been read.
    #[must_use]
    pub fn graphql(&self) -> &crate::bodies::GraphqlFacts {
        &self.state.body.graphql
    }

    /// The rule set.
    #[must_use]
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.set
    }

    fn run(&mut self, phase: Phase) -> Option<Intervention> {
        let set = Arc::clone(&self.set);
        self.state.run(&set, phase)
    }
}
