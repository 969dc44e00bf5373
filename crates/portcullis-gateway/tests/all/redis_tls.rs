//! Sessions and shared allowances in a Redis that speaks TLS alone.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::gate::{CHEAP, Ended, Site, ask, is_signed_in, sign_in, write};

const ADA: &str = "ada@notes.example";

/// A Redis that ends with the value.
struct Redis {
    _process: Ended,
    port: u16,
}

impl Redis {
    /// On a port that takes nobody without TLS; `ca.pem` in the folder vouches for it as `name`.
    fn start(folder: &Path, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Of the same name as the certificate, it would look like one that signed itself.
        params.distinguished_name.push(DnType::CommonName, "authority");
        write(folder, "ca.pem", &params.self_signed(&key).unwrap().pem());
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        write(folder, "redis.pem", &certificate.pem());
        write(folder, "redis.key", &key.serialize_pem());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("redis-server")
            .args(["--port", "0", "--tls-port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args([
                "--tls-cert-file",
                "redis.pem",
                "--tls-key-file",
                "redis.key",
                "--tls-ca-cert-file",
                "ca.pem",
            ])
            .args(["--tls-auth-clients", "no", "--appendonly", "no"])
            .current_dir(folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let redis = Self { _process: Ended(child), port };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the redis does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        redis
    }

    /// How many keys it holds.
    fn keys(&self, folder: &Path) -> usize {
        let asked = Command::new("redis-cli")
            .args(["--tls", "--cacert", "ca.pem", "-h", "localhost", "-p", &self.port.to_string(), "DBSIZE"])
            .current_dir(folder)
            .output()
            .unwrap();
        String::from_utf8_lossy(&asked.stdout).trim().parse().unwrap()
    }
}

fn site(name: &str) -> (Site, Redis) {
    let site = Site::new("redis-tls", "");
    let redis = Redis::start(&site.folder, name);
    let policy = std::fs::read_to_string(site.folder.join("portcullis.toml")).unwrap();
    let url = format!("rediss://localhost:{}/0", redis.port);
    let more = format!(
        "[identity]\nsessions = \"{url}\"\n{CHEAP}[access]\nallow = \"signed-in\"\n[rate]\nstore = \"{url}\"\n\
         store_timeout = \"2 s\"\nstore_lost = \"refuse\"\n\
         [[rate.limit]]\nname = \"few\"\nrequests = 3\nper = \"10 min\"\npaths = [\"/few\"]\n"
    );
    write(&site.folder, "portcullis.toml", &(policy + &more));
    (site, redis)
}

#[test]
fn sessions_and_allowances_are_kept_in_a_redis_over_tls() {
    let (mut site, redis) = site("localhost");
    site.environment.push(("SSL_CERT_FILE", site.folder.join("ca.pem")));
    assert!(site.add(ADA).status.success());
    let before = redis.keys(&site.folder);
    let gate = site.start();
    let session = sign_in(gate.address, "127.0.0.1", "", ADA, "").cookie("portcullis-session").unwrap();
    let cookies = format!("portcullis-session={session}");
    assert!(is_signed_in(gate.address, &cookies));
    assert!(redis.keys(&site.folder) > before, "the session is in the Redis");
    let few = || ask(gate.address, "127.0.0.1", &cookies, "/few", None).status;
    assert_eq!([few(), few(), few(), few()], [200, 200, 200, 429]);
    assert!(!site.log().contains("store_away"), "{}", site.log());
    // The whole of it is in the server: another gate knows the session.
    drop(gate);
    let again = site.start();
    assert!(is_signed_in(again.address, &cookies));
}

#[test]
fn a_redis_whose_certificate_nobody_vouches_for_gets_no_session() {
    let (site, redis) = site("localhost");
    let told = site.refused();
    assert!(told.contains("`identity.sessions`") && told.contains("the store is away"), "{told}");
    assert_eq!(redis.keys(&site.folder), 0, "nothing was sent");
}

#[test]
fn a_redis_with_the_certificate_of_another_name_gets_no_session() {
    let (mut site, _redis) = site("other.example");
    site.environment.push(("SSL_CERT_FILE", site.folder.join("ca.pem")));
    let told = site.refused();
    assert!(told.contains("`identity.sessions`") && told.contains("the store is away"), "{told}");
}
