//! A target whose attempts open one file, over a store that several workers share.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use domain::{Failure, Media, Receipt};
use oncepost_channels::{Call, Http, HttpOptions, MediaFile, MediaOptions, Record as _, StoreAt, Takes};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use super::{
    Shifted,
    servers::{Raw, read_request, say},
    stand::{Stand, says},
};

/// A server whose file can be changed, or taken away.
pub struct Changing {
    pub server: Raw,
    file: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Changing {
    pub async fn start(file: Vec<u8>) -> Self {
        let file = Arc::new(Mutex::new(Some(file)));
        let given = file.clone();
        let server = Raw::start(move |mut stream, _| {
            let file = given.lock().unwrap().clone();
            async move {
                read_request(&mut stream).await?;
                let Some(file) = file else {
                    return say(&mut stream, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
                };
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", file.len());
                say(&mut stream, &head).await?;
                stream.write_all(&file).await
            }
        })
        .await;
        Self { server, file }
    }

    pub fn give(&self, file: Option<Vec<u8>>) {
        *self.file.lock().unwrap() = file;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.server.connections()
    }

    pub fn url(&self) -> String {
        format!("{}/a", self.server.url())
    }
}

/// A target and the folder that its workers share.
pub struct Pinned {
    pub stand: Stand,
    pub folder: TempDir,
    pub takes: &'static [Takes],
}

impl Pinned {
    pub fn new() -> Self {
        let stand = Stand::new("webhook", "https://a.example", ("secret", "x"), &[], says("x"));
        stand.begin();
        Self { stand, folder: TempDir::new().unwrap(), takes: &[] }
    }

    /// A worker that has seen nothing yet.
    pub fn worker(&self) -> Http {
        worker(StoreAt::Folder(self.folder.path().into()))
    }

    /// What an attempt of the target gets from a worker that has seen nothing yet.
    pub async fn open(&self, url: &str) -> Result<MediaFile, Failure> {
        self.open_with(&self.worker(), url).await
    }

    /// What an attempt of the target gets from this worker.
    pub async fn open_with(&self, worker: &Http, url: &str) -> Result<MediaFile, Failure> {
        let target = self.stand.target();
        let mut call = Call::new(&target, &self.stand.draft, &self.stand.account, target.due_at, None, &self.stand);
        worker.media().open(&mut call, &Media { url: url.into(), alt: None }, self.takes).await
    }

    /// The platform has something of this target.
    pub async fn prepare(&self) {
        let target = self.stand.target();
        let mut call = Call::new(&target, &self.stand.draft, &self.stand.account, target.due_at, None, &self.stand);
        call.keep("upload", "17").await.unwrap();
    }

    /// The first part of the post is out.
    pub async fn part_out(&self) {
        let receipt = Receipt { id: "17".into(), url: None };
        self.stand.arm("say", 0).await.unwrap();
        self.stand.out(0, receipt).await.unwrap();
    }

    /// The files in the store.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found
    }

    /// The store loses everything.
    pub fn lose(&self) {
        for file in self.files() {
            std::fs::remove_file(file).unwrap();
        }
    }
}

pub fn worker(store: StoreAt) -> Http {
    let media = MediaOptions { allow_private: true, store, max_pixels: 10_000_000, ..MediaOptions::default() };
    let options = HttpOptions { media, ..HttpOptions::default() };
    Http::new(options, super::runtime(Arc::new(Shifted::default()))).unwrap()
}
