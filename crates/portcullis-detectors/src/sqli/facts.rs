//! What the grammar notes down while it reads, for the judgement.

use super::lexer::Token;

/// A value that stands alone as an operand of AND or OR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Literal {
    Number(Token),
    Text(Token),
    True,
    False,
    Null,
    /// Arithmetic on literals, such as `3-2`.
    Computed,
}

/// What is known of a part of an expression.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Value {
    /// Nothing in it depends on the row.
    pub(super) constant: bool,
    /// It is this literal and nothing else.
    pub(super) literal: Option<Literal>,
    /// It is this name and nothing else.
    pub(super) name: Option<Token>,
    /// It compares.
    pub(super) compares: bool,
    /// It calls a function.
    pub(super) calls: bool,
    /// It has a subquery in it.
    pub(super) asks: bool,
    /// It was given by the application.
    pub(super) given: bool,
}

/// The clause with which an input goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    Order,
    Group,
    Having,
    Limit,
    Outfile,
    Procedure,
    From,
    Where,
    Other,
}

/// How much a SELECT looks like one that a person would not write in a sentence.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Query {
    /// Something in it is no plain word: a star, a literal, a call, a comma, a dotted name.
    pub(super) technical: bool,
    /// A word stands next to a word as its alias.
    pub(super) wordy: bool,
    /// It says FROM.
    pub(super) from: bool,
    /// It reads a table or variable of the database itself.
    pub(super) system: bool,
    /// Its list holds numbers or NULL.
    pub(super) numbers: bool,
    /// It is a statement other than SELECT that cannot be mistaken.
    pub(super) definite: bool,
    /// It drops or empties a table or a database.
    pub(super) drops: bool,
    /// It unites another query.
    pub(super) unions: bool,
    /// It calls a function on constants.
    pub(super) computes: bool,
}

impl Query {
    /// What is known of either.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            technical: self.technical || other.technical,
            wordy: self.wordy || other.wordy,
            from: self.from || other.from,
            system: self.system || other.system,
            numbers: self.numbers || other.numbers,
            definite: self.definite || other.definite,
            drops: self.drops || other.drops,
            unions: self.unions || other.unions,
            computes: self.computes || other.computes,
        }
    }
}

/// What was read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    /// After AND, OR or XOR constants are compared, or a name with itself.
    pub(super) tautology: bool,
    /// After AND, OR or XOR a comparison that depends on the row.
    pub(super) condition: bool,
    /// After AND, OR or XOR a lone literal; the last one.
    pub(super) constant: Option<Literal>,
    /// A number, TRUE or FALSE among them.
    pub(super) numeric_constant: bool,
    /// After AND, OR or XOR a function call.
    pub(super) boolean_call: bool,
    /// AND stood there, rather than OR.
    pub(super) and: bool,
    /// A comparison continues the operand of the application itself.
    pub(super) compares: bool,
    /// Operators other than AND and OR that join operands.
    pub(super) operators: u32,
    /// `||`, `&&` or `:=` among them: signs that SQL alone puts between values.
    pub(super) peculiar: bool,
    /// Names that stand as operands, calls not counted.
    pub(super) names: u32,
    /// Function calls.
    pub(super) calls: u32,
    /// A call that acts.
    pub(super) acts: bool,
    /// A function or variable that tells about the database.
    pub(super) tells: bool,
    /// A condition inside `if(…)` or CASE compares constants.
    pub(super) chooses: bool,
    /// A set operation with its query.
    pub(super) union: Option<Query>,
    /// UNION ALL or UNION DISTINCT was said.
    pub(super) union_all: bool,
    /// A subquery in parentheses.
    pub(super) subquery: Option<Query>,
    /// A statement after the first.
    pub(super) statement: Option<Query>,
    /// The clause that continues the query.
    pub(super) clause: Option<Clause>,
    /// More values of a list.
    pub(super) listed: bool,
    /// Parentheses closed that the application opened.
    pub(super) closed: u32,
    /// A string next to a string.
    pub(super) adjacent: bool,
    /// Statements ended by `;`.
    pub(super) ended: bool,
    /// The statement began without a `;` in front, where a quoted word may only look like one.
    pub(super) unannounced: bool,
    /// How many AND, OR and XOR there are.
    pub(super) booleans: u32,
    /// AND or OR stands directly behind a lone literal.
    pub(super) lone_first: bool,
    /// Words of SQL on either side of a comment.
    pub(super) obscured: bool,
    /// Where the comment begins that cuts off the rest.
    pub(super) cut: Option<usize>,
    /// The quote of the string in which the input ends, and where the string begins.
    pub(super) open: Option<(u8, usize)>,
}
