//! What is an injection, and what only looks like one.

use super::{detect, detect_counting};
use proptest::prelude::*;

fn assert_attacks(inputs: &[&str]) {
    for input in inputs {
        assert!(detect(input.as_bytes()).is_some(), "missed: {input}");
    }
}

fn assert_ordinary(inputs: &[&str]) {
    for input in inputs {
        let found = detect(input.as_bytes());
        assert!(found.is_none(), "taken for an attack: {input}: {found:?}");
    }
}

#[test]
fn a_condition_that_is_always_true_is_an_attack_in_every_place() {
    assert_attacks(&[
        "1 or 1",
        "1 OR 1=1",
        "' or ''='",
        "-1839' or '1'='1",
        "-1839\" or \"1\"=\"2",
        "') or ('1'='1",
        "')) or (('x'))=(('x",
        "1) or (1=1",
        "or 1=1--",
        "id or 1=1",
        "1||1#",
        "1'||'1",
        "'&&1='1",
        "' or 2 between 1 and 3#",
        "1 or 0x31=0x31",
        "x' or username=username#",
        "EmptyValue' and 526=527",
    ]);
}

#[test]
fn two_numbers_with_or_between_them_are_an_answer_unless_they_are_a_tautology() {
    assert_ordinary(&["1 or 2", "5 and 6", "24\" or 27\" monitor", "6' or 7' tall", "1 or 2 items"]);
}

#[test]
fn a_comment_behind_a_closed_string_cuts_off_the_query() {
    assert_attacks(&[
        "admin'--",
        "admin' --",
        "admin'#",
        "admin'/*",
        "admin\" #",
        "1#",
        "1-- -",
        "1)--",
        "'=0--+",
    ]);
    assert_ordinary(&[
        "use the '--help' option",
        "$('#foo')",
        "'#fff'",
        "James' #1 fan",
        "pages 1 -- 2",
        "C# or F#",
    ]);
}

#[test]
fn a_quote_that_is_put_back_with_an_operator_is_an_attack_only_around_values() {
    assert_attacks(&["'-'", "'||'", "'+'", "admin'||'", "\"-\"", "'+(select 1 from dual)+'"]);
    assert_ordinary(&[
        "use '-' as the sign",
        "' - '.join(x)",
        "the 'or' operator",
        "sep=', '",
        "'a', 'b', 'c'",
    ]);
}

#[test]
fn another_query_is_united_only_where_the_grammar_lets_it_stand() {
    assert_attacks(&[
        "1 UNION SELECT 1,2,3",
        "' UNION ALL SELECT NULL,NULL-- -",
        "1/**/union/**/all/**/select/**/1,2",
        "1e0union select 1,2",
        "1 /*!union*/ /*!select*/ 1,2",
        "1+union+select+1,2,3+from+users",
        "1%20union%20select%201,2",
        "/post/*/*/2 union all/bar",
    ]);
    assert_ordinary(&[
        "union of workers -- and more",
        "union select committee",
        "/post/foo/9'union all/bar",
        "/post/foo/24 union all select 1,2,3 from aa/bar",
    ]);
}

#[test]
fn another_statement_is_an_attack_and_a_semicolon_in_a_sentence_is_none() {
    assert_attacks(&[
        "1; DROP TABLE users",
        "'; DROP TABLE users--",
        "1;waitfor delay '0:0:5'",
        "foo')waitfor delay'5:0:20'--",
        "'; exec master..xp_cmdshell 'ping 127.0.0.1'--",
        "';declare @q varchar(99);set @q='x';exec(@q)--",
    ]);
    assert_ordinary(&[
        "Select one or more items; delete the rest",
        "don't; drop it",
        "drop table of contents",
    ]);
}

#[test]
fn functions_that_act_are_attacks_even_where_an_operator_was_lost() {
    assert_attacks(&[
        "sleep(20)",
        "2010-01-01' sleep(20.to_i) '",
        "1 and sleep(5)",
        "'||pg_sleep(5)--",
        "if(1=1,sleep(5),0)",
        "1'||(select extractvalue(xmltype('<?xml version",
        "\" | type %SystemDrive%\\\\config.ini | \"",
    ]);
}

#[test]
fn sentences_with_the_words_and_signs_of_sql_are_none() {
    assert_ordinary(&[
        "O'Brien",
        "it's 5 o'clock or so",
        "select a plan from the list",
        "(select one from the list)",
        "rock 'n' roll",
        "We know that 1 = 1 in a sentence",
        "5' 10\"",
        "Palme d'or 2019",
        "l'or et l'argent",
        "f'(x) + g'(x) = 0",
        "He said \"or maybe not\" and left",
        "{\"a\": \"b\", \"c\": 1}",
        "user@example.com",
        "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
        "Ich hab' es; und du?",
        "¿Qué tal? 'bien' o 'mal'",
        "你好 'or' 世界",
    ]);
}

#[test]
fn a_quotation_of_sql_is_a_statement_only_behind_a_value() {
    assert_ordinary(&[
        "He said 'select the column on page 3' and left",
        "{\"select\": false, \"where\": \"#/definitions/a\"}",
        "cursor.execute(\"select name from test where name=?\", (name,))",
        "POSIX Shell's \"select\" loop",
        "the 'if' keyword and the 'exec' builtin",
    ]);
    assert_attacks(&["x' waitfor delay '0:0:5", "1 exec xp_cmdshell 'dir'", "admin' select * from users--"]);
}

#[test]
fn several_numbers_with_and_and_or_are_an_answer() {
    assert_ordinary(&[
        "6 and 85 or 6",
        "49 and 1 or 49",
        "0 <= m && m < c",
        "having fun",
        "library for parsing -- tools",
    ]);
}

#[test]
fn paths_options_and_tags_in_quotes_are_quotations() {
    assert_ordinary(&[
        "b\"/home/swen/\"",
        "\"<input>\"",
        "'xor': '^',",
        "'=',",
        "---123--",
        "ctime() and asctime() is null-terminated.",
        "where p[i] < p[i+1]",
        "+-----+-----+",
        "server shutdown doesn't wait",
    ]);
    assert_attacks(&["' or ''-'", "' or '' '", "\" or \"\"-\"", "x' or 3-2-- -"]);
}

#[test]
fn numbers_end_where_a_keyword_begins_in_some_database() {
    assert_attacks(&[
        "1.union select 2",
        "-.1union select 2",
        "1Dunion select 2",
        "1 and 1=0.e1 union select a from b",
        "x' or sleep 1.e(5)#",
        "1\u{a0}or\u{a0}1=1",
        "1 /* /* */ */ or 1=1",
    ]);
}

#[test]
fn encodings_that_are_undone_on_the_way_are_undone() {
    assert_attacks(&[
        "%2527%2520or%25201%253D1--",
        "%u0027 or 1=1--",
        "\\u0027 or 1=1--",
        "&#39; or 1=1--",
        "\u{ff07} or 1=1--",
        "1' un/**/ion sel/**/ect 1,2--",
    ]);
    assert!(detect(b"\xc0\xa7 or 1=1--").is_some());
}

#[test]
fn a_statement_that_is_shown_changes_no_query_and_one_that_acts_does() {
    for shown in [
        "SELECT id, name FROM people WHERE age > 18 ORDER BY name",
        "SELECT COUNT(*) FROM orders GROUP BY day",
        "INSERT INTO t (a, b) VALUES (1, 'x');",
        "UPDATE t SET a = 1 WHERE id = 5;",
        "CREATE TABLE t (id INT PRIMARY KEY);",
        "mysql> SELECT * FROM t LIMIT 5;",
    ] {
        assert!(detect(shown.as_bytes()).is_none(), "{shown}");
    }
    for acts in [
        "SELECT password FROM users",
        "SELECT @@version",
        "SELECT pg_sleep(5)",
        "SELECT a FROM t UNION SELECT b FROM u",
        "DROP TABLE t",
        "SELECT a FROM t WHERE 1=1 OR 1=1 --",
    ] {
        assert!(detect(acts.as_bytes()).is_some(), "{acts}");
    }
}

#[test]
fn labelled_attacks_are_found_and_labelled_near_misses_are_not() {
    let attacks = crate::labelled::values("attack/sqli.txt");
    let missed: Vec<_> =
        attacks.iter().filter(|value| detect(value).is_none()).map(|v| v.escape_ascii()).collect();
    assert!(attacks.len() >= 500);
    assert!(missed.is_empty(), "missed {} of {}: {:?}", missed.len(), attacks.len(), missed.first());
    for file in ["ordinary/near_sql.txt", "ordinary/near_markup.txt"] {
        let ordinary = crate::labelled::values(file);
        let taken: Vec<_> =
            ordinary.iter().filter(|value| detect(value).is_some()).map(|v| v.escape_ascii()).collect();
        assert!(ordinary.len() >= 2_000);
        assert!(
            taken.is_empty(),
            "took {} of {} for attacks: {:?}",
            taken.len(),
            ordinary.len(),
            taken.first()
        );
    }
}

#[test]
fn the_finding_names_the_place_and_the_bytes() {
    let input = b"admin' or 1=1 -- x";
    let found = detect(input).unwrap();
    assert_eq!(found.context, "a single-quoted string");
    assert_eq!(&input[found.evidence.clone()], b"' or 1=1 -- x");
    assert_eq!(found.fingerprint, "s:&1o1c");
}

#[test]
fn deep_nesting_hides_nothing_and_costs_no_stack() {
    let deep = format!("1 or {}1{}=1", "(".repeat(100_000), ")".repeat(100_000));
    assert!(detect(deep.as_bytes()).is_some());
    let open = format!("' or {}", "(select ".repeat(100_000));
    let _ = detect(open.as_bytes());
    for piece in ["case when ", "{x ", "a[", "if 1 ", "explain ", "f(", "not ", "-", "'a' ", "union select "]
    {
        let _ = detect(format!("' or {}", piece.repeat(50_000)).as_bytes());
        let _ = detect(format!("1; {}", piece.repeat(50_000)).as_bytes());
        let _ = detect(piece.repeat(50_000).as_bytes());
    }
}

/// Pieces that steer the reader into every rule.
fn pieces() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "'",
        "\"",
        "`",
        "\\",
        "--",
        "-- ",
        "#",
        "/*",
        "*/",
        "/*!",
        "(",
        ")",
        ",",
        ";",
        " or ",
        " and ",
        "=",
        "||",
        "1",
        "0x",
        "1e",
        "1.",
        "union ",
        "select ",
        "from ",
        "a",
        "@",
        "@@x",
        "$$",
        "$t$",
        "q'[",
        "]",
        "[",
        "{",
        "}",
        "case ",
        "when ",
        "then ",
        "end ",
        "::",
        ":=",
        "!",
        "not ",
        "in ",
        "between ",
        "is null ",
        "sleep(",
        "\n",
        "\u{a0}",
        "+",
        "-",
        "*",
        "drop table ",
        "exec ",
        "declare ",
        "if ",
        "%27",
        "é",
        "\0",
        "'a' ",
        "order by ",
        "limit ",
    ]);
    prop::collection::vec(words, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(input in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Some(found) = detect(&input) {
            prop_assert!(found.evidence.start <= found.evidence.end && found.evidence.end <= input.len());
        }
    }

    #[test]
    fn any_pieces_of_sql_are_read_in_bounds_and_in_linear_steps(input in pieces()) {
        let mut steps = 0;
        if let Some(found) = detect_counting(input.as_bytes(), &mut steps) {
            prop_assert!(found.evidence.start <= found.evidence.end && found.evidence.end <= input.len());
            prop_assert!(found.fingerprint.is_ascii());
        }
        prop_assert!(steps <= 64 * (input.len() + 4), "{steps} steps for {} bytes", input.len());
    }

    #[test]
    fn repeating_an_input_repeats_its_cost_and_no_more(piece in pieces(), times in 2_usize..60) {
        let mut steps = 0;
        let input = piece.repeat(times);
        let _ = detect_counting(input.as_bytes(), &mut steps);
        prop_assert!(steps <= 64 * (input.len() + 4), "{steps} steps for {} bytes", input.len());
    }
}
