//! What a large video costs in memory: alone in its process, so that its peak is this file's.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{fs, sync::Arc};

use kit::{
    Shifted,
    pinned::Pinned,
    servers::{Raw, read_request, say},
};
use oncepost_channels::{Http, HttpOptions, MediaOptions, StoreAt};
use reqwest::Method;
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const MIB: usize = 1024 * 1024;
const LENGTH: usize = 200 * MIB;
/// What may be held on the way: buffers of both ends, a few pieces for the store, and what tests need anyway.
const MOST: u64 = 64 * 1024;

/// Any piece of the video: `number` counts pieces of 64 KiB.
fn piece(number: usize) -> Vec<u8> {
    let mut piece = vec![(number % 251) as u8; MIB / 16];
    if number == 0 {
        piece[..24].copy_from_slice(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom");
    }
    piece
}

async fn give(mut stream: TcpStream) -> std::io::Result<()> {
    read_request(&mut stream).await?;
    say(&mut stream, &format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\nconnection: close\r\n\r\n")).await?;
    for number in 0..LENGTH * 16 / MIB {
        stream.write_all(&piece(number)).await?;
    }
    stream.shutdown().await
}

/// Takes an upload, holds none of it, and answers with its length and hash.
async fn take(mut stream: TcpStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let (mut left, mut hasher, mut chunk) = (length, Sha256::new(), vec![0; 64 * 1024]);
    while left > 0 {
        let most = left.min(chunk.len());
        let read = stream.read(&mut chunk[..most]).await?;
        hasher.update(&chunk[..read]);
        left -= read;
    }
    let hash: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let body = format!("{length} {hash}");
    say(&mut stream, &format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await
}

/// A line of this process's status, in KiB.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

#[tokio::test]
async fn a_video_of_200_mib_passes_through_in_little_memory() {
    let (from, to) = (Raw::start(|stream, _| give(stream)).await, Raw::start(|stream, _| take(stream)).await);
    let pinned = Pinned::new();
    let media = MediaOptions {
        allow_private: true,
        store: StoreAt::Folder(pinned.folder.path().into()),
        timeout: std::time::Duration::from_secs(300),
        ..MediaOptions::default()
    };
    let options = HttpOptions { timeout: std::time::Duration::from_secs(300), media, ..HttpOptions::default() };
    let http = Http::new(options, kit::runtime(Arc::new(Shifted::default()))).unwrap();
    let before = status("VmRSS:");
    let file = pinned.open_with(&http, &format!("{}/a.mp4", from.url())).await.unwrap();
    let request = http.request(Method::PUT, to.url().parse().unwrap()).body(file.body());
    let answer = http.free("upload", request).await.unwrap();
    assert_eq!(answer.body, format!("{LENGTH} {}", file.sha256));
    let grown = status("VmHWM:").saturating_sub(before);
    println!("{} MiB passed through; memory grew by {grown} KiB at most", LENGTH / MIB);
    assert!(grown < MOST, "memory grew by {grown} KiB");
}
