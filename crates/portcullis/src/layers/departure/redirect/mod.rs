//! May this `Location` leave the site? Open redirects (CWE-601).
//!
//! An app that redirects to wherever its visitor's link says lends its good name to phishing, and hands
//! over codes and tokens that stand in the URL.
//!
//! Decided for `Location` of the statuses that browsers follow (301, 302, 303, 307, 308) and for `Refresh`
//! of any, in this order:
//! 1. Two `Location` that differ are refused: browsers disagree which one they follow.
//! 2. The target is resolved as a browser does, by the URL standard: tab, CR and LF vanish, a backslash is
//!    a slash, full-width letters and dots are plain ones. Where browsers, or their past versions, differ
//!    (`https:evil.example`), the worst reading counts.
//! 3. `javascript:`, `data:` and others that run or read things here are always refused.
//! 4. A target on our own host stays. One that names plain HTTP although the visitor came by HTTPS is
//!    upgraded.
//! 5. A partner (`partners`) passes.
//! 6. Another host is refused if the request told it: in the query, the path or a form field (or, for a
//!    form, in the query of the page of ours that it stood on), in any decoding, whole or as the end of a
//!    name that begins with ours. `foreign` can refuse every other host.
//!
//! What this does not stop: redirects made by script or `<meta>`; targets kept in a database, or encoded
//! in a way of the app's own (base64, a signed state); `Content-Location`, which nobody follows.
//!
//! The operator must ensure: that an app which sends visitors to where the request says on purpose (an
//! OAuth server with its clients' `redirect_uri`) lists those places in `partners`.

mod config;
mod decide;
mod destination;
mod reason;
mod return_to;
mod told;

pub use config::{Config, Foreign, Raw};
pub(crate) use decide::{Onward, apply, judge};
pub use destination::{Destination, guard};
pub use reason::Reason;
pub use return_to::return_to;
pub(crate) use told::Told;

#[cfg(test)]
mod tests;
