//! `@validateUrlEncoding` (RFC 3986, section 2.1).

/// Whether a `%` stands in `input` that two hexadecimal digits do not follow.
pub(super) fn is_bad_url_encoding(input: &[u8]) -> bool {
    let digit = |at: usize| input.get(at).is_some_and(u8::is_ascii_hexdigit);
    memchr::memchr_iter(b'%', input).any(|at| !(digit(at + 1) && digit(at + 2)))
}
