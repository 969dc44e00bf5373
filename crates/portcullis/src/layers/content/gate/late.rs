//! Phase 2 again, over the fields of a multipart body that come behind the window.

use std::sync::{Arc, Mutex, PoisonError};

use portcullis_seclang::{Disruption, Transaction};

use super::Reason;
use super::decide::{matched, reason_of};
use crate::body::late::Judge;
use crate::policy::Rules;

/// What rules would have refused behind the window, were they not told to watch only.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed(Arc<Mutex<Vec<Reason>>>);

impl Observed {
    /// What there is, once.
    pub(crate) fn take(&self) -> Vec<Reason> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, reason: Reason) {
        let mut observed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A body of any length makes one observation for the log, not thousands.
        if observed.is_empty() {
            observed.push(reason);
        }
    }
}

/// The exchange as it stood when its head had been judged.
pub(super) struct Late {
    pub(super) transaction: Transaction,
    pub(super) rules: Arc<Rules>,
    pub(super) observed: Observed,
}

impl Judge for Late {
    fn judge(&mut self, body: &[u8]) -> Result<(), crate::Reason> {
        let mut transaction = self.transaction.clone();
        let before = transaction.matches().len();
        let stopped = transaction.request_body_chunk(body).or_else(|| transaction.request_body_done());
        let matches = transaction.matches();
        if let Some(intervention) = stopped {
            return Err(reason_of(&self.rules, matches, &intervention).into());
        }
        let would = matches.iter().skip(before).rposition(|one| one.disruptive == Disruption::WouldStop);
        if let Some(at) = would {
            let at = at.saturating_add(before);
            self.observed.put(matched(&self.rules, matches, at, http::StatusCode::FORBIDDEN, None));
        }
        Ok(())
    }
}
