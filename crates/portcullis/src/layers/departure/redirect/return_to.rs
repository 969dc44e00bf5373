//! The one guard for every `next` and `return_to` of ours.

use url::Url;

use super::{Destination, guard};

/// More of a target is nobody's page.
const LONGEST: usize = 2048;

/// What one reader or another takes for a slash: the plain ones, and those that become one when Unicode is normalised.
const SLASHES: [char; 8] =
    ['/', '\\', '\u{ff0f}', '\u{ff3c}', '\u{2044}', '\u{2215}', '\u{29f8}', '\u{29f5}'];

/// The path and query of `target`, if it stays on the site at `origin` (as `https://notes.example`) however it is
/// read (CWE-601): by the URL standard, by older browsers, by readers of RFC 3986, and once more decoded. Pages of
/// people don't lead to each other that way, but for the account's.
#[must_use]
pub fn return_to(origin: &str, target: &str) -> Option<String> {
    if target.is_empty() || target.len() > LONGEST {
        return None;
    }
    let base = Url::parse(origin).ok()?;
    let Destination::Ours(url) = guard(&base, target, &[]) else { return None };
    if url.origin() != base.origin() || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let path = url.path();
    // Where it stands alone in `Location`, a path that begins with two slashes is a host; and some app or proxy on the
    // way may decode it first.
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    for path in [path, &decoded] {
        let second = path.chars().nth(1);
        if !path.starts_with('/')
            || second.is_some_and(|second| SLASHES.contains(&second))
            || path.contains('\\')
            || path.contains(char::is_control)
        {
            return None;
        }
    }
    let below = decoded.to_ascii_lowercase();
    if (below == "/.portcullis" || below.starts_with("/.portcullis/"))
        && !path.starts_with("/.portcullis/account")
    {
        return None;
    }
    Some(url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(target: &str) -> Option<String> {
        return_to("https://notes.example", target)
    }

    #[test]
    fn a_page_of_the_site_is_returned_to() {
        for (target, path) in [
            ("/", "/"),
            ("/notes/1?a=b&c=%2F%2Fd", "/notes/1?a=b&c=%2F%2Fd"),
            ("https://notes.example/x", "/x"),
            ("/caf%C3%A9", "/caf%C3%A9"),
            ("/.portcullis/account/email", "/.portcullis/account/email"),
            ("/a//b", "/a//b"),
        ] {
            assert_eq!(local(target).as_deref(), Some(path), "{target}");
        }
    }

    #[test]
    fn whatever_some_reader_takes_for_another_site_is_not() {
        for evil in [
            "",
            "//evil",
            "/\\evil",
            "/\t/evil",
            "/\n/evil",
            "/\r\n/evil",
            "///evil",
            "////evil",
            "https:evil",
            "https:/evil",
            "https:///evil",
            "HTTPS:evil",
            "https://evil",
            "http://notes.example/x",
            "https://notes.example:8443/x",
            "https://notes.example@evil/",
            "https://user@notes.example/",
            "https://notes.example.evil/",
            "https://evil\\@notes.example/",
            "\\\\evil",
            "\\/evil",
            "/\\/evil",
            "/%2F/evil",
            "/%2fevil",
            "/%5Cevil",
            "/%5c%5cevil",
            "/%09/evil",
            "/%00",
            "/%0d%0aLocation:%20https://evil",
            "/./%2Fevil",
            "/a/..//evil",
            "/.//evil",
            "\u{ff0f}\u{ff0f}evil",
            "/\u{ff0f}evil\\",
            "https://notes\u{3002}example.evil/",
            "\u{3000}//evil",
            "\u{feff}//evil",
            "%09//evil",
            " //evil",
            "\u{1}//evil",
            "javascript:alert(1)",
            "java\nscript:alert(1)",
            " javascript:alert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,x",
            "/.portcullis/sign-out",
            "/.portcullis/sign-in?return_to=/",
            "/%2Eportcullis/sign-out",
            "/.PORTCULLIS/sign-out",
            "/x/../.portcullis/sign-out",
        ] {
            assert_eq!(local(evil), None, "{evil:?}");
        }
        assert_eq!(local(&format!("/{}", "a".repeat(3000))), None);
    }
}
