use super::*;

#[test]
fn every_pair_of_a_form_is_a_field() {
    let form = urlencoded(b"a=1&b&=c&a=2+%263&&d==%41%", b'&', 100);
    expect(&form.fields, &[("a", "1"), ("b", ""), ("", "c"), ("a", "2 &3"), ("d", "=A%")]);
    assert!(form.invalid_encoding && !form.overflow);
    assert!(!urlencoded(b"a=%41", b'&', 100).invalid_encoding);
    assert!(urlencoded(b"a=%4", b'&', 100).invalid_encoding);
    expect(&urlencoded(b"a=1;b=2&c", b';', 100).fields, &[("a", "1"), ("b", "2&c")]);
}

#[test]
fn a_form_with_too_many_fields_is_told_and_cut() {
    let form = urlencoded(b"a&b&c", b'&', 2);
    assert!(form.overflow && form.fields.len() == 2);
    assert!(!urlencoded(b"a&b&", b'&', 2).overflow);
    let limits = Limits { fields: 2, ..Limits::default() };
    let error = Processor::Urlencoded.read(b"", b"a&b&c", &limits).error.unwrap();
    assert_eq!(error, "more than 2 arguments");
}

#[test]
fn processors_are_named_in_any_case() {
    assert_eq!(Processor::parse("urlEncoded"), Some(Processor::Urlencoded));
    assert_eq!(Processor::parse("GraphQL").map(Processor::name), Some("GRAPHQL"));
    assert_eq!(Processor::parse("yaml"), None);
}
