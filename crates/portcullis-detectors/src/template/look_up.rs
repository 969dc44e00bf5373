//! Log4j's look-ups, nested ones too (CVE-2021-44228).

use super::expression::Weight;
use crate::text::{at, find, has, has_any, is_space, rest, stands};

/// Log4j's look-ups, nested ones too (CVE-2021-44228).
pub(super) fn look_up(inside: &[u8]) -> Weight {
    let name = flattened(inside);
    let jndi = find(&name, b"jndi:").is_some();
    let scheme =
        has_any(&name, &[b"ldap:", b"ldaps:", b"rmi:", b"dns:", b"iiop:", b"corba:", b"nis:", b"nds:"])
            && has(&name, b"//");
    let reads = [
        &b"env:"[..],
        b"sys:",
        b"java:",
        b"main:",
        b"ctx:",
        b"bundle:",
        b"docker:",
        b"k8s:",
        b"web:",
        b"log4j:",
        b"script:",
        b"url:utf",
        b"dns:",
        b"file:utf",
        b"const:",
        b"base64decoder:",
        b"base64:",
        b"lower:",
        b"upper:",
        b"date:",
        b"spring:",
    ]
    .iter()
    .any(|known| stands(&name, 0, known));
    let script = stands(&name, 0, b"script:") || stands(&name, 0, b"url:utf") || stands(&name, 0, b"dns:");
    let nested = memchr::memmem::find(inside, b"${").is_some();
    if jndi || scheme || script || nested && reads || inside.starts_with(b"::-") {
        Weight::Acts
    } else if reads && memchr::memmem::find(inside, b"//").is_none_or(|place| place <= 8) {
        Weight::Works
    } else {
        Weight::Names
    }
}

/// The text of nested look-ups as they come out: `${lower:J}` is `j`, `${::-n}` and `${env:X:-d}` are what
/// stands after `:-`.
fn flattened(inside: &[u8]) -> Vec<u8> {
    let mut stack: Vec<Vec<u8>> = vec![Vec::new()];
    let mut index = 0;
    while let Some(&byte) = inside.get(index) {
        if byte == b'$' && at(inside, index + 1) == b'{' && stack.len() < 32 {
            stack.push(Vec::new());
            index += 2;
            continue;
        }
        if byte == b'}' && stack.len() > 1 {
            if let Some(inner) = stack.pop() {
                let value = resolved(&inner);
                if let Some(outer) = stack.last_mut() {
                    outer.extend_from_slice(&value);
                }
            }
        } else if let Some(top) = stack.last_mut().filter(|_| !is_space(byte)) {
            top.push(byte.to_ascii_lowercase());
        }
        index += 1;
    }
    stack.concat()
}

fn resolved(inner: &[u8]) -> Vec<u8> {
    if let Some(place) = memchr::memmem::rfind(inner, b":-") {
        return rest(inner, place + 2).to_vec();
    }
    let after = |name: &[u8]| stands(inner, 0, name).then(|| rest(inner, name.len()).to_vec());
    after(b"lower:")
        .or_else(|| after(b"upper:"))
        .or_else(|| after(b"date:").map(|text| text.into_iter().filter(|byte| *byte != b'\'').collect()))
        .unwrap_or_else(|| inner.to_vec())
}
