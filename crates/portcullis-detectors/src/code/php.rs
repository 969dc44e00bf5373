//! Programs of PHP between their tags, and what strings of PHP work out.

use crate::text::{at, before, begins, cut, find, has, has_any, is_word, rest, run, words};

/// `<?php …`, `<?= …`, `<script language="php">` with something that acts in it.
pub(super) fn tag(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(place) = memchr::memmem::find(rest(text, from), b"<?").map(|offset| from + offset) {
        from = place + 2;
        let after = rest(text, from);
        if begins(after, b"xml") && !has(before(after, 200), b"<?php") {
            continue;
        }
        // "a ``<?def?>`` tag" is documentation.
        if at(text, place.wrapping_sub(1)) == b'`' {
            continue;
        }
        let tag = begins(after, b"php")
            || begins(after, b"=")
            || after.first().is_some_and(|byte| is_word(*byte) || matches!(byte, b' ' | b'`' | b'$' | b'@'));
        let body = cut(after, 0..600);
        let asks =
            has_any(body, &[b"$_get", b"$_post", b"$_request", b"$_cookie", b"$_server['http", b"$_files"]);
        let acts = has_any(
            body,
            &[
                b"system(",
                b"system (",
                b"exec(",
                b"passthru(",
                b"eval(",
                b"assert(",
                b"phpinfo(",
                b"popen(",
                b"proc_open(",
                b"base64_decode(",
                b"create_function",
                b"call_user_func",
                b"file_put_contents(",
                b"gzinflate",
                b"str_rot13",
                b"include 'http",
                b"include \"http",
                b"include($",
                b"fsockopen(",
                b"move_uploaded_file",
                b"preg_replace(",
                b"array_map(",
                b"file_get_contents(",
                b"md5(",
                b"chr(",
                b"phpversion(",
                b"php_uname(",
                b"`",
                b"pcntl_",
                b"unlink(",
                b"scandir(",
                b"get_current_user",
                b"show_source(",
                b"highlight_file(",
                b"echo 1",
                b"echo(",
                b"print(",
                b"include '/",
                b"include \"/",
                b"include('/",
                b"${",
                b"\\x",
            ],
        );
        let begins_value = place < 400 && words(before(text, place), 4) <= 1;
        let dynamic = has_any(body, &[b"$_get[", b"$_post[", b"$_request[", b"$_cookie["])
            && (has(body, b"](")
                || has(body, b"`")
                || has_any(
                    body,
                    &[b"system", b"exec", b"eval", b"assert", b"passthru", b"include", b"require"],
                ));
        // Alone and short it is no program that is shown.
        let statement = || {
            let read = super::lexer::code(text, place + 2);
            !read.sentence && read.tokens.len() > 2 && (has(body, b"?>") || has(body, b";"))
        };
        let spaced = matches!(after.first(), Some(b' ' | b'\t' | b'\n')) && place == 0 && statement();
        let bare = spaced
            || place == 0
                && (begins(after, b"php") && !is_word(at(after, 3)) || begins(after, b"="))
                && (after.len() < 8
                    || has_any(body, &[b"(", b"$", b"`", b"echo", b"print", b"include", b"require", b"?>"]))
                && memchr::memchr_iter(b'\n', text.trim_ascii()).take(3).count() <= 2
                && text.len() < 400;
        if tag
            && (bare
                || begins_value && (acts || asks)
                || dynamic && place < 800 && words(before(text, place), 8) <= 6)
            && !is_page(text)
        {
            return Some(place);
        }
        // What stands in the next 300 bytes has been read: tags in them would not be other programs.
        from += 300;
    }
    find(text, b"<script language=\"php\"")
        .or_else(|| find(text, b"<script language='php'"))
        .or_else(|| find(text, b"<script language=php"))
}

/// `auto_prepend_file=…`, `allow_url_include=1`: settings that nobody sends but with `-d` (CVE-2012-1823).
pub(super) fn setting(text: &[u8]) -> Option<usize> {
    [
        &b"auto_prepend_file"[..],
        b"auto_append_file",
        b"allow_url_include",
        b"disable_functions",
        b"open_basedir",
    ]
    .iter()
    .find_map(|name| {
        let place = find(text, name)?;
        let next = run(text, place + name.len(), |byte| matches!(byte, b' ' | b'"' | b'\''));
        (at(text, next) == b'=' && words(before(text, place), 4) <= 2).then_some(place)
    })
}

/// A source file that is shown: many lines, with what a program of a page has.
fn is_page(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', text).take(12).count() >= 12
        && !has_any(text, &[b"$_get", b"$_post", b"$_request"])
}

/// `{${phpinfo()}}`, `${@print(md5(1))}`, `${system('id')}`.
pub(super) fn interpolated(text: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(text, b"${").find(|&place| {
        let inside = cut(text, place + 2..place + 130);
        let inside = inside.strip_prefix(b"@").unwrap_or(inside);
        let end = run(inside, 0, is_word);
        end > 2
            && at(inside, end) == b'('
            && [
                &b"phpinfo"[..],
                b"system",
                b"exec",
                b"passthru",
                b"eval",
                b"assert",
                b"print",
                b"shell_exec",
                b"die",
                b"sleep",
                b"phpversion",
                b"file_get_contents",
            ]
            .iter()
            .any(|name| before(inside, end).eq_ignore_ascii_case(name))
    })
}
