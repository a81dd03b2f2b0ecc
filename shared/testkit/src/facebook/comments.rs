//! Comments under posts and videos.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Facebook, made};
use crate::{
    fake::{Answer, Ask, Stage, lock},
    graph::{self, error, parameter, person_id, pick, time},
};

/// A comment.
pub(super) struct Comment {
    pub text: String,
    id: String,
    post: String,
    account: String,
    at: Timestamp,
}

impl Facebook {
    pub(super) fn comment(&self, ask: &Ask, post: &str, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let under = graph::post(ask, post, stage)?;
        let text = parameter(ask, "message").unwrap_or_default();
        if text.trim().is_empty() {
            return Err(error(400, 100, 0, "(#100) The parameter message is required"));
        }
        let id = format!("{}_{}", post.rsplit('_').next().unwrap_or(post), stage.new_id());
        stage.publish(ask, graph::comment(&id, &under, &account, &text));
        lock(&self.comments).push(Comment { id: id.clone(), post: post.into(), account, text, at: ask.at });
        Ok(Answer::json(200, &made(&id)).made(&id))
    }

    /// The oldest first, unless the newest are asked for.
    pub(super) fn list_comments(&self, ask: &Ask, post: &str, stage: &Stage) -> Result<Answer, Answer> {
        graph::post(ask, post, stage)?;
        let comments = lock(&self.comments);
        let shown = comments.iter().filter(|comment| comment.post == post).map(|comment| {
            let whole = json!({
                "id": comment.id,
                "message": comment.text,
                "from": {"id": person_id(&comment.account), "name": comment.account},
                "created_time": time(comment.at),
            });
            pick(&whole, ask)
        });
        let mut shown: Vec<Value> = shown.collect();
        if ask.param("order") == Some("reverse_chronological") {
            shown.reverse();
        }
        Ok(Answer::json(200, &json!({"data": shown})))
    }

    /// Somebody else writes under a post. The posts do not show it: they are what callers made.
    pub fn strange_comment(&self, post: &str, text: &str, stage: &Stage) {
        let comment = Comment {
            id: stage.new_id().to_string(),
            post: post.into(),
            account: "a stranger".into(),
            text: text.into(),
            at: stage.now(),
        };
        lock(&self.comments).push(comment);
    }
}
