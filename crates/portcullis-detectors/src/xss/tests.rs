//! What makes a browser run script, and what only looks like it.

use super::{detect, detect_counting};
use proptest::prelude::*;

fn assert_attacks(inputs: &[&str]) {
    for input in inputs {
        assert!(detect(input.as_bytes()).is_some(), "missed: {input}");
    }
}

fn assert_ordinary(inputs: &[&str]) {
    for input in inputs {
        let found = detect(input.as_bytes());
        assert!(found.is_none(), "taken for an attack: {input}: {found:?}");
    }
}

#[test]
fn script_in_a_page_is_an_attack_however_the_tag_is_cut() {
    assert_attacks(&[
        "<script>alert(1)</script>",
        "<<script>alert(1)//<</script>",
        "<x:script xmlns:x=\"http://www.w3.org/1999/xhtml\" src=\"data:,alert(1)\" />",
        "www.example.com<script><img><iframe>",
        "</script><b>",
        "<img \"\"\"><script>alert(1)</script>\">",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    ]);
    assert!(detect(b"<\0script>alert(1)").is_some());
    assert!(detect(b"<scr\0ipt>alert(1)").is_some());
}

#[test]
fn an_event_attribute_is_found_behind_any_separator() {
    assert_attacks(&[
        "<svg/onload=alert(1)>",
        "<svg\u{c}onload=alert(1)>",
        "<img src=\"x\"onerror=alert(1)>",
        "<img src=x\nonerror\n=\nalert(1)>",
        "<xss onbeforehellfreezes=alerw(1)>",
        "<details open ontoggle=alert(1)>",
        "<img src=x onerror=alert(1)//",
    ]);
    assert!(detect(b"<img \xff onerror=alert(1)>").is_some());
    assert_ordinary(&["<item only=\"yes\" once=\"no\">", "<p onward>text</p>"]);
}

#[test]
fn an_address_is_script_by_what_the_browser_makes_of_it() {
    assert_attacks(&[
        "<a href=\"j&Tab;avascript:alert(1)\">x</a>",
        "<a href=\"java&#10;script:alert(1)\">",
        "<a href=\" &#14; javascript:alert(1)\">",
        "<a href=&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)>",
        "<form action=javascript:alert(1)><button>",
        "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">",
        "<svg><animate attributeName=href values=javascript:alert(1) />",
        "<iframe src=\"data:text/html,x\">",
        "javascript:alert(1)",
        "JaVaScRiPt&colon;alert(1)",
        "data:text/html;base64,PHNjcmlwdD4=",
    ]);
    assert_ordinary(&[
        "JavaScript: The Good Parts",
        "javascript: a primer",
        "data:image/png;base64,iVBORw0KGgo=",
        "<a href=\"https://example.com/?q=javascript:\">link</a>",
        "<img src=\"data:image/gif;base64,R0lGODlhAQABAAAAACw=\">",
    ]);
}

#[test]
fn a_quote_ends_the_attribute_that_the_input_lands_in() {
    assert_attacks(&[
        "\" onmouseover=alert(1) x=\"",
        "' onfocus='alert(1)' autofocus='",
        "\"onmouseover='prompt(document.cookie)'\"",
        "\" style=\"width:expression(alert(1))",
        "x onmouseover=alert(1)",
        "\"><img src=x onerror=alert(1)>",
    ]);
    assert_ordinary(&[
        "set onclick = handler",
        "use onclick = \"handler\" here",
        "He said \"onload\" and left",
        "\"quoted\" text = fine",
    ]);
}

#[test]
fn a_quote_ends_the_string_of_a_script_that_the_input_lands_in() {
    assert_attacks(&[
        "'-alert(1)-'",
        "\";alert(1)//",
        "\\';alert(1)//",
        "');alert(1);//",
        "`-alert(1)-`",
        "${alert(1)}",
    ]);
    assert_ordinary(&[
        "foo('bar'); baz()",
        "x = 'a' + b + 'c'",
        "it's (really) fine",
        "don't; alert the others",
    ]);
}

#[test]
fn encodings_that_a_page_undoes_are_undone() {
    assert_attacks(&[
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "%253Cscript%253Ealert(1)",
        "\\x3cscript\\x3ealert(1)\\x3c/script\\x3e",
        "\\u003cimg src=x onerror=alert(1)\\u003e",
        "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
        "&#60;script&#62;alert(1)",
        "\u{ff1c}script\u{ff1e}alert(1)",
    ]);
    assert_ordinary(&["&lt;script&gt; is how a script begins", "100%25 of it", "C:\\x3d\\files"]);
}

#[test]
fn markup_that_runs_nothing_is_ordinary() {
    assert_ordinary(&[
        "this is <b>bold</b> and <br> new",
        "<p class=\"x\">hello</p>",
        "<a href=\"https://example.com/\">link</a>",
        "<img src=\"https://example.com/x.png\" alt=\"y\">",
        "<svg><path d=\"M0 0\"/></svg>",
        "<iframe>",
    ]);
}

#[test]
fn signs_of_mathematics_and_of_programs_are_ordinary() {
    assert_ordinary(&[
        "a < b and c > d",
        "<3 you",
        "<john@example.com>",
        "Map<String, List<Integer>>",
        "Vec<Script>",
        "List<Object> and Set<Base>",
        "if (a < b && c > d) {",
        "std::vector<std::pair<int, int>> v;",
        "#include <stdio.h>",
        "{{ user.name }}",
        "${HOME}/bin",
        ":-< >:-(",
        "<div v-if=\"open\" :class=\"x\" @click=\"go\">",
    ]);
}

#[test]
fn labelled_attacks_are_found_and_labelled_near_misses_are_not() {
    let attacks = crate::labelled::values("attack/xss.txt");
    let missed: Vec<_> =
        attacks.iter().filter(|value| detect(value).is_none()).map(|v| v.escape_ascii()).collect();
    assert!(attacks.len() >= 500);
    assert!(missed.is_empty(), "missed {} of {}: {:?}", missed.len(), attacks.len(), missed.first());
    for file in ["ordinary/near_sql.txt", "ordinary/near_markup.txt"] {
        let ordinary = crate::labelled::values(file);
        let taken: Vec<_> =
            ordinary.iter().filter(|value| detect(value).is_some()).map(|v| v.escape_ascii()).collect();
        assert!(ordinary.len() >= 2_000);
        assert!(
            taken.is_empty(),
            "took {} of {} for attacks: {:?}",
            taken.len(),
            ordinary.len(),
            taken.first()
        );
    }
}

#[test]
fn the_finding_names_the_place_and_the_bytes() {
    let input = b"hello <img src=x onerror=alert(1)> world";
    let found = detect(input).unwrap();
    assert_eq!(found.context, "the text of a page");
    assert_eq!(&input[found.evidence.clone()], b"<img src=x onerror=alert(1)");
    assert_eq!(found.fingerprint, "onerror=");
}

fn pieces() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "<",
        ">",
        "/",
        "=",
        "\"",
        "'",
        "`",
        "a",
        "script",
        "<script",
        "<img ",
        "</",
        "<!--",
        "-->",
        "<!",
        "<?",
        "on",
        "onload",
        "onerror=",
        "style=",
        "href=",
        "javascript:",
        "data:",
        "text/html",
        "&#",
        "&Tab;",
        "x3c",
        "\\x3c",
        "\\u003c",
        "%3c",
        "%",
        "+ADw-",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "{{",
        "${",
        ";",
        "alert",
        "alert(1)",
        ".",
        ",",
        " ",
        "\n",
        "\0",
        "//",
        "/*",
        "*/",
        "\\",
        "é",
        "＜",
        "¼",
        "-",
        "+",
        ":",
        "new ",
        "function ",
        "<style>",
        "@import",
        "expression(",
    ]);
    prop::collection::vec(words, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(input in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Some(found) = detect(&input) {
            prop_assert!(found.evidence.start <= found.evidence.end && found.evidence.end <= input.len());
        }
    }

    #[test]
    fn any_pieces_of_markup_are_read_in_bounds(input in pieces()) {
        if let Some(found) = detect(input.as_bytes()) {
            prop_assert!(found.evidence.start <= found.evidence.end && found.evidence.end <= input.len());
            prop_assert!(found.fingerprint.is_ascii());
        }
    }

    #[test]
    fn repeating_an_input_repeats_its_cost_and_no_more(piece in pieces(), times in 1_usize..60) {
        let mut steps = 0;
        let input = piece.repeat(times);
        let _ = detect_counting(input.as_bytes(), &mut steps);
        prop_assert!(steps <= 96 * (input.len() + 4), "{steps} steps for {} bytes", input.len());
    }
}

#[test]
fn a_tag_that_a_sentence_mentions_is_no_script_and_one_with_code_is() {
    for mention in [
        "a line with <script> in the text & 100% of '\"quotes\"'",
        "why is <script> not closed here, they asked",
    ] {
        assert_eq!(super::detect(mention.as_bytes()), None, "{mention}");
    }
    for attack in [
        "a line with <script> in the text alert(1)",
        "a line with <script> x=1",
        "a line with <script>alert`1`",
        "a line with <script> in it</script>",
        "<script> in the text",
        "a line with <script src=//evil.example> in it",
    ] {
        assert!(super::detect(attack.as_bytes()).is_some(), "{attack}");
    }
}
