//! Servers that misbehave below HTTP, and one that gives files.
#![allow(clippy::disallowed_methods, reason = "servers on real sockets, outside of what is tested")]

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A listener on loopback and how often it was connected to and read from. Stops when dropped.
pub struct Raw {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Raw {
    /// Does `talk` with every connection.
    pub async fn start<F, T>(talk: F) -> Self
    where
        F: Fn(TcpStream, usize) -> T + Send + 'static,
        T: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let n = count.fetch_add(1, SeqCst);
                tokio::spawn(talk(stream, n));
            }
        });
        Self { address, connections, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one whole request; returns its head.
pub async fn read_request(stream: &mut TcpStream) -> io::Result<String> {
    let mut read = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if read.len() >= end + 4 + length.unwrap_or(0) {
                return Ok(head);
            }
        }
        match stream.read(&mut chunk).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => read.extend_from_slice(&chunk[..n]),
        }
    }
}

/// Ends the connection with a reset.
pub fn reset(stream: TcpStream) -> io::Result<()> {
    stream.set_zero_linger()
}

pub async fn say(stream: &mut TcpStream, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes()).await
}

/// A one-pixel picture.
pub fn png() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0".to_vec();
    png.extend([0x90, 0x77, 0x53, 0xde]);
    png
}

/// The first bytes of a JPEG.
pub fn jpeg() -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec();
    file.resize(64, 7);
    file
}

/// What is taken for a video: its first bytes, and as many others as it takes.
pub fn mp4(bytes: usize) -> Vec<u8> {
    let mut file = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    file.resize(bytes, 7);
    file
}

/// The headers of a video that plays so many seconds.
pub fn movie(seconds: u32, width: u16, height: u16) -> Vec<u8> {
    fn atom(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(8 + content.len()).unwrap().to_be_bytes();
        [&length, kind.as_slice(), content].concat()
    }
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let matrix = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
    // A version, two times, the time scale, the length, speed and volume, what is reserved, the shape, and the next track.
    let head =
        [words(&[0, 0, 0, 1, seconds, 0x1_0000, 0x100_0000, 0, 0]), words(&matrix), words(&[0, 0, 0, 0, 0, 0, 2])];
    let size = [u32::from(width) << 16, u32::from(height) << 16];
    let track = [words(&[3, 0, 0, 1, 0, seconds, 0, 0, 0, 0]), words(&matrix), words(&size)];
    let track = atom(b"trak", &atom(b"tkhd", &track.concat()));
    let movie = [atom(b"mvhd", &head.concat()), track].concat();
    [atom(b"ftyp", b"mp42\0\0\0\0mp42isom"), atom(b"moov", &movie)].concat()
}

/// Gives `file` at every path, with a content type that lies.
pub async fn files(file: Vec<u8>) -> Raw {
    Raw::start(move |mut stream, _| {
        let file = file.clone();
        async move {
            loop {
                read_request(&mut stream).await?;
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n", file.len());
                say(&mut stream, &head).await?;
                stream.write_all(&file).await?;
            }
        }
    })
    .await
}
