//! Addresses of mail, in the form in which they are compared.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// The longest address (RFC 5321 section 4.5.3.1.3, without the angle brackets), in bytes.
const LONGEST: usize = 254;
/// The longest part before the `@` (ibid. section 4.5.3.1.1), in bytes.
const LONGEST_LOCAL: usize = 64;

/// An address of mail in the form in which addresses are compared: NFKC, in lower case, the name of the host as DNS
/// knows it. Nothing in it can end a header (CWE-93) or be read as a second address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Reads an address as it was typed; `None` when no mail could go there.
    ///
    /// The part before the `@` is a plain word (RFC 5322, `dot-atom`, and letters of any script as RFC 6531 has
    /// them): quoted forms are allowed by the standard, used by nobody, and read differently by everybody.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        if typed.len() > LONGEST {
            return None;
        }
        let (local, host) = typed.rsplit_once('@')?;
        let local = local.nfkc().flat_map(char::to_lowercase).collect::<String>();
        let plain = |sign: char| {
            sign.is_alphanumeric()
                || (!sign.is_ascii() && is_mark(sign))
                || "!#$%&'*+-/=?^_`{|}~.".contains(sign)
        };
        let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
        if local.is_empty() || local.len() > LONGEST_LOCAL || dots || !local.chars().all(plain) {
            return None;
        }
        let host = idna::domain_to_ascii_strict(host).ok()?;
        let named = host.contains('.') && host.parse::<std::net::IpAddr>().is_err();
        let email = format!("{local}@{host}");
        (named && email.len() <= LONGEST).then_some(Self(email))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Marks that letters of many scripts are written with.
fn is_mark(sign: char) -> bool {
    unicode_normalization::char::is_combining_mark(sign)
}

impl fmt::Display for Email {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &str) -> Option<String> {
        Email::parse(typed).map(|email| email.0)
    }

    #[test]
    fn one_address_has_one_form() {
        assert_eq!(
            read(" Ada.Lovelace+notes@Example.ORG ").as_deref(),
            Some("ada.lovelace+notes@example.org")
        );
        assert_eq!(read("ada@bücher.example").as_deref(), Some("ada@xn--bcher-kva.example"));
        // Full width letters, as some keyboards write them.
        assert_eq!(read("ａｄａ@example.org").as_deref(), Some("ada@example.org"));
        assert_eq!(read("дарья@example.org").as_deref(), Some("дарья@example.org"));
    }

    #[test]
    fn what_could_end_a_header_or_name_a_second_address_is_none() {
        for typed in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@localhost",
            "ada@127.0.0.1",
            "ada@[127.0.0.1]",
            "ada@example.org\r\nBcc: all@example.org",
            "ada\r\nBcc: all@example.org",
            "ada@example.org, eve@example.org",
            "ada,eve@example.org",
            "ada@evil.example@example.org",
            "\"ada\"@example.org",
            "Ada <ada@example.org>",
            "ada@exam ple.org",
            "ada@example.org>",
            "a..b@example.org",
            ".a@example.org",
            "ada\u{0}@example.org",
            "ada\u{202e}@example.org",
        ] {
            assert_eq!(read(typed), None, "{typed:?}");
        }
        assert_eq!(read(&format!("{}@example.org", "a".repeat(65))), None);
        assert_eq!(read(&format!("a@{}example.org", "a.".repeat(130))), None);
    }
}
