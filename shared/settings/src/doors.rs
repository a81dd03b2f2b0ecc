//! What faces people and other systems: API, probes, logs and traces.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Network, Oidc, Rate, Token, text::web};

/// The HTTP API and console.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Api {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Who may call. Without any token, and without `oidc`, only this machine may be listened to.
    pub tokens: Vec<Token>,
    /// A file of further tokens, one `name token [role [tenant]]` per line; `#` starts a comment.
    pub token_file: Option<PathBuf>,
    /// Where people log in to the console; absent: with tokens alone.
    pub oidc: Option<Oidc>,
    /// The address under which browsers reach the API: where platforms send people back to when they connect an account by a link.
    #[serde(with = "web")]
    pub public_url: Option<Url>,
    /// How often each token may call.
    pub rate: Rate,
    /// How often each address may call without a token, or with a wrong one.
    pub anonymous_rate: Rate,
    /// The proxies before the API, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8380)),
            tokens: Vec::new(),
            token_file: None,
            oidc: None,
            public_url: None,
            rate: Rate { per: Duration::from_millis(10), burst: 500 },
            anonymous_rate: Rate { per: Duration::from_secs(1), burst: 30 },
            trusted_proxies: Vec::new(),
        }
    }
}

/// Probes and metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Health {
    /// Where `/healthz`, `/readyz` and `/metrics` are served.
    pub listen: SocketAddr,
}

impl Default for Health {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8390)) }
    }
}

/// Logs and traces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// What is logged: a level, or directives such as `info,worker=debug`.
    pub log: String,
    /// How a log line looks.
    pub format: LogFormat,
    /// Where spans are sent, as OTLP over HTTP; absent: nowhere.
    #[serde(with = "web")]
    pub otlp_endpoint: Option<Url>,
    /// The share of traces that are kept, where the caller has not decided.
    pub sample_ratio: f64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { log: "info".into(), format: LogFormat::Json, otlp_endpoint: None, sample_ratio: 0.01 }
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object per line.
    #[default]
    Json,
    /// For reading at a terminal.
    Text,
}
