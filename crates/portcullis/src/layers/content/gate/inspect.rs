//! One exchange under the rules, from its head to what is told of it.

use portcullis_seclang::{EngineMode, Start, Transaction};

use super::finding::{Finding, MOST};
use crate::exchange::Exchange;
use crate::layers::record::event::{Event, RuleLog};
use crate::verdict::Mode;

/// The rules at work on one exchange.
#[derive(Debug)]
pub(crate) struct Inspection {
    pub(super) transaction: Transaction,
    /// How many matches have been judged.
    pub(super) judged: usize,
    /// Whether phase 4 has run.
    pub(super) answered: bool,
}

impl Inspection {
    /// Begins; `None` where no rules are loaded.
    pub(super) fn begin(exchange: &Exchange) -> Option<Self> {
        let gate = &exchange.rules.gate;
        let loaded = gate.loaded.as_ref()?;
        let watches = gate.mode == Mode::Observe && loaded.set.settings().engine == EngineMode::On;
        let start = Start {
            unique_id: exchange.id.to_string(),
            now: exchange.moment.since_epoch,
            engine: watches.then_some(EngineMode::DetectionOnly),
            exclusions: loaded.exclusions.clone(),
            collections: Some(loaded.collections.clone()),
            ..Start::default()
        };
        let transaction = Transaction::new(loaded.set.clone(), start);
        Some(Self { transaction, judged: 0, answered: false })
    }
}

/// Phase 5, and what is to be told of the whole; the rules are done with this exchange.
pub(crate) fn finish(exchange: &mut Exchange) {
    let Some(mut inspection) = exchange.inspection.take() else { return };
    let transaction = &mut inspection.transaction;
    transaction.finish();
    let lines = transaction.log_lines();
    let audit = transaction.audit_record();
    if lines.is_empty() && audit.is_none() {
        return;
    }
    let redactor = &exchange.rules.event.redactor;
    let findings: Vec<Finding> = transaction
        .matches()
        .iter()
        .filter(|matched| matched.log)
        .take(MOST)
        .map(|matched| Finding::of(matched, redactor))
        .collect();
    let log = RuleLog { lines, audit };
    exchange.events.push(Event::rules(exchange, findings, log));
}
