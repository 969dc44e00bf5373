//! Whether a password is good enough to be taken (NIST SP 800-63B-4 section 3.1.1.2, OWASP ASVS 5.0 V6.2).

use zxcvbn::Score;

use super::breached::BreachedFilter;
use super::common;
use super::password::Password;

/// What a new password must be. Nothing here asks for kinds of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strength {
    /// The least number of characters.
    pub least: usize,
    /// The least score of zxcvbn, from 0 to 4.
    pub score: u8,
}

/// Why a password is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer characters than asked for.
    TooShort {
        /// What was asked for.
        least: usize,
    },
    /// One of those that are tried first.
    Common,
    /// Stolen somewhere.
    Breached,
    /// Soon guessed by who knows how people choose passwords, or knows this person.
    Guessable {
        /// What makes it so, in English.
        warning: Option<String>,
        /// How to do better, in English.
        advice: Vec<String>,
    },
}

/// zxcvbn looks no further; what is longer is not guessed by its beginning.
const LOOKED_AT: usize = 100;

impl Strength {
    /// For passwords that are the only factor: 15 characters (NIST SP 800-63B-4 section 3.1.1.2).
    pub const SINGLE_FACTOR: Self = Self { least: 15, score: 3 };
    /// For passwords beside a second factor: 8 characters (ibid., ASVS 6.2.1).
    pub const MULTI_FACTOR: Self = Self { least: 8, score: 3 };

    /// Judges a new password. `about` is what a stranger may know of this person and place: name, address,
    /// the name of the site.
    ///
    /// # Errors
    /// The first weakness found; lists go before guesses.
    pub fn judge(
        &self,
        password: &Password,
        about: &[&str],
        breached: Option<&BreachedFilter>,
    ) -> Result<(), Weakness> {
        let text = password.normal();
        if text.chars().count() < self.least {
            return Err(Weakness::TooShort { least: self.least });
        }
        if common::contains(text) {
            return Err(Weakness::Common);
        }
        if breached.is_some_and(|filter| filter.contains(password)) {
            return Err(Weakness::Breached);
        }
        let start =
            text.char_indices().nth(LOOKED_AT).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
        // The parts of an address are known as well as the whole.
        let known = about
            .iter()
            .flat_map(|one| std::iter::once(*one).chain(one.split(|sign: char| !sign.is_alphanumeric())))
            .filter(|part| part.chars().count() > 2)
            .collect::<Vec<_>>();
        if is_made_of(text, &known) {
            let warning = Some("This is made of what others know of you.".to_owned());
            return Err(Weakness::Guessable { warning, advice: Vec::new() });
        }
        let guessed = zxcvbn::zxcvbn(start, &known);
        if u8::from(guessed.score()) >= self.score.min(u8::from(Score::Four)) {
            return Ok(());
        }
        let feedback = guessed.feedback();
        Err(Weakness::Guessable {
            warning: feedback.and_then(zxcvbn::feedback::Feedback::warning).map(|it| it.to_string()),
            advice: feedback
                .map(|it| it.suggestions().iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
        })
    }
}

/// Whether little is left of the password without what is known of the person and the place.
fn is_made_of(password: &str, known: &[&str]) -> bool {
    const LEFT: usize = 5;
    let whole = password.to_lowercase();
    let mut longest_first = known.iter().map(|part| part.to_lowercase()).collect::<Vec<_>>();
    longest_first.sort_by_key(|part| std::cmp::Reverse(part.len()));
    let left = longest_first.iter().fold(whole.clone(), |left, part| left.replace(part.as_str(), ""));
    left.len() < whole.len() && left.chars().filter(|sign| sign.is_alphanumeric()).count() < LEFT
}
