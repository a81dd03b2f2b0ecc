//! Values with a form of their own, read from text.

use std::path::Path;

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use url::Url;

/// A web address that may be absent.
pub(crate) mod web {
    pub(crate) use super::write_url as serialize;
    use super::{Deserializer, Url, read_url};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
        let wrong = "is not an http or https address; write it in full, such as https://storage.example";
        read_url(from, &["http", "https"], wrong)
    }
}

/// A platform's server, which may be absent: a web address, or a relay's that is spoken to over a WebSocket.
pub(crate) mod server {
    pub(crate) use super::write_url as serialize;
    use super::{Deserializer, Url, read_url};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
        let wrong = "is not a web address; write it in full, such as https://mastodon.example";
        read_url(from, &["http", "https", "ws", "wss"], wrong)
    }
}

pub(crate) fn write_url<S: Serializer>(url: &Option<Url>, to: S) -> Result<S::Ok, S::Error> {
    match url {
        Some(url) => to.serialize_str(&crate::address::without_credentials(url)),
        None => to.serialize_none(),
    }
}

fn read_url<'de, D: Deserializer<'de>>(from: D, schemes: &[&str], wrong: &str) -> Result<Option<Url>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    match Url::parse(&text) {
        Ok(url) if schemes.contains(&url.scheme()) && url.has_host() => Ok(Some(url)),
        _ => Err(D::Error::custom(wrong)),
    }
}

/// Whether a name may start keys and queue names in a store that others use too.
pub(crate) fn is_prefix(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// Whether an address is on this machine.
pub(crate) fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Whether everyone on the machine may read the file.
pub(crate) fn is_world_readable(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o004 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}
