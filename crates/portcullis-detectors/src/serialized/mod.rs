//! Serialised objects: does the value make an object of a class that its sender chose (CWE-502).
//!
//! Each format is read by its own grammar, raw and in base64 or hexadecimal: PHP's `serialize`, Java's object
//! streams, Python's `pickle`, .NET's `BinaryFormatter`, Ruby's `Marshal`, functions of `node-serialize`,
//! tags of YAML, types in JSON and classes in XML. Lists and texts in PHP's format are data, and left alone;
//! so is base64 of anything else.

mod encoded;
mod formats;
#[cfg(test)]
mod tests;
mod typed;

use encoded::{encoded, may_be_encoded};
use formats::{marshal, php, pickle};
use typed::{reduced, typed, xml, yaml};

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, find};

const MARKS: Bytes = Bytes::of(b":\n\x80\xac\x04$!@\"<\0\x01\x02\x03");

/// Finds an object of a class that the sender chose.
///
/// Costs time linear in the input.
#[must_use]
pub fn serialized(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) && !may_be_encoded(input) {
        return None;
    }
    judge(Language::Object, input, |text| raw(text).or_else(|| encoded(text)))
}

fn raw(text: &[u8]) -> Option<Hit> {
    let hit = |place: usize, why: &'static str, shape: &'static str| {
        Some(Hit::new("a serialised object", place..text.len(), why, shape))
    };
    if let Some(place) = php(text) {
        return hit(place, "it is an object of PHP of a class that its sender chose", "O:n:class");
    }
    if memchr::memmem::find(text, b"\xac\xed\x00\x05").is_some_and(|place| {
        matches!(
            at(text, place + 4),
            b'r' | b's'
                | b't'
                | b'u'
                | b'v'
                | b'w'
                | b'x'
                | b'y'
                | b'z'
                | b'}'
                | b'~'
                | b'|'
                | b'q'
                | b'p'
                | 0
        )
    }) {
        return hit(0, "it is a stream of Java objects", "java");
    }
    if text.starts_with(b"\x00\x01\x00\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00") {
        return hit(0, "it is an object of .NET's BinaryFormatter", "dotnet");
    }
    if pickle(text) {
        return hit(0, "it is a pickle of Python that calls", "pickle");
    }
    if marshal(text) {
        return hit(0, "it is an object of Ruby's Marshal", "marshal");
    }
    if let Some(place) = find(text, b"_$$ND_FUNC$$_") {
        return hit(place, "it is a function for node-serialize", "function");
    }
    if let Some(place) = yaml(text) {
        return hit(place, "a tag of YAML makes an object of a class that its sender chose", "!! class");
    }
    if let Some(place) = typed(text) {
        return hit(place, "it names the class of which an object is made", "type: class");
    }
    if let Some(place) = reduced(text) {
        return hit(place, "it is an object of Python in JSON that calls", "py/");
    }
    if let Some(place) = xml(text) {
        return hit(place, "it names the class of which an object is made", "<object class>");
    }
    None
}
