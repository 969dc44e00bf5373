//! What is fuzzed, one module a target. The same functions run over `seeds/` as ordinary tests
//! (`tests/tests/all/fuzz.rs`), so they need nothing that only the fuzzer has.

pub mod arrival;
pub mod bodies;
pub mod detectors;
pub mod exchange;
pub mod introduced;
pub mod log;
pub mod page;
pub mod policy;
pub mod reader;
pub mod rules;
pub mod transaction;
pub mod transforms;
