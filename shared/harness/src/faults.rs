//! The fakes, and what goes wrong on them.

use std::time::Duration;

use serde_json::json;
use testkit::{Bluesky, Cue, End, Fake, Mastodon, Webhook, fake::Stage};

use crate::{
    campaign::{ACCOUNTS, FORBIDDEN, REVOKED, TENANT},
    config::Account,
};

/// The platforms of a run.
pub struct Platforms {
    /// A Mastodon server.
    pub mastodon: Fake<Mastodon>,
    /// A Bluesky server.
    pub bluesky: Fake<Bluesky>,
    /// A webhook receiver that keeps ids, as the channel's page asks of receivers.
    pub webhook: Fake<Webhook>,
}

impl Platforms {
    /// Starts them.
    pub async fn start() -> Self {
        Self { mastodon: Fake::start().await, bluesky: Fake::start().await, webhook: Fake::start().await }
    }

    /// Where a channel's fake is.
    pub fn url(&self, channel: &str) -> String {
        match channel {
            "mastodon" => self.mastodon.url(),
            "bluesky" => self.bluesky.url(),
            _ => self.webhook.url(),
        }
    }

    /// The accounts on them, for the settings.
    pub fn accounts(&self) -> Vec<Account> {
        let mut all = Vec::new();
        for (channel, names) in ACCOUNTS {
            let extra = (channel == "mastodon").then_some(REVOKED);
            for name in names.into_iter().chain(extra) {
                all.push(account(channel, name, &self.url(channel)));
            }
        }
        all
    }

    /// Lets things go wrong from now on: lost answers, errors after the post is out, outages, limits, dead tokens.
    pub fn misbehave(&self) {
        let share = |end: End, chance: f64| Cue::new(end).chance(chance).always();
        // The first cue that fits a call acts, alone.
        self.mastodon
            .cue(Cue::refuse(422, &json!({ "error": "Validation failed: forbidden" })).saying(FORBIDDEN).always());
        for (stage, seed) in [(&*self.mastodon, 1), (&*self.bluesky, 2), (&*self.webhook, 3)] {
            stage.seed(seed);
            // Before the commit point: surely nothing is out, and trying again is right.
            stage.cue(share(End::Outage, 0.03));
            // After it: it is out, and only looking finds out.
            stage.cue(share(End::CutAfter, 0.04));
            stage.cue(Cue::say(504, &json!({ "error": "gateway timeout" })).chance(0.03).always());
            stage.cue(share(End::CutBefore, 0.02));
            stage.cue(share(End::Malformed, 0.02));
        }
        self.mastodon.cue(Cue::new(End::RateLimit { seconds: 6 }).of("ben").nth(3));
        self.mastodon.cue(Cue::new(End::Normal).slow_after(Duration::from_secs(4)).chance(0.02).always());
        self.bluesky.cue(Cue { expire_token: true, ..Cue::default() }.nth(6));
        self.mastodon.platform().revoke(REVOKED);
    }

    /// What each of them remembers.
    pub fn stages(&self) -> [&Stage; 3] {
        [&self.mastodon, &self.bluesky, &self.webhook]
    }

    /// Ends all that.
    pub fn behave(&self) {
        for stage in self.stages() {
            stage.clear_cues();
        }
    }
}

/// The account `name` of a fake at `url`.
pub fn account(channel: &'static str, name: &'static str, url: &str) -> Account {
    let (base_url, secret, settings) = match channel {
        "mastodon" => (url.to_owned(), ("access_token", Mastodon::token(name)), vec![]),
        "bluesky" => {
            let secret = ("app_password", Bluesky::password(name));
            (url.to_owned(), secret, vec![("identifier", Bluesky::handle(name))])
        }
        _ => (format!("{url}/{name}"), ("signing_secret", Webhook::SECRET.to_owned()), vec![]),
    };
    Account { tenant: TENANT, channel, id: name.into(), base_url, secrets: vec![secret], settings, rate: None }
}
