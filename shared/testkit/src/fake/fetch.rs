//! Media: the platform fetches them from their addresses.

use std::{sync::OnceLock, time::Duration};

use reqwest::Client;

/// What media are, or what an address led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Jpeg,
    Png,
    Video,
    /// Something that is neither picture nor video.
    Other,
    /// Nothing.
    Nothing,
}

impl Found {
    /// What bytes are, by the first of them.
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [0x89, b'P', b'N', b'G', ..] => Self::Png,
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Self::Video,
            _ => Self::Other,
        }
    }
}

fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        // Another part of the process may have chosen one already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().timeout(Duration::from_secs(5)).build().expect("a client without options")
    })
}

/// Fetches, and says what it is by its first bytes.
pub(crate) async fn fetch(address: &str) -> Found {
    let Ok(answer) = client().get(address).send().await.and_then(reqwest::Response::error_for_status) else {
        return Found::Nothing;
    };
    answer.bytes().await.map_or(Found::Nothing, |bytes| Found::of(&bytes))
}
