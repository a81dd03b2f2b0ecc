//! Incoming webhooks: plain texts for answers, and no word on what was made.

use serde_json::Value;

use super::{Slack, messages::Words};
use crate::fake::{Answer, Ask, Stage};

impl Slack {
    pub(super) fn hooked(&self, ask: &Ask, bot: &str, secret: &str, stage: &Stage) -> Answer {
        let said = |status, text: &str| Answer::text(status, "text/html", text);
        let Some(name) = bot.strip_prefix("B-").filter(|name| self.access.is_hooked(name)) else {
            return said(404, "no_service");
        };
        if secret != format!("hush-{name}-hush") {
            return said(403, "invalid_token");
        }
        let body = ask.json();
        if !body.is_object() {
            return said(400, "invalid_payload");
        }
        if let Err(limited) = self.count(name, ask) {
            return limited;
        }
        let channel = Slack::channel(name);
        let closed = self.access.open(name, Some(&channel)).map_err(|refusal| code(&refusal));
        let words = Words {
            text: body["text"].as_str().unwrap_or_default().into(),
            blocks: body["blocks"].clone(),
            ..Words::default()
        };
        let made = closed.and_then(|_| self.say(ask, name, words, stage).map_err(|refusal| code(&refusal)));
        match made.as_ref().map_err(String::as_str) {
            Ok(post) => said(200, "ok").made(&post.id),
            Err("is_archived") => said(410, "channel_is_archived"),
            Err("channel_not_found") => said(404, "channel_not_found"),
            Err(why @ ("no_text" | "invalid_blocks")) => said(400, why),
            Err(_) => said(403, "action_prohibited"),
        }
    }
}

/// The code of a refusal of the Web API.
fn code(refusal: &Answer) -> String {
    let body: Value = serde_json::from_str(&refusal.body).unwrap_or_default();
    body["error"].as_str().unwrap_or_default().to_owned()
}
