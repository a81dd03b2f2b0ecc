//! Comments under posts.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Instagram, made};
use crate::{
    fake::{Answer, Ask, Stage, lock},
    graph::{self, error, parameter, pick, time},
};

/// A comment.
pub(super) struct Comment {
    pub text: String,
    id: String,
    post: String,
    account: String,
    at: Timestamp,
}

impl Instagram {
    pub(super) fn comment(&self, ask: &Ask, post: &str, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let under = graph::post(ask, post, stage)?;
        let text = parameter(ask, "message").unwrap_or_default();
        if text.trim().is_empty() {
            return Err(error(400, 100, 0, "(#100) The parameter message is required"));
        }
        let id = stage.new_id().to_string();
        stage.publish(ask, graph::comment(&id, &under, &account, &text));
        let comment = Comment { id: id.clone(), post: post.into(), account, text, at: ask.at };
        lock(&self.comments).push(comment);
        Ok(Answer::json(200, &made(&id)).made(&id))
    }

    pub(super) fn list_comments(&self, ask: &Ask, post: &str, stage: &Stage) -> Result<Answer, Answer> {
        graph::post(ask, post, stage)?;
        let comments = lock(&self.comments);
        let shown = comments.iter().rev().filter(|comment| comment.post == post).map(|comment| {
            let whole = json!({
                "id": comment.id, "text": comment.text, "username": comment.account, "timestamp": time(comment.at),
            });
            pick(&whole, ask)
        });
        Ok(Answer::json(200, &json!({"data": shown.collect::<Vec<Value>>()})))
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
