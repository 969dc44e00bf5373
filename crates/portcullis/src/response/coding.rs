//! Content codings (RFC 9110 section 8.4.1): pages arrive compressed, and only plain text can be searched.
//!
//! Both ways stream: what was decoded so far is given at once, and what is encoded is flushed with each
//! chunk, so that a page which the app streams stays streamed. What one step may produce is bounded: a
//! few bytes of brotli or zstd can stand for gigabytes.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::{DeflateDecoder, DeflateEncoder, GzEncoder, MultiGzDecoder, ZlibDecoder, ZlibEncoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// One coding, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    /// `deflate`: zlib's format (RFC 1950), though some servers send it without the wrapper.
    Deflate,
    Brotli,
    Zstd,
}

/// The coding is none that we read, or there are several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownCoding(pub(crate) String);

impl Coding {
    /// What `Content-Encoding` says, over all its fields.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, UnknownCoding> {
        let written: Vec<String> = headers
            .get_all(CONTENT_ENCODING)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(|coding| String::from_utf8_lossy(coding.trim_ascii()).to_ascii_lowercase())
            .filter(|coding| !coding.is_empty() && coding != "identity")
            .collect();
        match written.as_slice() {
            [] => Ok(Self::Identity),
            [one] => match one.as_str() {
                "gzip" | "x-gzip" => Ok(Self::Gzip),
                "deflate" => Ok(Self::Deflate),
                "br" => Ok(Self::Brotli),
                "zstd" => Ok(Self::Zstd),
                _ => Err(UnknownCoding(one.clone())),
            },
            several => Err(UnknownCoding(several.join(", "))),
        }
    }
}

/// Why bytes could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecodeFault {
    /// They are not what the coding says.
    Broken,
    /// They stand for far more than they are.
    Bomb,
}

/// Bytes of input that are decoded in one step.
const STEP: usize = 4096;
/// The most that one step may give. Deflate cannot give more than 1032 times its input.
const STEP_ROOM: usize = 8 << 20;
/// Below this much output no ratio is suspicious: a table of zeros compresses well.
const UNSUSPECTED: u64 = 32 << 20;
/// Above it, this many times the input is.
const SUSPICIOUS_RATIO: u64 = 200;
/// zstd windows up to 8 MiB (RFC 9659 section 3).
const ZSTD_WINDOW_LOG: u32 = 23;

/// Takes what a decoder gives, up to a bound.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    flooded: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(bytes.len()) > STEP_ROOM {
            self.flooded = true;
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Inflate {
    Identity,
    Gzip(Box<MultiGzDecoder<Sink>>),
    /// Two bytes tell whether zlib's wrapper is there.
    Undecided(Vec<u8>),
    Zlib(Box<ZlibDecoder<Sink>>),
    Raw(Box<DeflateDecoder<Sink>>),
    Brotli(Box<brotli::DecompressorWriter<Sink>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Sink>>),
}

/// Turns coded bytes into plain ones.
pub(crate) struct Decoder {
    inner: Inflate,
    taken: u64,
    given: u64,
}

impl Decoder {
    pub(crate) fn new(coding: Coding) -> Result<Self, DecodeFault> {
        let inner = match coding {
            Coding::Identity => Inflate::Identity,
            Coding::Gzip => Inflate::Gzip(Box::new(MultiGzDecoder::new(Sink::default()))),
            Coding::Deflate => Inflate::Undecided(Vec::new()),
            Coding::Brotli => {
                Inflate::Brotli(Box::new(brotli::DecompressorWriter::new(Sink::default(), 16 << 10)))
            }
            Coding::Zstd => {
                let mut decoder =
                    zstd::stream::write::Decoder::new(Sink::default()).map_err(|_| DecodeFault::Broken)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(|_| DecodeFault::Broken)?;
                Inflate::Zstd(Box::new(decoder))
            }
        };
        Ok(Self { inner, taken: 0, given: 0 })
    }

    /// Whether deflate came without zlib's wrapper, so that it is sent on the same way.
    fn is_raw(&self) -> bool {
        matches!(self.inner, Inflate::Raw(_))
    }

    /// Decodes the next bytes and appends what they give.
    pub(crate) fn push(&mut self, coded: &[u8], plain: &mut Vec<u8>) -> Result<(), DecodeFault> {
        if matches!(self.inner, Inflate::Identity) {
            plain.extend_from_slice(coded);
            return Ok(());
        }
        for step in coded.chunks(STEP) {
            self.step(step, plain)?;
        }
        Ok(())
    }

    fn step(&mut self, step: &[u8], plain: &mut Vec<u8>) -> Result<(), DecodeFault> {
        let decided;
        let step = match &mut self.inner {
            Inflate::Undecided(first) => {
                first.extend_from_slice(step);
                let (Some(one), Some(two)) = (first.first(), first.get(1)) else { return Ok(()) };
                // RFC 1950 section 2.2: method 8, and both bytes a multiple of 31.
                let wrapped = one & 0x0f == 8 && (u16::from(*one) << 8 | u16::from(*two)) % 31 == 0;
                decided = std::mem::take(first);
                self.inner = if wrapped {
                    Inflate::Zlib(Box::new(ZlibDecoder::new(Sink::default())))
                } else {
                    Inflate::Raw(Box::new(DeflateDecoder::new(Sink::default())))
                };
                decided.as_slice()
            }
            _ => step,
        };
        let (written, sink) = match &mut self.inner {
            Inflate::Identity | Inflate::Undecided(_) => return Ok(()),
            Inflate::Gzip(decoder) => {
                (decoder.write_all(step).and_then(|()| decoder.flush()), decoder.get_mut())
            }
            Inflate::Zlib(decoder) => {
                (decoder.write_all(step).and_then(|()| decoder.flush()), decoder.get_mut())
            }
            Inflate::Raw(decoder) => {
                (decoder.write_all(step).and_then(|()| decoder.flush()), decoder.get_mut())
            }
            Inflate::Brotli(decoder) => (decoder.write_all(step), decoder.get_mut()),
            Inflate::Zstd(decoder) => {
                (decoder.write_all(step).and_then(|()| decoder.flush()), decoder.get_mut())
            }
        };
        self.taken = self.taken.saturating_add(step.len() as u64);
        self.given = self.given.saturating_add(sink.bytes.len() as u64);
        let flooded = sink.flooded;
        plain.append(&mut sink.bytes);
        if flooded || (self.given > UNSUSPECTED && self.given / self.taken.max(1) > SUSPICIOUS_RATIO) {
            return Err(DecodeFault::Bomb);
        }
        written.map_err(|_| DecodeFault::Broken)
    }

    /// No more bytes come: appends what is left, and tells whether the coded data was complete.
    pub(crate) fn end(&mut self, plain: &mut Vec<u8>) -> bool {
        let complete = match &mut self.inner {
            Inflate::Identity => true,
            Inflate::Undecided(first) => first.is_empty(),
            Inflate::Gzip(decoder) => self.taken == 0 || decoder.try_finish().is_ok(),
            Inflate::Zlib(decoder) => decoder.try_finish().is_ok(),
            Inflate::Raw(decoder) => decoder.try_finish().is_ok(),
            Inflate::Brotli(decoder) => self.taken == 0 || decoder.close().is_ok(),
            Inflate::Zstd(decoder) => self.taken == 0 || decoder.do_finish().is_ok(),
        };
        if let Some(sink) = self.sink() {
            plain.append(&mut sink.bytes);
        }
        complete
    }

    fn sink(&mut self) -> Option<&mut Sink> {
        match &mut self.inner {
            Inflate::Identity | Inflate::Undecided(_) => None,
            Inflate::Gzip(decoder) => Some(decoder.get_mut()),
            Inflate::Zlib(decoder) => Some(decoder.get_mut()),
            Inflate::Raw(decoder) => Some(decoder.get_mut()),
            Inflate::Brotli(decoder) => Some(decoder.get_mut()),
            Inflate::Zstd(decoder) => Some(decoder.get_mut()),
        }
    }
}

/// Turns plain bytes into coded ones, at a level that costs little: the page is sent once.
pub(crate) enum Encoder {
    Identity(Vec<u8>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
    Zlib(Box<ZlibEncoder<Vec<u8>>>),
    Raw(Box<DeflateEncoder<Vec<u8>>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(Box<zstd::stream::write::Encoder<'static, Vec<u8>>>),
}

impl Encoder {
    /// The same coding that `decoder` read.
    pub(crate) fn like(coding: Coding, decoder: &Decoder) -> io::Result<Self> {
        let fast = Compression::new(3);
        Ok(match coding {
            Coding::Identity => Self::Identity(Vec::new()),
            Coding::Gzip => Self::Gzip(Box::new(GzEncoder::new(Vec::new(), fast))),
            Coding::Deflate if decoder.is_raw() => Self::Raw(Box::new(DeflateEncoder::new(Vec::new(), fast))),
            Coding::Deflate => Self::Zlib(Box::new(ZlibEncoder::new(Vec::new(), fast))),
            // Quality 4 is as fast as gzip's and still smaller; a window of 256 KiB bounds the memory.
            Coding::Brotli => {
                Self::Brotli(Box::new(brotli::CompressorWriter::new(Vec::new(), 16 << 10, 4, 18)))
            }
            Coding::Zstd => Self::Zstd(Box::new(zstd::stream::write::Encoder::new(Vec::new(), 1)?)),
        })
    }

    /// Encodes `plain` and gives all that the client needs to read it.
    pub(crate) fn push(&mut self, plain: &[u8]) -> io::Result<Vec<u8>> {
        if plain.is_empty() {
            return Ok(Vec::new());
        }
        let writer: &mut dyn Write = match self {
            Self::Identity(bytes) => bytes,
            Self::Gzip(encoder) => encoder,
            Self::Zlib(encoder) => encoder,
            Self::Raw(encoder) => encoder,
            Self::Brotli(encoder) => encoder,
            Self::Zstd(encoder) => encoder,
        };
        writer.write_all(plain)?;
        writer.flush()?;
        Ok(std::mem::take(match self {
            Self::Identity(bytes) => bytes,
            Self::Gzip(encoder) => encoder.get_mut(),
            Self::Zlib(encoder) => encoder.get_mut(),
            Self::Raw(encoder) => encoder.get_mut(),
            Self::Brotli(encoder) => encoder.get_mut(),
            Self::Zstd(encoder) => encoder.get_mut(),
        }))
    }

    /// The last bytes, which say that it is complete.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity(bytes) => Ok(bytes),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zlib(encoder) => encoder.finish(),
            Self::Raw(encoder) => encoder.finish(),
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}
