//! What rules remember, at standing gates: through a restart, and together by a real Redis.

use portcullis_tests::live::{self, Folder};

/// Refuses whoever has asked for `/count` more than three times.
const RULES: &str = "SecRuleEngine On\n\
SecAction \"id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}\"\n\
SecRule REQUEST_FILENAME \"@streq /count\" \"id:2,phase:1,pass,nolog,setvar:ip.n=+1\"\n\
SecRule IP:n \"@gt 3\" \"id:3,phase:1,deny,status:403,log,msg:'Too often'\"\n";

fn policy(folder: &Folder, more: &str) -> String {
    let path = folder.path().join("own.conf");
    std::fs::write(&path, RULES).unwrap();
    format!("[gate]\nrules = [\"{}\"]\n[rate]\nmode = \"off\"\n{more}", path.display())
}

async fn statuses(address: std::net::SocketAddr, times: usize) -> Vec<u16> {
    let mut list = Vec::new();
    for _ in 0..times {
        list.push(live::ask(address, "GET", "/count", "").await.unwrap().status);
    }
    list
}

#[tokio::test]
async fn a_restart_forgives_nobody() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("remembered").unwrap());
    let rules = policy(&folder, "");
    let gate = live::gate(app, &rules, &folder);
    assert_eq!(statuses(gate.dangerous_plain[0], 5).await, [200, 200, 200, 403, 403]);
    drop(gate);
    let gate = live::gate(app, &rules, &folder);
    assert_eq!(statuses(gate.dangerous_plain[0], 1).await, [403]);
}

#[tokio::test]
async fn gates_that_share_a_store_remember_together_and_go_on_alone_while_it_is_away() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("together").unwrap());
    let port = live::free_port().unwrap();
    let redis = live::redis(port, &folder).unwrap();
    let store = format!("store = \"redis://127.0.0.1:{port}/0\"\nstore_timeout = \"500 ms\"\n");
    let folders = [Folder::new("first").unwrap(), Folder::new("second").unwrap()];
    let one = live::gate(app, &policy(&folder, &store), &folders[0]);
    let two = live::gate(app, &policy(&folder, &store), &folders[1]);
    let (a, b) = (one.dangerous_plain[0], two.dangerous_plain[0]);
    assert_eq!(statuses(a, 2).await, [200; 2]);
    // The first at the other gate learns of these behind its back; the next is judged with them.
    assert_eq!(statuses(b, 1).await, [200]);
    let mut judged = 200;
    for _ in 0..50 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        judged = live::ask(b, "GET", "/", "").await.unwrap().status;
        if judged == 403 || statuses(b, 1).await == [403] {
            judged = 403;
            break;
        }
    }
    assert_eq!(judged, 403, "two at one gate and two at the other are more than three");
    drop(redis);
    assert_eq!(statuses(a, 1).await.len(), 1, "nobody waits for a store that is away");
    assert_eq!(statuses(b, 1).await, [403], "and what was known stays known");
}

#[tokio::test]
async fn a_rule_that_says_drop_closes_the_connection_and_answers_nothing() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let (app, folder) = (live::app().await.unwrap(), Folder::new("drop").unwrap());
    let path = folder.path().join("own.conf");
    std::fs::write(&path, "SecRuleEngine On\nSecRule ARGS:q \"@streq bad\" \"id:1,phase:1,drop,log\"\n")
        .unwrap();
    let policy = format!("[gate]\nrules = [\"{}\"]\n", path.display());
    let gate = live::gate(app, &policy, &folder);
    for (query, answers) in [("good", true), ("bad", false)] {
        let mut stream = tokio::net::TcpStream::connect(gate.dangerous_plain[0]).await.unwrap();
        let request = format!("GET /?q={query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert_eq!(answer.starts_with(b"HTTP/1.1 200"), answers, "{}", String::from_utf8_lossy(&answer));
        assert_eq!(answer.is_empty(), !answers);
    }
    let log = live::log(&gate, &folder);
    assert!(log.contains("gate.rule"), "it is recorded all the same: {log}");
}
