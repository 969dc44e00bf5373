//! Settings: `[event]`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Redactor;
use crate::policy::Faults;
use crate::policy::units::{Size, Span};
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default) or `off`: nothing at all is recorded, and no refusal can be explained.
    pub mode: Option<Mode>,
    /// The share of passed requests that get an event too, from `0.0` (the default) to `1.0`.
    pub sample_passes: Option<f64>,
    /// More names of parameters, headers and cookies whose values never reach the log, as in `["ssn"]`.
    /// Passwords, tokens, keys, session ids and card numbers are known already.
    pub redact: Vec<String>,
    /// The largest file of the log before it is put aside; `"64 MiB"` by default. Read by the gateway only.
    /// Site-wide.
    pub rotate_size: Option<Size>,
    /// The oldest, as in `"1 d"`; any age by default. Read by the gateway only. Site-wide.
    pub rotate_age: Option<Span>,
    /// How many files are kept besides the one that is written; 16 by default. Read by the gateway only.
    /// Site-wide.
    pub keep: Option<usize>,
    /// Where lines go as well, as syslog messages (RFC 5424): `"unix:/dev/log"`, `"udp://127.0.0.1:514"` or
    /// `"tcp://127.0.0.1:601"`. Read by the gateway only. Site-wide.
    pub syslog: Option<String>,
    /// An OpenTelemetry collector that gets the events as logs, by OTLP over HTTP with JSON, as in
    /// `"http://127.0.0.1:4318"`. Read by the gateway only. Site-wide.
    pub otlp: Option<String>,
    /// An OpenTelemetry collector that gets the spans of exchanges, by OTLP over HTTP with JSON: one for each exchange
    /// and below it one for each stage. The app is told of them by `traceparent`. Read by the gateway only. Site-wide.
    pub otlp_traces: Option<String>,
    /// The share of exchanges that are traced, from `0.0` to `1.0`; `0.1` by default. Where a trusted proxy has decided
    /// (`traceparent`), that holds. Read by the gateway only. Site-wide.
    pub trace_share: Option<f64>,
    /// Keep secrets in events: whoever reads the log can then act for your visitors.
    pub dangerous_keep_secrets: Option<bool>,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether anything is recorded.
    pub mode: Mode,
    /// The share of passes that are recorded, from 0 to 1.
    pub(super) sample_passes: f64,
    pub(crate) redactor: Arc<Redactor>,
}

impl Raw {
    /// The keys that hold for the site alone, as far as they are written.
    pub(crate) fn site_wide_keys(&self) -> Vec<&'static str> {
        [
            ("rotate_size", self.rotate_size.is_some()),
            ("rotate_age", self.rotate_age.is_some()),
            ("keep", self.keep.is_some()),
            ("syslog", self.syslog.is_some()),
            ("otlp", self.otlp.is_some()),
            ("otlp_traces", self.otlp_traces.is_some()),
            ("trace_share", self.trace_share.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, written)| written.then_some(name))
        .collect()
    }

    fn check_files(&self, faults: &mut Faults<'_>) {
        if self.rotate_size.is_some_and(|size| size.0 < 64 << 10) {
            faults.at(
                "rotate_size",
                "files this small would be put aside all the time",
                "write at least `\"64 KiB\"`",
            );
        }
        if self.rotate_age.is_some_and(|age| age.0 < std::time::Duration::from_secs(60)) {
            faults.at("rotate_age", "files would be put aside all the time", "write at least `\"1 min\"`");
        }
        if self.keep == Some(0) {
            faults.at(
                "keep",
                "without any older file a refusal of a moment ago may be past explaining",
                "write at least `1`",
            );
        }
        for (key, collector) in [("otlp", &self.otlp), ("otlp_traces", &self.otlp_traces)] {
            if let Some(collector) = collector
                && !url::Url::parse(collector)
                    .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
            {
                faults.at(
                    key,
                    format!("`{collector}` is not the address of a collector"),
                    "as in `\"http://127.0.0.1:4318\"`",
                );
            }
        }
        share("trace_share", self.trace_share, faults);
        let known = |text: &str| ["unix:/", "udp://", "tcp://"].iter().any(|begin| text.starts_with(begin));
        if let Some(syslog) = self.syslog.as_ref().filter(|syslog| !known(syslog)) {
            faults.at(
                "syslog",
                format!("`{syslog}` is not the address of a syslog"),
                "as in `\"unix:/dev/log\"` or `\"udp://127.0.0.1:514\"`",
            );
        }
    }
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        raw.check_files(faults);
        if raw.mode == Some(Mode::Observe) {
            faults.at(
                "mode",
                "an event log that only observes would do what it does anyway",
                "leave it out, or write `\"off\"` for no log",
            );
        }
        let sample_passes = raw.sample_passes.unwrap_or(0.0);
        share("sample_passes", raw.sample_passes, faults);
        for (index, name) in raw.redact.iter().enumerate() {
            if !name.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
                faults.at(
                    &format!("redact[{index}]"),
                    format!("`{name}` is not a name"),
                    "write the name of a parameter, header or cookie, as in `[\"ssn\"]`",
                );
            }
        }
        let redactor = if raw.dangerous_keep_secrets == Some(true) {
            Redactor::keeping_secrets()
        } else {
            Redactor::new(&raw.redact)
        };
        Self { mode: raw.mode.unwrap_or_default(), sample_passes, redactor: Arc::new(redactor) }
    }

    /// Whether the value of a field of this name is kept from view.
    pub(crate) fn hides(&self, name: &str) -> bool {
        self.redactor.is_secret(name.as_bytes())
    }
}

fn share(key: &str, written: Option<f64>, faults: &mut Faults<'_>) {
    if let Some(written) = written.filter(|share| !(0.0..=1.0).contains(share)) {
        faults.at(
            key,
            format!("`{written}` is not a share"),
            "write a number from `0.0` (none) to `1.0` (every one)",
        );
    }
}
