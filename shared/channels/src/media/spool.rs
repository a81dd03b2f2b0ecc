//! A file on its way through: written to disk as it comes, never whole in memory, and gone when nobody holds it any more.
//!
//! The file has no name, so that not even a kill leaves it behind.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use super::MediaHash;

/// How many of a file's first bytes are looked at to tell what it is.
const HEAD: usize = 64;
/// What is written at once: each time costs a change of threads.
const BATCH: usize = 256 * 1024;

/// Where files are spooled.
#[derive(Debug, Clone)]
pub(crate) enum Spools {
    /// In this folder.
    In(PathBuf),
    /// In the system's folder for temporary files.
    System,
}

impl Spools {
    fn file(&self) -> io::Result<File> {
        match self {
            Spools::In(folder) => tempfile::tempfile_in(folder),
            Spools::System => tempfile::tempfile(),
        }
    }
}

/// A file that is being written.
pub(crate) struct Spooling {
    file: Arc<File>,
    /// Away only while a piece is being written.
    hasher: Option<Sha256>,
    waiting: BytesMut,
    size: u64,
    head: Vec<u8>,
}

impl Spooling {
    pub(crate) async fn start(spools: &Spools) -> io::Result<Self> {
        let spools = spools.clone();
        let file = off_thread(move || spools.file()).await?;
        Ok(Self {
            file: Arc::new(file),
            hasher: Some(Sha256::new()),
            waiting: BytesMut::new(),
            size: 0,
            head: Vec::new(),
        })
    }

    pub(crate) async fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.size += chunk.len() as u64;
        let missing = HEAD.saturating_sub(self.head.len()).min(chunk.len());
        self.head.extend_from_slice(&chunk[..missing]);
        self.waiting.extend_from_slice(chunk);
        if self.waiting.len() >= BATCH { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> io::Result<()> {
        let (file, batch) = (self.file.clone(), self.waiting.split());
        let mut hasher = self.hasher.take().ok_or_else(|| io::Error::other("an earlier piece was not written"))?;
        let hasher = off_thread(move || {
            (&*file).write_all(&batch)?;
            hasher.update(&batch);
            Ok(hasher)
        });
        self.hasher = Some(hasher.await?);
        Ok(())
    }

    /// How many bytes were written.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The file's first bytes, once there are enough of them to tell what it is.
    pub(crate) fn head(&self) -> Option<&[u8]> {
        (self.head.len() == HEAD).then_some(&self.head[..])
    }

    pub(crate) async fn finish(mut self) -> io::Result<Spool> {
        self.flush().await?;
        let hasher = self.hasher.ok_or_else(|| io::Error::other("a piece was not written"))?;
        let hash = MediaHash(hasher.finalize().into());
        Ok(Spool { file: self.file, size: self.size, hash, head: self.head.into() })
    }
}

/// A file on disk that does not change any more. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Spool {
    file: Arc<File>,
    pub(crate) size: u64,
    pub(crate) hash: MediaHash,
    /// Its first bytes.
    pub(crate) head: Arc<[u8]>,
}

impl Spool {
    /// The bytes from `offset` on: `length` of them, or fewer at the file's end.
    pub(crate) async fn read(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        self.read_aside(offset, length).await.map_err(io::Error::other)?
    }

    /// The same, begun at once and to be waited for.
    pub(crate) fn read_aside(&self, offset: u64, length: usize) -> JoinHandle<io::Result<Bytes>> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let (file, length) = (self.file.clone(), length.min(left));
        tokio::task::spawn_blocking(move || {
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, offset)?;
            Ok(bytes.into())
        })
    }

    /// For code that reads and blocks.
    pub(crate) fn reader(&self) -> SpoolReader {
        SpoolReader { file: self.file.clone(), size: self.size, at: 0 }
    }
}

/// Reads a spool from the front, with a place of its own in it.
pub(crate) struct SpoolReader {
    file: Arc<File>,
    size: u64,
    at: u64,
}

impl Read for SpoolReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for SpoolReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// Does work that blocks where it holds nobody up.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn spool(chunks: &[&'static [u8]]) -> Spool {
        let mut spooling = Spooling::start(&Spools::System).await.unwrap();
        for chunk in chunks {
            spooling.write(chunk).await.unwrap();
        }
        spooling.finish().await.unwrap()
    }

    #[tokio::test]
    async fn a_file_is_the_same_in_whatever_pieces_it_came() {
        let (one, many) = (spool(&[b"hello world"]).await, spool(&[b"he", b"", b"llo wor", b"ld"]).await);
        assert_eq!((one.hash, one.size, &one.head), (many.hash, many.size, &many.head));
        assert!(one.hash.to_string().starts_with("b94d27b9934d3e08"), "{}", one.hash);
    }

    #[tokio::test]
    async fn ranges_end_with_the_file() {
        let file = spool(&[b"0123456789"]).await;
        assert_eq!(file.read(3, 4).await.unwrap(), "3456");
        assert_eq!(file.read(8, 100).await.unwrap(), "89");
        assert_eq!(file.read(10, 1).await.unwrap(), "");
        assert_eq!(file.read(u64::MAX, usize::MAX).await.unwrap(), "");
    }

    #[tokio::test]
    async fn readers_have_a_place_of_their_own() {
        let file = spool(&[b"0123456789"]).await;
        let (mut one, mut two) = (file.reader(), file.reader());
        let mut text = String::new();
        one.seek(SeekFrom::End(-2)).unwrap();
        one.read_to_string(&mut text).unwrap();
        two.read_to_string(&mut text).unwrap();
        assert_eq!(text, "890123456789");
        assert!(one.seek(SeekFrom::Current(-100)).is_err());
    }
}
