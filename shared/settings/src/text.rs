//! Values with a form of their own, read from text.

use std::path::Path;

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use url::Url;

/// A web address that may be absent.
pub(crate) mod web {
    use super::{Deserialize, Deserializer, Error, Serializer, Url};

    pub(crate) fn serialize<S: Serializer>(url: &Option<Url>, to: S) -> Result<S::Ok, S::Error> {
        match url {
            Some(url) => to.serialize_str(&crate::address::without_credentials(url)),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https" | "ws" | "wss") && url.has_host() => Ok(Some(url)),
            _ => Err(D::Error::custom("is not a web address; write it in full, such as https://mastodon.example")),
        }
    }
}

/// Whether a name may start keys and queue names in a store that others use too.
pub(crate) fn is_prefix(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
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
