//! Media: the platform fetches them from their addresses.

use std::{sync::OnceLock, time::Duration};

use reqwest::Client;

/// What an address led to.
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
    match answer.bytes().await {
        Ok(bytes) if bytes.starts_with(b"\xff\xd8\xff") => Found::Jpeg,
        Ok(bytes) if bytes.starts_with(b"\x89PNG") => Found::Png,
        Ok(bytes) if bytes.get(4..8) == Some(b"ftyp".as_slice()) => Found::Video,
        Ok(_) => Found::Other,
        Err(_) => Found::Nothing,
    }
}
