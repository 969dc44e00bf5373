//! PROXY protocol: an introduction is found in the same bytes whatever comes behind them, and what is none
//! does not become one by more bytes.

#[path = "../../crates/portcullis-gateway/src/listen/introduced/parse.rs"]
mod parse;

use parse::{MOST, parse};

/// The bytes are the beginning of a connection.
pub fn run(bytes: &[u8]) {
    let whole = parse(bytes);
    if let Ok(Some(found)) = &whole {
        assert!(found.length <= bytes.len() && found.length <= MOST);
        let alone = parse(bytes.get(..found.length).unwrap_or_default());
        assert_eq!(alone, whole, "what comes behind makes no difference");
    }
    for end in (0..bytes.len().min(300)).rev() {
        match (parse(bytes.get(..end).unwrap_or_default()), &whole) {
            (Ok(None), _) => {}
            (Ok(Some(early)), found) => assert_eq!(&Ok(Some(early)), found),
            (Err(_), found) => assert!(found.is_err(), "more bytes made an introduction of {bytes:?}"),
        }
    }
    if whole == Ok(None) {
        assert!(bytes.len() < MOST, "more is asked for without an end");
    }
}
