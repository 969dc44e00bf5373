use super::*;

fn values(values: &[Cow<'_, [u8]>]) -> Vec<String> {
    values.iter().map(|value| text(value)).collect()
}

#[test]
fn texts_and_attributes_are_seen_whole() {
    let body = xml(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<r a='1 &lt; 2' b=\"&#x27;\"><x>sel<!-- - --><![CDATA[ect]]><y>in</y> * &amp;&#33;</x> \n<z/></r>\n",
    );
    assert_eq!(body.error, None);
    assert_eq!(values(&body.xml_texts), ["in", "select * &!"]);
    assert_eq!(values(&body.xml_attributes), ["1 < 2", "'"]);
}

#[test]
fn document_types_and_entities_are_faults_and_fetch_nothing() {
    let body = xml("<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><r>a&x;b</r>");
    assert_eq!(body.error.as_deref(), Some("XML: it has a document type, which is not read"));
    assert!(values(&body.xml_texts).concat().contains("&x;b"), "the rest is seen as it is");
    assert!(xml("<r>&nbsp;</r>").error.unwrap().contains("`nbsp` is not one of XML's own"));
    assert!(xml("<r a='&x;'/>").error.unwrap().starts_with("XML: "));
}

#[test]
fn what_is_not_one_whole_document_is_a_fault_and_seen() {
    for body in [
        "",
        "text",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>text",
        "<a b></a>",
        "<a b=1/>",
        "<a b='1' b='2'/>",
        "<a><!-- -- --></a>",
        "<a>&",
    ] {
        assert!(xml(body).error.is_some(), "{body}");
    }
    let cut = xml("<a><b>union select</b><c");
    assert!(cut.error.is_some() && values(&cut.xml_texts).contains(&"union select".to_owned()));
    let open = xml("<a>union <b>select");
    assert_eq!(values(&open.xml_texts), ["select", "union "]);
    let latin = read(Processor::Xml, "", &b"<a>\xe9 select</a>"[..]);
    assert_eq!(latin.error.as_deref(), Some("XML: byte 3: not UTF-8"));
    assert!(values(&latin.xml_texts)[0].ends_with("select"));
    let claimed = xml("<?xml version='1.0' encoding='utf-7'?><a>+ADw-</a>");
    assert_eq!(claimed.error.as_deref(), Some("XML: it claims an encoding other than UTF-8"));
}

#[test]
fn what_xml_could_make_grow_has_bounds() {
    assert!(xml(&"<a>".repeat(100_000)).error.unwrap().ends_with("nested deeper than 512"));
    let wide = format!("<a {}/>", (0..5000).map(|n| format!("a{n}='' ")).collect::<String>());
    assert!(xml(&wide).error.unwrap().ends_with("more than 256 attributes of one element"));
    let many = format!("<a>{}</a>", "<b>x</b>".repeat(20_000));
    let many = xml(&many);
    assert!(many.error.unwrap().ends_with("more than 10000 texts and attributes"));
    assert!(many.xml_texts.len() < 10_010);
}
