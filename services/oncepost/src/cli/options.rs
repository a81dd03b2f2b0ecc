//! What every client command takes.

use std::fmt;

use clap::Args;

/// Which oncepost is asked, and how the answer is told.
#[derive(Debug, Clone, Args)]
pub struct ClientOptions {
    /// The API's address; http://127.0.0.1:8380 for commands that need one
    #[arg(long, env = "ONCEPOST_API", value_name = "URL", global = true)]
    pub api: Option<String>,
    /// The API's token
    #[arg(long, env = "ONCEPOST_TOKEN", hide_env_values = true, global = true)]
    pub token: Option<Token>,
    /// Print the answer as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

impl ClientOptions {
    /// Whose API is asked, where one must be.
    pub(crate) fn address(&self) -> &str {
        self.named_api().unwrap_or("http://127.0.0.1:8380")
    }

    /// The API that was named. Commands that can do without one ask none that was not. An empty variable names none.
    pub(crate) fn named_api(&self) -> Option<&str> {
        self.api.as_deref().filter(|address| !address.is_empty())
    }
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
