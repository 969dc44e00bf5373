//! The SecLang rule language, usable alone: a parser with source positions, a compiler, and the
//! transaction that runs compiled rules over one HTTP exchange.
//!
//! ```text
//! directives ──▶ RuleSet::load ──▶ Arc<RuleSet> ──▶ Transaction ──▶ Intervention, Match, log lines
//!                  (once)            (shared)        (an exchange)
//! ```
//!
//! It is pure: files, the time and persistent collections are handed in. What each name of the language does,
//! and where engines differ what this one does, is told in `docs/seclang.md`.
//!
//! ```
//! use std::sync::Arc;
//! use portcullis_seclang::{MemoryFiles, RuleSet, Source, Start, Transaction};
//!
//! let rules = r#"
//!     SecRuleEngine On
//!     SecRule ARGS:name "@rx (?i)<script" \
//!         "id:1,phase:2,deny,status:403,t:urlDecodeUni,log,msg:'Script in a name',logdata:'%{MATCHED_VAR}'"
//! "#;
//! let set = Arc::new(RuleSet::load(&[Source::text("example", rules)], &MemoryFiles::new())?);
//!
//! let mut transaction = Transaction::new(Arc::clone(&set), Start::default());
//! transaction.connection("192.0.2.7:40000".parse()?, "192.0.2.1:443".parse()?);
//! transaction.request_line(b"GET", b"/?name=%3Cscript%3E", b"HTTP/1.1");
//! transaction.request_header(b"Host", b"app.example");
//! assert!(transaction.request_head_done().is_none());
//! let intervention = transaction.request_body_done().expect("the rule stops it");
//! assert_eq!((intervention.status, intervention.rule_id), (403, 1));
//! transaction.finish();
//! assert_eq!(transaction.matches()[0].data, b"<script>");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod audit;
pub mod bodies;
mod collections;
mod detectors;
mod error;
mod exclusions;
mod load;
mod log;
pub mod operators;
mod plan;
mod record;
mod rules;
mod settings;
mod source;
mod strings;
mod syntax;
mod time;
mod transaction;
pub mod transforms;
mod values;
mod vocabulary;

pub use audit::AuditRecord;
pub use collections::{Collections, Entry, MemoryCollections, Record, Stored, VarChange};
pub use error::{Fault, LoadError};
pub use exclusions::Exclusions;
pub use load::actions::Phase;
pub use record::{Action, Disruption, Intervention, Match, MatchedValue};
pub use rules::RuleSet;
pub use settings::{Audit, AuditMode, AuditParts, EngineMode, LimitAction, Settings, StatusSet};
pub use source::{Disk, Files, Location, MemoryFiles, Source};
pub use syntax::names::Variable;
pub use transaction::{Start, Transaction, Walk};
pub use vocabulary::{Kind, Support, Word, vocabulary};

#[cfg(test)]
mod tests;
