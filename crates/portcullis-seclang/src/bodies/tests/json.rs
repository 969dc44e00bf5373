use proptest::prelude::*;

use super::*;

#[test]
fn every_value_is_named_by_the_path_to_it() {
    let body =
        json(r#" {"a":1,"b":[true,null,{"c":"\u0041\n\ud83d\ude00"}],"b":-1.5e+3,"d":{},"e":[[]],"":"x"} "#);
    assert_eq!(body.error, None);
    expect(
        &body.args,
        &[
            ("json.a", "1"),
            ("json.b.0", "true"),
            ("json.b.1", ""),
            ("json.b.2.c", "A\n😀"),
            ("json.b", "3"),
            ("json.b", "-1.5e+3"),
            ("json.d", ""),
            ("json.e.0", ""),
            ("json.e", "1"),
            ("json.", "x"),
        ],
    );
    expect(&json("\"alone\"").args, &[("json", "alone")]);
    let eleven = json("[0,0,0,0,0,0,0,0,0,0,1]");
    assert_eq!(pairs(&eleven.args)[10], ("json.10".to_owned(), "1".to_owned()));
}

#[test]
fn what_is_not_json_is_told_with_its_place_and_what_came_before_is_seen() {
    for (body, why) in [
        ("", "byte 0: it ends too early"),
        ("{", "byte 1: a key is missing"),
        (r#"{"a":1,}"#, "byte 7: a key is missing"),
        (r#"{"a" 1}"#, "byte 5: `:` is missing"),
        (r#"{"a":1 "b":2}"#, "byte 7: `,` or `}` is missing"),
        ("[1 2]", "byte 3: `,` or `]` is missing"),
        ("[1,]", "byte 3: neither a value nor a key"),
        ("[01]", "byte 1: neither a value nor a key"),
        ("[1.]", "byte 1: neither a value nor a key"),
        ("[+1]", "byte 1: neither a value nor a key"),
        ("[NaN]", "byte 1: neither a value nor a key"),
        ("1 2", "byte 2: more than one value"),
        ("\u{feff}1", "byte 0: neither a value nor a key"),
        ("\"a\nb\"", "byte 2: a control character in a string"),
        ("\"a", "byte 0: a string does not end"),
        (r#""\x""#, "byte 1: an escape that JSON does not have"),
        (r#""a\u00g0""#, "byte 2: `\\u` needs four hexadecimal digits"),
        ("// c\n1", "byte 0: neither a value nor a key"),
    ] {
        assert_eq!(json(body).error.as_deref(), Some(&*format!("JSON: {why}")), "{body}");
    }
    let cut = json(r#"{"a":"union select","b":"#);
    expect(&cut.args, &[("json.a", "union select")]);
    let latin = read(Processor::Json, "", &b"[\"\xe9\"]"[..]);
    assert_eq!(latin.error.as_deref(), Some("JSON: byte 2: not UTF-8"));
    assert_eq!(&*latin.args[0].value, b"\xe9");
    assert_eq!(&*json(r#""\ud800""#).args[0].value, b"\xed\xa0\x80");
}

#[test]
fn what_json_could_make_grow_has_bounds() {
    let deep = "[".repeat(100_000);
    assert_eq!(json(&deep).error.as_deref(), Some("JSON: byte 512: nested deeper than 512"));
    let many = format!("[{}0]", "0,".repeat(20_000));
    let many = json(&many);
    assert_eq!(many.args.len(), 10_000);
    assert!(many.error.unwrap().ends_with("more than 10000 values"));
    let long = format!(r#"{{"{}":1}}"#, "k".repeat(5000));
    assert!(json(&long).error.unwrap().ends_with("the path to a value is longer than 4096 bytes"));
    let wide = format!(r#"{{"{}":[{}0]}}"#, "k".repeat(4000), "0,".repeat(9000));
    let wide = json(&wide);
    assert!(wide.error.unwrap().ends_with("the paths to all values are longer than 8388608 bytes"));
    assert!(wide.args.len() < 2200);
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f32>().prop_map(Into::into),
        "\\PC{0,6}".prop_map(Into::into),
        "[\"\\\\\n\t/é😀]{0,4}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec(("[a-z.\"é]{0,3}", inner), 0..6)
                .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn flatten(path: &str, value: &serde_json::Value, out: &mut Vec<(String, String)>) {
    use serde_json::Value;
    let mut push = |value: &str| out.push((path.to_owned(), value.to_owned()));
    match value {
        Value::Null => push(""),
        Value::Bool(value) => push(&value.to_string()),
        Value::Number(value) => push(&value.to_string()),
        Value::String(value) => push(value),
        Value::Array(list) if list.is_empty() => push(""),
        Value::Object(map) if map.is_empty() => push(""),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, value)| flatten(&format!("{path}.{at}"), value, out));
            out.push((path.to_owned(), list.len().to_string()));
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| flatten(&format!("{path}.{key}"), value, out));
        }
    }
}

proptest! {
    #[test]
    fn values_are_those_of_another_reader(value in value(), pretty in any::<bool>()) {
        let written = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let written = written.unwrap();
        let body = json(&written);
        let mut expected = Vec::new();
        flatten("json", &value, &mut expected);
        prop_assert_eq!(body.error, None);
        prop_assert_eq!(pairs(&body.args), expected);
    }

    #[test]
    fn what_another_reader_takes_for_json_is_json_here(
        text in r#"[\[\]{}:,"\\u0-9a-f.eE+\- \ntrue]{0,12}"#,
    ) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        let ours = json(&text).error;
        // It refuses numbers that its types cannot hold, and halves of surrogate pairs.
        if let Err(error) = &theirs
            && ["out of range", "surrogate"].iter().any(|own| error.to_string().contains(own)) {
            return Ok(());
        }
        let lone = json(&text).args.iter().any(|field| std::str::from_utf8(&field.value).is_err());
        prop_assert!(ours.is_none() == theirs.is_ok() || lone, "{}: {:?}, {:?}", text, ours, theirs);
    }
}
