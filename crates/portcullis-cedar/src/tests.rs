use std::sync::Arc;
use std::time::Duration;

use cedar_policy::{Entities, Request};
use http::Method;
use portcullis::TlsFacts;
use portcullis::layers::caller::access::{Asked, Ruler, Ruling};
use portcullis::layers::caller::session::{By, Factors, Person, Visitor};
use portcullis::policy::Pattern;

use crate::load::schema;
use crate::question::{Question, Types, question};
use crate::{SCHEMA, load};

/// Friday, the 15th of January 2027, at 08:00 UTC.
const NOW: Duration = Duration::from_secs(1_800_000_000);
const ANN: &str = "0123456789abcdef0123456789abcdef";

fn ann() -> Person {
    Person {
        id: ANN.to_owned(),
        email: "ann@notes.example".to_owned(),
        name: "Ann".to_owned(),
        roles: vec!["editor".to_owned()],
        proved: Some(NOW - Duration::from_secs(300)),
        factors: Factors::PASSWORD | Factors::PASSKEY,
        by: By::Session { key: [1; 32] },
    }
}

fn signed_in() -> Visitor {
    Visitor::Person(Arc::new(ann()))
}

fn key(scopes: &[&str]) -> Visitor {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    Visitor::Person(Arc::new(Person { by: By::ApiKey { name: "ci".to_owned(), scopes }, ..ann() }))
}

fn asked<'a>(
    visitor: &'a Visitor,
    method: &'a Method,
    path: &'a str,
    route: Option<&'a Pattern>,
) -> Asked<'a> {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    Asked {
        visitor,
        method,
        host: "notes.example",
        path,
        route,
        query,
        address: "192.0.2.7".parse().unwrap(),
        now: NOW,
        secure: true,
        tls: None,
    }
}

fn faults(text: &str) -> String {
    load("who.cedar", text, &["/admin/*".to_owned()]).unwrap_err().to_string()
}

/// What policies say to a request of `who`.
fn rule(policies: &str, who: &Visitor, method: &Method, path: &str) -> Ruling {
    load("who.cedar", policies, &["/admin/*".to_owned()]).unwrap().rule(&asked(who, method, path, None))
}

fn permits(policies: &str, who: &Visitor, method: &Method, path: &str) -> bool {
    match rule(policies, who, method, path) {
        Ruling::Permit { .. } => true,
        Ruling::Deny { .. } => false,
        Ruling::Erring { errors } => panic!("{errors:?}"),
    }
}

#[test]
fn what_nobody_permits_is_denied_and_a_forbid_goes_before_every_permit() {
    let policies = "@id(\"editors\")\npermit (principal in Role::\"editor\", action in Action::\"read\", resource);\n\
                    @id(\"nothing secret\")\nforbid (principal, action, resource) when { resource.path like \"/secret*\" };\n";
    let ann = signed_in();
    assert_eq!(
        rule(policies, &ann, &Method::GET, "/notes"),
        Ruling::Permit { by: vec!["editors (who.cedar:1)".to_owned()] }
    );
    assert_eq!(rule(policies, &ann, &Method::POST, "/notes"), Ruling::Deny { by: Vec::new() });
    assert_eq!(rule(policies, &Visitor::Nobody, &Method::GET, "/notes"), Ruling::Deny { by: Vec::new() });
    assert_eq!(
        rule(policies, &ann, &Method::GET, "/secrets"),
        Ruling::Deny { by: vec!["nothing secret (who.cedar:3)".to_owned()] }
    );
}

#[test]
fn policies_see_who_calls_and_how_that_was_proved() {
    let ann = signed_in();
    let get = |condition: &str, who: &Visitor| {
        let policies = format!("permit (principal is User, action, resource) when {{ {condition} }};");
        permits(&policies, who, &Method::GET, "/")
    };
    for holds in [
        "principal.email == \"ann@notes.example\"",
        "principal == User::\"0123456789abcdef0123456789abcdef\"",
        "principal.roles.contains(\"editor\")",
        "principal.factors.containsAny([\"passkey\", \"totp\"])",
        "principal has proved_ago && principal.proved_ago <= 300",
        "principal.by == \"session\"",
    ] {
        assert!(get(holds, &ann), "{holds}");
    }
    for fails in [
        "principal in Role::\"admin\"",
        "principal.factors.contains(\"totp\")",
        "principal has proved_ago && principal.proved_ago < 300",
    ] {
        assert!(!get(fails, &ann), "{fails}");
    }
    let remembered = Visitor::Person(Arc::new(Person { proved: None, ..self::ann() }));
    assert!(!get("principal has proved_ago", &remembered), "a remembered device has proved nothing");
    assert!(!get("principal has proved_ago", &key(&[])), "nor has a key");
    assert!(get("principal.by == \"key\" && principal.scopes == [\"notes:read\"]", &key(&["notes:read"])));
    assert!(permits("permit (principal is Guest, action, resource);", &Visitor::Nobody, &Method::GET, "/"));
}

#[test]
fn policies_see_place_query_time_network_and_connection() {
    let ann = signed_in();
    let at = |condition: &str, path: &str| {
        let policies = format!("permit (principal, action, resource) when {{ {condition} }};");
        permits(&policies, &ann, &Method::GET, path)
    };
    for holds in [
        "resource.host == \"notes.example\" && resource.path == \"/a b\"",
        "resource == Route::\"site\"",
        "context.query.hasTag(\"draft\") && context.query.getTag(\"draft\") == [\"yes\"]",
        "context.query.hasTag(\"x\") && context.query.getTag(\"x\") == [\"1\", \"a&b c\"]",
        "context.query.hasTag(\"flag\") && context.query.getTag(\"flag\").contains(\"\")",
        "!context.query.hasTag(\"nothing\")",
        "context.now > datetime(\"2027-01-15\") && context.now < datetime(\"2027-01-16\")",
        "context.time.weekday == \"fri\" && context.time.hour == 8 && context.time.minute == 0",
        "context.address.isInRange(ip(\"192.0.2.0/24\"))",
        "context.secure && !(context has tls)",
        "context.method == \"GET\"",
    ] {
        assert!(at(holds, "/a b?draft=yes&x=1&x=a%26b+c&flag"), "{holds}");
    }
    assert!(!at("context.address.isInRange(ip(\"10.0.0.0/8\"))", "/"));
    let tls = TlsFacts { version: "TLSv1.3", server_name: None, client_certificate: true };
    let book = load(
        "who.cedar",
        "permit (principal, action, resource) when { context has tls && context.tls.client_certificate };",
        &[],
    )
    .unwrap();
    let asked = Asked { tls: Some(&tls), ..asked(&ann, &Method::GET, "/", None) };
    assert!(matches!(book.rule(&asked), Ruling::Permit { .. }));
}

#[test]
fn a_route_is_named_as_it_stands_in_the_policy() {
    let (admin, get) = (Pattern::parse("/admin/*").unwrap(), Method::GET);
    let policies = "permit (principal, action, resource == Route::\"/admin/*\");";
    let book = load("who.cedar", policies, &["/admin/*".to_owned()]).unwrap();
    let ann = signed_in();
    assert!(matches!(book.rule(&asked(&ann, &get, "/admin/users", Some(&admin))), Ruling::Permit { .. }));
    assert!(matches!(book.rule(&asked(&ann, &get, "/admin/users", None)), Ruling::Deny { .. }));
}

#[test]
fn methods_are_actions_and_those_without_a_name_change_things() {
    let ann = signed_in();
    let write = "permit (principal, action in Action::\"write\", resource);";
    let odd = Method::from_bytes(b"PROPPATCH").unwrap();
    for method in [&Method::POST, &Method::PUT, &Method::PATCH, &Method::DELETE, &odd] {
        assert!(permits(write, &ann, method, "/"), "{method}");
    }
    for method in [&Method::GET, &Method::HEAD, &Method::OPTIONS] {
        assert!(!permits(write, &ann, method, "/"), "{method}");
    }
    let named =
        "permit (principal, action == Action::\"other\", resource) when { context.method == \"PROPPATCH\" };";
    assert!(permits(named, &ann, &odd, "/"));
}

#[test]
fn a_policy_that_cannot_be_evaluated_denies_though_another_permits() {
    let policies = "permit (principal, action, resource);\n\
                    @id(\"overflows\")\nforbid (principal, action, resource)\n\
                    when { context.time.hour * 9223372036854775807 > 0 };\n";
    match rule(policies, &signed_in(), &Method::GET, "/") {
        Ruling::Erring { errors } => {
            assert!(
                errors[0].starts_with("overflows (who.cedar:2): ") && errors[0].contains("overflow"),
                "{errors:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_does_not_fit_the_schema_is_told_by_its_line_when_it_is_loaded() {
    let syntax = faults("permit (principal, action, resource);\n\npermit (principal, action);\n");
    assert!(syntax.starts_with("who.cedar:3: "), "{syntax}");
    let attribute = faults("permit (principal is User, action, resource)\nwhen { principal.age > 3 };\n");
    assert!(attribute.starts_with("who.cedar:2: ") && attribute.contains("age"), "{attribute}");
    let kind = faults("permit (principal is User, action, resource)\nwhen { principal.email > 3 };\n");
    assert!(kind.starts_with("who.cedar:2: "), "{kind}");
    let action = faults("permit (principal, action == Action::\"get\", resource);\n");
    assert!(action.contains("`Action::\"get\"`"), "{action}");
    let absent = faults("permit (principal is User, action, resource) when { principal.proved_ago < 60 };");
    assert!(absent.contains("proved_ago"), "what may be absent is asked for with `has`: {absent}");
    let two = faults(
        "permit (principal, action == Action::\"a\", resource);\npermit (principal in Team::\"x\", action, resource);\n",
    );
    assert!(two.contains("who.cedar:1: ") && two.contains("who.cedar:2: "), "all at once: {two}");
}

#[test]
fn policies_that_mean_nobody_or_nothing_are_faults() {
    assert!(faults("// none yet\n").contains("nobody could come"));
    let route = faults("permit (principal, action, resource == Route::\"/admn/*\");");
    assert!(route.starts_with("who.cedar:1: ") && route.contains("`/admn/*`"), "{route}");
    let person = faults("permit (principal == User::\"ann@notes.example\", action, resource);");
    assert!(person.contains("principal.email"), "{person}");
    let never = faults("forbid (principal is User, action, resource) when { principal is Guest };");
    assert!(never.starts_with("who.cedar:1: "), "a policy that never matches protects nothing: {never}");
    let template = faults("permit (principal == ?principal, action, resource);");
    assert!(template.contains("template"), "{template}");
    let alike =
        faults("permit (principal is User, action, resource) when { principal.name == \"say\u{443}one\" };");
    assert!(alike.starts_with("who.cedar:1: "), "letters that look like others: {alike}");
}

#[test]
fn every_question_fits_the_schema() {
    let (schema, types) = (schema().unwrap(), Types::new().unwrap());
    let tls = TlsFacts { version: "TLSv1.3", server_name: None, client_certificate: false };
    let pattern = Pattern::parse("/{a}").unwrap();
    let remembered = Visitor::Person(Arc::new(Person { proved: None, factors: Factors::NONE, ..ann() }));
    let odd = Method::from_bytes(b"PROPFIND").unwrap();
    for visitor in [Visitor::Nobody, signed_in(), remembered, key(&["a", "b"])] {
        for method in [&Method::GET, &Method::POST, &odd] {
            for path in ["/", "/x?a=1&a=1&b=%ff&=&&c", "/x?"] {
                for (tls, route, address) in [
                    (None, None, "192.0.2.7"),
                    (Some(&tls), Some(&pattern), "2001:db8::1"),
                    (None, None, "::ffff:192.0.2.7"),
                ] {
                    let address = address.parse().unwrap();
                    let asked = Asked { tls, address, ..asked(&visitor, method, path, route) };
                    let Question { request, entities } = question(&asked, &types).unwrap();
                    Entities::from_entities(entities, Some(&schema)).unwrap();
                    let (who, action, what) = (request.principal(), request.action(), request.resource());
                    Request::new(
                        who.unwrap().clone(),
                        action.unwrap().clone(),
                        what.unwrap().clone(),
                        request.context().unwrap().clone(),
                        Some(&schema),
                    )
                    .unwrap();
                }
            }
        }
    }
}

#[test]
fn the_schema_in_the_docs_is_the_one_that_is_used() {
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cedar.md")).unwrap();
    assert!(docs.contains(SCHEMA.trim()), "docs/cedar.md shows another schema");
    let mut examples = 0;
    for block in docs.split("```cedar\n").skip(1) {
        let policies = block.split("```").next().unwrap();
        load("docs/cedar.md", policies, &["/admin/*".to_owned(), "/static/*".to_owned()]).unwrap();
        examples += 1;
    }
    assert!(examples > 0);
}
