//! Posts and drafts.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{WordPress, error};
use crate::fake::{Answer, Ask, Draft, Stage, lock};

/// The column for titles, bytes.
const LONGEST_TITLE: usize = 65_535;

/// A post in any state.
#[derive(Clone, Debug, Default)]
pub(super) struct Article {
    pub(super) status: String,
    pub(super) slug: String,
    author: String,
    title: String,
    content: String,
    excerpt: String,
    featured_media: u64,
    terms: Value,
    published: Option<Timestamp>,
}

impl WordPress {
    pub(super) fn create(&self, ask: &Ask, user: Option<&str>, stage: &Stage) -> Result<Answer, Answer> {
        let user = user.ok_or_else(|| cannot_create(401))?;
        let article = Article { status: "draft".into(), author: user.to_owned(), ..Article::default() };
        let changed = self.changed(&article, ask, user, stage.now())?;
        if [&changed.title, &changed.content, &changed.excerpt].iter().all(|text| text.trim().is_empty()) {
            return Err(error(400, "empty_content", "Content, title, and excerpt are empty."));
        }
        let id = self.new_id();
        let answer = self.store(ask, id, changed, stage);
        Ok(Answer { status: 201, ..answer })
    }

    pub(super) fn update(&self, ask: &Ask, id: &str, user: Option<&str>, stage: &Stage) -> Result<Answer, Answer> {
        let id = number(id)?;
        let article = lock(&self.posts).get(&id).cloned().ok_or_else(invalid_id)?;
        let sorry = "Sorry, you are not allowed to edit this post.";
        let user = user.ok_or_else(|| error(401, "rest_cannot_edit", sorry))?;
        if article.author != user {
            return Err(error(403, "rest_cannot_edit", sorry));
        }
        let changed = self.changed(&article, ask, user, stage.now())?;
        Ok(self.store(ask, id, changed, stage))
    }

    /// The article as the call leaves it, or what is wrong with the call.
    fn changed(&self, before: &Article, ask: &Ask, user: &str, now: Timestamp) -> Result<Article, Answer> {
        let is_json = ask.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        if is_json && !ask.body.is_empty() && ask.json().is_null() {
            return Err(error(400, "rest_invalid_json", "Invalid JSON body passed."));
        }
        let one = |name: &str| ask.field(name).map(str::to_owned);
        let mut article = before.clone();
        let text = |name: &str, place: &mut String| {
            if let Some(text) = one(name) {
                *place = text;
            }
        };
        text("title", &mut article.title);
        text("content", &mut article.content);
        text("excerpt", &mut article.excerpt);
        if article.title.len() > LONGEST_TITLE {
            return Err(error(500, "db_insert_error", "Could not insert post into the database."));
        }
        if let Some(id) = one("featured_media") {
            article.featured_media = id.parse().unwrap_or_default();
            if article.featured_media > 0 && !lock(&self.media).contains_key(&article.featured_media) {
                return Err(error(400, "rest_invalid_featured_media", "Invalid featured media ID."));
            }
        }
        let terms = |name: &str| {
            let list: Vec<u64> = ask
                .fields()
                .iter()
                .filter(|(key, _)| *key == format!("{name}[]"))
                .filter_map(|(_, id)| id.parse().ok())
                .collect();
            if list.is_empty() { before.terms[name].clone() } else { json!(list) }
        };
        article.terms = json!({"categories": terms("categories"), "tags": terms("tags")});
        if let Some(status) = one("status") {
            if !["publish", "future", "draft", "pending", "private"].contains(&status.as_str()) {
                return Err(invalid("status", "status is not one of publish, future, draft, pending, and private."));
            }
            if matches!(status.as_str(), "publish" | "future" | "private") && !self.access.may_publish(user) {
                let sorry = "Sorry, you are not allowed to publish posts in this post type.";
                return Err(error(403, "rest_cannot_publish", sorry));
            }
            let date: Option<Timestamp> = one("date_gmt").and_then(|date| format!("{date}Z").parse().ok());
            let later = date.is_some_and(|date| date > now);
            article.status = if status == "publish" && later { "future".into() } else { status };
        }
        if let Some(slug) = one("slug") {
            article.slug = sanitized(&slug);
        }
        Ok(article)
    }

    fn store(&self, ask: &Ask, id: u64, mut article: Article, stage: &Stage) -> Answer {
        let out = article.status == "publish";
        let first = out && article.published.is_none();
        if out {
            // Drafts keep what they were given; what is public is unique.
            let wanted = if article.slug.is_empty() { sanitized(&article.title) } else { article.slug.clone() };
            article.slug = self.unique(&wanted, id);
        }
        if first {
            article.published = Some(stage.now());
        }
        lock(&self.posts).insert(id, article.clone());
        let shown = self.post(id, &article, true, stage.now());
        let answer = Answer::json(200, &shown);
        if !out {
            return answer;
        }
        let text = article.text();
        if first {
            let url = link(id, &article);
            let draft = Draft { id: id.to_string(), url, account: article.author, text, native: shown };
            stage.publish(ask, draft);
        } else {
            stage.change(&id.to_string(), &text, shown);
        }
        answer.made(&id.to_string())
    }

    /// The slug, or the first of `slug-2`, `slug-3`… that no other public post has.
    fn unique(&self, slug: &str, id: u64) -> String {
        let posts = lock(&self.posts);
        let free = |slug: &str| {
            !posts.iter().any(|(other, post)| *other != id && post.status == "publish" && post.slug == slug)
        };
        let mut candidates = std::iter::once(slug.to_owned()).chain((2..).map(|n| format!("{slug}-{n}")));
        candidates.find(|candidate| free(candidate)).unwrap_or_default()
    }

    pub(super) fn show(&self, ask: &Ask, id: &str, user: Option<&str>, stage: &Stage) -> Result<Answer, Answer> {
        let id = number(id)?;
        let article = lock(&self.posts).get(&id).cloned().ok_or_else(invalid_id)?;
        let edit = ask.param("context") == Some("edit");
        if user.is_none() && (edit || article.status != "publish") {
            return Err(error(401, "rest_forbidden", "Sorry, you are not allowed to do that."));
        }
        Ok(Answer::json(200, &self.post(id, &article, edit, stage.now())))
    }

    pub(super) fn list(&self, ask: &Ask, user: Option<&str>, stage: &Stage) -> Result<Answer, Answer> {
        let wanted: Vec<&str> = ask.param("status").unwrap_or("publish").split(',').collect();
        if user.is_none() && wanted != ["publish"] {
            return Err(invalid("status", "Status is forbidden."));
        }
        let edit = ask.param("context") == Some("edit");
        let listed = stage.listed(user.unwrap_or_default(), usize::MAX, |_| true);
        let posts = lock(&self.posts).clone();
        let shown = posts.iter().rev().filter(|(id, article)| {
            let is_listed = article.status != "publish" || listed.iter().any(|post| post.id == id.to_string());
            (wanted.contains(&"any") || wanted.contains(&article.status.as_str()))
                && ask.param("slug").is_none_or(|slug| article.slug == slug)
                && (is_listed || user.is_none())
        });
        let page = ask.param("per_page").and_then(|most| most.parse().ok()).unwrap_or(10);
        Ok(Answer::json(200, &shown.take(page).map(|(id, post)| self.post(*id, post, edit, stage.now())).collect()))
    }

    pub(super) fn remove(&self, ask: &Ask, id: &str, user: Option<&str>, stage: &Stage) -> Result<Answer, Answer> {
        let id = number(id)?;
        user.ok_or_else(|| error(401, "rest_cannot_delete", "Sorry, you are not allowed to delete this post."))?;
        let mut posts = lock(&self.posts);
        let article = posts.get_mut(&id).ok_or_else(invalid_id)?;
        article.status = "trash".into();
        let gone = article.clone();
        if [ask.param("force"), ask.field("force")].contains(&Some("true")) {
            posts.remove(&id);
        }
        drop(posts);
        stage.delete(&id.to_string());
        Ok(Answer::json(200, &self.post(id, &gone, true, stage.now())))
    }

    fn post(&self, id: u64, article: &Article, edit: bool, now: Timestamp) -> Value {
        let text = |text: &str| if edit { json!({"raw": text, "rendered": text}) } else { json!({"rendered": text}) };
        let date = format!("{:.0}", article.published.unwrap_or(now)).trim_end_matches('Z').to_owned();
        json!({
            "id": id,
            "date": date,
            "date_gmt": date,
            "slug": article.slug,
            "status": article.status,
            "type": "post",
            "link": link(id, article),
            "title": text(&article.title),
            "content": text(&article.content),
            "excerpt": text(&article.excerpt),
            "author": 1,
            "featured_media": article.featured_media,
            "featured": lock(&self.media).get(&article.featured_media),
            "categories": article.terms["categories"],
            "tags": article.terms["tags"],
        })
    }
}

impl Article {
    /// What a reader reads: the title, and the text of the content.
    fn text(&self) -> String {
        let mut text = String::new();
        let mut rest = format!("{}\n{}", self.title, self.content);
        while let Some(start) = rest.find('<') {
            text.push_str(&rest[..start]);
            let end = rest[start..].find('>').map_or(rest.len(), |end| start + end + 1);
            rest = rest[end..].to_owned();
        }
        text.push_str(&rest);
        let entities = [("&#91;", "["), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        let plain = entities.iter().fold(text, |text, (entity, c)| text.replace(entity, c));
        plain.trim().to_owned()
    }
}

fn link(id: u64, article: &Article) -> String {
    match article.status.as_str() {
        "publish" => format!("https://blog.test/{}/", article.slug),
        _ => format!("https://blog.test/?p={id}"),
    }
}

/// What WordPress makes of a slug: lower case, words joined by hyphens.
fn sanitized(slug: &str) -> String {
    let kept: String =
        slug.to_lowercase().chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { ' ' }).collect();
    kept.split_whitespace().collect::<Vec<_>>().join("-")
}

fn number(id: &str) -> Result<u64, Answer> {
    id.parse().map_err(|_| super::no_route())
}

fn invalid_id() -> Answer {
    error(404, "rest_post_invalid_id", "Invalid post ID.")
}

fn invalid(name: &str, why: &str) -> Answer {
    let message = format!("Invalid parameter(s): {name}");
    Answer::json(
        400,
        &json!({"code": "rest_invalid_param", "message": message, "data": {"status": 400, "params": {name: why}}}),
    )
}

pub(super) fn cannot_create(status: u16) -> Answer {
    error(status, "rest_cannot_create", "Sorry, you are not allowed to create posts as this user.")
}
