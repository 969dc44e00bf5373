//! The tables of `docs/seclang.md` say what the code does.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{Kind, MemoryFiles, RuleSet, Source, Support, vocabulary};

/// What the page says of each name: the kind, the word and the note.
fn page() -> BTreeMap<(Kind, String), (String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/seclang.md");
    let text = std::fs::read_to_string(path).expect("the page");
    let mut kind = None;
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            kind = match heading {
                "Directives" => Some(Kind::Directive),
                "Variables" => Some(Kind::Variable),
                "Operators" => Some(Kind::Operator),
                "Transformations" => Some(Kind::Transformation),
                "Actions" => Some(Kind::Action),
                "Changes for one transaction" => Some(Kind::Ctl),
                _ => None,
            };
        }
        let cells: Vec<&str> = line.trim_matches('|').splitn(3, '|').map(str::trim).collect();
        if let (Some(kind), [name, support, note]) = (kind, cells.as_slice())
            && let Some(name) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'))
        {
            let before = rows.insert((kind, name.to_owned()), ((*support).to_owned(), (*note).to_owned()));
            assert!(before.is_none(), "`{name}` stands twice");
        }
    }
    rows
}

#[test]
fn the_page_and_the_code_know_the_same_names() {
    let mut rows = page();
    for word in vocabulary() {
        let (said, note) = rows
            .remove(&(word.kind, word.name.to_owned()))
            .unwrap_or_else(|| panic!("the page does not tell of the {:?} `{}`", word.kind, word.name));
        match word.support {
            Support::Supported => {
                assert!(said == "yes" || (said == "differs" && !note.is_empty()), "{}: {said}", word.name);
            }
            Support::Idle(why) => assert_eq!((said.as_str(), note.as_str()), ("idle", why), "{}", word.name),
            Support::Refused(why) => {
                assert_eq!((said.as_str(), note.as_str()), ("refused", why), "{}", word.name);
            }
        }
    }
    assert!(rows.is_empty(), "the code does not know {:?}", rows.keys().collect::<Vec<_>>());
}

fn told(rules: &str) -> String {
    RuleSet::load(&[Source::text("r", rules)], &MemoryFiles::new())
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

/// A name in the tables is one that loading knows, and what is refused is refused.
#[test]
fn what_the_page_refuses_is_an_error_and_what_it_supports_is_known() {
    for word in vocabulary() {
        let name = word.name;
        let rules = match word.kind {
            Kind::Directive => format!("{name}\n"),
            Kind::Variable => format!("SecRule {name} \"@rx a\" \"id:1\"\n"),
            Kind::Operator => format!("SecRule ARGS \"@{name} 1\" \"id:1\"\n"),
            Kind::Transformation => format!("SecRule ARGS \"@rx a\" \"id:1,t:{name}\"\n"),
            Kind::Action => format!("SecRule ARGS \"@rx a\" \"id:1,{name}\"\n"),
            Kind::Ctl => format!("SecRule ARGS \"@rx a\" \"id:1,ctl:{name}=1\"\n"),
        };
        let told = told(&rules);
        match word.support {
            Support::Refused(why) => assert!(told.contains(why), "{name}: {told}"),
            Support::Supported | Support::Idle(_) => {
                assert!(
                    !told.contains("there is no") && !told.contains("is not supported"),
                    "{name}: {told}"
                );
            }
        }
    }
}
