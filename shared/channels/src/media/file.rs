//! A picture or video at hand: on disk, to be read in pieces or streamed.

use std::{
    fmt, io,
    ops::Range,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use domain::{Code, Failure};
use http_body::{Frame, SizeHint};
use reqwest::{Body, multipart};
use tokio::task::JoinHandle;

use super::{Kind, MediaHash, Probe, STEP, refused, spool::Spool};

/// The most that [`MediaFile::bytes`] gives at once.
const MOST_WHOLE: u64 = 8 * 1024 * 1024;
/// What a stream reads from the disk at once.
const PIECE: usize = 256 * 1024;

/// A file that was fetched and looked at. Cheap to clone; it is on disk until the last clone is dropped.
#[derive(Clone)]
pub struct MediaFile {
    /// What it is, by its first bytes.
    pub kind: Kind,
    /// Its length in bytes.
    pub size: u64,
    /// What its bytes are known by.
    pub sha256: MediaHash,
    /// What its headers say of a picture, where they can be read.
    pub picture: Option<Picture>,
    /// What its headers say of a video, where they can be read.
    pub video: Option<Video>,
    pub(crate) spool: Spool,
}

/// What is known of a picture without decoding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// Its width in pixels, as it is shown.
    pub width: u32,
    /// Its height in pixels, as it is shown.
    pub height: u32,
    /// It moves.
    pub animated: bool,
}

/// What is known of a video without decoding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Video {
    /// Its width in pixels, as it is shown.
    pub width: u32,
    /// Its height in pixels, as it is shown.
    pub height: u32,
    /// How long it plays.
    pub duration: Duration,
}

impl MediaFile {
    /// What its headers say.
    pub(crate) fn probe(&self) -> Probe {
        Probe { picture: self.picture, video: self.video }
    }

    /// The bytes from `offset` on: `length` of them, or fewer at the file's end.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub async fn read_range(&self, offset: u64, length: usize) -> Result<Bytes, Failure> {
        self.spool.read(offset, length).await.map_err(disk)
    }

    /// The whole file as the body of a request, read from the disk as it is sent. Its length is known beforehand.
    pub fn body(&self) -> Body {
        self.range(0..self.size)
    }

    /// A range of the file as the body of a request, read from the disk as it is sent. What lies behind the file's end is left
    /// out.
    pub fn range(&self, range: Range<u64>) -> Body {
        Body::wrap(Reading { spool: self.spool.clone(), at: range.start, end: range.end.min(self.size), piece: None })
    }

    /// The whole file as a part of a form, called `name` with the kind's own ending.
    ///
    /// # Errors
    /// None that is known: every kind's type can be written.
    pub fn part(&self, name: &str) -> Result<multipart::Part, Failure> {
        self.part_of(0..self.size, name)
    }

    /// A range of the file as a part of a form, called as in [`MediaFile::part`].
    ///
    /// # Errors
    /// As [`MediaFile::part`].
    pub fn part_of(&self, range: Range<u64>, name: &str) -> Result<multipart::Part, Failure> {
        let length = range.end.min(self.size).saturating_sub(range.start);
        let part = multipart::Part::stream_with_length(self.range(range), length);
        let part = part.file_name(format!("{name}.{}", self.kind.extension)).mime_str(self.kind.mime);
        part.map_err(|_| refused(format!("{} is no type of file", self.kind.mime)))
    }

    /// The whole file in memory, for those who cannot do without: small ones only.
    ///
    /// # Errors
    /// It is larger than 8 MiB, or the disk cannot be read.
    pub async fn bytes(&self) -> Result<Bytes, Failure> {
        if self.size > MOST_WHOLE {
            return Err(refused(format!("the file is larger than {MOST_WHOLE} bytes")));
        }
        self.read_range(0, usize::try_from(self.size).unwrap_or(usize::MAX)).await
    }
}

impl fmt::Debug for MediaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaFile")
            .field("kind", &self.kind.mime)
            .field("size", &self.size)
            .field("sha256", &self.sha256)
            .field("picture", &self.picture)
            .field("video", &self.video)
            .finish_non_exhaustive()
    }
}

/// The disk is at fault, which is ours: it costs no try.
pub(crate) fn disk(error: io::Error) -> Failure {
    Failure::system(Code::OWN_HICCUP, STEP, format!("the folder for temporary files: {error}"))
}

/// A file as it is sent, a piece at a time.
struct Reading {
    spool: Spool,
    at: u64,
    end: u64,
    piece: Option<JoinHandle<io::Result<Bytes>>>,
}

impl http_body::Body for Reading {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let mut piece = self.piece.take().unwrap_or_else(|| {
            let left = usize::try_from(self.end - self.at).unwrap_or(PIECE);
            self.spool.read_aside(self.at, left.min(PIECE))
        });
        let Poll::Ready(read) = pin!(&mut piece).poll(cx) else {
            self.piece = Some(piece);
            return Poll::Pending;
        };
        let read = read.map_err(io::Error::other).flatten();
        Poll::Ready(Some(read.map(|bytes| {
            self.at += bytes.len() as u64;
            Frame::data(bytes)
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end.saturating_sub(self.at))
    }
}
