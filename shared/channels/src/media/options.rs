//! How media are fetched and kept.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use url::Url;

use super::StoreAt;
use crate::Secret;

/// How media are fetched and kept.
#[derive(Debug, Clone)]
pub struct MediaOptions {
    /// The largest file that is fetched, in bytes.
    pub max_bytes: u64,
    /// The most pixels of a picture that is decoded to make another of it.
    pub max_pixels: u64,
    /// The longest time one fetch from a web address may take, redirects and all.
    pub timeout: Duration,
    /// Addresses of private networks are allowed: for tests and demos.
    pub allow_private: bool,
    /// Hosts that files may be fetched from although they are in a private network.
    pub allow_hosts: BTreeSet<String>,
    /// Where files are kept until their post is out.
    pub store: StoreAt,
    /// Platforms that fetch files themselves get them from the store's bucket, by signed addresses.
    pub serve: bool,
    /// Where files are spooled; without it, the system's folder for temporary files.
    pub spool: Option<PathBuf>,
    /// The storage and the buckets in it that `s3://bucket/key` addresses of posts may name.
    pub readable: Option<(S3Options, Vec<String>)>,
}

impl Default for MediaOptions {
    fn default() -> Self {
        Self {
            max_bytes: 1024 * 1024 * 1024,
            max_pixels: 50_000_000,
            timeout: Duration::from_secs(60),
            allow_private: false,
            allow_hosts: BTreeSet::new(),
            store: StoreAt::default(),
            serve: false,
            spool: None,
            readable: None,
        }
    }
}

/// An S3-compatible storage.
#[derive(Debug, Clone, Default)]
pub struct S3Options {
    /// Where it is; without it, Amazon's own.
    pub endpoint: Option<Url>,
    /// Its region.
    pub region: Option<String>,
    /// The key's id and its secret; without it, what the environment or the machine offers.
    pub key: Option<(String, Secret)>,
    /// The bucket is a part of the host's name.
    pub virtual_hosted: bool,
    /// It may be called without encryption.
    pub allow_http: bool,
}
