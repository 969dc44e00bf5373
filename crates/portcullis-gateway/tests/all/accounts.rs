//! `portcullis user`, `key` and `passwords` as a terminal has them.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");

struct Shell {
    folder: PathBuf,
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Shell {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("portcullis-accounts-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let policy = "[identity]\n[identity.password]\nmemory = 7168\npasses = 5\n";
        std::fs::write(folder.join("portcullis.toml"), policy).unwrap();
        Self { folder }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(&self.folder);
        if arguments.first() == Some(&"user") {
            command.args(["--data-dir", "data"]);
        }
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What it prints, when it succeeds.
    fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let all = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.said(&all)).unwrap()
    }

    /// Its status and what it complains of.
    fn refused(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    fn with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

const PASSWORD: &str = "seven lazy otters juggle";

#[test]
fn an_account_is_made_changed_and_removed() {
    let shell = Shell::new("accounts");
    let add = ["user", "add", "Ada@Notes.example", "--name", "Ada", "--role", "admin", "--password-stdin"];
    let output = shell.with_input(&add, &format!("{PASSWORD}\n"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let list = shell.json(&["user", "list"]);
    assert_eq!(list[0]["email"], "ada@notes.example");
    assert_eq!((&list[0]["standing"], &list[0]["password"]), (&"active".into(), &true.into()));

    let again = shell.with_input(&add, PASSWORD);
    assert!(
        String::from_utf8_lossy(&again.stderr).contains("there is an account `ada@notes.example` already")
    );
    let weak = shell.with_input(&["user", "add", "b@notes.example", "--password-stdin"], "password1234\n");
    assert_eq!(weak.status.code(), Some(2));
    assert_eq!(shell.refused(&["user", "add", "b@notes.example"]).0, 2, "nobody can be asked");
    assert_eq!(shell.refused(&["user", "add", "nonsense", "--no-password"]).0, 2);
    assert_eq!(shell.refused(&["user", "grant", "ada@notes.example", "a,b"]).0, 2);

    shell.said(&["user", "grant", "ada@notes.example", "editor"]);
    let roles = shell.json(&["user", "revoke", "ada@notes.example", "admin"])["roles"].clone();
    assert_eq!(roles, serde_json::json!(["editor"]));
    let id = list[0]["id"].as_str().unwrap();
    assert_eq!(shell.json(&["user", "disable", id])["standing"], "disabled");
    assert_eq!(shell.json(&["user", "enable", id])["standing"], "active");
    let reset = shell.with_input(&["user", "reset", id, "--password-stdin"], "nine quiet herons paint\n");
    assert!(reset.status.success());
    assert!(shell.json(&["user", "list", id])["password_changed"].is_string());
    assert_eq!(shell.json(&["user", "reset", id, "--no-password"])["password"], false);
    assert!(shell.said(&["user", "reset", id, "--factors"]).contains("ada@notes.example"));
    assert_eq!(shell.json(&["user", "sessions", id])["sessions"], serde_json::json!([]));

    assert_eq!(shell.refused(&["user", "remove", id]).0, 2, "nobody can be asked");
    assert_eq!(shell.said(&["user", "remove", id, "--yes"]), "removed ada@notes.example\n");
    assert_eq!(shell.refused(&["user", "list", id]).0, 1);
    assert_eq!(shell.said(&["user", "list"]), "there are no accounts\n");
}

#[test]
fn a_password_is_asked_for_twice_and_never_shown() {
    let shell = Shell::new("prompt");
    let typed = |second: &str| {
        // `script` gives it a terminal, on which everything that is echoed would be seen.
        let command = format!("{PROGRAM} user add ada@notes.example --data-dir data");
        let mut child = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .current_dir(&shell.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        for line in [PASSWORD, second] {
            // As a person does it: once it is asked for, when the echo is off.
            std::thread::sleep(std::time::Duration::from_millis(1500));
            input.write_all(format!("{line}\n").as_bytes()).unwrap();
        }
        let output = child.wait_with_output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (done, seen) = typed("another one that differs");
    assert!(!done && seen.contains("two different passwords"), "{seen}");
    let (done, seen) = typed(PASSWORD);
    assert!(done, "{seen}");
    assert!(seen.contains("New password for ada@notes.example"), "{seen}");
    assert!(!seen.contains("otters"), "{seen}");
}

#[test]
fn an_import_is_whole_or_names_its_lines() {
    let shell = Shell::new("import");
    let hash = "$2b$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
    let bad = format!(
        "email,name,roles,origin,hash\n\
         ada@notes.example,Ada,admin editor,passlib,{hash}\n\
         nonsense,B,,,\n\
         \"c@notes.example\",\"two\nlines\",,nobody,x\n\
         d@notes.example,D,,,$2b$12$abcdefghijklmnopqrstuv\n\
         ADA@notes.example,again,,,\n"
    );
    let (code, told) = shell.refused(&["user", "import", &shell.file("bad.csv", &bad)]);
    assert_eq!(code, 2);
    for line in [
        "line 3: `nonsense` is no address",
        "line 4: `nobody` is no origin",
        "line 6: it is not said which program wrote the hash",
        "line 7: line 2 has the address `ada@notes.example` already",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    assert_eq!(shell.said(&["user", "list"]), "there are no accounts\n");

    let good = "\u{feff}email,name,roles,standing,origin,hash\r\n\
         ada@notes.example,\"Ada, Countess\",admin editor,active,,$2b$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy\r\n\
         bob@notes.example,'=Bob,,disabled,,\r\n";
    let good = shell.file("good.csv", good);
    assert!(
        shell.said(&["user", "import", &good, "--origin", "passlib", "--dry-run"]).contains("2 accounts")
    );
    assert_eq!(shell.said(&["user", "list"]), "there are no accounts\n");
    assert_eq!(shell.json(&["user", "import", &good, "--origin", "passlib"])["imported"], 2);
    let list = shell.json(&["user", "list"]);
    assert_eq!(list[0]["name"], "Ada, Countess");
    assert_eq!(list[0]["roles"], serde_json::json!(["admin", "editor"]));
    assert_eq!((&list[1]["name"], &list[1]["standing"]), (&"=Bob".into(), &"disabled".into()));
    let (_, told) = shell.refused(&["user", "import", &good, "--origin", "passlib"]);
    assert!(told.contains("line 2: there is an account `ada@notes.example` already"), "{told}");

    // What was exported is imported again as it was, in both forms.
    for format in ["csv", "json"] {
        let other = Shell::new(&format!("again-{format}"));
        let text = shell.said(&["user", "export", "--format", format, "--hashes"]);
        let file = other.file("users", &text);
        assert_eq!(other.said(&["user", "import", &file]), "2 accounts imported\n");
        assert_eq!(other.said(&["user", "export", "--format", format, "--hashes"]), text);
        assert!(!shell.said(&["user", "export", "--format", format]).contains("$2b$"), "only when asked for");
    }
    let lines = "{\"email\": \"x@notes.example\"}\n\n{\"email\": \"y@notes.example\", \"age\": 7}\n";
    let (_, told) = shell.refused(&["user", "import", &shell.file("lines.json", lines)]);
    assert!(told.contains("line 3: unknown field `age`"), "{told}");
    let array = "[\n {\"email\": \"x@notes.example\"},\n {\"email\": 7}\n]";
    let (_, told) = shell.refused(&["user", "import", &shell.file("array.json", array)]);
    assert!(told.contains("line 3: invalid type"), "{told}");
    let (_, told) =
        shell.refused(&["user", "import", &shell.file("cut.json", "[\n{\"email\": \"x\"},\n{\"em")]);
    assert!(told.contains("line 3: "), "{told}");
}

#[test]
fn a_policy_without_accounts_is_told_so() {
    let shell = Shell::new("no-identity");
    let empty = shell.file("empty.toml", "");
    let (code, told) = shell.refused(&["user", "list", "--policy", &empty]);
    assert!(code == 2 && told.contains("has no `[identity]`"), "{told}");
    let away = shell.file("away.toml", "[identity]\nsessions = \"redis://127.0.0.1:1/0\"\n");
    let (code, told) = shell.refused(&["user", "list", "--policy", &away]);
    assert!(
        code == 1 && told.contains("`identity.sessions`") && told.contains("the store is away"),
        "{told}"
    );
}

#[test]
fn a_filter_is_built_and_then_known() {
    let shell = Shell::new("filter");
    let digest = "0123456789ABCDEF0123456789ABCDEF01234567:3\n";
    let list = shell.file("list.txt", digest);
    let out = shell.folder.join("filter").display().to_string();
    assert!(shell.said(&["passwords", "build-filter", &list, &out]).contains("bytes"));
    assert!(std::fs::metadata(&out).unwrap().len() > 50);
    let (code, told) = shell.refused(&["passwords", "build-filter", &list, &out, "--least", "9"]);
    assert!(code == 2 && told.contains("at least 9 times"), "{told}");
    let bad = shell.file("bad.txt", &format!("{digest}hunter2\n"));
    let (code, told) = shell.refused(&["passwords", "build-filter", &bad, &out]);
    assert!(code == 2 && told.contains("line 2"), "{told}");
}

#[test]
fn a_machine_is_measured() {
    let shell = Shell::new("calibrate");
    let told = shell.said(&["key", "calibrate", "--target", "30", "--memory", "64", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["owasp"].as_array().unwrap().len(), 5);
    let (memory, passes) = (&told["suggested"]["memory"], &told["suggested"]["passes"]);
    // What it suggests is a policy that holds.
    let policy = format!("[identity.password]\nmemory = {memory}\npasses = {passes}\n");
    let policy = shell.file("suggested.toml", &policy);
    assert_eq!(shell.run(&["check", "--level", "never", &policy]).status.code(), Some(0));
}

#[test]
fn somebody_is_invited_by_a_link_that_is_printed_once() {
    let shell = Shell::new("invite");
    let invite = ["user", "invite", "Ada@Notes.example", "--role", "editor", "--print"];
    let (status, why) = shell.refused(&invite);
    assert!(status == 2 && why.contains("sign_up"), "{why}");
    let policy = |more: &str| {
        let text = format!("[host]\nnames = [\"*.notes.example\", \"notes.example\"]\n[identity]\n{more}\n");
        shell.file("portcullis.toml", &text)
    };
    policy("sign_up = \"invited\"");
    let invited = shell.json(&invite);
    assert_eq!(
        (&invited["email"], &invited["standing"]),
        (&"ada@notes.example".into(), &"unconfirmed".into())
    );
    assert_eq!(invited["roles"], serde_json::json!(["editor"]));
    let link = invited["link"].as_str().unwrap();
    assert!(link.starts_with("https://notes.example/.portcullis/sign-up?token="), "{link}");
    assert!(invited["ends"].is_string() && invited["letter"].is_null());

    let again = shell.said(&[&invite[..], &["--origin", "https://app.example:8443/"]].concat());
    assert!(again.starts_with("https://app.example:8443/.portcullis/sign-up?token="), "{again}");
    assert!(again.contains("works once, until ") && !again.contains(link), "a new one");
    for wrong in [
        "nowhere",
        "ftp://a.example",
        "https://a.example/path",
        "https://u@a.example",
        "https://a.example/?q",
    ] {
        assert_eq!(shell.refused(&[&invite[..], &["--origin", wrong]].concat()).0, 2, "{wrong}");
    }
    let (status, why) = shell.refused(&["user", "invite", "b@notes.example"]);
    assert!(status == 2 && why.contains("--print"), "without mail there is no letter: {why}");
    assert_eq!(shell.json(&["user", "list"]).as_array().unwrap().len(), 1, "and no account");
    assert_eq!(shell.refused(&["user", "invite", "nonsense", "--print"]).0, 2);
    assert_eq!(shell.refused(&["user", "invite", "b@notes.example", "--print", "--language", "fr"]).0, 2);

    let added = shell.run(&["user", "add", "c@notes.example", "--no-password"]);
    assert!(added.status.success());
    let (status, why) = shell.refused(&["user", "invite", "c@notes.example", "--print"]);
    assert!(status == 1 && why.contains("already"), "{why}");
    shell.file("portcullis.toml", "[identity]\nsign_up = \"invited\"\n");
    let (status, why) = shell.refused(&invite);
    assert!(status == 2 && why.contains("--origin"), "{why}");
}
