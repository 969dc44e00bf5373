use std::time::Duration;

use http::Request;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::exchange::Exchange;
use crate::keys::Keyring;
use crate::layers::content::csrf::TokenMint;
use crate::layers::record::event::RequestFacts;
use crate::origin::Origin;
use crate::policy::Policy;
use crate::request::{Listener, Moment, Peer};

fn mint() -> TokenMint {
    let head = Request::builder().uri("/").body(()).unwrap().into_parts().0;
    let peer = Peer { address: "192.0.2.1:4000".parse().unwrap(), listener: Listener::Https, tls: None };
    let moment = Moment { since_epoch: Duration::from_secs(1_800_000_000), entropy: [3; 32] };
    let rules = Policy::default().site().clone();
    let mut exchange = Exchange::begin(moment, &peer, rules, RequestFacts::of(&head, None), "/".to_owned());
    TokenMint::for_exchange(&mut exchange, &Keyring::new([1; 32], Vec::new()))
}

fn rewriter(kind: Kind, label: Option<&str>) -> Rewriter {
    let page = url::Url::parse("https://shop.example/cart/view?x=1").unwrap();
    let own = Origin::parse("https://shop.example").unwrap();
    Rewriter::new(kind, label.map(str::to_owned), Some(page), own, Some(mint()))
}

fn rewritten<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Rewriter) {
    let mut rewriter = rewriter(Kind::Html, Some("utf-8"));
    let mut out = Vec::new();
    for chunk in chunks {
        rewriter.push(chunk, &mut out);
    }
    rewriter.end(&mut out);
    (out, rewriter)
}

/// The page with each token shown as `#`.
fn marked(page: &str) -> String {
    let (out, _) = rewritten([page.as_bytes()]);
    let token =
        regex::Regex::new(r#"<input type="hidden" name="_portcullis_csrf" value="[\w-]+" />"#).unwrap();
    token.replace_all(&String::from_utf8(out).unwrap(), "#").into_owned()
}

fn findings(page: &str) -> Findings {
    rewritten([page.as_bytes()]).1.findings(true)
}

fn origins(sources: &Sources) -> Vec<&str> {
    sources.origins.iter().map(String::as_str).collect()
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

#[test]
fn forms_that_post_here_get_a_token_as_their_first_child() {
    for (written, expected) in [
        ("<form method=post><p>", "<form method=post>#<p>"),
        ("<FORM METHOD='POST' ACTION=/send>", "<FORM METHOD='POST' ACTION=/send>#"),
        ("<form\nmethod = \"PoSt\"\taction=\"\">", "<form\nmethod = \"PoSt\"\taction=\"\">#"),
        ("<form method=post action=send?a=1>", "<form method=post action=send?a=1>#"),
        (
            "<form method=post action=https://shop.example/x>",
            "<form method=post action=https://shop.example/x>#",
        ),
        (
            "<form method=post action=HTTPS://SHOP.example:443/x>",
            "<form method=post action=HTTPS://SHOP.example:443/x>#",
        ),
        ("<form method=post action=//shop.example/x>", "<form method=post action=//shop.example/x>#"),
        ("<form method=post action='&#x2f;x'>", "<form method=post action='&#x2f;x'>#"),
        ("<template><form method=post></form></template>", "<template><form method=post>#</form></template>"),
        ("<table><form method=post><tr>", "<table><form method=post>#<tr>"),
        ("<form method=post><button formaction=/other>", "<form method=post>#<button formaction=/other>"),
    ] {
        assert_eq!(marked(written), expected);
    }
}

#[test]
fn a_button_behind_more_than_we_remember_still_keeps_the_token_out_of_its_form() {
    let others: String =
        (0..200).map(|id| format!("<button form=n{id} formaction=//evil.example></button>")).collect();
    let page = format!("<form method=post id=f></form>{others}<button form=f formaction=//evil.example>");
    assert_eq!(marked(&page), page);
}

#[test]
fn a_list_inside_a_foreign_form_does_not_cost_the_next_form_its_token() {
    assert_eq!(
        marked("<form method=post action=//pay.example><select><option>1</select></form><form method=post>"),
        "<form method=post action=//pay.example><select><option>1</select></form><form method=post>#",
    );
}

#[test]
fn forms_that_do_not_post_here_get_none() {
    for page in [
        "<form>",
        "<form method=get action=/s>",
        "<form method=put>",
        "<form method=' post'>",
        "<form method=dialog>",
        "<form method=post action=https://evil.example/>",
        "<form method=post action=//evil.example/>",
        "<form method=post action='\\\\evil.example'>",
        "<form method=post action='/\t/evil.example'>",
        "<form method=post action='&sol;&sol;evil.example'>",
        "<form method=post action='&NotKnown;x'>",
        "<form method=post action=http://shop.example/>",
        "<form method=post action=https://shop.example:8443/>",
        "<form method=post action=https://shop.example.evil.example/>",
        "<form method=post action=javascript:send()>",
        "<form method=post action=mailto:a@shop.example>",
        "<base href=https://cdn.example/><form method=post action=send>",
        "<form method=post action=send></form><base href=https://cdn.example/>",
        "<form method=post><button formaction=https://evil.example/>",
        "<form method=post><input type=submit formaction=//evil.example>",
        "<form method=post id=f></form><button form=f formaction=https://evil.example/>",
        "<form method=post><input name=_portcullis_csrf value=x>",
        // Markup that somebody slipped in before or after a form: the browser takes the second start tag
        // for nothing, and the token would go to the first form's place.
        "<form method=post action=//evil.example><template></form></template><form method=post>",
        "<form method=post action=//evil.example><select></form></select><form method=post>",
        "<form method=dialog action=//evil.example><button formmethod=post></button><form method=post>",
        "<form method=post><button formaction=//evil.example></button><form method=post action=/pay>",
        "<form method=post><form method=post action=/pay><button formaction=//evil.example></button>",
        "<form method=post enctype=text&#47;plain>",
        "<form method=post id=f></form><button form='&#102;' formaction=//evil.example>",
        "<form method=post id='&#102;'></form><button form=f formaction=//evil.example>",
        "<form method=post enctype=text/plain>",
        "<form method=post enctype='Text/Plain'>",
        "<form method=post><button formenctype=text/plain>",
        "<form method=post id=f></form><input type=submit form=f formenctype=text/plain>",
        "<!-- <form method=post> -->",
        "<textarea><form method=post></textarea>",
        "<script>document.write('<form method=post>')</script>",
        "<title><form method=post></title>",
        "<svg><form method=post></svg>",
    ] {
        assert_eq!(marked(page), page);
    }
}

#[test]
fn a_form_inside_a_foreign_one_is_not_one() {
    // A browser ignores the inner start tag, and its fields go to the foreign place.
    let page = "<form action=https://evil.example><div><form method=post></form></div>";
    assert_eq!(marked(page), page);
    // Closing the parent does not close the form.
    let page = "<div><form action=https://evil.example></div><form method=post>";
    assert_eq!(marked(page), page);
    assert_eq!(
        marked("<form action=https://evil.example></form><form method=post></form>"),
        "<form action=https://evil.example></form><form method=post>#</form>"
    );
}

#[test]
fn a_form_that_some_browsers_hold_open_keeps_the_token_from_the_next() {
    // Whether the end tag in the list counts, browsers do not agree: the second form may be the open one.
    for (page, marked_page) in [
        (
            "<form method=post><select></form><form><form method=post>",
            "<form method=post>#<select></form><form><form method=post>",
        ),
        (
            "<form method=post><select></form><form method=post action=//evil.example></select><form method=post>",
            "<form method=post>#<select></form><form method=post action=//evil.example></select><form method=post>",
        ),
    ] {
        assert_eq!(marked(page), marked_page);
    }
}

#[test]
fn an_empty_action_is_the_page_whatever_the_base() {
    assert_eq!(
        marked("<base href=https://cdn.example/><form method=post action=''>"),
        "<base href=https://cdn.example/><form method=post action=''>#"
    );
}

#[test]
fn a_page_split_at_any_byte_comes_out_the_same() {
    let page = "\u{feff}<!doctype html><html><head><meta charset=utf-8><title>ä &amp; <form></title>\
        <script>if (a < b) { '<form method=post>' }</script></head><body onload='go()'>\
        <form method=post action=\"/a?b=1&amp;c=2\"><input name=x></form><!-- <form method=post> -->\
        <FORM METHOD=POST><textarea><form method=post></textarea></FORM>\
        <form method=post action=https://evil.example/></form></body></html>";
    let (whole, rewriter) = rewritten([page.as_bytes()]);
    let expected = rewriter.findings(true);
    assert_eq!(rewriter.tokens(), 2);
    for at in 0..=page.len() {
        let (one, two) = page.as_bytes().split_at(at);
        let (split, rewriter) = rewritten([one, two]);
        assert_eq!(split, whole, "split at {at}");
        assert_eq!(rewriter.findings(true), expected, "split at {at}");
    }
    let (bytes, _) = rewritten(page.as_bytes().chunks(1));
    assert_eq!(bytes, whole);
}

#[test]
fn bytes_that_are_no_text_come_out_as_they_went_in() {
    let page = b"\xff\xfe\xfd<p\xe4 a=\xe4>\x00\x80<\xc3</form\xff><form method=post>\xe4";
    let mut rewriter = rewriter(Kind::Html, Some("windows-1252"));
    let mut out = Vec::new();
    rewriter.push(&page[3..], &mut out);
    rewriter.end(&mut out);
    assert_eq!(rewriter.tokens(), 1);
    let start = out.windows(6).position(|window| window == b"<input").unwrap();
    let end = out.windows(3).position(|window| window == b" />").unwrap() + 3;
    out.drain(start..end);
    assert_eq!(out, &page[3..]);
}

#[test]
fn a_charset_that_is_not_ascii_passes_unedited() {
    let utf16: Vec<u8> = "<form method=post>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (label, page) in [
        (Some("utf-16le"), utf16.clone()),
        (Some("utf-8"), [&[0xff, 0xfe][..], &utf16].concat()),
        (None, [&[0xff, 0xfe][..], &utf16].concat()),
        (Some("iso-2022-jp"), b"<form method=post>".to_vec()),
    ] {
        let mut rewriter = rewriter(Kind::Html, label);
        let mut out = Vec::new();
        for byte in page.chunks(1) {
            rewriter.push(byte, &mut out);
        }
        rewriter.end(&mut out);
        assert_eq!(out, page);
        assert_eq!(rewriter.take_fault().unwrap().code(), "html.charset_not_ascii");
        assert!(rewriter.findings(true).partial);
    }
}

#[test]
fn a_page_of_one_byte_is_not_lost() {
    for page in [&b"\xef"[..], b"\xef\xbb", b"", b"x"] {
        assert_eq!(rewritten([page]).0, page);
    }
}

#[test]
fn markup_nested_without_end_costs_no_memory() {
    let page = format!("<form method=post></form>{}<form method=post>", "<div><p><b>".repeat(200_000));
    let mut rewriter = rewriter(Kind::Html, Some("utf-8"));
    let mut out = Vec::new();
    for chunk in page.as_bytes().chunks(8192) {
        rewriter.push(chunk, &mut out);
    }
    rewriter.end(&mut out);
    assert_eq!(rewriter.tokens(), 2);
    assert_eq!(rewriter.take_fault(), None);
}

#[test]
fn a_tag_without_end_passes_unedited() {
    let page = format!("<form method=post></form><p title='{}'><form method=post>", "a".repeat(3 << 20));
    let mut rewriter = rewriter(Kind::Html, Some("utf-8"));
    let mut out = Vec::new();
    for chunk in page.as_bytes().chunks(8192) {
        rewriter.push(chunk, &mut out);
    }
    rewriter.end(&mut out);
    assert_eq!(rewriter.tokens(), 1);
    assert_eq!(rewriter.take_fault().unwrap().code(), "html.too_complex");
    assert!(rewriter.findings(true).partial);
}

#[test]
fn self_closing_forms_of_xhtml_hold_nothing() {
    let page =
        b"<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><form method=\"post\"/></html>";
    let mut rewriter = rewriter(Kind::Xhtml, None);
    let mut out = Vec::new();
    rewriter.push(page, &mut out);
    rewriter.end(&mut out);
    assert_eq!(out, page);
    assert!(rewriter.findings(true).partial);
}

#[test]
fn scripts_are_hashed_as_a_browser_does() {
    let found =
        findings("<script>one()\r\ntwo()\r</script><script type=module>three()</script><script></script>");
    let hashes: Vec<_> = found.inline_scripts.iter().copied().collect();
    assert_eq!(hashes.len(), 2);
    assert!(hashes.contains(&hash("one()\ntwo()\n")));
    assert!(hashes.contains(&hash("three()")));
    assert!(found.any_script && !found.partial);
}

#[test]
fn a_page_without_script_has_none() {
    let found = findings(
        "<title>t</title><style>p { color: red }</style><p style='x: y'>a<img src=/a.png alt='javascript'>\
         <script type='application/ld+json'>{}</script><a href='/java'>b</a><a href='j'>c</a>",
    );
    assert!(!found.any_script);
    assert!(found.inline_scripts.is_empty());
    assert_eq!(found.inline_styles.iter().collect::<Vec<_>>(), [&hash("p { color: red }")]);
    assert_eq!(found.style_attributes.iter().collect::<Vec<_>>(), [&hash("x: y")]);
}

#[test]
fn every_way_to_run_script_is_seen() {
    for page in [
        "<script src=/a.js></script>",
        "<script>a</script>",
        "<p onclick=a>",
        "<p ONCLICK='a'>",
        "<a href=javascript:a>",
        "<a href='\t java\nscript:a'>",
        "<a href='&#106;avascript&colon;a'>",
        "<a href='java&Tab;script:a'>",
        "<a href='&Unknown;avascript:a'>",
        "<svg><a xlink:href=javascript:a></svg>",
        "<svg><script>a</script></svg>",
        "<form action=javascript:a>",
        "<iframe srcdoc='<script>a</script>'>",
        "<iframe src=javascript:a>",
        "<link rel=modulepreload href=/a.js>",
        "<script type='text/javascript; charset=utf-8'>a</script>",
        "<script type=importmap>{}</script>",
    ] {
        assert!(findings(page).any_script, "{page}");
    }
}

#[test]
fn handlers_are_hashed_decoded() {
    let found = findings("<p onclick='say(&quot;a&quot; &amp;&amp; 1)'>");
    assert_eq!(found.handlers.iter().collect::<Vec<_>>(), [&hash("say(\"a\" && 1)")]);
    let found = findings("<p onclick='a(&eacute;)'>");
    assert!(found.handlers.overflowed());
}

#[test]
fn sources_are_sorted_by_what_they_load() {
    let found = findings(
        "<script src=//cdn.example/a.js></script><link rel='stylesheet' href=https://css.example:8443/a>\
         <link rel=preload as=font href=https://font.example/f><link rel='shortcut icon' href=data:,>\
         <img src=/i srcset='https://img.example/1 1x, data:image/png,a,b 2x'><iframe src=https://frame.example></iframe>\
         <object data=https://object.example><video src=blob:x poster=https://poster.example/>\
         <style>@import \"https://sheet.example/a\"; a { b: url( 'https://bg.example/x' ) }</style>\
         <form action=https://pay.example><meta http-equiv=Content-Security-Policy content=x>",
    );
    assert_eq!(origins(&found.scripts), ["https://cdn.example"]);
    assert_eq!(origins(&found.styles), ["https://css.example:8443"]);
    assert_eq!(origins(&found.fonts), ["https://font.example"]);
    assert_eq!(origins(&found.images), ["https://img.example", "https://poster.example"]);
    assert!(found.images.own && found.images.data);
    assert_eq!(origins(&found.frames), ["https://frame.example"]);
    assert_eq!(origins(&found.objects), ["https://object.example"]);
    assert!(found.media.blob);
    assert_eq!(origins(&found.css), ["https://bg.example", "https://sheet.example"]);
    assert_eq!(origins(&found.forms), ["https://pay.example"]);
    assert!(found.meta_policy);
}

#[test]
fn lists_have_a_bound() {
    let page: String = (0..200).map(|n| format!("<script src=https://h{n}.example/></script>")).collect();
    let found = findings(&page);
    assert_eq!(found.scripts.origins.iter().count(), Listed::<String>::MOST);
    assert!(found.scripts.origins.overflowed());
}

#[test]
fn a_script_in_a_charset_that_nobody_declared_is_not_hashed() {
    let mut rewriter = rewriter(Kind::Html, None);
    let mut out = Vec::new();
    rewriter.push("<script>'ä'</script>".as_bytes(), &mut out);
    rewriter.end(&mut out);
    let found = rewriter.findings(true);
    assert!(found.inline_scripts.overflowed() && found.any_script);
}

proptest! {
    #[test]
    fn no_page_makes_it_panic_or_loses_a_byte(
        page in "(<(form|/form|button|script|/script|base|svg|template|!--|select|table|a)( method=post| action=/| formaction=//x| href=\"| onclick=a|=|'|\"|>| /){0,4}>?|[a-z&;#\u{e9}\r\n<>]{0,6}){0,20}",
        size in 1_usize..40,
    ) {
        let (out, _) = rewritten(page.as_bytes().chunks(size));
        let token = regex::Regex::new(r#"<input type="hidden" name="_portcullis_csrf" value="[\w-]+" />"#).unwrap();
        let out = String::from_utf8(out).unwrap();
        prop_assert_eq!(token.replace_all(&out, "").into_owned(), page);
    }
}

/// Markup that may bring a token to a form of a foreign place.
const FORMS: &str = "(<form( method=post| action=//evil.example| action=/a| id=f){0,3}>|</form>|<(button|input)( formaction=//evil.example| form=f| type=submit){0,2}>|</?(div|p|table|tr|td|select|option|template|svg|foreignobject|desc|math|mi|a|b|title|textarea|script|style)>|<!--|-->|x){1,16}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_token_goes_with_a_form_to_a_foreign_place(page in FORMS) {
        let (out, _) = rewritten([page.as_bytes()]);
        let out = String::from_utf8(out).unwrap();
        let value = |of: &[(String, String)], key: &str| {
            of.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
        };
        let members = super::markup::oracle::read(&out).members;
        let with_token: Vec<usize> = members
            .iter()
            .filter(|member| value(&member.attributes, "name").as_deref() == Some("_portcullis_csrf"))
            .map(|member| member.form)
            .collect();
        for member in members.iter().filter(|member| with_token.contains(&member.form)) {
            let action = value(&member.form_attributes, "action").unwrap_or_default();
            let method = value(&member.form_attributes, "method");
            prop_assert!(!action.contains("evil"), "{}", out);
            prop_assert_eq!(method.as_deref(), Some("post"), "{}", out);
            prop_assert_eq!(value(&member.attributes, "formaction"), None, "{}", out);
        }
    }
}
