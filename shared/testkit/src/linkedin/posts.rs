//! Posts.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Caller, LinkedIn, little, refusal};
use crate::fake::{Answer, Ask, Draft, Post, Stage, lock};

const LONGEST: usize = 3000;
const REQUIRED: [&str; 5] = ["author", "commentary", "visibility", "distribution", "lifecycleState"];

impl LinkedIn {
    /// 201, no body; the id stands in a header field.
    pub(super) fn create(&self, ask: &Ask, caller: &Caller, stage: &Stage) -> Result<Answer, Answer> {
        let body = ask.json();
        if !body.is_object() {
            return Err(refusal(400, "ILLEGAL_ARGUMENT", "Request body could not be converted to data map"));
        }
        if let Some(field) = REQUIRED.iter().find(|field| body[**field].is_null()) {
            return Err(invalid(&format!(
                "ERROR :: /{field} :: field is required but not found and has no default value"
            )));
        }
        let author = body["author"].as_str().unwrap_or_default();
        caller.check_author(author)?;
        let text = little::read(body["commentary"].as_str().unwrap_or_default());
        if text.encode_utf16().count() > LONGEST {
            return Err(invalid("ERROR :: /commentary :: length of the text is over the limit of 3000"));
        }
        let content = self.content(&body["content"], author, stage.now())?;
        if let Some(first) = self.duplicate_of(author, &text, &content, stage) {
            return Err(duplicate(&first));
        }
        let urn = format!("urn:li:share:{}", self.number(stage.now()));
        let native = json!({
            "author": author,
            "commentary": body["commentary"],
            "visibility": body["visibility"],
            "content": content,
            "kind": "post",
        });
        let url = format!("https://www.linkedin.com/feed/update/{urn}");
        stage.publish(ask, Draft { id: urn.clone(), url, account: caller.name.clone(), text, native });
        Ok(Answer::text(201, "application/json", "").with("x-restli-id", &urn).made(&urn))
    }

    /// What goes with the text, if it can be used.
    fn content(&self, content: &Value, author: &str, now: Timestamp) -> Result<Value, Answer> {
        let single = content.pointer("/media/id");
        let several = content.pointer("/multiImage/images").and_then(Value::as_array);
        if several.is_some_and(|images| !(2..=20).contains(&images.len())) {
            return Err(invalid("ERROR :: /content/multiImage/images :: length is not in the range 2 to 20"));
        }
        let several = several.into_iter().flatten().map(|image| &image["id"]);
        for urn in single.into_iter().chain(several) {
            self.check_upload(urn.as_str().unwrap_or_default(), author, now)?;
        }
        if content.pointer("/article").is_some_and(|article| article["source"].is_null() || article["title"].is_null())
        {
            return Err(invalid("ERROR :: /content/article/title :: field is required but not found"));
        }
        Ok(content.clone())
    }

    /// The post of which this would be a duplicate, or what is named in its place.
    fn duplicate_of(&self, author: &str, text: &str, content: &Value, stage: &Stage) -> Option<String> {
        let knobs = lock(&self.knobs).clone();
        let window = Duration::from_secs(knobs.duplicate_window_s);
        let alike = |post: &&Post| {
            let recent = stage.now() < post.created_at + window;
            recent && post.text == text && post.native["author"] == author && post.native["content"] == *content
        };
        let first = stage.posts().iter().find(alike).map(|post| post.id.clone());
        let ghost = || {
            let gone = knobs.ghosts && stage.deleted().iter().any(|post| alike(&post));
            gone.then(|| format!("urn:li:share:{}", self.number(stage.now())))
        };
        first.or_else(ghost)
    }

    pub(super) fn show(&self, urn: &str, caller: &Caller, stage: &Stage) -> Result<Answer, Answer> {
        let post = post(urn, stage)?;
        caller.check_reads(author_of(&post))?;
        Ok(Answer::json(200, &shown(&post)))
    }

    pub(super) fn remove(&self, urn: &str, caller: &Caller, stage: &Stage) -> Result<Answer, Answer> {
        caller.check_author(author_of(&post(urn, stage)?))?;
        stage.delete(urn);
        Ok(Answer::text(204, "application/json", ""))
    }

    /// A page's posts, newest first.
    pub(super) fn find(&self, ask: &Ask, caller: &Caller, stage: &Stage) -> Result<Answer, Answer> {
        if (ask.param("q"), ask.header("x-restli-method")) != (Some("author"), Some("FINDER")) {
            return Err(refusal(400, "ILLEGAL_ARGUMENT", "No finder"));
        }
        let author = ask.param("author").unwrap_or_default();
        caller.check_reads(author)?;
        let number = |name: &str, default: usize| ask.param(name).and_then(|n| n.parse().ok()).unwrap_or(default);
        let (start, count) = (number("start", 0), number("count", 10).min(100));
        let wanted = |post: &Post| post.native["author"] == author && post.native["kind"] == "post";
        let posts = stage.listed(&caller.name, start + count, wanted);
        let page: Vec<Value> = posts.iter().skip(start).map(shown).collect();
        Ok(Answer::json(200, &json!({"paging": {"start": start, "count": count}, "elements": page})))
    }
}

/// The post of this name.
pub(super) fn post(urn: &str, stage: &Stage) -> Result<Post, Answer> {
    stage.post(urn).ok_or_else(|| refusal(404, "NOT_FOUND", "The post does not exist"))
}

/// Who wrote a post, as the platform names them.
pub(super) fn author_of(post: &Post) -> &str {
    post.native["author"].as_str().unwrap_or_default()
}

fn shown(post: &Post) -> Value {
    let millis = post.created_at.as_millisecond();
    json!({
        "id": post.id,
        "author": post.native["author"],
        "commentary": post.native["commentary"],
        "content": post.native["content"],
        "visibility": post.native["visibility"],
        "lifecycleState": "PUBLISHED",
        "createdAt": millis,
        "publishedAt": millis,
        "lastModifiedAt": millis,
    })
}

fn duplicate(urn: &str) -> Answer {
    let words = "com.linkedin.content.common.exception.BadRequestResponseException: Content is a duplicate of";
    Answer::json(
        422,
        &json!({
            "errorDetailType": "com.linkedin.common.error.BadRequest",
            "status": 422,
            "message": format!("{words} {urn}"),
            "errorDetails": {"inputErrors": [
                {"description": "Duplicate post is detected", "input": {}, "code": "DUPLICATE_POST"},
            ]},
        }),
    )
}

pub(super) fn invalid(message: &str) -> Answer {
    Answer::json(422, &json!({"status": 422, "message": message}))
}
