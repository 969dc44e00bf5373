//! The text of Argon2 (PHC string format).

use argon2::{Algorithm, Version};

use super::encoding::{base64, number};
use crate::passwords::scheme::Scheme;
use crate::passwords::stored::{UnreadableHash, malformed};

const NAME: &str = "argon2";

/// `$argon2id$v=19$m=65536,t=3,p=4[,keyid=…]$salt$hash`; without `v` it is the first version.
pub(super) fn read(text: &str) -> Result<Scheme, UnreadableHash> {
    let mut fields = text.strip_prefix('$').ok_or(malformed(NAME, "beginning"))?.split('$').peekable();
    let algorithm = match fields.next() {
        Some("argon2id") => Algorithm::Argon2id,
        Some("argon2i") => Algorithm::Argon2i,
        Some("argon2d") => Algorithm::Argon2d,
        _ => return Err(malformed(NAME, "variant")),
    };
    let version = match fields.next_if(|field| field.starts_with("v=")) {
        None | Some("v=16") => Version::V0x10,
        Some("v=19") => Version::V0x13,
        Some(_) => return Err(malformed(NAME, "version")),
    };
    let (mut memory_kib, mut passes, mut lanes, mut pepper) = (None, None, None, None);
    for parameter in fields.next().ok_or(malformed(NAME, "parameters"))?.split(',') {
        let (name, value) = parameter.split_once('=').ok_or(malformed(NAME, "parameters"))?;
        let place = match name {
            "m" => &mut memory_kib,
            "t" => &mut passes,
            "p" => &mut lanes,
            "keyid" if pepper.is_none() => {
                pepper = Some(value.to_owned());
                continue;
            }
            _ => return Err(malformed(NAME, "parameters")),
        };
        if place.replace(number(value, NAME, "parameters")?).is_some() {
            return Err(malformed(NAME, "parameters"));
        }
    }
    let (Some(memory_kib), Some(passes), Some(lanes)) = (memory_kib, passes, lanes) else {
        return Err(malformed(NAME, "parameters"));
    };
    let salt = fields.next().and_then(base64).ok_or(malformed(NAME, "salt"))?;
    let expected =
        fields.next().and_then(base64).filter(|it| it.len() >= 16).ok_or(malformed(NAME, "checksum"))?;
    if fields.next().is_some() {
        return Err(malformed(NAME, "end"));
    }
    Ok(Scheme::Argon2 { algorithm, version, memory_kib, passes, lanes, pepper, salt, expected })
}
