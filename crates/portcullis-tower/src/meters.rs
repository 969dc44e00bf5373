//! What the door counts, by the `metrics` facade: whoever installs a recorder sees it, nobody else pays.

use std::time::Instant;

use metrics::{Counter, Histogram, counter, histogram};
use portcullis::layers::record::event::Outcome;
use portcullis::verdict::Grounds;
use portcullis::{Event, Reason};

/// Looked up once, not for each request.
pub(crate) struct Meters {
    head: Histogram,
    body: Histogram,
    app: Histogram,
    answer: Histogram,
    pub(crate) passed: Counter,
    pub(crate) refused: Counter,
}

impl Meters {
    /// To be made after a recorder was installed.
    pub(crate) fn new() -> Self {
        Self {
            head: histogram!("portcullis_stage_seconds", "stage" => "head"),
            body: histogram!("portcullis_stage_seconds", "stage" => "body"),
            app: histogram!("portcullis_stage_seconds", "stage" => "app"),
            answer: histogram!("portcullis_stage_seconds", "stage" => "answer"),
            passed: counter!("portcullis_requests_total", "outcome" => "passed"),
            refused: counter!("portcullis_requests_total", "outcome" => "refused"),
        }
    }

    /// Ends one stage and begins the next.
    pub(crate) fn stage(&self, stage: Stage, since: &mut Instant) {
        let now = Instant::now();
        let histogram = match stage {
            Stage::Head => &self.head,
            Stage::Body => &self.body,
            Stage::App => &self.app,
            Stage::Answer => &self.answer,
        };
        histogram.record(now.duration_since(*since).as_secs_f64());
        *since = now;
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Stage {
    /// arrival, caller and what the head tells of content.
    Head,
    /// Reading and judging the body.
    Body,
    /// The app.
    App,
    /// The answer, up to its head.
    Answer,
}

/// One refusal.
pub fn count_refusal(reason: &Reason) {
    counter!("portcullis_refusals_total", "layer" => reason.layer().name(), "reason" => reason.code())
        .increment(1);
}

/// One event that is no refusal: what would have been refused, and notes.
pub(crate) fn count_event(event: &Event) {
    if matches!(event.outcome(), Outcome::WouldRefuse | Outcome::Noted)
        && let (Some(layer), Some(code)) = (event.layer(), event.code())
    {
        counter!("portcullis_observed_total", "layer" => layer.name(), "reason" => code).increment(1);
    }
}
