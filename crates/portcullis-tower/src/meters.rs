//! What the door counts, by the `metrics` facade: whoever installs a recorder sees it, nobody else pays.

use std::sync::Arc;
use std::time::Instant;

use metrics::{Counter, Histogram, counter, histogram};
use portcullis::layers::record::event::Outcome;
use portcullis::verdict::Grounds;
use portcullis::{Event, Reason};

use crate::trace::Trace;

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

    fn of(&self, stage: Stage) -> &Histogram {
        match stage {
            Stage::Head => &self.head,
            Stage::Body => &self.body,
            Stage::App => &self.app,
            Stage::Answer => &self.answer,
        }
    }
}

/// The time that one exchange takes, by stage.
pub(crate) struct Clock {
    meters: Arc<Meters>,
    since: Instant,
    /// Where its span is wanted.
    pub(crate) trace: Option<Trace>,
}

impl Clock {
    pub(crate) fn new(meters: Arc<Meters>, trace: Option<Trace>) -> Self {
        Self { meters, since: Instant::now(), trace }
    }

    /// Ends one stage and begins the next.
    pub(crate) fn ends(&mut self, stage: Stage) {
        let now = Instant::now();
        self.meters.of(stage).record(now.duration_since(self.since).as_secs_f64());
        if let Some(trace) = &mut self.trace {
            trace.ends(stage, self.since, now);
        }
        self.since = now;
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

impl Stage {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Body => "body",
            Self::App => "app",
            Self::Answer => "answer",
        }
    }

    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Head => 1,
            Self::Body => 2,
            Self::App => 3,
            Self::Answer => 4,
        }
    }
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
