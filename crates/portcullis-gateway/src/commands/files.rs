//! What the policy names in the file system, looked at before the gate is started.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis::advice::{Advice, Level};
use portcullis::policy::raw;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;

use crate::tls::certificates::{self, CertificateFiles};

/// Certificates that end sooner than this are told of.
const SOON: u64 = 14 * 86_400;

/// Every number with its level and its title: the second table of `docs/advice.md`.
pub(super) const TABLE: [(&str, Level, &str); 4] = [
    (
        "F001",
        Level::Danger,
        "a certificate cannot be served: a file is missing, broken, or does not fit its key",
    ),
    ("F002", Level::Danger, "a certificate holds no longer, or not yet"),
    ("F003", Level::Warn, "a certificate ends within two weeks"),
    ("F004", Level::Warn, "no certificate vouches for a name of the site"),
];

/// Looks at the certificates that the policy names; relative paths start at `folder`.
pub(super) fn look(written: &raw::File, folder: &Path) -> Vec<Advice> {
    let mut list = Vec::new();
    let mut served = Vec::new();
    for (index, pair) in written.tls.certificate.iter().enumerate() {
        let key = format!("tls.certificate[{index}]");
        let files = CertificateFiles { chain: folder.join(&pair.chain), key: folder.join(&pair.key) };
        match certificates::read(&files) {
            Ok(certified) => {
                ends(&key, &certified, &mut list);
                served.push(certified);
            }
            Err(error) => list.push(advice(
                "F001",
                &key,
                error.to_string(),
                "`chain` is a PEM file with the certificate and its chain, `key` one with its private key",
            )),
        }
    }
    if written.tls.certificate.is_empty() || list.iter().any(|advice| advice.number == "F001") {
        return list;
    }
    let obtained = |name: &str| match &written.tls.acme {
        Some(acme) if acme.names.is_empty() => true,
        Some(acme) => acme.names.iter().any(|one| one.eq_ignore_ascii_case(name)),
        None => false,
    };
    for (index, name) in written.host.names.iter().flatten().enumerate() {
        // What a star stands for: any one name below.
        let asked = name.replace('*', "any");
        let asked = asked.rsplit_once(':').map_or(asked.as_str(), |(front, port)| {
            if port.bytes().all(|byte| byte.is_ascii_digit()) { front } else { asked.as_str() }
        });
        let Ok(asked) = ServerName::try_from(asked.trim_matches(['[', ']']).to_owned()) else { continue };
        if !obtained(name) && !served.iter().any(|key| certificates::vouches(key, &asked)) {
            list.push(advice(
                "F004",
                &format!("host.names[{index}]"),
                format!("whoever asks for `{name}` is shown a certificate for another name"),
                "add a `[[tls.certificate]]` for it, or take the name out",
            ));
        }
    }
    list
}

fn ends(key: &str, certified: &CertifiedKey, list: &mut Vec<Advice>) {
    let Some((not_before, not_after)) = certified.cert.first().and_then(certificates::validity) else {
        return;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let days = not_after.saturating_sub(now) / 86_400;
    if now > not_after {
        list.push(advice("F002", key, "the certificate holds no longer", "renew it"));
    } else if now < not_before {
        list.push(advice("F002", key, "the certificate does not hold yet", "look at this machine's clock"));
    } else if not_after.saturating_sub(now) < SOON {
        list.push(advice("F003", key, format!("the certificate ends in {days} days"), "renew it"));
    }
}

fn advice(number: &'static str, key: &str, sentence: impl Into<String>, fix: &str) -> Advice {
    let level =
        TABLE.iter().find(|(known, ..)| *known == number).map_or(Level::Danger, |(_, level, _)| *level);
    Advice { number, level, key: key.to_owned(), sentence: sentence.into(), fix: fix.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str, folder: &Path) -> Vec<&'static str> {
        let (_, written) = portcullis::Policy::parse("test", text).unwrap();
        look(&written, folder).iter().map(|advice| advice.number).collect()
    }

    fn certificate(folder: &Path, stem: &str, name: &str, not_after: (i32, u8, u8)) {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(not_after.0, not_after.1, not_after.2);
        let key = rcgen::KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        std::fs::write(folder.join(format!("{stem}.pem")), made.pem()).unwrap();
        std::fs::write(folder.join(format!("{stem}.key")), key.serialize_pem()).unwrap();
    }

    #[test]
    fn certificates_must_be_there_fit_their_keys_hold_and_vouch_for_every_name() {
        let folder = crate::testing::folder("check");
        certificate(&folder, "good", "*.notes.example", (2999, 1, 1));
        certificate(&folder, "old", "notes.example", (2001, 1, 1));
        let pair =
            |chain: &str, key: &str| format!("[[tls.certificate]]\nchain = \"{chain}\"\nkey = \"{key}\"\n");
        let names = "[host]\nnames = [\"*.notes.example\", \"www.notes.example:443\", \"shop.example\"]\n";
        assert_eq!(numbers("", &folder), [""; 0]);
        assert_eq!(numbers(&pair("good.pem", "good.key"), &folder), [""; 0]);
        assert_eq!(numbers(&pair("good.pem", "old.key"), &folder), ["F001"]);
        assert_eq!(numbers(&pair("none.pem", "good.key"), &folder), ["F001"]);
        assert_eq!(numbers(&pair("good.key", "good.key"), &folder), ["F001"]);
        assert_eq!(numbers(&pair("old.pem", "old.key"), &folder), ["F002"]);
        assert_eq!(numbers(&format!("{names}{}", pair("good.pem", "good.key")), &folder), ["F004"]);
    }

    #[test]
    fn the_second_table_in_the_docs_is_the_table_in_the_code() {
        let docs =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/advice.md")).unwrap();
        for (number, level, title) in TABLE {
            assert!(docs.contains(&format!("| {number} | {} | {title} |", level.name())), "{number}");
        }
    }
}
