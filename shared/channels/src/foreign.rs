//! Calls to addresses that others have named: none of them leads into a private network, unless the settings say so.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::{
    Client,
    header::{HeaderMap, RETRY_AFTER},
    redirect,
};
use runtime::Runtime;
use url::Url;

use crate::{
    Answer, HttpError, HttpOptions, Told,
    http::{self, Broken},
    media::{Reach, private_address},
    told,
};

/// The most of an answer that is read, in bytes.
const MOST: usize = 16 * 1024;

/// Which addresses may be called.
#[derive(Debug, Clone, Default)]
pub struct ForeignOptions {
    /// Any address is good, private ones and those without encryption: for tests and demos.
    pub allow_private: bool,
    /// These hosts are good, wherever they are, and without encryption as well.
    pub allow_hosts: BTreeSet<String>,
}

impl ForeignOptions {
    fn reach(&self) -> Reach {
        Reach { allow_private: self.allow_private, allow_hosts: Arc::new(self.allow_hosts.clone()) }
    }

    /// Whether `url` may be called, as far as it can be told without resolving its name.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub fn check(&self, url: &Url) -> Result<(), String> {
        let reach = self.reach();
        let host = url.host_str().unwrap_or_default();
        let is_ours = reach.allows(host);
        match url.scheme() {
            "https" => {}
            "http" if is_ours => {}
            _ => return Err("must be an https address".into()),
        }
        if host.is_empty() {
            return Err("names no host".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must hold no user name or password: whoever looks at it would see them".into());
        }
        let name = host.trim_end_matches('.');
        let local = !is_ours && (name == "localhost" || name.ends_with(".localhost"));
        match reach.check(url) {
            Ok(()) if !local => Ok(()),
            _ => Err(private()),
        }
    }
}

/// A client for addresses that others have named. It follows no redirect, goes through no proxy, and repeats nothing. Cheap to clone.
#[derive(Clone)]
pub struct Foreign {
    client: Client,
    options: ForeignOptions,
    runtime: Runtime,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The HTTP status.
    pub status: u16,
    /// When to come back, if the answer says so.
    pub retry_after: Option<Timestamp>,
    /// The beginning of the body, if it is text.
    pub said: String,
}

impl Foreign {
    /// A client for these addresses.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(options: &ForeignOptions, runtime: Runtime) -> Result<Self, HttpError> {
        // Never through a proxy: behind one, nobody could tell where an address leads.
        let client = http::builder(&HttpOptions::default())
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(options.reach()))
            .build()
            .map_err(HttpError::Client)?;
        Ok(Self { client, options: options.clone(), runtime })
    }

    /// Sends `body` as JSON and waits `within` for the answer.
    ///
    /// # Errors
    /// Why there was no answer, in words and without the address.
    pub async fn post(&self, url: Url, headers: HeaderMap, body: Bytes, within: Duration) -> Result<Heard, String> {
        self.options.check(&url).map_err(|why| format!("the address {why}"))?;
        let request = self.client.post(url).headers(headers).body(body).timeout(within);
        let response = request.send().await.map_err(|error| match private_address(&error) {
            Some(_) => format!("the address {}", private()),
            None => Broken::sending(error).words(),
        })?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let named = headers.contains_key(RETRY_AFTER);
        // A body that does not come, or is too long, changes nothing: the receiver has answered.
        let body = http::read(response, MOST).await.unwrap_or_default();
        let said = String::from_utf8_lossy(&body).into_owned();
        let answer = Answer { step: "call", point: false, status, headers, body, at: self.runtime.now() };
        let retry_after = if named { told::latest(&[Told::RetryAfter], &answer) } else { None };
        Ok(Heard { status, retry_after, said })
    }
}

fn private() -> String {
    "leads into a private network: name its host in the settings (hooks.allow_hosts), or use a public address".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(options: &ForeignOptions, url: &str) -> Result<(), String> {
        options.check(&url.parse().unwrap())
    }

    #[test]
    fn a_public_address_is_called_encrypted_or_not_at_all() {
        let usual = ForeignOptions::default();
        assert_eq!(check(&usual, "https://hooks.example/in?x=1"), Ok(()));
        for url in ["http://hooks.example/", "ftp://hooks.example/", "data:text/plain,x"] {
            assert!(check(&usual, url).unwrap_err().contains("https"), "{url}");
        }
        assert!(check(&usual, "https://me:secret@hooks.example/").unwrap_err().contains("password"));
    }

    #[test]
    fn a_private_address_is_called_only_by_consent() {
        let usual = ForeignOptions::default();
        for url in ["https://10.0.0.7/", "https://[::1]/", "https://localhost./", "https://169.254.169.254/latest"] {
            assert!(check(&usual, url).unwrap_err().contains("hooks.allow_hosts"), "{url}");
        }
        let some = ForeignOptions { allow_hosts: ["crm.internal".into(), "10.0.0.7".into()].into(), ..usual.clone() };
        assert_eq!(check(&some, "http://crm.internal:8080/"), Ok(()));
        assert_eq!(check(&some, "https://10.0.0.7/"), Ok(()));
        assert!(check(&some, "https://10.0.0.8/").is_err());
        let all = ForeignOptions { allow_private: true, ..usual };
        assert_eq!(check(&all, "http://127.0.0.1:1/"), Ok(()));
    }
}
