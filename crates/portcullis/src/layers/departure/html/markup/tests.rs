use proptest::prelude::*;

use super::oracle::{self, StartTag};
use super::*;

/// What a listener heard.
#[derive(Default, Debug, PartialEq, Eq)]
struct Heard {
    tags: Vec<StartTag>,
    texts: Vec<String>,
    text: String,
}

impl Listener for Heard {
    fn start(&mut self, tag: &Tag<'_>) -> bool {
        let mut names: Vec<String> = Vec::new();
        for attribute in tag.attributes() {
            let name = String::from_utf8_lossy(attribute.name).to_ascii_lowercase();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        self.tags.push((tag.name.as_str().to_owned(), names));
        matches!(tag.name, Name::Script | Name::Style)
    }

    fn end(&mut self, _name: Name) {}

    fn text(&mut self, part: &[u8]) {
        self.text.push_str(&String::from_utf8_lossy(part));
    }

    fn text_ends(&mut self) {
        self.texts.push(std::mem::take(&mut self.text));
    }
}

/// What was heard, and whether all of the page was.
fn hear<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> (Heard, Result<(), Fault>) {
    let mut reader = Reader::new();
    let mut heard = Heard::default();
    for part in parts {
        if let Err(fault) = reader.push(part, &mut heard) {
            return (heard, Err(fault));
        }
    }
    reader.end(&mut heard);
    (heard, Ok(()))
}

fn tags(page: &str) -> Vec<String> {
    hear([page.as_bytes()]).0.tags.into_iter().map(|(name, _)| name).collect()
}

/// The tags that a browser finds; names that are not told apart are empty, as ours.
fn expected(page: &str) -> Vec<StartTag> {
    let known = |name: &str| Name::of(name.as_bytes()).as_str().to_owned();
    oracle::read(page).tags.into_iter().map(|(name, attributes)| (known(&name), attributes)).collect()
}

#[test]
fn comments_end_where_browsers_end_them() {
    for (page, behind) in [
        ("<!--><p>", true),
        ("<!---><p>", true),
        ("<!----><p>", true),
        ("<!----!><p>", true),
        ("<!---!><p>", false),
        ("<!--!><p>", false),
        ("<!-- -- ><p>", false),
        ("<!-- --!><p>", true),
        ("<!-- <!-- --><p>", true),
        ("<!a '><p>", true),
        ("<!DOCTYPE html PUBLIC '><p>", true),
        ("<?php ?><p>", true),
        ("</ a='>'><p>", true),
        ("</><p>", true),
        ("<![CDATA[ > <p>", true),
        ("<svg><![CDATA[ > <p>", false),
        ("<svg><![CDATA[ > ]]><p>", true),
    ] {
        assert_eq!(tags(page).iter().any(|name| name == "p"), behind, "{page}");
        assert_eq!(hear([page.as_bytes()]).0.tags, expected(page), "{page}");
    }
}

#[test]
fn scripts_end_where_browsers_end_them() {
    for (page, text) in [
        ("<script>a</script>", "a"),
        ("<script>'</scripty>'</script >", "'</scripty>'"),
        ("<script><!-- </script>", "<!-- "),
        ("<script><!-- <script> </script> --></script>", "<!-- <script> </script> -->"),
        ("<script><!--> <script> </script>", "<!--> <script> "),
        ("<script><!-- <script></script></script>", "<!-- <script></script>"),
        ("<script></SCRIPT\n>", ""),
        ("<script>a<", "a<"),
        ("<script>a</scrip", "a</scrip"),
    ] {
        let (heard, _) = hear([page.as_bytes()]);
        assert_eq!(heard.texts, [text], "{page}");
        for at in 0..=page.len() {
            let (one, two) = page.as_bytes().split_at(at);
            assert_eq!(hear([one, two]).0, heard, "{page} at {at}");
        }
    }
}

#[test]
fn where_the_tree_decides_and_is_not_followed_reading_stops() {
    for page in [
        "<select><style>",
        "<select><template><textarea>",
        "<frameset><style>",
        "<div><svg></div>",
        "<svg><desc></svg>",
        "<math><annotation-xml encoding='text&#47;html'>",
    ] {
        assert_eq!(hear([page.as_bytes()]).1, Err(Fault::Ambiguous), "{page}");
    }
    let deep = "<svg>".repeat(1000);
    assert_eq!(hear([deep.as_bytes()]).1, Err(Fault::Memory));
}

const SOUP: &str = "(</?(svg|math|title|desc|foreignobject|mi|annotation-xml|style|script|textarea|noscript|select|template|table|p|div|b|font|a|path|iframe|xmp|image|form|input|option)( (color|encoding|x|href)=?('text/html'|\"a>b\"|c)?| /){0,2}>|<!--|-->|--!>|<!\\[CDATA\\[|\\]\\]>|[a-z<>/!'\" =-]{1,4}){1,14}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_tags_are_those_that_a_browser_finds(page in SOUP) {
        let (heard, read) = hear([page.as_bytes()]);
        let mut expected = expected(&page);
        if read.is_err() {
            expected.truncate(heard.tags.len());
        }
        prop_assert_eq!(heard.tags, expected, "{}", page);
    }

    #[test]
    fn a_page_in_parts_is_read_as_a_whole_one(page in SOUP, size in 1_usize..9) {
        prop_assert_eq!(hear(page.as_bytes().chunks(size)), hear([page.as_bytes()]));
    }
}
