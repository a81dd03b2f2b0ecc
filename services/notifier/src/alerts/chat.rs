//! A chat behind a Slack-compatible incoming webhook.

use std::time::Duration;

use channels::{Foreign, Heard, Secret};
use http::{HeaderMap, HeaderValue, header};
use url::Url;

use super::{way::Untold, words::Message};

/// The longest time for one message.
const WITHIN: Duration = Duration::from_secs(15);

/// The webhook. Its address is a secret, its host is not.
#[derive(Clone)]
pub(crate) struct Chat {
    url: Url,
    outside: Foreign,
}

impl Chat {
    pub fn new(url: &Secret, outside: Foreign) -> Result<Self, String> {
        let url = url
            .reveal()
            .parse()
            .map_err(|_| "alerts.slack_url is no web address: give the whole address of an incoming webhook")?;
        Ok(Self { url, outside })
    }

    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub async fn tell(&self, message: &Message) -> Result<(), Untold> {
        // What platforms have said must not become a link or a mention there.
        let text = message.to_string().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let body = serde_json::json!({ "text": text }).to_string();
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self.outside.post(self.url.clone(), headers, body.into(), WITHIN).await {
            Ok(Heard { status: 200..=299, .. }) => Ok(()),
            // What the server says may hold the address, which is a secret.
            Ok(Heard { status, .. }) => Err(Untold {
                why: format!("the webhook answered HTTP {status}"),
                remedy: remedy(status).into(),
                all_alike: !matches!(status, 400 | 413 | 422),
            }),
            Err(why) => Err(Untold {
                why,
                remedy: "see whether this machine reaches the webhook's host, and whether alerts.slack_url is right"
                    .into(),
                all_alike: true,
            }),
        }
    }
}

fn remedy(status: u16) -> &'static str {
    match status {
        401 | 403 | 404 | 410 => {
            "the webhook is gone, or switched off: make a new one in the chat, and put its address into alerts.slack_url"
        }
        300..=399 => "the webhook has moved: put its new address into alerts.slack_url",
        429 | 500..=599 => "nothing, at first: the chat is busy or not well, and it is tried again",
        _ => "see whether alerts.slack_url is the address of an incoming webhook that takes Slack's messages",
    }
}
