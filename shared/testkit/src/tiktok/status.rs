//! What became of a publication.

use serde_json::json;

use super::{TikTok, posts::Kind, refusal, success};
use crate::fake::{Answer, Ask, lock};

impl TikTok {
    pub(super) fn status(&self, ask: &Ask, account: &str) -> Result<Answer, Answer> {
        let body = ask.json();
        let id = body["publish_id"].as_str().unwrap_or_default();
        let publication = lock(&self.publications).get(id).cloned();
        let publication =
            publication.ok_or_else(|| refusal(400, "invalid_publish_id", "The publish_id does not exist."))?;
        if publication.account != account {
            let message = "The access_token is not authorized for the publish_id.";
            return Err(refusal(400, "token_not_authorized_for_specified_publish_id", message));
        }
        let mut data = json!({"status": "PROCESSING_UPLOAD"});
        match &publication.kind {
            Kind::Video { have, .. } => data["uploaded_bytes"] = json!(have),
            Kind::Photos => data["status"] = json!("PROCESSING_DOWNLOAD"),
        }
        let Some(whole_at) = publication.whole_at else { return Ok(success(&data)) };
        let (done, moderated) = self.ends(whole_at);
        if ask.at < done {
            return Ok(success(&data));
        }
        let Some(post) = &publication.post else {
            data["status"] = json!("FAILED");
            data["fail_reason"] = json!(publication.fails_with);
            return Ok(success(&data));
        };
        data["status"] = json!("PUBLISH_COMPLETE");
        if publication.is_public() && moderated <= ask.at {
            // Written so by the platform.
            data["publicaly_available_post_id"] = json!([post.parse::<u64>().unwrap_or_default()]);
        }
        Ok(success(&data))
    }
}
