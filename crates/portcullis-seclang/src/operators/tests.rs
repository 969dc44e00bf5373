use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn no_files(name: &str) -> Result<Vec<u8>, String> {
    Err(format!("cannot read `{name}`"))
}

fn operator(name: &str, argument: &str) -> Operator {
    Operator::parse(name, argument, &no_files).unwrap_or_else(|why| panic!("@{name} {argument}: {why}"))
}

fn fault(name: &str, argument: &str) -> String {
    Operator::parse(name, argument, &no_files).map(|_| ()).unwrap_err()
}

/// Name, argument, inputs that match, inputs that do not.
type Case = (&'static str, &'static str, &'static [&'static [u8]], &'static [&'static [u8]]);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("beginsWith", "ab", &[b"ab", b"abc"], &[b"", b"a", b"Abc", b"cab"]),
    ("endsWith", "bc", &[b"bc", b"abc"], &[b"", b"c", b"abC", b"bca"]),
    ("streq", "abc", &[b"abc"], &[b"", b"ABC", b"abcd"]),
    ("contains", "b c", &[b"ab cd", b"b c"], &[b"", b"bc"]),
    ("strmatch", "bc", &[b"abcd"], &[b"", b"aBcd"]),
    ("containsWord", "or", &[b"or", b"a or b", b"xor or", b"(or)"], &[b"", b"xor", b"or1", b"or_", b"order"]),
    ("within", "GET,POST", &[b"GET", b"", b"T,P"], &[b"get", b"PUT", b"GET,POST,"]),
    ("eq", "0", &[b"0", b"", b"abc", b"-0", b" 0x"], &[b"1", b" 1a"]),
    ("ge", "5", &[b"5", b"6", b"99999999999999999999999"], &[b"4", b"-6"]),
    ("gt", "-5", &[b"-4", b""], &[b"-5", b"-99999999999999999999999"]),
    ("le", "5", &[b"5", b"4", b"5.9"], &[b"6"]),
    ("lt", "5", &[b"4", b"+4"], &[b"5"]),
    ("ipMatch", "192.0.2.0/24,::1,2001:db8::/32, 10.1.2.3", &[b"192.0.2.255", b"::ffff:192.0.2.1", b"::1", b"2001:db8:1::", b"10.1.2.3"], &[b"192.0.3.0", b"::2", b"2001:db9::", b"10.1.2.4", b"", b"x"]),
    ("pm", "select UNION |3c 3F|php", &[b"a SELECT b", b"unionized", b"x<?PHP"], &[b"", b"sel ect", b"3c3fphp"]),
    ("pm", "( |", &[b"f(", b"a|b"], &[b"a"]),
    ("rx", "a.c$", &[b"abc", b"a\nc", b"xa\xffc"], &[b"abc\n", b"ABC", b"abc\nabd"]),
    ("rx", r"^\x{41}\x42\xff$", &[b"AB\xff"], &["AB\u{ff}".as_bytes()]),
    ("rx", "(?i)É+", &["aÉ\u{89}b".as_bytes(), b"\xc3\x89\x89"], &["é".as_bytes()]),
    ("rxGlobal", "a", &[b"banana"], &[b"b"]),
    ("validateByteRange", "9,10,13,32-126", &[b"a\0", b"\x7f"], &[b"", b"a\tb\r\n~"]),
    ("validateUrlEncoding", "", &[b"%", b"%4", b"a%zz", b"%41%4g"], &[b"", b"%41", b"a%00b"]),
    ("validateUtf8Encoding", "", &[b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"], &[b"", "aé€😀".as_bytes()]),
    ("verifyCC", r"\b\d{13,16}\b", &[b"4111 4111111111111111"], &[b"4111111111111112", b"411111111111111"]),
    ("verifyCC", r"\d{16}", &[b"9994111111111111111"], &[b"4111111111111112", b"41111111111111"]),
    ("verifySSN", r"\d{3}-?\d{2}-?\d{4}", &[b"x 078-05-1120"], &[b"666-05-1120", b"078-00-1120", b"111-11-1111", b"123456789", b"900-12-3456"]),
    ("verifyCPF", r"[\d.-]{11,14}", &[b"529.982.247-25"], &[b"529.982.247-26", b"111.111.111-11"]),
    ("verifySVNR", r"\d{4} ?\d{6}", &[b"1237 010180"], &[b"1238 010180"]),
    ("noMatch", "", &[], &[b"", b"a"]),
    ("unconditionalMatch", "", &[b"", b"a"], &[]),
    ("geoLookup", "", &[], &[b"192.0.2.1"]),
];

#[test]
fn each_operator_matches_what_the_manual_says() {
    for (name, argument, matching, others) in CASES {
        let operator = operator(name, argument);
        for input in *matching {
            assert!(operator.matches(input, None, None), "@{name} {argument}: {}", input.escape_ascii());
        }
        for input in *others {
            assert!(!operator.matches(input, None, None), "not @{name} {argument}: {}", input.escape_ascii());
        }
    }
}

#[test]
fn an_argument_made_at_run_time_takes_the_place_of_the_one_written() {
    let within = operator("within", "%{tx.allowed_methods}");
    assert!(within.takes_macros());
    assert!(within.matches(b"PUT", Some(b"GET PUT"), None));
    assert!(!within.matches(b"PUT", Some(b"GET POST"), None));
    let above = operator("gt", "%{tx.max_num_args}");
    assert!(above.matches(b"256", Some(b"255"), None));
    assert!(!above.matches(b"255", Some(b"255"), None));
    assert!(operator("contains_word".replace('_', "").as_str(), "%{x}").matches(
        b"a or b",
        Some(b"or"),
        None
    ));
}

#[test]
fn what_an_argument_lacks_is_told() {
    assert_eq!(fault("ipMatch", "10.0.0.1,10.0.0.300"), "`10.0.0.300` is not an IP address or network");
    assert_eq!(fault("ipMatchFromFile", "a.txt"), "cannot read `a.txt`");
    assert_eq!(fault("eq", "five"), "`five` is not a whole number");
    assert_eq!(fault("pm", " "), "there is no phrase to look for");
    assert_eq!(fault("pm", "|4g|"), "`|4g|` is not hexadecimal");
    assert_eq!(fault("pm", "|414|"), "`|414|` ends in half a byte");
    assert_eq!(fault("validateByteRange", "1,256"), "`256` is not a byte or a range of bytes, 0 to 255");
    assert_eq!(fault("validateByteRange", "9-1"), "the range `9-1` runs backwards");
    assert_eq!(
        fault("validateSchema", "a.xsd"),
        "`a.xsd`: schemas of XML are not supported, those of JSON are"
    );
    assert_eq!(fault("frobnicate", ""), "there is no operator `@frobnicate`");
    for name in ["rbl", "fuzzyHash", "inspectFile", "gsbLookup", "rsub", "validateDTD", "validateHash"] {
        let why = fault(name, "");
        assert!(why.starts_with(&format!("`@{name}` is not supported: ")), "{why}");
    }
}

#[test]
fn files_are_read_line_by_line() {
    let files = |name: &str| match name {
        "phrases" => Ok(b"# comment\n\n  /etc/passwd \r\na|b\n".to_vec()),
        "addresses" => Ok(b"# ours\n10.0.0.0/8 # inside\n\n192.0.2.1\n".to_vec()),
        "wrong" => Ok(b"10.0.0.0/8\nhere\n".to_vec()),
        "schema" => {
            Ok(br#"{"type":"object","required":["a"],"properties":{"a":{"type":"integer"}}}"#.to_vec())
        }
        other => Err(format!("cannot read `{other}`")),
    };
    let parse = |name, argument| Operator::parse(name, argument, &files);
    let phrases = parse("pmFromFile", "phrases").unwrap();
    assert!(phrases.matches(b"cat /ETC/passwd", None, None) && phrases.matches(b"A|B", None, None));
    assert!(!phrases.matches(b"# comment", None, None));
    let addresses = parse("ipMatchFromFile", "addresses").unwrap();
    assert!(addresses.matches(b"10.9.9.9", None, None) && !addresses.matches(b"11.0.0.1", None, None));
    let why = parse("ipMatchF", "wrong").unwrap_err();
    assert_eq!(why, "`wrong`, line 2: `here` is not an IP address or network");
    let schema = parse("validateSchema", "schema").unwrap();
    assert!(!schema.matches(br#"{"a":1}"#, None, None));
    assert!(schema.matches(br#"{"a":"1"}"#, None, None) && schema.matches(b"{", None, None));
}

#[test]
fn the_match_and_its_groups_are_found() {
    let found = |name, argument, input: &'static [u8]| {
        let mut found = Found::default();
        assert!(operator(name, argument).matches(input, None, Some(&mut found)));
        found
            .texts(input)
            .map(|text| text.map(|text| String::from_utf8_lossy(text).into_owned()))
            .collect::<Vec<_>>()
    };
    let some = |texts: &[&str]| texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>();
    assert_eq!(
        found("rx", "(a)(x)?(.)", b"zab"),
        [Some("ab".into()), Some("a".into()), None, Some("b".into())]
    );
    assert_eq!(found("rxGlobal", "a(.)", b"abac"), some(&["ab", "b", "ac", "c"]));
    assert_eq!(found("rxGlobal", "a", b"aaaaaaaaaaaaaaaaaa").len(), Found::MOST);
    assert_eq!(found("pm", "ab abc", b"zabcd"), some(&["abc"]));
    assert_eq!(found("verifyCC", r"\d{13,16}", b"94111111111111111"), some(&["4111111111111111"]));
}

#[test]
fn what_pcre_writes_in_its_own_way_is_understood() {
    let matches = |expression: &str, input: &[u8]| operator("rx", expression).matches(input, None, None);
    #[rustfmt::skip]
    let cases: &[(&str, &[u8], &[u8])] = &[
        (r"^[[]$", b"[", b"a"),
        (r"^[a&&b]$", b"&", b"&&"),
        (r"^[\w-.]$", b"-", b"+"),
        (r"^[+-\d]$", b"-", b","),
        (r"^[]a]$", b"]", b"["),
        (r"^[^]a]$", b"b", b"]"),
        (r"^[[:alpha:]_-]+$", b"a_-", b"1"),
        (r"^[\b]$", b"\x08", b"b"),
        (r"^\<\/\-\_\ \@\>$", b"</-_ @>", b"</-_ @"),
        (r"^{a}{2}{,3}$", b"{a}}{,3}", b"{a}}"),
        (r"^a{2,}b{1,2}$", b"aaabb", b"ab"),
        (r"^\0\12\101$", b"\0\nA", b"0"),
        (r"^\e\cA\x9$", b"\x1b\x01\t", b"e"),
        (r"^\h\v$", b"\xa0\x85", b"  "),
        (r"^\R$", b"\r\n", b"\t"),
        (r"^\Qa.b\E.$", b"a.bc", b"axbc"),
        (r"^a(?#not this)b$", b"ab", b"a"),
        (r"^a\Z", b"a\n", b"a\n\n"),
        (r"(?x) ^ [ ] \  $", b"  ", b""),
        (r"(?<year>\d{4})", b"2026", b"abcd"),
        (r"(?m)^b$", b"a\nb\nc", b"ab"),
        (r"^[\x80-\xff]+$", b"\x80\xff", b"\x7f"),
        (r"^[é]+$", "é".as_bytes(), b"e"),
        (r"\i\y", b"iy", b"\\i"),
    ];
    for (expression, matching, other) in cases {
        assert!(matches(expression, matching), "{expression} on {}", matching.escape_ascii());
        assert!(!matches(expression, other), "{expression} on {}", other.escape_ascii());
    }
}

#[test]
fn what_needs_backtracking_is_refused_with_its_place() {
    for (expression, at, what) in [
        ("ab(?=c)", 3, "look-ahead"),
        ("(?!c)", 1, "look-ahead"),
        ("(?<=c)", 1, "look-behind"),
        ("(?<!c)", 1, "look-behind"),
        ("(?>c)", 1, "atomic"),
        ("(?|a)", 1, "branch reset"),
        (r"(a)\1", 4, "backreferences"),
        (r"(?R)", 1, "recursion"),
        (r"(?1)", 1, "recursion"),
        ("a++", 2, "possessive"),
        (r"a{1,2}+", 6, "possessive"),
        (r"\p{L}", 1, "Unicode"),
        (r"\x{100}", 6, "beyond a byte"),
        ("(*UTF8)a", 1, "verbs"),
        ("a[b", 2, "does not end"),
        ("a\\", 1, "ends in a backslash"),
    ] {
        let why = fault("rx", expression);
        assert!(why.contains(what), "{expression}: {why}");
        assert!(why.starts_with("at byte "), "{expression}: {why}");
        let place: usize = why.trim_start_matches("at byte ").split(' ').next().unwrap().parse().unwrap();
        assert!(place.abs_diff(at) <= 1, "{expression}: {why}");
    }
    assert!(fault("rx", "(a").contains("unclosed group"), "{}", fault("rx", "(a"));
    assert!(fault("rx", "(?:a{1000}){1000}{1000}").contains("compiles to more than 32 MiB"));
}

proptest! {
    #[test]
    fn phrases_are_found_wherever_they_stand(phrases in vec("[a-cA-C|]{1,4}", 1..6), input in vec(prop::sample::select(b"abcABC| ".to_vec()), 0..24)) {
        prop_assume!(phrases.iter().all(|phrase| phrase.matches('|').count() < 2));
        let expected = phrases.iter().any(|phrase| {
            input.to_ascii_lowercase().windows(phrase.len()).any(|w| w == phrase.to_ascii_lowercase().as_bytes())
        });
        // A bar at the end of one phrase and one in the next would enclose what is between.
        prop_assume!(phrases.concat().matches('|').count() < 2);
        prop_assert_eq!(operator("pm", &phrases.join(" ")).matches(&input, None, None), expected);
    }

    #[test]
    fn an_address_is_in_a_list_if_it_is_in_one_of_its_networks(
        networks in vec((any::<[u8; 4]>(), 0_u8..=32), 1..12),
        address in any::<[u8; 4]>(),
    ) {
        let networks: Vec<ipnet::Ipv4Net> = networks.into_iter()
            .map(|(address, length)| ipnet::Ipv4Net::new(address.into(), length).unwrap()).collect();
        let list = networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let address = std::net::Ipv4Addr::from(address);
        let expected = networks.iter().any(|network| network.contains(&address));
        prop_assert_eq!(operator("ipMatch", &list).matches(address.to_string().as_bytes(), None, None), expected);
    }

    #[test]
    fn any_text_is_an_expression_or_a_reason(text in "[\\[\\](){}?*+^$|.\\\\a-eQEhRZx0-9:=!<>&~# -]{0,16}", input in vec(any::<u8>(), 0..8)) {
        match Operator::parse("rx", &text, &no_files) {
            Ok(rx) => { let _ = rx.matches(&input, None, None); }
            Err(why) => prop_assert!(!why.is_empty() && !why.contains("opening delimiter of"), "{}", why),
        }
    }
}
