//! Comments on posts.

use serde_json::{Value, json};

use super::{
    Caller, LinkedIn,
    posts::{author_of, invalid, post},
};
use crate::fake::{Answer, Ask, Draft, Post, Stage};

impl LinkedIn {
    pub(super) fn comment(&self, ask: &Ask, urn: &str, caller: &Caller, stage: &Stage) -> Result<Answer, Answer> {
        let body = ask.json();
        let (actor, text) = (body["actor"].as_str().unwrap_or_default(), body["message"]["text"].as_str());
        caller.check_author(actor)?;
        post(urn, stage)?;
        let text = text.filter(|text| !text.is_empty() && body["object"] == urn);
        let text = text.ok_or_else(|| invalid("ERROR :: /message :: field is required but not found"))?;
        let number = self.number(stage.now()).to_string();
        let id = format!("urn:li:comment:({urn},{number})");
        let native = json!({"author": actor, "object": urn, "number": number, "kind": "comment"});
        let url = format!("https://www.linkedin.com/feed/update/{urn}");
        let draft = Draft { id: id.clone(), url, account: caller.name.clone(), text: text.into(), native };
        let post = stage.publish(ask, draft);
        Ok(Answer::json(201, &shown(&post)).with("x-restli-id", number).made(&id))
    }

    pub(super) fn comments(&self, urn: &str, caller: &Caller, stage: &Stage) -> Result<Answer, Answer> {
        caller.check_reads(author_of(&post(urn, stage)?))?;
        let comments = stage.listed(&caller.name, 100, |post| post.native["object"] == urn);
        let comments: Vec<Value> = comments.iter().map(shown).collect();
        Ok(Answer::json(200, &json!({"paging": {"start": 0, "count": 100}, "elements": comments})))
    }
}

fn shown(post: &Post) -> Value {
    json!({
        "id": post.native["number"],
        "commentUrn": post.id,
        "actor": post.native["author"],
        "object": post.native["object"],
        "message": {"text": post.text, "attributes": []},
        "created": {"time": post.created_at.as_millisecond(), "actor": post.native["author"]},
    })
}
