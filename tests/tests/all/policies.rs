//! Policies in Cedar at a standing gate.

use portcullis::Policy;
use portcullis_gateway::{Settings, SettingsError};
use portcullis_tests::live::{Folder, gate, log};

use super::people::{Browser, address, ann, app};

const POLICY: &str = "[identity]\nname = \"Notes\"\n[access]\nallow = \"public\"\ncedar = \"who.cedar\"\n\
                      [[route]]\npath = \"/admin/*\"\naccess.roles = [\"admin\"]\n";
const CEDAR: &str = r#"
@id("strangers see the start")
permit (principal is Guest, action == Action::"GET", resource) when { resource.path == "/" };
@id("people read")
permit (principal is User, action in Action::"read", resource);
@id("editors write drafts")
permit (principal in Role::"editor", action == Action::"POST", resource)
when { context.query.hasTag("draft") && context.query.getTag("draft") == ["yes"] };
@id("nothing secret")
forbid (principal, action, resource) when { resource.path like "/secret*" };
@id("overflows")
forbid (principal, action, resource)
when { resource.path == "/overflow" && (context.time.hour + 2) * 9223372036854775807 > 0 };
"#;

#[tokio::test]
async fn policies_in_cedar_decide_together_with_routes() {
    let folder = Folder::new("policies").unwrap();
    std::fs::write(folder.path().join("who.cedar"), CEDAR).unwrap();
    let _people = ann(POLICY, &folder).await;
    let gate = gate(app().await, POLICY, &folder);
    let mut browser = Browser::new(address(&gate));
    assert_eq!(browser.get("/").await.status, 200, "a stranger");
    let sent = browser.get("/notes").await;
    assert_eq!(sent.header("location"), Some("/.portcullis/sign-in?return_to=%2Fnotes"));
    assert_eq!(browser.get("/secrets").await.status, 403, "signing in would not help");
    assert_eq!(browser.sign_in("%2Fnotes").await.status, 303);
    assert_eq!(browser.get("/notes").await.status, 200);
    assert_eq!(browser.post("/notes", "text=x").await.status, 403);
    assert_eq!(browser.post("/notes?draft=yes", "text=x").await.status, 200);
    assert_eq!(
        browser.post("/notes?draft=yes&draft=no", "text=x").await.status,
        403,
        "which one the app takes is open"
    );
    assert_eq!(browser.get("/secrets").await.status, 403);
    assert_eq!(
        browser.get("/admin/users").await.status,
        403,
        "a policy permits it, and the route asks for a role"
    );
    let overflow = browser.get("/overflow").await;
    assert_eq!(overflow.status, 403);
    assert!(!overflow.body.contains("who.cedar"), "a visitor learns nothing of policies: {}", overflow.body);
    let written = log(&gate, &folder);
    assert!(
        written.contains("access.policy_erred") && written.contains("overflows (who.cedar:11)"),
        "{written}"
    );
    assert!(written.contains("nothing secret (who.cedar:9)"), "{written}");
}

#[test]
fn policies_that_do_not_hold_let_no_gate_start_and_none_reload() {
    let folder = Folder::new("policies-broken").unwrap();
    std::fs::write(
        folder.path().join("who.cedar"),
        "permit (principal, action, resource);\npermit (principal);\n",
    )
    .unwrap();
    let (policy, written) =
        Policy::parse("p", &format!("upstream = \"http://127.0.0.1:1\"\n{POLICY}")).unwrap();
    let error = Settings::from_policy(policy, &written, folder.path()).unwrap_err();
    assert!(matches!(error, SettingsError::Policies(_)));
    assert!(error.to_string().contains("who.cedar:2: "), "{error}");
}
