//! Path patterns of routes.

use std::fmt;

/// A path pattern: `/exact`, `/user/{id}/edit` (one segment), `/static/*` (the path itself and all below).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
    below: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Is(String),
    Any(String),
}

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It does not begin with a slash.
    #[error("the path `{0}` does not begin with `/`")]
    Relative(String),
    /// `*` stands elsewhere than as the last segment.
    #[error("in `{0}` the `*` is not the last segment alone")]
    StarInside(String),
    /// A brace without its partner, or with text around it.
    #[error("in `{0}` the segment `{1}` is not a whole `{{name}}`")]
    Brace(String, String),
    /// It has something that no path in normal form has, so it could never match.
    #[error("no request path in normal form ever has `{1}`, so `{0}` can never match")]
    NeverMatches(String, String),
}

impl Pattern {
    /// Reads a pattern. Paths are compared after percent-decoding, so a pattern is written decoded.
    ///
    /// # Errors
    /// When it could not mean what its writer hoped.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let Some(rest) = text.strip_prefix('/') else { return Err(PatternError::Relative(text.to_owned())) };
        for never in ["//", "?", "#", "\\", "%2f", "%2F", "/./", "/../"] {
            if text.contains(never) {
                return Err(PatternError::NeverMatches(text.to_owned(), never.to_owned()));
            }
        }
        let (rest, below) = match rest.strip_suffix('*') {
            Some("") => ("", true),
            Some(head) => match head.strip_suffix('/') {
                Some(head) => (head, true),
                None => return Err(PatternError::StarInside(text.to_owned())),
            },
            None => (rest, false),
        };
        let mut segments = Vec::new();
        if !(rest.is_empty() && below) {
            for part in rest.split('/') {
                segments.push(segment(text, part)?);
            }
        }
        Ok(Self { segments, below })
    }

    /// Whether a path in normal form is meant.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let mut parts = path.strip_prefix('/').unwrap_or(path).split('/');
        for segment in &self.segments {
            let Some(part) = parts.next() else { return false };
            let same = match segment {
                Segment::Is(text) => text == part,
                Segment::Any(_) => !part.is_empty(),
            };
            if !same {
                return false;
            }
        }
        self.below || parts.next().is_none()
    }

    /// Whether every path that `other` matches is matched by this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        if self.segments.len() > other.segments.len()
            || (!self.below && (other.below || self.segments.len() != other.segments.len()))
        {
            return false;
        }
        self.segments.iter().zip(&other.segments).all(|(mine, theirs)| match (mine, theirs) {
            (Segment::Is(mine), Segment::Is(theirs)) => mine == theirs,
            (Segment::Any(_), Segment::Is(theirs)) => !theirs.is_empty(),
            (Segment::Any(_), Segment::Any(_)) => true,
            (Segment::Is(_), Segment::Any(_)) => false,
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Is(text) => write!(out, "/{text}")?,
                Segment::Any(name) => write!(out, "/{{{name}}}")?,
            }
        }
        if self.below { write!(out, "/*") } else { Ok(()) }
    }
}

fn segment(whole: &str, part: &str) -> Result<Segment, PatternError> {
    let broken = || PatternError::Brace(whole.to_owned(), part.to_owned());
    if part.contains('*') {
        return Err(PatternError::StarInside(whole.to_owned()));
    }
    if part == "." || part == ".." {
        return Err(PatternError::NeverMatches(whole.to_owned(), part.to_owned()));
    }
    match part.strip_prefix('{') {
        Some(rest) => match rest.strip_suffix('}') {
            Some(name) if !name.is_empty() && !name.contains(['{', '}']) => Ok(Segment::Any(name.to_owned())),
            _ => Err(broken()),
        },
        None if part.contains(['{', '}']) => Err(broken()),
        None => Ok(Segment::Is(part.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn a_star_takes_the_folder_and_all_below_but_not_a_longer_name() {
        let below = pattern("/static/*");
        assert!(below.matches("/static"));
        assert!(below.matches("/static/"));
        assert!(below.matches("/static/a/b.css"));
        assert!(!below.matches("/statics"));
        assert!(pattern("/*").matches("/anything"));
        assert!(pattern("/*").matches("/"));
    }

    #[test]
    fn braces_take_exactly_one_segment() {
        let user = pattern("/user/{id}/edit");
        assert!(user.matches("/user/7/edit"));
        assert!(!user.matches("/user//edit"));
        assert!(!user.matches("/user/7/8/edit"));
        assert!(!user.matches("/user/7/edit/"));
    }

    #[test]
    fn the_root_and_a_trailing_slash_are_paths_of_their_own() {
        assert!(pattern("/").matches("/"));
        assert!(!pattern("/").matches("/a"));
        assert!(pattern("/a/").matches("/a/"));
        assert!(!pattern("/a/").matches("/a"));
    }

    #[test]
    fn covering_is_what_matching_says() {
        assert!(pattern("/*").covers(&pattern("/a/b")));
        assert!(pattern("/a/*").covers(&pattern("/a/{x}/c")));
        assert!(pattern("/a/{x}").covers(&pattern("/a/b")));
        assert!(!pattern("/a/b").covers(&pattern("/a/{x}")));
        assert!(!pattern("/a/{x}").covers(&pattern("/a/*")));
        assert!(!pattern("/a/b/*").covers(&pattern("/a/*")));
    }

    #[test]
    fn patterns_that_could_never_match_are_errors() {
        for text in ["static", "/a//b", "/a?b", "/a*/b", "/{a", "/a/../b", "/x{y}"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }
}
