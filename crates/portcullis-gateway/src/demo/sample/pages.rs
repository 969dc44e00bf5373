//! The sample's pages.

use super::ledger::Line;

/// The one style sheet.
pub(super) const STYLE: &str = "\
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; padding: 1rem; color: #123; }
nav { display: flex; gap: 1rem; border-bottom: 2px solid #27a; padding-bottom: .5rem; flex-wrap: wrap; }
nav b { margin-right: auto; color: #27a; }
form { display: grid; gap: .5rem; max-width: 24rem; margin: 1rem 0; }
input, textarea, button { font: inherit; padding: .3rem .5rem; }
button { background: #27a; color: #fff; border: 0; }
dt { font-weight: bold; }
pre { background: #eee; overflow: auto; padding: .5rem; }
";

/// A page with the site's frame around `content`.
pub(super) fn page(title: &str, content: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} · Harbour Bank</title>\n\
         <link rel=\"stylesheet\" href=\"/static/harbour.css\">\n</head>\n<body>\n\
         <nav><b>⚓ Harbour Bank</b> <a href=\"/\">Home</a> <a href=\"/search?q=\">Services</a> \
         <a href=\"/guestbook\">Guest book</a> <a href=\"/files\">Files</a> \
         <a href=\"/account\">My account</a></nav>\n<h1>{title}</h1>\n{content}\n</body>\n</html>\n"
    )
}

pub(super) fn home() -> String {
    page(
        "Safe as the harbour",
        "<p>Savings, loans and a kind word since 1887.</p>\n\
         <form action=\"/search\"><input name=\"q\" placeholder=\"What are you looking for?\">\
         <button>Search</button></form>\n\
         <p><a href=\"/login\">Sign in</a> · <a href=\"/forgot\">Forgot your password?</a> · \
         <a href=\"/go?next=/guestbook\">What people say</a></p>",
    )
}

/// FLAW: the words searched for are written as they came (reflected XSS, CWE-79).
pub(super) fn search(words: &str, found: &[Line]) -> String {
    page("Services", &format!("<p>You searched for: {words}</p>\n{}", list(found)))
}

pub(super) fn login(trouble: &str) -> String {
    let content = format!(
        "<p>{trouble}</p>\n<form method=\"post\" action=\"/login\">\
         <input name=\"name\" placeholder=\"Name\" autocomplete=\"username\">\
         <input name=\"password\" type=\"password\" placeholder=\"Password\" autocomplete=\"current-password\">\
         <button>Sign in</button></form>"
    );
    page("Sign in", &content)
}

/// FLAW: the form that moves money has nothing that another site could not write too (CWE-352).
pub(super) fn account(name: &str, cents: i64) -> String {
    let (name, balance) = (escaped(name), money(cents));
    let content = format!(
        "<p>Welcome, {name}. Your balance: <strong id=\"balance\">{balance}</strong></p>\n\
         <form method=\"post\" action=\"/transfer\"><input name=\"to\" placeholder=\"To\">\
         <input name=\"amount\" placeholder=\"Amount\"><button>Transfer</button></form>\n\
         <form method=\"post\" action=\"/logout\"><button>Sign out</button></form>"
    );
    page("My account", &content)
}

/// FLAW: what visitors wrote is shown as they wrote it (stored XSS, CWE-79).
pub(super) fn guestbook(entries: &[Line]) -> String {
    let content = format!(
        "{}\n<form method=\"post\" action=\"/guestbook\"><input name=\"author\" placeholder=\"Your name\">\
         <textarea name=\"words\"></textarea><button>Sign</button></form>",
        list(entries)
    );
    page("Guest book", &content)
}

pub(super) fn forgot(said: &str) -> String {
    let content = format!(
        "<p>{said}</p>\n<form method=\"post\" action=\"/forgot\"><input name=\"name\" placeholder=\"Name\">\
         <button>Send me a link</button></form>"
    );
    page("Forgot your password?", &content)
}

pub(super) fn files(names: &[String]) -> String {
    let items: String = names
        .iter()
        .map(|name| format!("<li><a href=\"/files/{0}\">{0}</a></li>\n", escaped(name)))
        .collect();
    let content = format!(
        "<ul>\n{items}</ul>\n<form method=\"post\" action=\"/files\" enctype=\"multipart/form-data\">\
         <input type=\"file\" name=\"file\"><button>Upload</button></form>"
    );
    page("Files", &content)
}

fn list(lines: &[Line]) -> String {
    let items: String =
        lines.iter().map(|(title, body)| format!("<dt>{title}</dt><dd>{body}</dd>\n")).collect();
    format!("<dl>\n{items}</dl>")
}

/// `1234` cents as `12.34 €`.
pub(super) fn money(cents: i64) -> String {
    format!("{}.{:02} €", cents / 100, cents % 100)
}

/// Text as HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
