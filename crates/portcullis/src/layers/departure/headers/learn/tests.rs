use super::*;
use crate::layers::departure::headers::csp::Directive;
use crate::layers::departure::html::Findings;
use crate::origin::Origin;

fn own() -> Origin {
    Origin::parse("https://notes.example").unwrap()
}

fn findings(fill: impl FnOnce(&mut Findings)) -> Findings {
    let mut findings = Findings::default();
    fill(&mut findings);
    findings
}

fn sight(lessons: &mut Lessons, page: &str, findings: &Findings) {
    lessons.sight(&Sighting { page: page.to_owned(), findings: findings.clone() });
}

fn allowed(suggestion: &Suggestion, directive: Directive) -> Vec<&str> {
    let found = suggestion.directives.iter().find(|(there, _)| *there == directive);
    found.map(|(_, sources)| sources.iter().map(String::as_str).collect()).unwrap_or_default()
}

fn old(directive: &str, blocked: &str) -> Vec<u8> {
    format!(
        r#"{{"csp-report":{{"document-uri":"https://notes.example/list?q=1","violated-directive":"{directive} 'none'",
        "effective-directive":"{directive}","blocked-uri":"{blocked}","script-sample":"alert(1)"}}}}"#
    )
    .into_bytes()
}

#[test]
fn both_forms_of_reports_are_read() {
    let one = reports(&old("script-src-elem", "https://cdn.example/app.js"), &own());
    let wanted = Report {
        page: "/list".to_owned(),
        directive: Directive::ScriptSrc,
        source: "https://cdn.example".to_owned(),
        sample: "alert(1)".to_owned(),
    };
    assert_eq!(one, [wanted]);
    let many = br#"[{"type":"deprecation","body":{"id":"x"}},
        {"type":"csp-violation","age":3,"url":"https://notes.example/","user_agent":"x","body":
        {"documentURL":"https://notes.example/","blockedURL":"wss://notes.example/live","effectiveDirective":"connect-src",
         "disposition":"report","statusCode":200}},
        {"type":"csp-violation","body":{"documentURL":"https://notes.example/","blockedURL":"eval",
         "effectiveDirective":"script-src"}}]"#;
    let many = reports(many, &own());
    let told: Vec<_> = many.iter().map(|one| (one.directive, one.source.as_str())).collect();
    assert_eq!(told, [(Directive::ConnectSrc, "'self'"), (Directive::ScriptSrc, "'unsafe-eval'")]);
}

#[test]
fn noise_and_other_sites_are_dropped() {
    let text = |body: &str| reports(body.as_bytes(), &own());
    assert!(reports(&old("script-src", "chrome-extension://abcdef/inject.js"), &own()).is_empty());
    assert!(reports(&old("script-src", "about"), &own()).is_empty());
    assert!(reports(&old("frame-ancestors", "https://evil.example"), &own()).is_empty());
    assert!(reports(&old("nonsense-src", "https://cdn.example"), &own()).is_empty());
    let elsewhere = r#"{"csp-report":{"document-uri":"https://evil.example/","effective-directive":"img-src","blocked-uri":"data"}}"#;
    assert!(text(elsewhere).is_empty());
    let injected = r#"{"csp-report":{"document-uri":"https://notes.example/","effective-directive":"img-src",
        "blocked-uri":"https://ads.example/x","source-file":"moz-extension://1/x.js"}}"#;
    assert!(text(injected).is_empty());
    for broken in ["", "{", "[]", "[1]", "{\"csp-report\":1}", "null", "{\"csp-report\":{}}"] {
        assert!(text(broken).is_empty(), "{broken}");
    }
}

#[test]
fn a_watched_page_may_hold_what_it_holds_and_reports_the_rest() {
    let page = findings(|it| {
        it.scripts.own = true;
        it.scripts.origins.add("https://cdn.example".to_owned());
        it.inline_scripts.add([1; 32]);
        it.handlers.add([2; 32]);
        it.images.data = true;
    });
    let policy = watched(&page).header(&crate::layers::departure::headers::Nonce::of([0; 18]));
    for part in [
        "default-src 'none'",
        "script-src 'self' https://cdn.example 'sha256-AQEB",
        "'unsafe-hashes'",
        "img-src data:;",
        "connect-src 'none'",
        "report-uri /.portcullis/csp-report",
        "report-to portcullis-csp",
    ] {
        assert!(policy.contains(part), "{part} not in {policy}");
    }
    assert!(!policy.contains("'unsafe-inline'"), "{policy}");
}

#[test]
fn the_suggestion_holds_what_was_seen_and_nothing_else() {
    let mut lessons = Lessons::default();
    assert!(lessons.is_empty());
    let page = findings(|it| {
        it.scripts.own = true;
        it.inline_scripts.add([1; 32]);
        it.images.origins.add("https://pictures.example".to_owned());
        it.forms.own = true;
    });
    sight(&mut lessons, "/", &page);
    sight(&mut lessons, "/list", &page);
    for report in reports(&old("connect-src", "https://notes.example/api"), &own()) {
        lessons.hear(&report);
    }
    let suggestion = lessons.suggest(&[]);
    assert_eq!(allowed(&suggestion, Directive::DefaultSrc), ["'none'"]);
    let hash = "'sha256-AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE='";
    assert_eq!(allowed(&suggestion, Directive::ScriptSrc), ["'self'", hash]);
    assert_eq!(allowed(&suggestion, Directive::ImgSrc), ["https://pictures.example"]);
    assert_eq!(allowed(&suggestion, Directive::ConnectSrc), ["'self'"]);
    assert_eq!(allowed(&suggestion, Directive::FormAction), ["'self'"]);
    assert_eq!(allowed(&suggestion, Directive::BaseUri), ["'none'"]);
    assert!(allowed(&suggestion, Directive::StyleSrc).is_empty(), "falls back to none");
    assert_eq!(suggestion.doubts, []);
}

#[test]
fn an_inline_script_that_changes_is_listed_and_not_allowed() {
    let mut lessons = Lessons::default();
    for visit in 0..3 {
        let page = findings(|it| {
            it.inline_scripts.add([9; 32]);
            it.inline_scripts.add([visit; 32]);
        });
        sight(&mut lessons, "/cart", &page);
    }
    sight(&mut lessons, "/once", &findings(|it| it.inline_scripts.add([77; 32])));
    let suggestion = lessons.suggest(&[]);
    assert_eq!(allowed(&suggestion, Directive::ScriptSrc).len(), 2, "the stable one, and the one seen once");
    let varies = Doubt::Varies { directive: "script-src", page: "/cart".to_owned(), different: 3 };
    let once = Doubt::SeenOnce { directive: "script-src", page: "/once".to_owned() };
    assert_eq!(suggestion.doubts, [varies.clone(), once]);
    assert!(varies.breaks());
}

#[test]
fn a_stranger_cannot_open_the_policy_by_reports() {
    let mut lessons = Lessons::default();
    sight(&mut lessons, "/", &findings(|it| it.scripts.own = true));
    for (directive, blocked) in
        [("script-src", "https://evil.example/x.js"), ("script-src", "eval"), ("img-src", "data")]
    {
        for report in reports(&old(directive, blocked), &own()) {
            lessons.hear(&report);
        }
    }
    let suggestion = lessons.suggest(&[]);
    assert_eq!(allowed(&suggestion, Directive::ScriptSrc), ["'self'"]);
    assert!(allowed(&suggestion, Directive::ImgSrc).is_empty());
    assert_eq!(suggestion.doubts.len(), 3);
    assert!(suggestion.doubts.iter().all(|doubt| matches!(doubt, Doubt::ReportedOnly { reports: 1, .. })));
    let accepted = lessons.suggest(&["'unsafe-eval'".to_owned()]);
    assert_eq!(allowed(&accepted, Directive::ScriptSrc), ["'self'", "'unsafe-eval'"]);
}

#[test]
fn what_is_kept_is_bounded_and_says_so() {
    let mut lessons = Lessons::default();
    for number in 0..2000 {
        sight(&mut lessons, &format!("/{number}"), &Findings::default());
        let blocked = format!("https://host{number}.example/");
        for report in reports(&old("img-src", &blocked), &own()) {
            lessons.hear(&report);
        }
    }
    let kept = serde_json::to_string(&lessons).unwrap();
    assert!(kept.len() < 200_000, "{}", kept.len());
    assert!(lessons.suggest(&[]).doubts.contains(&Doubt::Overflowed));
    assert_eq!(serde_json::from_str::<Lessons>(&kept).unwrap(), lessons);
}
