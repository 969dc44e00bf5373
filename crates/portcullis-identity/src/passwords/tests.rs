use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::*;

const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

fn hasher(origins: Vec<Origin>) -> Hasher {
    Hasher::new(CHEAP, Peppers::default(), Caps::default(), origins).unwrap()
}

fn matches(hasher: &Hasher, text: &str, stored: &str) -> bool {
    matches!(hasher.verify(&password(text), Some(stored)), Ok(Verification::Match { .. }))
}

/// The vectors beside the checkout, or where `PORTCULLIS_VECTORS` says.
fn vectors() -> Vec<BTreeMap<String, String>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors");
    let folder = std::env::var("PORTCULLIS_VECTORS").unwrap_or_else(|_| beside.to_owned());
    let file = format!("{folder}/password_hashes.json");
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("`{file}`: {error}; `PORTCULLIS_VECTORS` names the folder"));
    serde_json::from_str(&text).unwrap()
}

fn origin(vector: &BTreeMap<String, String>) -> Origin {
    let format = vector["format"].as_str();
    match vector["family"].as_str() {
        "werkzeug" | "werkzeug-legacy(<3.0)" => Origin::Werkzeug,
        "bcrypt" | "passlib" if !format.starts_with("django") => Origin::Passlib,
        "django" | "passlib" => Origin::Django,
        "flask-bcrypt" => Origin::FlaskBcryptLong,
        "flask-security" => {
            Origin::FlaskSecurity { salt: Zeroizing::new(vector["SECURITY_PASSWORD_SALT"].clone()) }
        }
        other => panic!("a family that nobody told of: {other}"),
    }
}

#[test]
fn every_vector_verifies_by_its_origin_and_comes_back_as_argon2id() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 59);
    for vector in vectors {
        let (text, stored) = (vector["password"].as_str(), vector["hash"].as_str());
        let hasher = hasher(vec![origin(&vector)]);
        let verified =
            hasher.verify(&password(text), Some(stored)).unwrap_or_else(|fault| panic!("{stored}: {fault}"));
        if vector["format"] == "unusable" {
            assert!(matches!(verified, Verification::Mismatch), "{stored}");
            continue;
        }
        let Verification::Match { upgrade: Some(new) } = verified else { panic!("{stored}: {verified:?}") };
        assert!(new.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{new}");
        assert!(matches!(
            hasher.verify(&password(text), Some(&new)),
            Ok(Verification::Match { upgrade: None })
        ));
        // DES reads eight letters, so that the first one must differ.
        assert!(!matches(&hasher, "incorrect horse battery staple", stored), "{stored}");
    }
}

#[test]
fn a_text_means_what_its_declared_origin_means() {
    let werkzeug = "sha1$aB3dE5gH$8b17ada8b649eed5e3c879a8171f5088544a4f6b";
    let words = "correct horse battery staple";
    assert!(matches(&hasher(vec![Origin::Werkzeug]), words, werkzeug));
    assert!(!matches(&hasher(vec![Origin::Django]), words, werkzeug));
    let plain = "$2b$05$yMHiuTT/0z68lqCxlvaGOOU6wxvwHXVIu45MdRVKF3ZP/XFIRzc1W";
    assert!(matches(&hasher(vec![Origin::Passlib]), words, plain));
    assert!(!matches(&hasher(vec![Origin::FlaskBcryptLong]), words, plain));
}

#[test]
fn a_hash_of_another_program_is_an_error_and_not_a_wrong_password() {
    let fault =
        hasher(vec![]).verify(&password("x"), Some("$1$pdpQkSA8$HqXnP21HsSVR8SkaXi1Y//")).unwrap_err();
    assert_eq!(fault.to_string(), "this is no hash that `portcullis` writes");
}

#[test]
fn a_crafted_hash_cannot_ask_for_more_than_the_caps() {
    let salt = "c2FsdHNhbHRzYWx0c2FsdA";
    let sum = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
    let costly = [
        (Origin::Portcullis, format!("$argon2id$v=19$m=4294967295,t=1,p=1${salt}${sum}")),
        (Origin::Portcullis, format!("$argon2id$v=19$m=65536,t=4000000000,p=1${salt}${sum}")),
        (Origin::Portcullis, format!("$argon2id$v=19$m=65536,t=1,p=16777215${salt}${sum}")),
        (Origin::Werkzeug, format!("scrypt:2147483648:8:1$salt${}", "00".repeat(64))),
        (Origin::Werkzeug, format!("scrypt:16384:8:100000$salt${}", "00".repeat(64))),
        (Origin::Werkzeug, format!("pbkdf2:sha256:4294967295$salt${}", "00".repeat(32))),
        (Origin::Passlib, format!("grub.pbkdf2.sha512.3999999.00.{}", "00".repeat(400))),
        (Origin::Passlib, "$2b$31$yMHiuTT/0z68lqCxlvaGOOU6wxvwHXVIu45MdRVKF3ZP/XFIRzc1W".to_owned()),
        (Origin::Passlib, format!("$6$rounds=999999999$salt${}", "a".repeat(86))),
        (Origin::Passlib, format!("$sha1$999999999$salt${}", "a".repeat(28))),
        (Origin::Passlib, format!("$P$Saltsalts{}", "a".repeat(22))),
        (Origin::Passlib, format!("$md5,rounds=4294967295$salt$${}", "a".repeat(22))),
        (Origin::Passlib, "_zzzzsaltaaaaaaaaaaa".to_owned()),
    ];
    for (origin, text) in costly {
        let read = Stored::read(&text, &origin, &Caps::default());
        assert!(matches!(read, Err(UnreadableHash::TooCostly { .. })), "{text}: {:?}", read.err());
    }
}

#[test]
fn a_pepper_is_needed_and_can_be_changed() {
    let pepper = |name: &str, key: &str| Pepper { name: name.to_owned(), key: Zeroizing::new(key.into()) };
    let make = |peppers| Hasher::new(CHEAP, Peppers::new(peppers).unwrap(), Caps::default(), vec![]).unwrap();
    let old = make(vec![pepper("p1", "one")]);
    let stored = old.hash(&password("swordfish")).unwrap();
    assert!(stored.contains("keyid=p1"));
    assert!(matches!(
        old.verify(&password("swordfish"), Some(&stored)),
        Ok(Verification::Match { upgrade: None })
    ));
    assert!(!matches(&make(vec![]), "swordfish", &stored));
    assert!(!matches(&make(vec![pepper("p1", "other")]), "swordfish", &stored));
    let new = make(vec![pepper("p2", "two"), pepper("p1", "one")]);
    let Ok(Verification::Match { upgrade: Some(stored) }) = new.verify(&password("swordfish"), Some(&stored))
    else {
        panic!("the old pepper is still known")
    };
    assert!(stored.contains("keyid=p2"));
    assert_eq!(Peppers::new(vec![pepper("a", "x"), pepper("a", "y")]).err().as_deref(), Some("a"));
    assert!(Peppers::new(vec![pepper("a,b", "x")]).is_err());
}

#[test]
fn nobody_signs_in_where_there_is_no_account() {
    assert!(matches!(hasher(vec![]).verify(&password("x"), None), Ok(Verification::Mismatch)));
}

#[test]
fn the_same_password_typed_on_another_keyboard_is_the_same() {
    let hasher = hasher(vec![]);
    let stored = hasher.hash(&password("a\u{308}\u{a0}x")).unwrap();
    assert!(matches(&hasher, "\u{e4} x", &stored));
    assert!(!matches(&hasher, "a x", &stored));
    assert!(Password::new("a".repeat(Password::LONGEST + 1)).is_none());
}

#[test]
fn the_commonest_passwords_are_refused_though_they_are_long_enough() {
    for text in [
        "password1",
        "football",
        "baseball1",
        "princess",
        "sunshine",
        "iloveyou",
        "superman",
        "trustno1",
        "whatever",
        "jennifer",
        "liverpool",
        "chocolate",
        "michelle",
        "computer",
        "corvette",
        "starwars",
        "midnight",
        "mercedes",
        "internet",
        "marlboro",
        "scorpion",
        "qwertyuiop",
        "1q2w3e4r",
        "987654321",
        "cocacola",
        "butthead",
        "bulldogs",
    ] {
        let judged = Strength::MULTI_FACTOR.judge(&password(text), &[], None);
        assert!(matches!(judged, Err(Weakness::Common | Weakness::Guessable { .. })), "{text}");
    }
}

#[test]
fn a_password_is_judged_by_length_lists_and_guesses_and_not_by_kinds() {
    let judge = |text: &str, about: &[&str]| Strength::MULTI_FACTOR.judge(&password(text), about, None);
    assert_eq!(judge("7 signs", &[]), Err(Weakness::TooShort { least: 8 }));
    assert_eq!(judge("Password123!", &[]), Err(Weakness::Common));
    assert_eq!(judge("dragondragon", &[]), Err(Weakness::Common));
    assert!(matches!(judge("aaaaaaaaaaaa", &[]), Err(Weakness::Guessable { .. })));
    assert!(matches!(
        judge("mildred.hubble", &["mildred.hubble@cackle.example"]),
        Err(Weakness::Guessable { .. })
    ));
    assert_eq!(judge("seven lanterns over the quarry", &[]), Ok(()));
    assert_eq!(
        judge("\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{9577}\u{3044}\u{5408}\u{8a00}\u{8449}\u{3060}", &[]),
        Ok(())
    );
    let fifteen = Strength::SINGLE_FACTOR.judge(&password("twelve signs"), &[], None);
    assert_eq!(fifteen, Err(Weakness::TooShort { least: 15 }));
}

#[test]
fn breached_passwords_are_known_offline() {
    use sha1::{Digest, Sha1};
    let line = |text: &str, count: u64| {
        let digest = Sha1::digest(text).iter().map(|byte| format!("{byte:02X}")).collect::<String>();
        format!("{digest}:{count}\r\n")
    };
    let list = (0..5000).map(|n| line(&format!("stolen number {n}"), n)).collect::<String>();
    let filter = BreachedFilter::build(list.as_bytes(), 10).unwrap();
    let filter = BreachedFilter::read(filter.as_bytes().to_vec()).unwrap();
    assert!((10..5000).all(|n| filter.contains(&password(&format!("stolen number {n}")))));
    let by_chance = (0..10_000).filter(|n| filter.contains(&password(&format!("kept number {n}")))).count();
    assert!(by_chance < 100, "{by_chance} of 10000");
    assert_eq!(
        Strength::MULTI_FACTOR.judge(&password("stolen number 77"), &[], Some(&filter)),
        Err(Weakness::Breached)
    );

    let mut changed = filter.as_bytes().to_vec();
    changed[40] ^= 1;
    assert_eq!(BreachedFilter::read(changed).err(), Some(FilterError::Damaged));
    assert_eq!(BreachedFilter::read(filter.as_bytes()[..30].to_vec()).err(), Some(FilterError::Damaged));
    assert_eq!(BreachedFilter::read(b"else".to_vec()).err(), Some(FilterError::Foreign));
    let wrong = BreachedFilter::build("0123:1\n".as_bytes(), 1).err().unwrap();
    assert!(wrong.to_string().starts_with("line 1 is no SHA-1"));
    assert!(matches!(BreachedFilter::build("".as_bytes(), 1), Err(BuildError::Empty { least: 1 })));
}

proptest::proptest! {
    #[test]
    fn no_text_is_a_hash_that_panics(text in "[$_{]?[a-z0-9-]{0,12}[$:={},.a-zA-Z0-9/+]{0,120}") {
        let origins = [Origin::Portcullis, Origin::Werkzeug, Origin::Django, Origin::Passlib, Origin::FlaskBcryptLong];
        let caps = Caps { memory_kib: 1024, memory_passes_kib: 1024, lanes: 2, bcrypt_cost: 4, pbkdf2_rounds: 10, digest_rounds: 10 };
        for origin in origins {
            if let Ok(stored) = Stored::read(&text, &origin, &caps) {
                let _ = stored.verify(&password("x"), &Peppers::default());
            }
        }
    }
}

#[test]
fn a_hash_that_says_who_wrote_it_is_read_as_nothing_else() {
    for vector in vectors() {
        let origin = origin(&vector);
        let marked = Origin::mark(origin.name(), &vector["hash"]);
        let usable = vector["format"] != "unusable";
        let needs_salt = matches!(origin, Origin::FlaskSecurity { .. });
        // No origin is declared but what needs a secret.
        let declared = hasher(if needs_salt { vec![origin] } else { Vec::new() });
        assert_eq!(matches(&declared, &vector["password"], &marked), usable, "{marked}");
        if needs_salt {
            let fault = hasher(Vec::new()).verify(&password("x"), Some(&marked)).unwrap_err();
            assert!(matches!(fault, UnreadableHash::Undeclared { .. }), "{fault}");
        }
    }
    // An HMAC in old Werkzeug and a plain digest in Django: the mark decides.
    let text = vectors().into_iter().find(|vector| vector["hash"].starts_with("sha1$")).unwrap();
    let other = if matches!(origin(&text), Origin::Django) { "werkzeug" } else { "django" };
    assert!(!matches(&hasher(Vec::new()), &text["password"], &Origin::mark(other, &text["hash"])));
    assert!(hasher(Vec::new()).read("{nobody}$2b$12$x").is_err());
}
