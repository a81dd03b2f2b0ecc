//! How to reach RabbitMQ.

use std::{fmt, str::FromStr, time::Duration};

use lapin::uri::AMQPUri;
use serde::Deserialize;

use crate::BrokerError;

/// An `amqp://` or `amqps://` URL. It holds a password: `Debug` and `Display` show host, port and virtual host only.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BrokerUrl(AMQPUri);

impl BrokerUrl {
    /// Host and port.
    pub fn address(&self) -> String {
        let (host, port) = (&self.0.authority.host, self.0.authority.port);
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// Host and port, apart.
    pub(super) fn server(&self) -> (String, u16) {
        (self.0.authority.host.clone(), self.0.authority.port)
    }

    /// What lapin connects to.
    pub(super) fn uri(&self, heartbeat: Duration, connect_limit: Duration) -> AMQPUri {
        let mut uri = self.0.clone();
        // The protocol counts whole seconds, and zero would switch heartbeats off.
        uri.query.heartbeat = Some(u16::try_from(heartbeat.as_secs()).unwrap_or(u16::MAX).max(1));
        uri.query.connection_timeout = Some(u64::try_from(connect_limit.as_millis()).unwrap_or(u64::MAX));
        uri
    }
}

impl FromStr for BrokerUrl {
    type Err = BrokerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = url::Url::parse(text)
            .map_err(|error| BrokerError::Settings { reason: format!("the address is no URL ({error})") })?;
        if !matches!(parsed.scheme(), "amqp" | "amqps") {
            return Err(BrokerError::Settings {
                reason: "the address begins with neither amqp:// nor amqps://".into(),
            });
        }
        let host = parsed.host().ok_or_else(|| BrokerError::Settings { reason: "the address names no host".into() })?;
        // lapin quotes what it was given, with the password.
        let unquoted = |reason: String| BrokerError::Settings { reason: reason.replace(text, "the address") };
        let mut uri: AMQPUri = text.parse().map_err(unquoted)?;
        match host {
            // lapin takes an address in brackets for the default host and would connect elsewhere without a word.
            url::Host::Ipv6(host) => uri.authority.host = host.to_string(),
            url::Host::Domain(_) | url::Host::Ipv4(_) => {}
        }
        // A trailing slash would mean the virtual host "", which nobody has.
        if uri.vhost.is_empty() {
            uri.vhost = "/".into();
        }
        Ok(Self(uri))
    }
}

impl TryFrom<String> for BrokerUrl {
    type Error = BrokerError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{} (virtual host {})", self.0.scheme, self.address(), self.0.vhost)
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BrokerUrl({self})")
    }
}

/// What a connection needs.
#[derive(Debug, Clone)]
pub struct RabbitSettings {
    /// Where, and as whom.
    pub url: BrokerUrl,
    /// Shown in the broker's list of connections.
    pub connection_name: String,
    /// How often the peers show that they live; a silent connection is dropped after about twice this.
    pub heartbeat: Duration,
    /// How long connecting and declaring may take, and how long any single question may.
    pub connect_limit: Duration,
    /// How long a publish may wait for its confirm. If none arrives at all for this long, the connection is replaced.
    pub confirm_limit: Duration,
    /// What all names begin with.
    pub prefix: String,
    /// The channels whose queues are declared.
    pub channels: Vec<String>,
}

impl RabbitSettings {
    /// Settings with the usual times: heartbeat 10 s, connecting 15 s, confirms 15 s; prefix `oncepost`.
    pub fn new(url: BrokerUrl, connection_name: impl Into<String>, channels: Vec<String>) -> Self {
        Self {
            url,
            connection_name: connection_name.into(),
            heartbeat: Duration::from_secs(10),
            connect_limit: Duration::from_secs(15),
            confirm_limit: Duration::from_secs(15),
            prefix: "oncepost".into(),
            channels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_shown() {
        let url: BrokerUrl = "amqps://ada:s3cr3t@mq.example.org:5671/posts".parse().expect("valid");
        let settings = RabbitSettings::new(url.clone(), "test", vec![]);
        let shown = format!("{url} {url:?} {settings:?}");
        assert!(!shown.contains("s3cr3t") && !shown.contains("ada"), "{shown}");
        assert!(shown.contains("mq.example.org:5671 (virtual host posts)"), "{shown}");
    }

    #[test]
    fn a_wrong_address_is_refused_without_repeating_it() {
        for text in [
            "http://ada:s3cr3t@host",
            "ada:s3cr3t@host:5672",
            "amqp://ada:s3cr3t@[::1:5672",
            "amqp:ada:s3cr3t",
            "amqp://u:s3cr3t@h:99999",
        ] {
            let error = text.parse::<BrokerUrl>().expect_err(text).to_string();
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn an_ipv6_address_is_the_host_and_not_the_default_one() {
        let url: BrokerUrl = "amqp://ada:s3cr3t@[2001:db8::1]:5673/posts".parse().expect("valid");
        assert_eq!(url.to_string(), "amqp://[2001:db8::1]:5673 (virtual host posts)");
        let uri = url.uri(Duration::from_secs(10), Duration::from_secs(15));
        // As the standard library takes it for an address.
        assert_eq!((uri.authority.host.as_str(), uri.authority.port), ("2001:db8::1", 5673));
    }

    #[test]
    fn a_trailing_slash_means_the_default_virtual_host() {
        let url: BrokerUrl = "amqp://127.0.0.1:5672/".parse().expect("valid");
        assert_eq!(url.to_string(), "amqp://127.0.0.1:5672 (virtual host /)");
    }
}
