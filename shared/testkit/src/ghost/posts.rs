//! Posts and drafts.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Ghost, error, not_found};
use crate::fake::{Answer, Ask, Draft, Stage, lock};

const LONGEST_TITLE: usize = 255;
/// What an update may carry.
const FIELDS: [&str; 9] = [
    "title",
    "lexical",
    "slug",
    "status",
    "feature_image",
    "feature_image_alt",
    "visibility",
    "custom_excerpt",
    "tags",
];

/// A post in any state.
#[derive(Clone, Debug)]
pub(super) struct Article {
    pub(super) status: String,
    pub(super) slug: String,
    owner: String,
    /// All fields, as the API shows them.
    fields: Value,
    updated_at: Timestamp,
    published_at: Option<Timestamp>,
}

impl Article {
    /// Marks a change. Times differ, however quickly changes follow each other.
    pub(super) fn touch(&mut self, now: Timestamp) {
        self.updated_at = now.max(self.updated_at + SignedDuration::from_millis(1));
    }

    fn text(&self) -> String {
        let lexical: Value =
            self.fields["lexical"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let mut text = self.fields["title"].as_str().unwrap_or_default().to_owned();
        for block in lexical["root"]["children"].as_array().into_iter().flatten() {
            text.push('\n');
            read(block, &mut text);
        }
        text.trim().to_owned()
    }

    fn json(&self, id: &str) -> Value {
        let mut post = self.fields.clone();
        let url = match self.status.as_str() {
            "published" => format!("https://ghost.test/{}/", self.slug),
            _ => format!("https://ghost.test/p/{id}/"),
        };
        let more = json!({
            "id": id, "uuid": format!("00000000-0000-0000-0000-{}", &id[12..]), "slug": self.slug, "status": self.status, "url": url,
            "updated_at": shown(self.updated_at), "published_at": self.published_at.map(shown),
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            post[name] = value.clone();
        }
        post
    }
}

impl Ghost {
    pub(super) fn create(&self, ask: &Ask, owner: &str, stage: &Stage) -> Result<Answer, Answer> {
        let wanted = read_body(ask)?;
        let now = stage.now();
        let fields = json!({"title": "(Untitled)", "visibility": "public", "tags": []});
        let blank = Article {
            status: "draft".into(),
            slug: String::new(),
            owner: owner.to_owned(),
            fields,
            updated_at: now,
            published_at: None,
        };
        let mut article = self.changed(&blank, &wanted)?;
        if article.slug.is_empty() {
            article.slug = self.unique(article.fields["title"].as_str().unwrap_or_default());
        }
        let id = self.new_id();
        let answer = self.store(ask, &id, article, false, stage);
        Ok(Answer { status: 201, ..answer })
    }

    pub(super) fn update(&self, ask: &Ask, id: &str, stage: &Stage) -> Result<Answer, Answer> {
        let wanted = read_body(ask)?;
        let before = lock(&self.posts)
            .get(id)
            .cloned()
            .ok_or_else(|| not_found("Resource not found error, cannot edit post."))?;
        let Some(known) = wanted["updated_at"].as_str() else {
            let context = Some("Validation (isPresent) failed for updated_at");
            return Err(error(422, "ValidationError", None, "Validation error, cannot edit post.", context));
        };
        let mut article = self.changed(&before, &wanted)?;
        let same = (&article.fields, &article.slug, &article.status) == (&before.fields, &before.slug, &before.status);
        if same {
            // Nothing to write: not even an old `updated_at` matters.
            let made = before.status == "published";
            let answer = Answer::json(200, &json!({"posts": [before.json(id)]}));
            return Ok(if made { answer.made(id) } else { answer });
        }
        if known != shown(before.updated_at) {
            let message = "Saving failed! Someone else is editing this post.";
            return Err(error(409, "UpdateCollisionError", Some("UPDATE_COLLISION"), message, None));
        }
        article.touch(stage.now());
        Ok(self.store(ask, id, article, before.status == "published", stage))
    }

    /// The article as the call leaves it, or what is wrong with the call.
    fn changed(&self, before: &Article, wanted: &Value) -> Result<Article, Answer> {
        let mut article = before.clone();
        for (name, value) in wanted.as_object().into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            match name.as_str() {
                "status" => article.status = text.to_owned(),
                "slug" if text != article.slug => article.slug = self.unique(text),
                name if FIELDS.contains(&name) && name != "slug" => article.fields[name] = value.clone(),
                _ => {}
            }
        }
        let invalid =
            |context: &str| error(422, "ValidationError", None, "Validation error, cannot save post.", Some(context));
        if article.fields["title"].as_str().unwrap_or_default().chars().count() > LONGEST_TITLE {
            return Err(invalid("Value in [posts.title] exceeds maximum length of 255 characters."));
        }
        if !["draft", "published", "scheduled", "sent"].contains(&article.status.as_str()) {
            return Err(invalid("Value in [posts.status] must be one of draft, published, scheduled, sent."));
        }
        let lexical = article.fields["lexical"].as_str();
        if lexical.is_some_and(|text| serde_json::from_str::<Value>(text).is_err()) {
            return Err(invalid("Invalid lexical structure."));
        }
        Ok(article)
    }

    fn store(&self, ask: &Ask, id: &str, mut article: Article, was_out: bool, stage: &Stage) -> Answer {
        let out = article.status == "published";
        if out && !was_out {
            article.published_at = Some(stage.now());
            if let Some(newsletter) = ask.param("newsletter") {
                lock(&self.mails).push((id.to_owned(), newsletter.to_owned()));
            }
        }
        lock(&self.posts).insert(id.to_owned(), article.clone());
        let native = article.json(id);
        let answer = Answer::json(200, &json!({"posts": [native]}));
        if !out {
            return answer;
        }
        if was_out {
            stage.change(id, &article.text(), native);
        } else {
            let url = format!("https://ghost.test/{}/", article.slug);
            let text = article.text();
            stage.publish(ask, Draft { id: id.to_owned(), url, account: article.owner, text, native });
        }
        answer.made(id)
    }

    /// The slug, or the first of `slug-2`, `slug-3`… that no post has, drafts included; its own counts as taken too.
    fn unique(&self, wanted: &str) -> String {
        let kept: String =
            wanted.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
        let slug = kept.split_whitespace().collect::<Vec<_>>().join("-");
        let slug = if slug.is_empty() { "untitled".to_owned() } else { slug };
        let posts = lock(&self.posts);
        let mut candidates = std::iter::once(slug.clone()).chain((2..).map(|n| format!("{slug}-{n}")));
        candidates.find(|candidate| !posts.values().any(|post| post.slug == *candidate)).unwrap_or_default()
    }

    pub(super) fn show(&self, id: &str) -> Result<Answer, Answer> {
        let posts = lock(&self.posts);
        let article = posts.get(id).ok_or_else(|| not_found("Resource not found error, cannot read post."))?;
        Ok(Answer::json(200, &json!({"posts": [article.json(id)]})))
    }

    pub(super) fn by_slug(&self, slug: &str) -> Result<Answer, Answer> {
        let posts = lock(&self.posts);
        let found = posts.iter().find(|(_, article)| article.slug == slug);
        let (id, article) = found.ok_or_else(|| not_found("Resource not found error, cannot read post."))?;
        Ok(Answer::json(200, &json!({"posts": [article.json(id)]})))
    }

    pub(super) fn browse(&self, ask: &Ask) -> Answer {
        let slug = ask.param("filter").and_then(|filter| filter.strip_prefix("slug:"));
        let limit = ask.param("limit").and_then(|limit| limit.parse().ok()).unwrap_or(15);
        let posts = lock(&self.posts);
        let fitting = posts.iter().rev().filter(|(_, article)| slug.is_none_or(|slug| article.slug == slug));
        let shown: Vec<Value> = fitting.take(limit).map(|(id, article)| article.json(id)).collect();
        let pages = json!({"pagination": {"page": 1, "limit": limit, "pages": 1, "total": shown.len()}});
        Answer::json(200, &json!({"posts": shown, "meta": pages}))
    }

    pub(super) fn remove(&self, id: &str, stage: &Stage) -> Result<Answer, Answer> {
        lock(&self.posts).remove(id).ok_or_else(|| not_found("Resource not found error, cannot delete post."))?;
        stage.delete(id);
        Ok(Answer::text(204, "application/json", ""))
    }
}

fn read_body(ask: &Ask) -> Result<Value, Answer> {
    let body = ask.json();
    if body.is_null() {
        let message = "An unexpected error occurred, please try again.";
        return Err(error(400, "InternalServerError", Some("UNEXPECTED_ERROR"), message, None));
    }
    let post = body["posts"][0].clone();
    if !post.is_object() {
        return Err(error(400, "BadRequestError", None, "No root key ('posts') provided.", None));
    }
    Ok(post)
}

fn read(block: &Value, text: &mut String) {
    if block["type"] == "linebreak" {
        text.push('\n');
    }
    text.push_str(block["text"].as_str().unwrap_or_default());
    for child in block["children"].as_array().into_iter().flatten() {
        read(child, text);
    }
}

fn shown(at: Timestamp) -> String {
    format!("{at:.3}")
}
