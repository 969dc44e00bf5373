//! `@beginsWith`, `@contains`, `@containsWord`, `@endsWith`, `@streq`, `@strmatch`, `@within`: plain bytes, with
//! regard to case.

use memchr::memmem::{self, Finder};

/// Which of the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// The input begins with the argument.
    BeginsWith,
    /// The argument stands somewhere in the input (`@strmatch` too).
    Contains,
    /// The argument stands in the input with no letter, digit or `_` beside it.
    ContainsWord,
    /// The input ends with the argument.
    EndsWith,
    /// They are the same.
    Streq,
    /// The input stands somewhere in the argument; the empty one does in any.
    Within,
}

/// A test with its argument.
#[derive(Debug, Clone)]
pub struct Text {
    test: TextTest,
    argument: Finder<'static>,
}

impl TextTest {
    /// By the operator's name, in lower case.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "beginswith" => Self::BeginsWith,
            "contains" | "strmatch" => Self::Contains,
            "containsword" => Self::ContainsWord,
            "endswith" => Self::EndsWith,
            "streq" => Self::Streq,
            "within" => Self::Within,
            _ => return None,
        })
    }

    /// Whether it holds for `input` and `argument`.
    #[must_use]
    pub fn holds(self, input: &[u8], argument: &[u8]) -> bool {
        match self {
            Self::BeginsWith => input.starts_with(argument),
            Self::Contains => memmem::find(input, argument).is_some(),
            Self::ContainsWord => contains_word(input, &Finder::new(argument)),
            Self::EndsWith => input.ends_with(argument),
            Self::Streq => input == argument,
            Self::Within => memmem::find(argument, input).is_some(),
        }
    }
}

impl Text {
    pub(super) fn new(test: TextTest, argument: &str) -> Self {
        Self { test, argument: Finder::new(argument.as_bytes()).into_owned() }
    }

    /// Which test it is.
    #[must_use]
    pub fn test(&self) -> TextTest {
        self.test
    }

    /// Whether the test holds for `input`.
    #[must_use]
    pub fn matches(&self, input: &[u8]) -> bool {
        match self.test {
            TextTest::Contains => self.argument.find(input).is_some(),
            TextTest::ContainsWord => contains_word(input, &self.argument),
            test => test.holds(input, self.argument.needle()),
        }
    }
}

fn contains_word(input: &[u8], word: &Finder<'_>) -> bool {
    let length = word.needle().len();
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    length == 0
        || word.find_iter(input).any(|at| {
            let before = at.checked_sub(1).and_then(|at| input.get(at));
            let after = input.get(at + length);
            !before.is_some_and(in_word) && !after.is_some_and(in_word)
        })
}
