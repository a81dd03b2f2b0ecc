//! The API's options.

use std::{sync::Arc, time::Duration};

use channels::ForeignOptions;
use settings::{Network, Rate};
use url::Url;

use crate::{SignOn, Token, access::Grant};

/// Who may call the API, and how much it takes at once.
#[derive(Debug, Clone)]
pub struct ConsoleOptions {
    /// Who may call. Empty, and without `sign_on`: whoever is on this machine; see [`crate::check_exposure`].
    pub tokens: Vec<Token>,
    /// Where people log in to the console besides.
    pub sign_on: Option<Arc<SignOn>>,
    /// How often each token may call.
    pub rate: Rate,
    /// How often each address may call without a token, or with a wrong one.
    pub anonymous_rate: Rate,
    /// The proxies whose word is taken for who calls.
    pub trusted_proxies: Vec<Network>,
    /// The longest body of one request, in bytes.
    pub body_limit: usize,
    /// How long a body may take to arrive.
    pub body_time: Duration,
    /// The longest body of a batch, in bytes.
    pub batch_limit: usize,
    /// The most posts in one batch.
    pub batch_items: usize,
    /// The time between two targets of one account when a pause ends.
    pub resume_drip: Duration,
    /// How long something may be overdue before the census counts it.
    pub patience: Duration,
    /// The address under which browsers reach the API. Without it no account is connected by a link.
    pub public_url: Option<Url>,
    /// How long a link is good by which an account is connected.
    pub link_life: Duration,
    /// Which addresses hooks may have.
    pub hooks: ForeignOptions,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        let settings::Api { rate, anonymous_rate, .. } = settings::Api::default();
        Self {
            tokens: Vec::new(),
            sign_on: None,
            rate,
            anonymous_rate,
            trusted_proxies: Vec::new(),
            body_limit: 1024 * 1024,
            body_time: Duration::from_secs(60),
            batch_limit: 16 * 1024 * 1024,
            batch_items: 1000,
            resume_drip: Duration::from_secs(2),
            patience: Duration::from_secs(300),
            public_url: None,
            link_life: Duration::from_secs(15 * 60),
            hooks: ForeignOptions::default(),
        }
    }
}

impl ConsoleOptions {
    /// Whether nobody is asked who they are: then only this machine is let in.
    pub(crate) fn asks_nobody(&self) -> bool {
        self.tokens.is_empty() && self.sign_on.is_none()
    }

    /// What people may do who log in at the provider.
    pub(crate) fn grants(&self) -> &[Grant] {
        self.sign_on.as_ref().map_or(&[], |sign_on| sign_on.grants())
    }
}
