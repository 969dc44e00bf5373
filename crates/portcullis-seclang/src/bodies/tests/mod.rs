mod graphql;
mod json;
mod multipart;
mod urlencoded;
mod xml;

use super::*;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn pairs(fields: &[Field<'_>]) -> Vec<(String, String)> {
    fields.iter().map(|field| (text(&field.name), text(&field.value))).collect()
}

fn expect(fields: &[Field<'_>], expected: &[(&str, &str)]) {
    let expected: Vec<_> =
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(pairs(fields), expected);
}

fn read<'a>(processor: Processor, content_type: &str, body: &'a (impl AsRef<[u8]> + ?Sized)) -> Body<'a> {
    processor.read(content_type.as_bytes(), body.as_ref(), &Limits::default())
}

fn json(body: &str) -> Body<'_> {
    read(Processor::Json, "application/json", body)
}

fn xml(body: &str) -> Body<'_> {
    read(Processor::Xml, "text/xml", body)
}
