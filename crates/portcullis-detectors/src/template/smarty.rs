//! Tags of Smarty, whose delimiters are single braces.

use crate::text::{at, stands};

/// Whether a tag of Smarty begins here that can do harm, or a calculation.
pub(super) fn begins_smarty(inside: &[u8]) -> bool {
    at(inside, 0).is_ascii_digit()
        || stands(inside, 0, b"php}")
        || stands(inside, 0, b"$smarty.")
        || smarty_call(inside)
}

pub(super) fn smarty_call(inside: &[u8]) -> bool {
    [
        &b"system("[..],
        b"exec(",
        b"passthru(",
        b"shell_exec(",
        b"phpinfo(",
        b"eval ",
        b"include_php",
        b"fetch file",
        b"include file=\"/",
        b"include file='/",
        b"math equation",
        b"self::",
        b"Smarty_Internal",
        b"if system(",
        b"if phpinfo(",
        b"function name=",
    ]
    .iter()
    .any(|name| stands(inside, 0, name))
}
