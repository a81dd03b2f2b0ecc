//! Pictures and videos of posts: how they are fetched, and where they are kept.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{SecretRef, span, text::web};

/// Media of posts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    /// Whether media may be fetched from private addresses. For trying things out only.
    pub allow_private: bool,
    /// The hosts that media may be fetched from although they are in a private network.
    pub allow_hosts: BTreeSet<String>,
    /// Where fetched files are kept: a folder that all workers share, or `s3://bucket`. Absent: beside the ledger's SQLite file, or
    /// else each process for itself.
    pub store: Option<String>,
    /// How long a file is kept after it was used last.
    #[serde(with = "span")]
    pub keep_for: Duration,
    /// The folder for files that are being worked on; absent: the system's own.
    pub spool: Option<PathBuf>,
    /// The largest file that is fetched, in bytes.
    pub max_bytes: u64,
    /// The most pixels of a picture that is made smaller or into another kind.
    pub max_pixels: u64,
    /// The longest one fetch may take.
    #[serde(with = "span")]
    pub fetch_timeout: Duration,
    /// The S3-compatible storage, for `store` and for `s3://` addresses in posts.
    pub s3: S3,
}

/// An S3-compatible storage.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3 {
    /// Where it is; absent: Amazon's own.
    #[serde(with = "web")]
    pub endpoint: Option<Url>,
    /// Its region; absent: what the environment says.
    pub region: Option<String>,
    /// The key's id; absent: what the environment or the machine offers.
    pub access_key: Option<String>,
    /// The key's secret.
    pub secret_key: Option<SecretRef>,
    /// Whether the bucket is a part of the host's name.
    pub virtual_hosted: bool,
    /// The buckets that posts may name, as `s3://bucket/key`.
    pub buckets: BTreeSet<String>,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            allow_private: false,
            allow_hosts: BTreeSet::new(),
            store: None,
            keep_for: Duration::from_secs(30 * 24 * 3600),
            spool: None,
            max_bytes: 1024 * 1024 * 1024,
            max_pixels: 50_000_000,
            fetch_timeout: Duration::from_secs(60),
            s3: S3::default(),
        }
    }
}

impl Media {
    /// The bucket of the store, if it is in S3.
    pub fn bucket(&self) -> Option<&str> {
        self.store.as_deref()?.strip_prefix("s3://")
    }
}
