//! Sun's MD5 crypt, as Solaris wrote it: each round decides by bits of the last digest whether a long text
//! goes in as well, so that a chip cannot run ahead.

use md5::{Digest, Md5};

/// Hamlet III, 1: the text that Sun chose, with its closing NUL.
const SOLILOQUY: &[u8] = include_bytes!("sun_md5_soliloquy.txt");

/// The digest for `password`; `config` is the hash's text up to its checksum, salt and rounds included, and
/// `rounds` what stands in it.
pub(super) fn digest(password: &[u8], config: &[u8], rounds: u32) -> [u8; 16] {
    let mut last: [u8; 16] = Md5::new().chain_update(password).chain_update(config).finalize().into();
    for round in 0..rounds.saturating_add(4096) {
        let mut next = Md5::new().chain_update(last);
        if toss(&last, round) {
            next.update(SOLILOQUY);
            next.update([0]);
        }
        next.update(round.to_string());
        last = next.finalize().into();
    }
    last
}

/// Whether the text goes in.
fn toss(last: &[u8; 16], round: u32) -> bool {
    let byte = |at: u32| last.get(usize::try_from(at & 15).unwrap_or(0)).copied().map_or(0, u32::from);
    let bit = |at: u32| byte(at >> 3) >> (at & 7) & 1;
    let pick = |at: u32| {
        let (a, b) = (byte(at), byte(at + 3));
        bit(byte(a >> (b % 5)) >> (b >> (a & 7) & 1) & 127)
    };
    let gather = |first: u32| (0..8).map(|step| pick(first + step) << step).sum::<u32>();
    let x = gather(0) >> bit(round) & 127;
    let y = gather(8) >> bit(round.wrapping_add(64)) & 127;
    bit(x) != bit(y)
}
