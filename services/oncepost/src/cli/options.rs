//! What every client command takes.

use std::fmt;

use clap::Args;

/// Which oncepost is asked, and how the answer is told.
#[derive(Debug, Clone, Args)]
pub struct ClientOptions {
    /// The API's address
    #[arg(long, env = "ONCEPOST_API", default_value = "http://127.0.0.1:8380", value_name = "URL", global = true)]
    pub api: String,
    /// The API's token
    #[arg(long, env = "ONCEPOST_TOKEN", hide_env_values = true, global = true)]
    pub token: Option<Token>,
    /// Print the API's answer as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// A token that nothing prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token itself: for sending, never for showing.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Token {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
