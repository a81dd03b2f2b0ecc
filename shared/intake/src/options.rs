//! What intake allows.

use std::{collections::BTreeSet, time::Duration};

/// What intake allows.
#[derive(Debug, Clone)]
pub struct Options {
    /// The largest request, in bytes.
    pub max_body: usize,
    /// The most targets of one post.
    pub max_targets: usize,
    /// The most media of one post, over all parts.
    pub max_media: usize,
    /// The most parts of one thread, the first one counted.
    pub max_parts: usize,
    /// How long ago a publish time may lie. What lies within it is due at once; what is older is refused as a mistake.
    pub past_tolerance: Duration,
    /// A publish time longer ago than this is accepted with a warning.
    pub past_warning: Duration,
    /// How late a post may go out when it names no deadline; `None`: however late.
    pub default_deadline: Option<Duration>,
    /// Media may be fetched from private addresses: for tests and demos.
    pub allow_private: bool,
    /// Hosts that media may be fetched from although they are in a private network.
    pub allow_hosts: BTreeSet<String>,
    /// The buckets that media addresses may name, as `s3://bucket/key`.
    pub buckets: BTreeSet<String>,
    /// How many targets of one batch are looked up in the ledger for the same text nearby; 0 switches the warning off there.
    pub same_text_looks: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_body: 1024 * 1024,
            max_targets: 200,
            max_media: 100,
            max_parts: 100,
            past_tolerance: Duration::from_secs(24 * 3600),
            past_warning: Duration::from_secs(300),
            default_deadline: None,
            allow_private: false,
            allow_hosts: BTreeSet::new(),
            buckets: BTreeSet::new(),
            same_text_looks: 32,
        }
    }
}
