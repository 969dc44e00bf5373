//! What counts where the input is not in a string: in the place of a name, behind an operand, as a statement.

use super::{Case, Place, is_technical};
use crate::sqli::facts::Clause;
use crate::sqli::lexer::Kind;
use crate::sqli::words::Word;

impl Case<'_> {
    /// A query that reads, of columns that hold what people sign in and pay with.
    fn asks_for_secrets(&self) -> bool {
        let reads = matches!(self.first.kind, Kind::Word(Word::Select));
        let from =
            memchr::memmem::find(&self.input.to_ascii_lowercase(), b"from").unwrap_or(self.input.len());
        let listed = self
            .input
            .get(..from)
            .unwrap_or_default()
            .split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
        reads
            && listed.map(<[u8]>::to_ascii_lowercase).any(|column| {
                matches!(
                    column.as_slice(),
                    b"password"
                        | b"passwd"
                        | b"pwd"
                        | b"password_hash"
                        | b"passwordhash"
                        | b"user_password"
                        | b"pass_hash"
                        | b"secret"
                        | b"credit_card"
                        | b"creditcard"
                        | b"cc_number"
                        | b"ssn"
                        | b"api_key"
                        | b"authentication_string"
                )
            })
    }

    pub(super) fn judge_name(&self) -> Option<&'static str> {
        let facts = self.facts;
        let cut = facts.cut.is_some() && self.cut_says_nothing(1);
        if self.unites() {
            return Some("it unites the result with that of another query");
        }
        // `sleep(1);` is a line of C, and so is one with a comment that says something.
        let program = self.place == Place::Name
            && (facts.cut.is_some() && self.cut_tells() || facts.ended && facts.statement.is_none());
        if facts.acts && !program {
            return Some("it calls a function that acts on the server");
        }
        if facts.tautology {
            return Some("it adds a condition that is always true or always false");
        }
        if facts.chooses {
            return Some("it asks a question by a condition of its own");
        }
        if facts.statement.is_some_and(|query| {
            let announced = !facts.unannounced || query.system;
            announced
                && (query.definite && (query.technical || !query.wordy)
                    || query.system
                    || query.technical && query.from)
        }) {
            return Some("it ends the statement and begins another");
        }
        // `mysql> SELECT …` is what a terminal shows.
        let bracketed = self.input.contains(&b'(');
        if facts
            .subquery
            .is_some_and(|query| bracketed && is_technical(query) && (query.from || query.system))
        {
            return Some("it puts a subquery into the expression");
        }
        if cut && (facts.constant.is_some() || self.orders()) {
            return Some("it cuts off the rest of the query");
        }
        if matches!(facts.clause, Some(Clause::Outfile | Clause::Procedure)) {
            return Some("it adds a clause to the query");
        }
        if facts.condition && (facts.tells || facts.subquery.is_some()) {
            return Some("it asks the database about itself");
        }
        let system = memchr::memmem::find(self.input, b"@@").is_some();
        if facts.tells && facts.calls > 0 && system && self.stop.is_none() {
            return Some("it asks the database about itself");
        }
        let variable = self.first.kind == Kind::Variable && self.bytes(self.first).starts_with(b"@");
        if variable && facts.cut.is_some() && self.cut_says_nothing(0) {
            return Some("it cuts off the rest of the query");
        }
        None
    }

    pub(super) fn judge_behind(&self) -> Option<&'static str> {
        let facts = self.facts;
        let cut = facts.cut.is_some();
        if let Some(reason) = self.judge_name() {
            return Some(reason);
        }
        if facts.condition && (cut || facts.tells || facts.subquery.is_some() || facts.open.is_some()) {
            return Some("it adds a condition to the query");
        }
        if cut && (facts.constant.is_some() || self.orders()) && self.cut_says_nothing(1) {
            return Some("it cuts off the rest of the query");
        }
        if cut && (facts.closed > 0 || facts.ended) && self.cut_says_nothing(0) {
            return Some("it cuts off the rest of the query");
        }
        if facts.statement.is_some_and(|query| query.technical) {
            return Some("it ends the statement and begins another");
        }
        let numbered = facts.clause == Some(Clause::Order)
            && facts.names == 0
            && facts.operators == 0
            && self.stop.is_none()
            && self.input.iter().any(u8::is_ascii_digit);
        if numbered {
            return Some("it adds a clause to the query");
        }
        None
    }

    pub(super) fn judge_statement(&self) -> Option<&'static str> {
        let facts = self.facts;
        let cut = facts.cut.is_some() && self.cut_says_nothing(1);
        let whole = "it is a statement of its own";
        if facts.acts {
            return Some("it calls a function that acts on the server");
        }
        if self.unites() {
            return Some("it unites the result with that of another query");
        }
        let query = facts.statement?;
        if query.unions || query.computes && !query.from {
            return Some(whole);
        }
        if query.system || facts.tells && query.technical {
            return Some("it asks the database about itself");
        }
        if query.drops && !query.wordy {
            return Some(whole);
        }
        if query.from && !query.wordy && self.asks_for_secrets() {
            return Some("it asks for what must stay secret");
        }
        if cut && (query.definite || query.technical) {
            return Some(whole);
        }
        // A variable that is run as a statement was put together before.
        if matches!(self.first.kind, Kind::Word(Word::Declare)) && self.input.contains(&b'@') {
            return Some(whole);
        }
        if facts.tautology || facts.chooses && query.technical {
            return Some("it adds a condition that is always true or always false");
        }
        None
    }
}
