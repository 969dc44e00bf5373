//! The local development authority: HTTPS at first start, without asking anybody.
//!
//! Its certificate is constrained to the names it was made for (RFC 5280 section 4.2.1.10), so that a
//! browser that trusts it does not trust whoever steals its key with the rest of the web.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256,
};
use serde::{Deserialize, Serialize};

use super::certificates::CertificateFiles;
use crate::record::data_dir::{DataDir, write_private};

const DAY: u64 = 86_400;
/// Browsers take no more than 398 days; short, so that renewal is a habit and not an event.
const LEAF_DAYS: u64 = 90;
const RENEW_BEFORE: u64 = 30 * DAY;
const AUTHORITY_DAYS: u64 = 3 * 365;
/// Names below these are nobody else's (RFC 6761, RFC 2606, RFC 9476, ICANN's `.internal`).
const LOCAL: [&str; 5] = ["localhost", "test", "internal", "local", "home.arpa"];

/// The development certificate, ready to be served.
#[derive(Debug, Clone)]
pub struct Development {
    /// What to serve.
    pub files: CertificateFiles,
    /// What a browser has to trust.
    pub authority: PathBuf,
    /// Whether the authority is new, so that it has to be trusted (again).
    pub fresh: bool,
}

/// Why there is no development certificate.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file cannot be read or written.
    #[error("`{}`: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A certificate cannot be made.
    #[error("the development certificate cannot be made: {0}")]
    Made(#[from] rcgen::Error),
    /// A name that no certificate can carry.
    #[error("`{0}` cannot stand in a certificate")]
    Name(String),
}

/// What the files beside it are, so that they need not be parsed.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
struct Note {
    names: BTreeSet<String>,
    /// Seconds since the epoch.
    not_after: u64,
}

/// Opens the authority in `dev-ca/` of the data directory, or makes it; its certificate is made again
/// when it nears its end or the names changed.
///
/// # Errors
/// When files cannot be written, or a name fits no certificate.
pub fn open(data: &DataDir, names: &[String]) -> Result<Development, AuthorityError> {
    let folder = data
        .folder("dev-ca")
        .map_err(|error| AuthorityError::File { path: data.path().join("dev-ca"), error })?;
    let at = |name: &str| folder.join(name);
    let wanted = wanted_names(names);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();

    let mut fresh = false;
    let authority_note = read_note(&at("ca.json"));
    let usable = authority_note.is_some_and(|note| {
        note.not_after > now.saturating_add(LEAF_DAYS.saturating_mul(DAY))
            && wanted.iter().all(|name| covered(name, &note.names))
    }) && at("ca.pem").exists()
        && at("ca.key").exists();
    if !usable {
        make_authority(&folder, &wanted, now)?;
        fresh = true;
    }
    let development = Development {
        files: CertificateFiles { chain: at("leaf.pem"), key: at("leaf.key") },
        authority: at("ca.pem"),
        fresh,
    };
    let leaf_holds = read_note(&at("leaf.json"))
        .is_some_and(|note| note.names == wanted && note.not_after > now.saturating_add(RENEW_BEFORE))
        && development.files.chain.exists()
        && development.files.key.exists();
    if fresh || !leaf_holds {
        make_leaf(&folder, &wanted, now)?;
    }
    Ok(development)
}

fn wanted_names(names: &[String]) -> BTreeSet<String> {
    let always = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let given = names.iter().map(|name| name.trim_matches(['[', ']']).to_ascii_lowercase());
    always.into_iter().chain(given).filter(|name| !name.is_empty() && name != "*").collect()
}

/// Whether the authority's constraints, made for `names`, let it vouch for `name`.
fn covered(name: &str, names: &BTreeSet<String>) -> bool {
    if let Ok(address) = name.parse::<IpAddr>() {
        return address.is_loopback() || names.contains(name);
    }
    let below =
        |parent: &str| name == parent || name.strip_suffix(parent).is_some_and(|front| front.ends_with('.'));
    LOCAL.into_iter().any(below) || names.iter().any(|known| below(known.trim_start_matches("*.")))
}

fn subtrees(names: &BTreeSet<String>) -> Vec<GeneralSubtree> {
    let loopback = [
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8)),
        GeneralSubtree::IpAddress(CidrSubnet::V6(Ipv6Addr::LOCALHOST.octets(), [0xff; 16])),
    ];
    let local = LOCAL.into_iter().map(|name| GeneralSubtree::DnsName(name.to_owned()));
    let named = names.iter().map(|name| match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => GeneralSubtree::IpAddress(CidrSubnet::V4(address.octets(), [0xff; 4])),
        Ok(IpAddr::V6(address)) => GeneralSubtree::IpAddress(CidrSubnet::V6(address.octets(), [0xff; 16])),
        Err(_) => GeneralSubtree::DnsName(name.trim_start_matches("*.").to_owned()),
    });
    loopback.into_iter().chain(local).chain(named).collect()
}

fn called(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::OrganizationName, "Portcullis");
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn make_authority(folder: &Path, names: &BTreeSet<String>, now: u64) -> Result<(), AuthorityError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let not_after = now.saturating_add(AUTHORITY_DAYS.saturating_mul(DAY));
    let mut params = CertificateParams::default();
    params.distinguished_name = called("Portcullis development authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees: subtrees(names), excluded_subtrees: Vec::new() });
    valid(&mut params, now, not_after);
    let certificate = params.self_signed(&key)?;
    save(folder, "ca", &certificate.pem(), &key)?;
    note(folder, "ca.json", names, not_after)
}

fn make_leaf(folder: &Path, names: &BTreeSet<String>, now: u64) -> Result<(), AuthorityError> {
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(|error| AuthorityError::File { path, error })
    };
    let issuer = Issuer::from_ca_cert_pem(&read("ca.pem")?, KeyPair::from_pem(&read("ca.key")?)?)?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let not_after = now.saturating_add(LEAF_DAYS.saturating_mul(DAY));
    let mut list = Vec::with_capacity(names.len());
    for name in names {
        if name.parse::<IpAddr>().is_err() && !name.is_ascii() {
            return Err(AuthorityError::Name(name.clone()));
        }
        list.push(name.clone());
    }
    let mut params = CertificateParams::new(list)?;
    params.distinguished_name = called("Portcullis development certificate");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    valid(&mut params, now, not_after);
    let certificate = params.signed_by(&key, &issuer)?;
    save(folder, "leaf", &certificate.pem(), &key)?;
    note(folder, "leaf.json", names, not_after)
}

/// From an hour ago: clocks differ.
fn valid(params: &mut CertificateParams, now: u64, not_after: u64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(now.saturating_sub(3600));
    params.not_after = epoch + Duration::from_secs(not_after);
}

fn save(folder: &Path, stem: &str, certificate: &str, key: &KeyPair) -> Result<(), AuthorityError> {
    let files = [
        (folder.join(format!("{stem}.key")), zeroize::Zeroizing::new(key.serialize_pem())),
        (folder.join(format!("{stem}.pem")), zeroize::Zeroizing::new(certificate.to_owned())),
    ];
    for (path, text) in files {
        write_private(&path, text.as_bytes()).map_err(|error| AuthorityError::File { path, error })?;
    }
    Ok(())
}

fn note(folder: &Path, file: &str, names: &BTreeSet<String>, not_after: u64) -> Result<(), AuthorityError> {
    let path = folder.join(file);
    let text = serde_json::to_vec(&Note { names: names.clone(), not_after }).unwrap_or_default();
    write_private(&path, &text).map_err(|error| AuthorityError::File { path, error })
}

fn read_note(path: &Path) -> Option<Note> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain_at(path: &Path) -> Vec<u8> {
        fs::read(path).unwrap()
    }

    #[test]
    fn the_authority_stays_while_its_names_suffice() {
        let data = DataDir::open(&crate::testing::folder("authority")).unwrap();
        let first = open(&data, &[]).unwrap();
        assert!(first.fresh);
        let (authority, leaf) = (chain_at(&first.authority), chain_at(&first.files.chain));

        let again = open(&data, &[]).unwrap();
        assert!(!again.fresh);
        assert_eq!(chain_at(&again.files.chain), leaf);

        // Below `.localhost`, so that only the leaf has to be made again.
        let more = open(&data, &["notes.localhost".to_owned()]).unwrap();
        assert!(!more.fresh);
        assert_eq!(chain_at(&more.authority), authority);
        assert_ne!(chain_at(&more.files.chain), leaf);

        let elsewhere = open(&data, &["notes.example".to_owned()]).unwrap();
        assert!(elsewhere.fresh);
        assert_ne!(chain_at(&elsewhere.authority), authority);
    }

    #[test]
    fn the_authority_cannot_vouch_for_the_rest_of_the_web() {
        let names = wanted_names(&["*.notes.example".to_owned()]);
        assert!(covered("a.notes.example", &names));
        assert!(covered("127.0.0.5", &names));
        assert!(!covered("bank.example", &names));
        assert!(!covered("evilnotes.example", &names));
        assert!(!covered("10.0.0.1", &names));
    }
}
