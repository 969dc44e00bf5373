//! The secret that an app and the gate share.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcodegen::{QrCode, QrCodeEcc};
use zeroize::Zeroizing;

use crate::Unavailable;
use crate::random::random;

/// RFC 4226 section 4 asks for 128 bits and recommends 160.
pub(super) const LENGTH: usize = 20;

/// What a label and an issuer keep as it is (RFC 3986 section 2.3).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The longest name that goes into the picture, in characters: more makes it too fine to be read.
const LONGEST: usize = 64;

/// A shared secret. Wiped after use, and cannot be printed.
pub struct Secret(pub(super) Zeroizing<[u8; LENGTH]>);

impl Secret {
    pub(super) fn draw() -> Result<Self, Unavailable> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    /// To be typed: base 32 (RFC 4648 section 6), in groups of four.
    #[must_use]
    pub fn typed(&self) -> Zeroizing<String> {
        let plain = self.base32();
        let mut grouped = Zeroizing::new(String::with_capacity(plain.len() * 5 / 4));
        for (place, sign) in plain.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                grouped.push(' ');
            }
            grouped.push(sign);
        }
        grouped
    }

    /// What the picture says: `otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=ISSUER`. The other values are the ones
    /// that every app takes for granted.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account) = (short(issuer), short(account));
        let issuer = utf8_percent_encode(&issuer, KEPT);
        let account = utf8_percent_encode(&account, KEPT);
        let secret = self.base32();
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
            secret.as_str()
        ))
    }

    /// The picture that an app reads, as SVG that stands in a page: dark on white whatever the page's colours are,
    /// with the quiet zone that readers need (ISO/IEC 18004). `None` only if the text were too long for one.
    #[must_use]
    pub fn picture(&self, issuer: &str, account: &str) -> Option<Zeroizing<String>> {
        const QUIET: i32 = 4;
        let code = QrCode::encode_text(&self.uri(issuer, account), QrCodeEcc::Medium).ok()?;
        let size = code.size();
        let whole = size + 2 * QUIET;
        let mut svg = Zeroizing::new(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" width=\"240\" height=\"240\" \
             role=\"img\" shape-rendering=\"crispEdges\"><rect width=\"{whole}\" height=\"{whole}\" fill=\"#fff\"/>\
             <path fill=\"#000\" d=\""
        ));
        for y in 0..size {
            for x in 0..size {
                if code.get_module(x, y) {
                    let _ = write!(svg, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
                }
            }
        }
        svg.push_str("\"/></svg>");
        Some(svg)
    }

    fn base32(&self) -> Zeroizing<String> {
        const SIGNS: [char; 32] = [
            'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S',
            'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7',
        ];
        let mut text = Zeroizing::new(String::with_capacity(LENGTH * 8 / 5));
        // 20 bytes are four groups of five, so that nothing is padded.
        for group in self.0.chunks_exact(5) {
            let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for place in (0..8).rev() {
                let sign = usize::try_from(bits >> (place * 5) & 31).unwrap_or_default();
                text.extend(SIGNS.get(sign));
            }
        }
        text
    }
}

/// A colon would end the issuer (the key URI format), and controls have no place in a name.
fn short(name: &str) -> String {
    name.chars().filter(|one| *one != ':' && !one.is_control()).take(LONGEST).collect()
}
