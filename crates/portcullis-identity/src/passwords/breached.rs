//! Passwords that were stolen somewhere, as a filter that answers offline.
//!
//! Built from the list of Have I Been Pwned, or any other of that form: one SHA-1 in hexadecimal digits a line,
//! `:` and how often it was seen behind it. A binary fuse filter keeps each in nine bits; it never misses one
//! of the list, and takes one in 256 others for listed.

use std::io::BufRead;

use sha1::{Digest, Sha1};
use sha2::Sha256;
use xorf::{BinaryFuse8, BinaryFuse8Ref, DmaSerializable, Filter, FilterRef};

use super::password::Password;
use super::read::hex_digits;

/// The first bytes of a filter's file; the last is its version.
const MAGIC: &[u8; 8] = b"pcbreac\x01";
const DESCRIPTOR: usize = <BinaryFuse8 as DmaSerializable>::DESCRIPTOR_LEN;
const CHECKSUM: usize = 32;

/// A filter of breached passwords.
pub struct BreachedFilter {
    /// As in the file: magic, descriptor, fingerprints, SHA-256 of all before.
    bytes: Vec<u8>,
}

/// A list that no filter can be built from.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A line is not of the form.
    #[error(
        "line {line} is no SHA-1 with a count, which is as in `5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3`"
    )]
    Line {
        /// Which line, from 1.
        line: u64,
    },
    /// No line counts.
    #[error("the list has no password that was seen at least {least} times")]
    Empty {
        /// The least count that was asked for.
        least: u64,
    },
    /// The list cannot be read.
    #[error("the list cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// The filter cannot be built.
    #[error("the filter cannot be built: {0}")]
    Construction(&'static str),
}

/// A file that is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Something else.
    #[error("this is no filter of breached passwords, or one of another version")]
    Foreign,
    /// Cut or changed.
    #[error("the filter is damaged: build it again")]
    Damaged,
}

impl BreachedFilter {
    /// Builds a filter of the passwords that were seen at least `least` times. Takes 8 bytes of memory for each
    /// while it runs.
    ///
    /// # Errors
    /// When the list cannot be read, a line is not of the form, or no line counts.
    pub fn build(list: impl BufRead, least: u64) -> Result<Self, BuildError> {
        let mut keys = Vec::new();
        for (number, line) in (1..).zip(list.lines()) {
            let line = line?;
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let (digest, count) = line.split_once(':').unwrap_or((line, "1"));
            let digest = hex_digits(digest).filter(|bytes| bytes.len() == 20);
            let (Some(digest), Ok(count)) = (digest, count.trim().parse::<u64>()) else {
                return Err(BuildError::Line { line: number });
            };
            if count >= least {
                keys.extend(key(&digest));
            }
        }
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            return Err(BuildError::Empty { least });
        }
        let filter = BinaryFuse8::try_from(&keys).map_err(BuildError::Construction)?;
        let mut descriptor = [0; DESCRIPTOR];
        filter.dma_copy_descriptor_to(&mut descriptor);
        let mut bytes = [MAGIC.as_slice(), &descriptor, filter.dma_fingerprints()].concat();
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        Ok(Self { bytes })
    }

    /// A filter as it was written by [`BreachedFilter::as_bytes`].
    ///
    /// # Errors
    /// When the bytes are something else, or not whole.
    pub fn read(bytes: Vec<u8>) -> Result<Self, FilterError> {
        if !bytes.starts_with(MAGIC) {
            return Err(FilterError::Foreign);
        }
        let whole = bytes.len().checked_sub(CHECKSUM).and_then(|end| bytes.split_at_checked(end));
        let (content, checksum) = whole.ok_or(FilterError::Damaged)?;
        if Sha256::digest(content).as_slice() != checksum {
            return Err(FilterError::Damaged);
        }
        let filter = Self { bytes };
        // The library reads where the descriptor points: it must point into the fingerprints.
        let (descriptor, fingerprints) = filter.parts().ok_or(FilterError::Damaged)?;
        let word = |at: usize| {
            let four = descriptor.get(at..at + 4)?.first_chunk::<4>()?;
            usize::try_from(u32::from_le_bytes(*four)).ok()
        };
        let (length, mask, count) =
            (word(8).unwrap_or(0), word(12).unwrap_or(0), word(16).unwrap_or(usize::MAX));
        let reach = length.checked_mul(2).and_then(|two| two.checked_add(count));
        let sound = length.is_power_of_two() && mask == length - 1;
        if !sound || reach.is_none_or(|reach| reach > fingerprints.len()) {
            return Err(FilterError::Damaged);
        }
        Ok(filter)
    }

    /// The filter as it is kept in a file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the password is listed, in the form in which it was typed or in normal form.
    #[must_use]
    pub fn contains(&self, password: &Password) -> bool {
        let Some((descriptor, fingerprints)) = self.parts() else { return true };
        let filter = BinaryFuse8Ref::from_dma(descriptor, fingerprints);
        [password.typed(), password.normal()]
            .iter()
            .any(|form| key(&Sha1::digest(form)).is_none_or(|key| filter.contains(&key)))
    }

    fn parts(&self) -> Option<(&[u8], &[u8])> {
        let content = self.bytes.get(MAGIC.len()..self.bytes.len().checked_sub(CHECKSUM)?)?;
        content.split_at_checked(DESCRIPTOR)
    }
}

/// The first 64 bits of the digest.
fn key(digest: &[u8]) -> Option<u64> {
    digest.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}
