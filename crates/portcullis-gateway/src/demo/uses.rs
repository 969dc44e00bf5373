//! Ordinary uses: what people came for, which no gate may get in the way of.

use std::io;

use futures_util::future::BoxFuture;
use http::{Method, Request};

use super::attacks::Stage;
use super::browser::{Browser, Page};
use super::sample::random_hex;

/// One ordinary use.
pub(super) struct Use {
    /// Its name in the table.
    pub(super) name: &'static str,
    /// Does it; fails with what was missing.
    pub(super) play: for<'a> fn(&'a Stage<'a>) -> BoxFuture<'a, io::Result<()>>,
}

/// All of them.
pub(super) const USES: &[Use] = &[
    Use { name: "browse, with the style sheet", play: |stage| Box::pin(browse(stage)) },
    Use { name: "search", play: |stage| Box::pin(search(stage)) },
    Use { name: "sign in and out", play: |stage| Box::pin(sign_in_and_out(stage)) },
    Use { name: "transfer by the form", play: |stage| Box::pin(transfer(stage)) },
    Use { name: "sign the guest book", play: |stage| Box::pin(guestbook(stage)) },
    Use { name: "upload and download a file", play: |stage| Box::pin(upload(stage)) },
    Use { name: "ask for JSON from a script", play: |stage| Box::pin(json(stage)) },
    Use { name: "follow a redirect within", play: |stage| Box::pin(redirect(stage)) },
    Use { name: "ask for a new password", play: |stage| Box::pin(reset(stage)) },
    Use { name: "read a report", play: |stage| Box::pin(report(stage)) },
    Use { name: "meet the app's own 404", play: |stage| Box::pin(missing(stage)) },
    Use { name: "HEAD", play: |stage| Box::pin(head(stage)) },
];

async fn browse(stage: &Stage<'_>) -> io::Result<()> {
    let mut browser = Browser::new(stage.door);
    let home = browser.open("/").await?;
    ensure(home.text.contains("Safe as the harbour"), "the home page", &home)?;
    let style = browser.open("/static/harbour.css").await?;
    ensure(style.text.contains("font:") && style.header("content-type") == Some("text/css"), "css", &style)
}

async fn search(stage: &Stage<'_>) -> io::Result<()> {
    let found = Browser::new(stage.door).open("/search?q=cargo").await?;
    ensure(found.text.contains("Containers, crates and barrels"), "the service searched for", &found)
}

async fn sign_in_and_out(stage: &Stage<'_>) -> io::Result<()> {
    let mut browser = Browser::new(stage.door);
    let account = browser.sign_in("bob", "seagull-42").await?;
    ensure(account.text.contains("Welcome, bob"), "bob's account", &account)?;
    browser.submit(&account, "/logout", &[]).await?;
    let after = browser.open("/account").await?;
    ensure(after.status.is_redirection(), "the way back to the sign-in page", &after)
}

async fn transfer(stage: &Stage<'_>) -> io::Result<()> {
    let mut browser = Browser::new(stage.door);
    let account = browser.sign_in("alice", "lighthouse-7").await?;
    let before = stage.sample.balance("bob")?;
    let after = browser.submit(&account, "/transfer", &[("to", "bob"), ("amount", "10")]).await?;
    ensure(stage.sample.balance("bob")? - before == 1000, "10 € more for bob", &after)?;
    ensure(after.text.contains("Welcome, alice"), "alice's account", &after)
}

async fn guestbook(stage: &Stage<'_>) -> io::Result<()> {
    let mut browser = Browser::new(stage.door);
    let book = browser.open("/guestbook").await?;
    let words = format!("Lovely quay! {}", random_hex()?);
    let after = browser.submit(&book, "/guestbook", &[("author", "Alice"), ("words", &words)]).await?;
    ensure(after.text.contains(&words), "what was written", &after)
}

async fn upload(stage: &Stage<'_>) -> io::Result<()> {
    let mut browser = Browser::new(stage.door);
    let files = browser.open("/files").await?;
    let content = format!("Manifest {}\nten barrels of tar\n", random_hex()?);
    let after = browser.upload(&files, "/files", ("manifest.txt", &content)).await?;
    ensure(after.text.contains("manifest.txt"), "the file in the list", &after)?;
    let file = browser.open("/files/manifest.txt").await?;
    ensure(file.text == content, "the very same file", &file)
}

async fn json(stage: &Stage<'_>) -> io::Result<()> {
    let asked = "{\"amount\":5000,\"terms\":{\"years\":[1,2]}}".to_owned();
    let quote = Browser::new(stage.door).fetch_json("/api/quote", asked).await?;
    ensure(quote.text == "{\"levels\":3,\"interest\":120}", "the quote", &quote)
}

async fn redirect(stage: &Stage<'_>) -> io::Result<()> {
    let mut browser = Browser::new(stage.door);
    let answer = browser.open("/go?next=/guestbook").await?;
    let page = browser.follow(answer).await?;
    ensure(page.text.contains("good coffee") || page.text.contains("Guest book"), "the guest book", &page)
}

async fn reset(stage: &Stage<'_>) -> io::Result<()> {
    let mut browser = Browser::new(stage.door);
    let form = browser.open("/forgot").await?;
    let before = stage.sample.last_mail("bob")?;
    let after = browser.submit(&form, "/forgot", &[("name", "bob")]).await?;
    let mail = stage.sample.last_mail("bob")?;
    let link = format!("{}/reset?token=", stage.door.origin());
    let right = mail != before && mail.is_some_and(|mail| mail.starts_with(&link));
    ensure(right, &format!("a mail with a link to {link}"), &after)
}

async fn report(stage: &Stage<'_>) -> io::Result<()> {
    let report = Browser::new(stage.door).open("/report?id=1").await?;
    ensure(report.text.contains("Berth loans"), "the report", &report)
}

async fn missing(stage: &Stage<'_>) -> io::Result<()> {
    let page = Browser::new(stage.door).open("/no/such/quay").await?;
    ensure(page.status.as_u16() == 404 && page.text.contains("No such quay"), "the app's own page", &page)
}

async fn head(stage: &Stage<'_>) -> io::Result<()> {
    let request = Request::builder()
        .method(Method::HEAD)
        .uri("/files/opening-hours.txt")
        .body(bytes::Bytes::new())
        .map_err(io::Error::other)?;
    let page = Page::read(stage.door.send(request).await?);
    let right = page.status.is_success() && page.text.is_empty();
    ensure(right && page.header("content-length") == Some("50"), "the head of the file alone", &page)
}

fn ensure(right: bool, wanted: &str, page: &Page) -> io::Result<()> {
    if right {
        return Ok(());
    }
    let refusal = page.refusal_id().map(|id| format!(" (refusal `{id}`)")).unwrap_or_default();
    Err(io::Error::other(format!("wanted {wanted}, got {}{refusal}", page.status)))
}
