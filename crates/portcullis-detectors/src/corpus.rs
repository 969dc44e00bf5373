//! The labelled inputs in `cases/detect`, all of them before all detectors: how many attacks are found, and
//! how many ordinary inputs are taken for one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::DETECTORS;

/// Of a thousand attacks of each class, as many must be found; of ordinary inputs of all kinds, as few may be
/// taken for one, whichever detector it is that takes them.
const FOUND: f64 = 0.995;
const ALARMS: f64 = 0.0005;

/// The same of inputs that nothing was fitted to: fewer, and harder ones, and all classes together.
const UNSEEN_FOUND: f64 = 0.99;
const UNSEEN_ALARMS: f64 = 0.005;

struct Input {
    attack: bool,
    class: String,
    value: Vec<u8>,
    place: String,
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "txt") {
            into.push(path);
        }
    }
}

/// The inputs in these folders of `cases/detect`.
fn inputs(folders: &[&str]) -> Vec<Input> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/detect");
    let mut paths = Vec::new();
    for folder in folders {
        files(&cases.join(folder), &mut paths);
    }
    let mut inputs = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for (index, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let place = format!("{name}:{}", index + 1);
            let mut fields = line.splitn(3, '\t');
            let (Some(label), Some(class), Some(value)) = (fields.next(), fields.next(), fields.next())
            else {
                panic!("{place}: a line has a label, a class and a value, with tabs between them")
            };
            assert!(matches!(label, "attack" | "ordinary"), "{place}: `{label}` is no label");
            let value = unescaped(value).unwrap_or_else(|wrong| panic!("{place}: {wrong}"));
            inputs.push(Input { attack: label == "attack", class: class.to_owned(), value, place });
        }
    }
    inputs
}

fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'0') => 0,
            Some(b'\\') => b'\\',
            Some(b'x') => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).map_err(|_| format!("`\\x{digits}` is no byte"))?
            }
            other => return Err(format!("`\\{}` is no escape", other.map_or(' ', char::from))),
        });
    }
    Ok(bytes)
}

#[derive(Default)]
struct Tally {
    all: usize,
    found: usize,
    own: usize,
}

/// What came of a set of inputs: by label and class, and how many alarms each detector gave.
struct Outcome<'a> {
    tallies: BTreeMap<(bool, &'a str), Tally>,
    by_detector: BTreeMap<&'static str, usize>,
}

impl Outcome<'_> {
    /// Of all attacks, or of all ordinary inputs, how many there are and in how many something was found.
    fn all(&self, attack: bool) -> Tally {
        let mut all = Tally::default();
        for tally in self.tallies.iter().filter(|((label, _), _)| *label == attack).map(|(_, tally)| tally) {
            all.all += tally.all;
            all.found += tally.found;
        }
        all
    }
}

/// Asks every detector about every input, and prints the rates by class and what is judged wrong.
fn judged(inputs: &[Input]) -> Outcome<'_> {
    let mut tallies: BTreeMap<(bool, &str), Tally> = BTreeMap::new();
    let mut by_detector: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for input in inputs {
        let tally = tallies.entry((input.attack, &input.class)).or_default();
        let findings: Vec<_> =
            DETECTORS.iter().filter_map(|detector| (detector.find)(&input.value)).collect();
        for finding in &findings {
            let evidence = &finding.evidence;
            assert!(evidence.start <= evidence.end && evidence.end <= input.value.len(), "{}", input.place);
            assert!(finding.fingerprint.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{}", input.place);
        }
        tally.all += 1;
        tally.found += usize::from(!findings.is_empty());
        tally.own += usize::from(findings.iter().any(|finding| finding.language.name() == input.class));
        if input.attack == findings.is_empty() {
            let value = String::from_utf8_lossy(&input.value).escape_debug().to_string();
            let by = findings.first().map_or("nobody", |finding| finding.language.name());
            wrong.push(format!("{} ({by}): {}", input.place, value.chars().take(160).collect::<String>()));
        }
        if !input.attack {
            for finding in &findings {
                *by_detector.entry(finding.language.name()).or_default() += 1;
            }
        }
    }
    for (&(attack, class), tally) in &tallies {
        let percent = rate(tally.found, tally.all) * 100.0;
        if attack {
            println!(
                "attack   {class:14} {:6} found {percent:8.3}%  by its own detector {}",
                tally.all, tally.own
            );
        } else {
            println!("ordinary {class:14} {:6} alarms {percent:7.3}%", tally.all);
        }
    }
    let outcome = Outcome { tallies, by_detector };
    let (attacks, ordinary) = (outcome.all(true), outcome.all(false));
    println!("all attacks  {:6} found  {:.3}%", attacks.all, rate(attacks.found, attacks.all) * 100.0);
    println!(
        "all ordinary {:6} alarms {:.3}%  {:?}",
        ordinary.all,
        rate(ordinary.found, ordinary.all) * 100.0,
        outcome.by_detector
    );
    for line in wrong.iter().take(60) {
        println!("wrong: {line}");
    }
    outcome
}

#[test]
fn attacks_are_found_and_ordinary_inputs_are_not() {
    let inputs = inputs(&["attack", "ordinary"]);
    let outcome = judged(&inputs);
    let (attacks, ordinary) = (outcome.all(true), outcome.all(false));
    assert!(attacks.all >= 6_000 && ordinary.all >= 34_000, "the corpus is whole");
    let missing: Vec<_> = outcome
        .tallies
        .iter()
        .filter(|((attack, _), tally)| *attack && rate(tally.found, tally.all) < FOUND)
        .map(|((_, class), _)| class)
        .collect();
    assert!(missing.is_empty(), "too few attacks are found of {missing:?}");
    assert!(
        rate(ordinary.found, ordinary.all) <= ALARMS,
        "too many ordinary inputs are taken for attacks: {:?}",
        outcome.by_detector
    );
}

/// Inputs that were written apart and judged once, after the detectors were: nothing is changed on account of
/// one of them alone.
#[test]
fn inputs_that_nothing_was_fitted_to_are_judged_nearly_as_well() {
    let inputs = inputs(&["unseen"]);
    let outcome = judged(&inputs);
    let (attacks, ordinary) = (outcome.all(true), outcome.all(false));
    assert!(attacks.all >= 250 && ordinary.all >= 250, "the set is whole");
    assert!(rate(attacks.found, attacks.all) >= UNSEEN_FOUND, "{} of {}", attacks.found, attacks.all);
    assert!(rate(ordinary.found, ordinary.all) <= UNSEEN_ALARMS, "{} of {}", ordinary.found, ordinary.all);
}

/// What is known to be judged wrong stands in a list of its own, which is kept true: what is judged right from
/// now on belongs to the others.
#[test]
fn what_is_listed_as_missed_is_missed() {
    let inputs = inputs(&["missed"]);
    let right: Vec<_> = inputs
        .iter()
        .filter(|input| {
            input.attack == DETECTORS.iter().any(|detector| (detector.find)(&input.value).is_some())
        })
        .map(|input| &input.place)
        .collect();
    assert!(right.is_empty(), "these are judged right and belong elsewhere: {right:?}");
    assert!(inputs.len() <= 70, "{} are judged wrong", inputs.len());
}

#[expect(clippy::cast_precision_loss, reason = "a rate of some thousands")]
fn rate(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[test]
fn no_value_stands_in_the_corpus_twice() {
    let inputs = inputs(&["attack", "ordinary", "unseen", "missed"]);
    let mut seen = BTreeMap::new();
    for input in &inputs {
        if let Some(first) = seen.insert(&input.value, &input.place) {
            panic!("{first} and {} are the same", input.place);
        }
    }
}

/// Nobody can make a detector work for more than its share: no input, however it is built, costs more than
/// a bounded number of steps a byte. Time is not asserted; a quadratic detector would not come to an end.
#[test]
fn long_and_hostile_inputs_are_judged_to_the_end() {
    let units = [
        ";",
        "|",
        "&",
        "`",
        "$(",
        "$(id",
        ";id",
        "`id ",
        "${",
        "{{",
        "{{{",
        "${${",
        "{%",
        "<%",
        "{a",
        "#{",
        "%2",
        "%25",
        "../",
        "..;/",
        "\\",
        "'",
        "\"",
        "(",
        ")",
        ")(",
        "[",
        "]",
        "' or ",
        "__proto__",
        "<!ENTITY ",
        "<!DOCTYPE [",
        "&a;",
        "\r\n",
        "\nSet-Cookie",
        "O:8:\"",
        "!!",
        "http://",
        "@",
        "//",
        "a@",
        "a.",
        "1.",
        ":",
        "=",
        "'||",
        "\u{560a}",
        "(a=",
        "*)",
        "$where:",
        "<?",
        "${@",
        "a'b",
        "x=$",
        "\0",
        "\\'",
        "c\nos\n",
        "{\"$ne\":",
        "%u002e",
        "include",
        "@(",
        "$x.class",
        "/*",
        "+ADw-",
        "|a",
        "import ",
        "1+",
        "1+(",
        "['x'][0](",
        "$a=1;$a(",
        "('a'.'b')(",
        "a.b.c.d.e.f(",
        "f\"{f\"{",
        "`id`.",
        "a;$x ",
        ";if then ",
        "=cmd|'",
        "<esi:",
        "<!--#",
        "\\r\\n",
        "\nA1 LIST ",
        "\\u0061(",
        "0x2e",
    ];
    for unit in units {
        let input = unit.repeat(20_000 / unit.len());
        for detector in DETECTORS {
            let _ = (detector.find)(input.as_bytes());
        }
    }
}
