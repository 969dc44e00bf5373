//! Every flaw is real: the exploit works on the bare app. Those that are in the demo's table are also
//! played there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{Method, Request};

use super::Sample;
use crate::demo::browser::{Browser, Page};
use crate::demo::door::Door;

async fn sample() -> (Sample, Door) {
    let sample = Sample::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let address = sample.address();
    let authority = format!("localhost:{}", address.port());
    (sample, Door { scheme: "http", authority, address, plain: address, tls: None })
}

fn query(path: &str, name: &str, value: &str) -> String {
    let pairs = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
    format!("{path}?{pairs}")
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    for address in [IpAddr::V4(Ipv4Addr::UNSPECIFIED), "192.0.2.1".parse().unwrap(), "::".parse().unwrap()] {
        let refused = Sample::start(SocketAddr::new(address, 0)).await.err().unwrap();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput, "{address}");
    }
}

#[tokio::test]
async fn a_union_in_the_search_dumps_the_passwords() {
    let (_sample, door) = sample().await;
    let path = query("/search", "q", "%' UNION SELECT name, password FROM accounts --");
    let page = Browser::new(&door).open(&path).await.unwrap();
    assert!(page.text.contains("<dt>alice</dt><dd>lighthouse-7</dd>"), "{}", page.text);
}

#[tokio::test]
async fn a_quote_in_the_name_signs_in_without_a_password() {
    let (_sample, door) = sample().await;
    let page = Browser::new(&door).sign_in("alice' --", "").await.unwrap();
    assert!(page.text.contains("Welcome, alice"), "{}", page.text);
}

#[tokio::test]
async fn a_script_in_the_search_is_reflected() {
    let (_sample, door) = sample().await;
    let script = "<script>alert(document.cookie)</script>";
    let page = Browser::new(&door).open(&query("/search", "q", script)).await.unwrap();
    assert!(page.text.contains(script));
}

#[tokio::test]
async fn a_script_in_the_guest_book_is_stored() {
    let (_sample, door) = sample().await;
    let script = "<img src=x onerror=alert(1)>";
    let mut attacker = Browser::new(&door);
    let book = attacker.open("/guestbook").await.unwrap();
    attacker.submit(&book, "/guestbook", &[("author", "x"), ("words", script)]).await.unwrap();
    let page = Browser::new(&door).open("/guestbook").await.unwrap();
    assert!(page.text.contains(script));
}

#[tokio::test]
async fn the_traversal_does_not_leave_the_temporary_folder() {
    let (_sample, door) = sample().await;
    let path = format!("/files/{}etc/hostname", "%2e%2e/".repeat(12));
    let page = Browser::new(&door).open(&path).await.unwrap();
    assert_eq!(page.status, 404);
}

#[tokio::test]
async fn an_uploaded_file_stays_in_the_folder_whatever_its_name() {
    let (_sample, door) = sample().await;
    let mut browser = Browser::new(&door);
    let files = browser.open("/files").await.unwrap();
    let after = browser.upload(&files, "/files", ("../../secret/code.txt", "x")).await.unwrap();
    assert!(after.text.contains("/files/code.txt"), "{}", after.text);
}

#[tokio::test]
async fn nobody_can_transfer_more_than_they_have_or_less_than_nothing() {
    let (sample, door) = sample().await;
    let mut browser = Browser::new(&door);
    let account = browser.sign_in("bob", "seagull-42").await.unwrap();
    for amount in ["51", "-1", "0", "much", "92233720368547758"] {
        let fields = [("to", "alice"), ("amount", amount)];
        let page = browser.submit(&account, "/transfer", &fields).await.unwrap();
        assert_eq!(page.status, 422, "{amount}");
    }
    assert_eq!(sample.balance("bob").unwrap(), 5000);
}

#[tokio::test]
async fn its_files_are_gone_when_it_ends() {
    let (sample, _door) = sample().await;
    let folder = sample.site.vault.folder().to_owned();
    assert!(folder.is_dir());
    let site = std::sync::Arc::downgrade(&sample.site);
    drop(sample);
    for _ in 0..100 {
        if site.upgrade().is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(!folder.exists());
}

#[tokio::test]
async fn a_broken_message_does_not_end_the_server() {
    let (_sample, door) = sample().await;
    for bytes in [&b"\r\n\r\n"[..], b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"\xff\xfe\n\n"] {
        door.send_raw(bytes).await.unwrap();
    }
    let chunks = b"POST /api/quote HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n";
    door.send_raw(chunks).await.unwrap();
    let request = Request::builder().method(Method::GET).uri("/").body(Bytes::new()).unwrap();
    assert_eq!(Page::read(door.send(request).await.unwrap()).status, 200);
}
