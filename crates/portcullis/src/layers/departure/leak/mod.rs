//! Traces, error texts and secrets on the way out (CWE-209, CWE-215, CWE-312, CWE-798).
//!
//! A stack trace tells an attacker files, versions and code; Werkzeug's debugger runs code; the text of a
//! database error turns a blind SQL injection into a readable one; a key in a response is a key lost.
//! What is found is replaced by our error page (status 500) and recorded, secrets redacted.
//!
//! What is caught depends on the status, because ordinary pages talk about traces too:
//!
//! | status | caught |
//! | --- | --- |
//! | any | private keys and credentials; Werkzeug's debugger and Django's debug page by their own markup; PHP's errors as PHP's markup (`<b>Warning</b>: … on line <b>12</b>`), which a page that quotes it has escaped |
//! | 500 and above | also stack traces of Python, Java, Node, Rust, Ruby, Go and .NET, PHP's errors as text, and error texts of MySQL, PostgreSQL, SQLite, Oracle and SQL Server |
//!
//! With `pages = "all"` the second row holds for every status. Values that the vendors' documents use as
//! examples (`AKIAIOSFODNN7EXAMPLE`) are no secrets, nor is a key with its middle left out.
//!
//! Searched are HTML, JSON, XML, plain and other text, and scripts for secrets alone: keys do get built
//! into bundles. Not searched: style sheets, images, fonts, archives, downloads (`Content-Disposition:
//! attachment`), event streams, gRPC, ranges (206), and what is coded in a way we don't read.
//!
//! A body that fits the hold (see [`crate::response`]) is judged before anything is sent. In a longer or
//! streaming one the find may come after the head went: then the response is cut off before the chunk that
//! completes it, and what was sent before is gone.
//!
//! What this does not stop: an app that logs the visitor its data in other words; secrets without a
//! documented shape; a trace rendered into an image.
//!
//! The operator must ensure: nothing. An app that hands out keys on purpose needs the exception that the
//! event shows, for its route alone.

mod config;
mod detectors;
mod reason;
mod scanner;
mod secrets;

pub(crate) use config::Breadth;
pub use config::{Config, Pages, Raw};
pub use reason::Reason;
pub(crate) use scanner::Scanner;

#[cfg(test)]
mod tests;
