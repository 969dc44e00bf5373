use super::*;

#[test]
fn the_values_in_a_query_are_fields() {
    let body = read(
        Processor::Graphql,
        "application/json",
        r#"{"query":"query Q($id: Int = 7) { me: user(id: $id, name: \"x' or 1=1\") { posts(filter: {tag: [\"a\\u0041\", \"b\"], max: -3}) @include(if: true) { title } friends(first: 5) { id } } # \"no\"\n }","variables":{"id":1}}"#,
    );
    assert_eq!(body.error, None);
    let fields = pairs(&body.args);
    let of_query: Vec<_> = fields.iter().filter(|(name, _)| name.starts_with("graphql")).cloned().collect();
    let expected = [
        ("graphql.Q.Int", "7"),
        ("graphql.user.name", "x' or 1=1"),
        ("graphql.user.posts.tag", "aA"),
        ("graphql.user.posts.tag", "b"),
        ("graphql.user.posts.max", "-3"),
        ("graphql.user.friends.first", "5"),
    ];
    let names: Vec<_> = of_query.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(names, expected.map(|(_, value)| value));
    assert_eq!(
        of_query[1..],
        expected[1..].iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>()
    );
    assert!(fields.contains(&("json.variables.id".to_owned(), "1".to_owned())));
    let facts = body.graphql;
    assert_eq!((facts.operations, facts.depth, facts.aliases, facts.introspection), (1, 3, 1, false));
}

#[test]
fn a_query_may_come_alone_or_among_others() {
    let alone = read(
        Processor::Graphql,
        "application/graphql; charset=utf-8",
        "{ __schema { types { name } } a(b: \"\"\"x \"y\" \\\"\"\" z\"\"\") }",
    );
    assert_eq!(alone.error, None);
    assert!(alone.graphql.introspection);
    expect(&alone.args, &[("graphql.a.b", "x \"y\" \"\"\" z")]);
    let batch = read(Processor::Graphql, "application/json", r#"[{"query":"{a}"},{"query":"{b(c:\"d\")}"}]"#);
    assert_eq!((batch.graphql.operations, batch.error.clone()), (2, None));
    assert!(pairs(&batch.args).contains(&("graphql.b.c".to_owned(), "d".to_owned())));
}

#[test]
fn what_is_no_query_is_told() {
    for (body, why) in [
        (r#"{"a":1}"#, "there is no query"),
        (r#"{"query":"{a"}"#, "it ends too early"),
        (r#"{"query":"a}"}"#, "`}` closes nothing"),
        (r#"{"query":"{a(b:\"c)}"}"#, "a string does not end"),
        (r#"{"query":"{a(b:%)}"}"#, "a character that GraphQL does not have"),
        (r#"{"query":"#, "it ends too early"),
    ] {
        let error = read(Processor::Graphql, "application/json", body).error.unwrap();
        assert!(error.ends_with(why), "{body}: {error}");
    }
    let deep = "{a".repeat(10_000);
    assert!(
        read(Processor::Graphql, "application/graphql", &deep)
            .error
            .unwrap()
            .contains("nested deeper than 512")
    );
}
