//! The address of a store, which may hold a password.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use url::Url;

use crate::{SecretRef, secret::Found};

/// The address of a store: a URL, or `memory`; written in place, or where it comes from, as secrets are. Shown without its credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(SecretRef);

impl Address {
    /// Wraps an address. Whether it fits its section is checked when settings are loaded.
    pub fn new(address: impl Into<String>) -> Self {
        Self(SecretRef::of(address))
    }

    /// The whole address, password included: for connecting, never for showing.
    pub fn reveal(&self) -> &str {
        self.0.secret().reveal()
    }

    /// Whether the store is in this process's memory.
    pub fn is_memory(&self) -> bool {
        self.reveal() == "memory"
    }

    /// The URL's scheme, if it is a URL.
    pub fn scheme(&self) -> Option<String> {
        Url::parse(self.reveal()).ok().map(|url| url.scheme().to_owned())
    }

    /// Looks it up where it comes from: every process needs it.
    pub(crate) fn find(&mut self, path: &str, env: &BTreeMap<String, String>, found: &mut Found) {
        self.0.find(path, true, env, found);
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Written;
        impl<'de> Visitor<'de> for Written {
            type Value = Address;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address, or the file or variable that holds it")
            }

            fn visit_str<E>(self, address: &str) -> Result<Address, E> {
                Ok(Address::new(address))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Address, A::Error> {
                SecretRef::deserialize(MapAccessDeserializer::new(map)).map(Address)
            }
        }
        from.deserialize_any(Written)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_memory() {
            return f.write_str("memory");
        }
        match Url::parse(self.reveal()) {
            Ok(url) => f.write_str(&without_credentials(&url)),
            Err(_) => f.write_str("***"),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Scheme, host, port and path. The query goes too: drivers take passwords there.
pub(crate) fn without_credentials(url: &Url) -> String {
    let credentials = if url.username().is_empty() && url.password().is_none() { "" } else { "***@" };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = if url.query().is_some() { "?***" } else { "" };
    let slashes = if url.cannot_be_a_base() { "" } else { "//" };
    format!("{}:{slashes}{credentials}{}{port}{}{query}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (address, shown) in [
            ("memory", "memory"),
            ("postgres://me:geheim@db:5432/oncepost", "postgres://***@db:5432/oncepost"),
            ("postgres://db/oncepost?user=me&password=geheim", "postgres://db/oncepost?***"),
            ("redis://:geheim@cache", "redis://***@cache"),
            ("sqlite:///var/lib/oncepost.db", "sqlite:///var/lib/oncepost.db"),
            ("sqlite://oncepost.db", "sqlite://oncepost.db"),
            ("no address: geheim", "***"),
        ] {
            let address = Address::new(address);
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), shown);
            assert_eq!(serde_json::to_value(&address).unwrap(), shown);
        }
    }
}
