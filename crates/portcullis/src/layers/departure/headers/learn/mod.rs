//! A content security policy from traffic: while `headers.csp_learn` is set, the gate looks at what pages hold,
//! browsers tell what pages do besides, and [`Lessons`] keeps both until `portcullis csp suggest` makes a policy
//! of them.
//!
//! 1. Each page goes out with a report-only policy that allows just what its markup holds ([`watched`]). What a
//!    browser reports is then what scripts do by themselves: connections, pictures, `eval`.
//! 2. Reports come to [`REPORTS`] in either form that browsers send ([`reports`]), and are dropped where they
//!    speak of another site or of an extension.
//! 3. Both are counted by kind, source and page, within bounds ([`Lessons`]).
//! 4. [`Lessons::suggest`] writes the tightest policy under which none of it would have broken.
//!
//! Anybody can send a report. So a foreign place that no markup of the app names, known from reports alone, is
//! shown but not taken up until the operator accepts it by name; the same holds for `'unsafe-eval'`.
//!
//! What this does not see: what a page does on paths that nobody visited while learning.

mod lessons;
mod report;
mod suggest;
#[cfg(test)]
mod tests;
mod watched;

pub use lessons::{Lessons, Sighting};
pub use report::{Report, reports};
pub use suggest::{Doubt, Suggestion};
pub(crate) use watched::watched;

/// Where browsers send reports.
pub const REPORTS: &str = "/.portcullis/csp-report";

/// What the end point is called in `Reporting-Endpoints`.
pub(crate) const ENDPOINT: &str = "portcullis-csp";

/// The longest body of reports that is read, in bytes.
pub const LONGEST: usize = 64 << 10;
