//! Which objects are found, and what is left alone.

use super::serialized;
use base64::Engine as _;

#[test]
fn an_object_of_a_chosen_class_is_found() {
    let plain: [&[u8]; 24] = [
        b"O:8:\"stdClass\":0:{}", b"a:1:{i:0;O:4:\"User\":1:{s:4:\"name\";s:1:\"x\";}}", b"C:11:\"ArrayObject\":37:{x:i:0;a:0:{};m:a:0:{}}", b"O:+4:\"Evil\":0:{}", b"\xac\xed\x00\x05sr\x00\x11java.util.HashMap", b"aced00057372", b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.", b"cos\nsystem\n(S'id'\ntR.", b"(cos\nsystem\nS'id'\no.",
        b"\x00\x01\x00\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00\x0c\x02", b"\x04\x08o:\x08Foo\x00", b"{\"rce\":\"_$$ND_FUNC$$_function(){require('child_process').exec('id')}()\"}", b"!!python/object/apply:os.system [\"id\"]", b"--- !ruby/object:Gem::Installer\ni: x", b"!!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[!!java.net.URL [\"http://x\"]]]]", b"{\"@type\":\"com.sun.rowset.JdbcRowSetImpl\",\"dataSourceName\":\"ldap://x\"}", b"[\"com.sun.rowset.JdbcRowSetImpl\",{}]", b"{\"$type\":\"System.Windows.Data.ObjectDataProvider, PresentationFramework\"}", b"<java version=\"1.8\" class=\"java.beans.XMLDecoder\"><object class=\"java.lang.ProcessBuilder\"></object></java>", b"<sorted-set><dynamic-proxy><interface>x</interface></dynamic-proxy></sorted-set>",
        b"gASVHQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAJpZJSFlFKULg==", b"rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcA==", b"AAEAAAD/////AQAAAAAAAAAMAgAAAF9TeXN0ZW0=", b"O%3A8%3A%22stdClass%22%3A0%3A%7B%7D",
    ];
    let missed: Vec<_> = plain
        .iter()
        .filter(|value| serialized(value).is_none())
        .map(|value| String::from_utf8_lossy(value))
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
    for value in plain[..5].iter().chain(&plain[6..10]) {
        let encoded = base64::engine::general_purpose::STANDARD.encode(value);
        assert!(serialized(encoded.as_bytes()).is_some(), "{encoded} of {}", String::from_utf8_lossy(value));
    }
}

#[test]
fn data_and_base64_of_other_things_are_left_alone() {
    let ordinary: [&[u8]; 16] = [
        b"a:2:{i:0;s:1:\"a\";i:1;s:1:\"b\";}",
        b"s:5:\"hello\";",
        b"O: 8 points",
        b"TO:5:\"x\"",
        b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
        b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        b"SGVsbG8gd29ybGQ=",
        b"/wEPDwUKLTg0OTU2ODE5OGRk",
        b"{\"type\":\"System.String\"}",
        b"!important",
        b"wow!!",
        b"{\"@type\":\"Person\",\"name\":\"x\"}",
        b"gas station",
        b"YTo later",
        b"car\nand\ntruck.",
        b"<object data=\"x.swf\"></object>",
    ];
    let alarms: Vec<_> = ordinary
        .iter()
        .filter(|value| serialized(value).is_some())
        .map(|value| String::from_utf8_lossy(value))
        .collect();
    assert!(alarms.is_empty(), "{alarms:#?}");
}
