use std::net::{Ipv4Addr, SocketAddr};

use super::Demo;
use super::attacks::{ATTACKS, Stage};
use super::browser::refusal_id;
use super::door::Door;
use super::outcome::Outcome;
use super::report::{Played, Report, Used};
use super::sample::Sample;
use super::table::{Style, draw};
use super::uses::USES;

async fn bare() -> (Sample, Door) {
    let sample = Sample::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let address = sample.address();
    let authority = format!("localhost:{}", address.port());
    (sample, Door { scheme: "http", authority, address, plain: address, tls: None })
}

#[tokio::test]
async fn every_attack_succeeds_on_the_bare_app() {
    let (sample, door) = bare().await;
    let stage = Stage { door: &door, sample: &sample };
    for attack in ATTACKS {
        let outcome = (attack.play)(&stage).await.unwrap();
        assert!(outcome.succeeded(), "{}: {}", attack.name, outcome.told());
    }
}

#[tokio::test]
async fn every_ordinary_use_works_on_the_bare_app() {
    let (sample, door) = bare().await;
    let stage = Stage { door: &door, sample: &sample };
    for usage in USES {
        (usage.play)(&stage).await.unwrap_or_else(|error| panic!("{}: {error}", usage.name));
    }
}

#[tokio::test]
async fn the_demo_shows_every_attack_failing_at_the_gate() {
    let demo = Demo::start().await.unwrap();
    let report = demo.play().await.unwrap();
    demo.end().await;
    let drawn = draw(&report, Style { width: 100, colour: false });
    assert!(report.problems().is_empty(), "{drawn}");
}

fn outcome(hits: usize, misses: usize) -> Outcome {
    let mut outcome = Outcome::new("gave everything away, down to the last rope and barrel");
    for _ in 0..hits {
        outcome.count(true, Some(200), None);
    }
    for number in 0..misses {
        outcome.count(false, Some(403), Some(&format!("0123456789abcde{number}")));
    }
    outcome
}

fn report(bare: &Outcome, gate: &Outcome, trouble: Option<&str>) -> Report {
    let played = |attack| Played { attack, bare: bare.clone(), gate: gate.clone() };
    let used = |usage| Used { usage, bare: None, gate: trouble.map(str::to_owned) };
    let attacks = ATTACKS.iter().map(played).collect();
    Report { attacks, uses: USES.iter().map(used).collect(), unrecorded: Vec::new() }
}

#[test]
fn the_table_fits_into_80_columns() {
    let report = report(&outcome(7, 0), &outcome(0, 3), Some("wanted the page, got 403 Forbidden"));
    let drawn = draw(&report, Style { width: 80, colour: false });
    let told = drawn.lines().filter(|line| !line.starts_with('✗'));
    for line in told {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(drawn.contains("0123456789abcde0"));
}

#[test]
fn colours_are_sent_only_where_wanted() {
    let report = report(&outcome(1, 0), &outcome(0, 1), None);
    assert!(!draw(&report, Style { width: 80, colour: false }).contains('\x1b'));
    assert!(draw(&report, Style { width: 80, colour: true }).contains("\x1b[32m"));
}

#[test]
fn one_spelling_that_gets_through_is_a_problem() {
    assert!(report(&outcome(7, 0), &outcome(0, 7), None).problems().is_empty());
    let problems = report(&outcome(7, 0), &outcome(1, 6), None).problems();
    assert_eq!(problems.len(), ATTACKS.len());
    assert!(problems[0].contains("did not fail at the gate"), "{problems:?}");
    assert_eq!(report(&outcome(6, 1), &outcome(0, 7), None).problems().len(), ATTACKS.len());
    assert_eq!(report(&outcome(7, 0), &outcome(0, 7), Some("x")).problems().len(), USES.len());
}

#[test]
fn a_refusal_that_is_not_in_the_log_is_a_problem() {
    let mut report = report(&outcome(1, 0), &outcome(0, 1), None);
    report.explain("{\"portcullis.id\":\"0123456789abcde0\",\"portcullis.reason\":\"csrf.cross_site\"}\n");
    assert!(report.problems().is_empty());
    assert!(report.attacks[0].gate.told().contains("csrf.cross_site"));
    report.explain("");
    assert!(report.problems()[0].contains("0123456789abcde0"), "{:?}", report.problems());
}

#[test]
fn an_attack_that_was_never_played_neither_succeeded_nor_failed() {
    let never = Outcome::new("won");
    assert!(!never.succeeded() && !never.failed());
}

#[test]
fn a_refusal_id_is_found_and_other_words_are_not() {
    assert_eq!(refusal_id("refused: 7zq0k3m9x2c4v5b8\n"), Some("7zq0k3m9x2c4v5b8"));
    assert_eq!(refusal_id("internationalize 0123456789abcdef0 uuuuuuuu1uuuuuuu"), None);
}

/// What sqlmap says of a parameter of a page, within two minutes.
fn sqlmap(home: &std::path::Path, arguments: &[&str]) -> String {
    let run = std::process::Command::new("timeout")
        .arg("120")
        .arg("sqlmap")
        // Its own name in `User-Agent` would be refused before it has tried anything.
        .args([
            "--batch",
            "--user-agent=Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "--flush-session",
            "--dbms=sqlite",
            "--timeout=10",
            "--retries=1",
        ])
        // From level 3 on it tries the ends that `LIKE '%…%'` and a statement with two quoted values need.
        .args(["--technique=BU", "--level=3", "--risk=3", "--threads=4"])
        .args(["-T", "accounts", "--dump"])
        .arg("--output-dir")
        .arg(home)
        .args(arguments)
        .env("HOME", home)
        .stdin(std::process::Stdio::null())
        .output()
        .expect("sqlmap runs (tests/setup/needs.sh installs it)");
    format!("{}\n{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr))
}

/// The Core Rule Set, which is looked for in `PORTCULLIS_CRS`, else in `shared/crs` beside the checkout.
fn core_rule_set() -> std::path::PathBuf {
    let above = |steps: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(steps).join("shared/crs");
    let beside = || ["../../..", "../../../.."].map(above).into_iter().find(|root| root.is_dir());
    let root = std::env::var_os("PORTCULLIS_CRS").map(Into::into).or_else(beside).unwrap_or_default();
    let versions = std::fs::read_dir(&root).into_iter().flatten().flatten().map(|entry| entry.path());
    versions
        .filter(|path| path.join("rules").is_dir())
        .max()
        .unwrap_or_else(|| panic!("no Core Rule Set in `{}`: set PORTCULLIS_CRS", root.display()))
}

/// A policy with the Core Rule Set alone.
fn of_the_core_rule_set(more: &str) -> portcullis::Policy {
    let crs = core_rule_set();
    let (setup, rules) = (crs.join("crs-setup.conf.example"), crs.join("rules/*.conf"));
    let own = crate::testing::folder("crs").join("engine.conf");
    std::fs::write(&own, "SecRuleEngine On\nSecRequestBodyAccess On\n").unwrap();
    let text = format!(
        "{more}[gate]\nrules = [\"{}\", \"{}\", \"{}\"]\n",
        own.display(),
        setup.display(),
        rules.display()
    );
    let mut policy = portcullis::Policy::parse("p", &text).unwrap().0;
    policy.load_rules(std::path::Path::new(""), &portcullis_seclang::Disk).unwrap();
    policy
}

/// A real attacker's tool dumps the passwords of the bare app, and behind the rules finds nowhere to begin.
/// A gate without rules lets it through: it is they that it fails at, not something else on the way.
/// The layers that ban who keeps being refused and that want a form to come from the site's own page are
/// off: the rules are to do it alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlmap_dumps_the_bare_app_and_finds_nothing_behind_our_rules_or_the_core_rule_set() {
    let policy = "[rate]\nmode = \"off\"\n[csrf]\nmode = \"off\"\n";
    let demo = Demo::start_with(portcullis::Policy::parse("p", policy).unwrap().0).await.unwrap();
    let without_rules = format!("{policy}[gate]\nmode = \"off\"\n");
    let open = Demo::start_with(portcullis::Policy::parse("p", &without_rules).unwrap().0).await.unwrap();
    let core = Demo::start_with(of_the_core_rule_set(policy)).await.unwrap();
    let (bare, without) = (demo.bare.origin(), open.gate.origin());
    let gates = [demo.gate.origin(), core.gate.origin()];
    // Whoever tries the sign-in has an account there, and comes for the passwords of the others.
    let targets = [
        ("/search?q=cargo", "q", None),
        ("/report?id=1", "id", None),
        ("/login", "name", Some("name=mallory&password=low-tide")),
    ];
    tokio::task::spawn_blocking(move || {
        for (path, parameter, form) in targets {
            let ask = |origin: &str, more: &[&str]| {
                let folder = crate::testing::folder("sqlmap");
                let url = format!("{origin}{path}");
                let mut arguments = vec!["-u", &url, "-p", parameter];
                if let Some(form) = form {
                    arguments.extend(["--data", form]);
                }
                arguments.extend(more);
                let said = sqlmap(&folder, &arguments);
                std::fs::remove_dir_all(&folder).unwrap();
                said
            };
            // As it comes, and in the disguise of its own scripts against gates.
            for more in [&[][..], &["--tamper=space2comment,randomcase"]] {
                // Letter by letter, as it has to read at the sign-in, one dump is enough to wait for.
                let exposed = if form.is_some() { &[&bare][..] } else { &[&bare, &without] };
                for origin in exposed {
                    let said = ask(origin, more);
                    assert!(said.contains("lighthouse-7") && said.contains("seagull-42"), "{path}: {said}");
                }
                for gate in &gates {
                    let said = ask(gate, more);
                    // The page itself is answered, and it is the attempts that are refused.
                    assert!(!said.contains("which could interfere with the results"), "{path}: {said}");
                    assert!(said.contains("403 (Forbidden) - "), "{path}: {said}");
                    assert!(said.contains("do not appear to be injectable"), "{path}: {said}");
                    assert!(
                        !said.contains("lighthouse-7") && !said.contains("is vulnerable"),
                        "{path}: {said}"
                    );
                }
            }
        }
    })
    .await
    .unwrap();
    demo.end().await;
    open.end().await;
    core.end().await;
}
