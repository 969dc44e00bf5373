use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn apply(name: &str, input: &[u8]) -> Vec<u8> {
    Transform::parse(name).unwrap_or_else(|| panic!("no transformation `{name}`")).apply(input).into_owned()
}

/// Name, input, output.
type Case = (&'static str, &'static [u8], &'static [u8]);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("base64Decode", b"VGVzdENhc2U=", b"TestCase"),
    ("base64Decode", b"VGVz\r\ndENhc2U", b"TestCase"),
    ("base64Decode", b"VGVzdA!!VGVz", b"Test"),
    ("base64Decode", b"VGVzdENhcw==TRAIL", b"TestCas"),
    ("base64Decode", b"!", b""),
    ("base64DecodeExt", b"V.G V\nzdENh-c2U=", b"TestCase"),
    ("base64Encode", b"TestCase", b"VGVzdENhc2U="),
    ("base64Encode", b"Te\x00stCase1", b"VGUAc3RDYXNlMQ=="),
    ("cmdLine", b"C^OMMAND /C DIR", b"command/c dir"),
    ("cmdLine", b"\"command\" ,;\t /c  a", b"command/c a"),
    ("cmdLine", b"c\\at ( /ETC/passwd", b"cat(/etc/passwd"),
    ("compressWhitespace", b" a\t\n\r\x0b\x0c b  c\xa0\xa0", b" a b c\xa0\xa0"),
    ("cssDecode", br"test\a\b\f\n\r\t\v\?\'", b"test\x0a\x0b\x0fnrtv?'"),
    ("cssDecode", br"\6a\ff61\0ff3c\00ff01 x\123456z\1\
y\", b"ja\x5c!xVz\x01y"),
    ("escapeSeqDecode", br#"\a\b\f\n\r\t\v\\\?\'\"\0\12\1234\xff\X41\xz\q\8\"#, b"\x07\x08\x0c\n\r\t\x0b\\?'\"\0\nS4\xffAxzq8\\"),
    ("hexDecode", b"546573744361736", b"TestCas"),
    ("hexEncode", b"Te\xff\x00", b"5465ff00"),
    ("htmlEntityDecode", b"&lt;&gt;&amp;&quot;&#60&#x3c;&#X3E;&LT&colon;&Tab;&ltscript", b"<>&\"<<><:\t<script"),
    ("htmlEntityDecode", b"&#0;&#0000000000000000000060;&#x110000;&#128;&#xe9;&nbsp;", "\0<\u{fffd}€é\u{a0}".as_bytes()),
    ("htmlEntityDecode", b"&;&#;&#x;&#xg;&foo;&a&", b"&;&#;&#x;&#xg;&foo;&a&"),
    ("htmlEntityDecode", b"&CounterClockwiseContourIntegral;&notit;&notin;", "\u{2233}\u{ac}it;\u{2209}".as_bytes()),
    ("jsDecode", br"\a\b\f\n\r\t\v\?\'\\\0\12\123\400\x61\u0062\uff1c\u{3c}\xz\u12\", b"\x07\x08\x0c\n\r\t\x0b?'\\\0\nS\x200ab<u{3c}xzu12\\"),
    ("length", b"", b"0"),
    ("length", b"0123456789", b"10"),
    ("lowercase", b"TestCase\xc9", b"testcase\xc9"),
    ("md5", b"", b"\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e"),
    ("sha1", b"abc", b"\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d"),
    ("none", b"a", b"a"),
    ("normalizePath", b"/dir/foo//bar", b"/dir/foo/bar"),
    ("normalisePath", b"dir/../foo/./bar/..", b"foo"),
    ("normalizePath", b"dir//.//..//.//..//..//foo", b"../../foo"),
    ("normalizePath", b"/dir/../../../foo/", b"/foo/"),
    ("normalizePath", b"/..", b"/"),
    ("normalizePath", b"./", b""),
    ("normalizePath", b"/name../b", b"/name../b"),
    ("normalizePathWin", b"\\dir\\..\\/foo\\.\\bar", b"/foo/bar"),
    ("parityEven7bit", b"abc", b"\xe1\xe2c"),
    ("parityOdd7bit", b"abc", b"ab\xe3"),
    ("parityZero7bit", b"\xe1\xe2c", b"abc"),
    ("removeComments", b"a/*b*/c<!--d-->e-- f", b"ace"),
    ("removeComments", b"a/*b", b"a "),
    ("removeComments", b"a#b", b"a"),
    ("removeCommentsChar", b"a/*b*/c<!--d-->e--f#g", b"abcdefg"),
    ("removeNulls", b"a\0b\0", b"ab"),
    ("removeWhitespace", b" a\t\n\r\x0b\x0c b\xa0", b"ab"),
    ("replaceComments", b"a/*b*/c/**/*/d/*/e", b"a c */d "),
    ("replaceNulls", b"a\0b", b"a b"),
    ("sqlHexDecode", b"0x414243z 0X4a 0x4 0xg 00x41 ", b"ABCz J 0x4 0xg 0A "),
    ("trim", b" \t a b \n", b"a b"),
    ("trimLeft", b" \t a b \n", b"a b \n"),
    ("trimRight", b" \t a b \n", b" \t a b"),
    ("uppercase", b"TestCase\xe9", b"TESTCASE\xe9"),
    ("urlDecode", b"a%20b+c%%41%4%zz%u0041%", b"a b c%A%4%zz%u0041%"),
    ("urlDecodeUni", b"+%u0041%uff1c%U0127%u00%u00zz%41%4", b" A<'%u00%u00zzA%4"),
    ("urlEncode", b"A b*~\xff", b"A+b*%7e%ff"),
    ("utf8toUnicode", "a\u{e9}\u{2019}\u{1f600}".as_bytes(), b"a%u00e9%u2019%u1f600"),
    ("utf8toUnicode", b"\xc0\xaf\xe0\x80\xbc\xff\xc3", b"%u002f\xc0%u003c\xe0\xff\xc3"),
];

#[test]
fn each_transformation_does_what_the_manual_says() {
    for (name, input, expected) in CASES {
        assert_eq!(
            apply(name, input).escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "{name} of {}",
            input.escape_ascii()
        );
    }
}

#[test]
fn every_transformation_has_a_case_and_a_name_that_leads_back_to_it() {
    assert_eq!(Transform::all().count(), 36);
    for transform in Transform::all() {
        assert_eq!(Transform::parse(transform.name()), Some(transform));
        assert_eq!(Transform::parse(&transform.name().to_ascii_uppercase()), Some(transform));
        assert!(
            CASES.iter().any(|(name, ..)| Transform::parse(name) == Some(transform)),
            "no case for `{}`",
            transform.name()
        );
    }
    assert_eq!(Transform::parse("urlDecodeUnicode"), None);
}

#[test]
fn a_code_page_decides_what_a_wide_escape_becomes() {
    let text = "1252 (ANSI)\n0100:41\n\n20127 (US-ASCII)\n2019:27 ff07:27\n02bc:27\n\n20261\n00a0:20\n";
    let map = UnicodeMap::parse(text, 20127).unwrap();
    let decode = |input: &'static [u8]| Transform::UrlDecodeUni.apply_with(input, Some(&map)).into_owned();
    assert_eq!(decode(b"%u2019%u02bc%u00a0%uff1c"), b"''\xa0<");
    assert_eq!(UnicodeMap::parse(text, 437).unwrap_err(), "the map has no code page `437`");
    assert_eq!(
        UnicodeMap::parse("437\n00a0:20 00a1-21", 437).unwrap_err(),
        "line 2 of the map: `00a1-21` is not a pair `hhhh:hh`"
    );
}

/// Bytes that transformations look for, more often than chance would bring them.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let alphabet =
        b"\\%&#;xXuU/*-<>!.0123456789abcdefABCDEFlLtTqQ +\t\n\0\x80\xa0\xc3\xa9\xe2\xff'\"^,=()".to_vec();
    vec(prop_oneof![9 => prop::sample::select(alphabet), 1 => any::<u8>()], 0..48)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_cannot_change_a_value_does_not(value in value()) {
        let classes = ByteClasses::of(&value);
        for transform in Transform::all() {
            let out = transform.apply(&value);
            if !transform.can_change(classes) {
                prop_assert!(matches!(out, Cow::Borrowed(_)), "{} copied {:?}", transform.name(), value);
                prop_assert_eq!(&*out, &*value, "{} changed it", transform.name());
            } else if *out == *value {
                prop_assert!(matches!(out, Cow::Borrowed(_)), "{} copied {:?}", transform.name(), value);
            }
        }
    }

    #[test]
    fn the_classes_of_a_value_are_those_of_its_bytes(value in vec(any::<u8>(), 0..70)) {
        let each = value.iter().fold(ByteClasses::default(), |sum, byte| sum | ByteClasses::of(&[*byte]));
        prop_assert_eq!(ByteClasses::of(&value), each);
    }

    #[test]
    fn encoding_and_decoding_lead_back(value in vec(any::<u8>(), 0..70)) {
        prop_assert_eq!(&apply("base64Decode", &apply("base64Encode", &value)), &value);
        prop_assert_eq!(&apply("base64DecodeExt", &apply("base64Encode", &value)), &value);
        prop_assert_eq!(&apply("hexDecode", &apply("hexEncode", &value)), &value);
        prop_assert_eq!(&apply("urlDecode", &apply("urlEncode", &value)), &value);
    }

    #[test]
    fn comments_are_replaced_as_by_the_plain_reading(value in value()) {
        let (mut expected, mut rest) = (Vec::new(), &value[..]);
        while !rest.is_empty() {
            if rest.starts_with(b"/*") {
                expected.push(b' ');
                let end = rest[2..].windows(2).position(|pair| pair == b"*/");
                rest = end.map_or(&[][..], |end| &rest[2 + end + 2..]);
            } else {
                expected.push(rest[0]);
                rest = &rest[1..];
            }
        }
        prop_assert_eq!(apply("replaceComments", &value), expected);
    }

    #[test]
    fn a_normal_path_is_what_the_standard_library_makes_of_its_parts(path in "[./a]{0,16}") {
        use std::path::{Component, Path};
        let mut parts: Vec<&str> = Vec::new();
        let absolute = path.starts_with('/');
        for part in Path::new(&path).components() {
            match part {
                Component::ParentDir if parts.last().is_some_and(|last| *last != "..") => { parts.pop(); }
                Component::ParentDir if absolute => {}
                Component::ParentDir => parts.push(".."),
                Component::Normal(name) => parts.push(name.to_str().unwrap()),
                _ => {}
            }
        }
        let mut expected = format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"));
        if path.ends_with('/') && !expected.is_empty() && !expected.ends_with('/') {
            expected.push('/');
        }
        prop_assert_eq!(apply("normalizePath", path.as_bytes()), expected.as_bytes());
    }

    #[test]
    fn wide_characters_come_back_as_their_low_byte(text in "\\PC{0,24}") {
        let narrowed: Vec<u8> = text.chars().filter(|c| (0x80..0x1_0000).contains(&u32::from(*c)))
            .map(|c| { let [.., high, low] = u32::from(c).to_be_bytes(); narrow(high, low) })
            .collect();
        let only: String = text.chars().filter(|c| (0x80..0x1_0000).contains(&u32::from(*c))).collect();
        prop_assert_eq!(apply("urlDecodeUni", &apply("utf8toUnicode", only.as_bytes())), narrowed);
    }
}
