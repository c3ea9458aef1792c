//! Files that are compressed: gzip and Zstandard, told by their first bytes whatever their name.
//!
//! Memory is bounded whatever a file says: the reader of lines keeps no more of a line than the largest event, and a
//! Zstandard frame may ask for at most [`WINDOW_LOG`].

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder;

/// Bytes that are read from a file, or from what it decompresses to, at a time.
const BUFFER_BYTES: usize = 1 << 20;
/// The largest window of a Zstandard frame, as a power of two in bytes: 128 MiB, what `zstd -d` takes by itself.
const WINDOW_LOG: u32 = 27;

/// Bytes by which a format is told.
const MAGIC_BYTES: u64 = 6;

const GZIP: &[u8] = &[0x1F, 0x8B];
const ZSTD: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
/// The end of a Zstandard frame that is to be skipped. Its first byte is 0x50 to 0x5F.
const ZSTD_SKIPPED: &[u8] = &[0x2A, 0x4D, 0x18];

/// Formats that are not read, by their first bytes.
const OTHERS: [(&[u8], &str); 4] =
    [(b"\xFD7zXZ\0", "xz"), (b"BZh", "bzip2"), (b"PK\x03\x04", "zip"), (b"\x04\x22\x4D\x18", "lz4")];

/// How many bytes were read of a file, compressed as they are.
#[derive(Clone, Debug, Default)]
pub(super) struct BytesRead(Rc<Cell<u64>>);

impl BytesRead {
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// Returns a reader of the text in a file, and how many bytes of the file it has read.
///
/// # Errors
/// Where the file cannot be read, or has a format of compression that is not read.
pub(super) fn open(file: impl Read + 'static) -> io::Result<(Box<dyn BufRead>, BytesRead)> {
    let bytes_read = BytesRead::default();
    let mut file = BufReader::with_capacity(BUFFER_BYTES, Counted { file, bytes_read: bytes_read.clone() });
    let mut magic = Vec::new();
    file.by_ref().take(MAGIC_BYTES).read_to_end(&mut magic)?;
    let format = Format::of(&magic);
    let whole = Cursor::new(magic).chain(file);
    let reader: Box<dyn BufRead> = match format {
        Format::Plain => Box::new(whole),
        Format::Gzip => buffered("gzip", MultiGzDecoder::new(whole), &bytes_read),
        Format::Zstd => {
            let mut decoder = Decoder::with_buffer(whole)?;
            decoder.window_log_max(WINDOW_LOG)?;
            buffered("Zstandard", decoder, &bytes_read)
        }
        Format::Other(found) => {
            let problem = format!(
                "expected JSON lines or CSV, plain or compressed by gzip or Zstandard, or Parquet, found {found}"
            );
            return Err(io::Error::new(ErrorKind::InvalidData, problem));
        }
    };
    Ok((reader, bytes_read))
}

fn buffered(format: &'static str, decoder: impl Read + 'static, bytes_read: &BytesRead) -> Box<dyn BufRead> {
    let named = Named { format, decoder, bytes_read: bytes_read.clone() };
    Box::new(BufReader::with_capacity(BUFFER_BYTES, named))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Plain,
    Gzip,
    Zstd,
    Other(&'static str),
}

impl Format {
    fn of(magic: &[u8]) -> Self {
        let skipped =
            magic.split_first().is_some_and(|(first, rest)| first >> 4 == 5 && rest.starts_with(ZSTD_SKIPPED));
        if magic.starts_with(GZIP) {
            return Self::Gzip;
        }
        if magic.starts_with(ZSTD) || skipped {
            return Self::Zstd;
        }
        OTHERS.iter().find(|(of, _)| magic.starts_with(of)).map_or(Self::Plain, |(_, name)| Self::Other(name))
    }
}

/// Counts what is read of a file.
struct Counted<R> {
    file: R,
    bytes_read: BytesRead,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes_read.0.set(self.bytes_read.0.get().saturating_add(read as u64));
        Ok(read)
    }
}

/// Says in errors what was read: an end that comes too early would else be "unexpected end of file".
struct Named<D> {
    format: &'static str,
    decoder: D,
    bytes_read: BytesRead,
}

impl<D: Read> Read for Named<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer).map_err(|error| {
            if error.kind() == ErrorKind::Interrupted {
                return error;
            }
            let (format, bytes) = (self.format, self.bytes_read.get());
            let problem = match error.kind() {
                ErrorKind::UnexpectedEof => {
                    format!("expected the whole {format} stream, found its end after {bytes} bytes: it is cut off")
                }
                _ => format!("expected a {format} stream, found within its first {bytes} bytes: {error}"),
            };
            io::Error::new(error.kind(), problem)
        })
    }
}
