//! Posts.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{X, forbidden, invalid, media, not_found, words};
use crate::fake::{Answer, Ask, Draft, Post, Stage, lock};

const FIELDS: [&str; 5] = ["text", "media", "reply", "reply_settings", "made_with_ai"];
const REPLY_SETTINGS: [&str; 4] = ["following", "mentionedUsers", "subscribers", "verified"];
const SHORT: usize = 280;
const LONG: usize = 25_000;

impl X {
    pub(super) fn create(&self, ask: &Ask, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        let body = ask.json();
        let fields = body.as_object().ok_or_else(|| invalid("the body is no object"))?;
        if let Some(name) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Err(invalid(&format!("$.{name}: is not defined in the schema and the schema does not allow it")));
        }
        if body["reply_settings"].as_str().is_some_and(|value| !REPLY_SETTINGS.contains(&value)) {
            return Err(invalid("$.reply_settings: does not have a value in the enumeration"));
        }
        let text = body["text"].as_str().unwrap_or_default();
        let most = if lock(&self.knobs).long_posts { LONG } else { SHORT };
        if words::length(text) > most {
            return Err(invalid("Your Tweet text is too long."));
        }
        let media = self.attached(&body["media"]["media_ids"], account, stage.now())?;
        if text.trim().is_empty() && media.is_empty() {
            return Err(invalid("Tweet text or media is required."));
        }
        let reply_to = body.pointer("/reply/in_reply_to_tweet_id").and_then(Value::as_str);
        if let Some(parent) = reply_to.filter(|id| stage.post(id).is_none()) {
            return Err(not_found("tweet", parent));
        }
        if self.is_repeated(account, text, stage) {
            return Err(forbidden("You are not allowed to create a Tweet with duplicate content."));
        }
        let id = stage.new_id().to_string();
        let keys: Vec<String> = media.iter().map(|(key, _)| key.clone()).collect();
        let (shown, entities) = words::shown(&id, text, &keys);
        let native = json!({
            "text": shown,
            "entities": entities,
            "reply_to": reply_to,
            "media_keys": keys,
            "alt_texts": media.into_iter().map(|(_, alt)| alt).collect::<Vec<_>>(),
            "reply_settings": body["reply_settings"],
        });
        let url = format!("https://x.com/{account}/status/{id}");
        let made = json!({"data": {"id": id, "text": shown, "edit_history_tweet_ids": [id]}});
        stage.publish(ask, Draft { id: id.clone(), url, account: account.into(), text: text.into(), native });
        Ok(Answer::json(201, &made).made(&id))
    }

    /// The media's keys and descriptions.
    fn attached(&self, ids: &Value, account: &str, now: Timestamp) -> Result<Vec<(String, Option<String>)>, Answer> {
        let ids: Vec<&str> = ids.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let uploads = lock(&self.uploads);
        let mut media = Vec::new();
        for id in &ids {
            let upload = uploads.get(*id).filter(|upload| upload.is_usable(account, now));
            let upload = upload.ok_or_else(|| invalid("Your media IDs are invalid."))?;
            if ids.len() > 1 && upload.category != "tweet_image" {
                return Err(forbidden("You can only add one video or GIF, or a maximum of 4 items."));
            }
            media.push((media::key(id, &upload.category), upload.alt.clone()));
        }
        if media.len() > 4 {
            return Err(forbidden("You can only add a maximum of 4 items."));
        }
        Ok(media)
    }

    /// The guard knows what was posted, whether listings show it yet or not.
    fn is_repeated(&self, account: &str, text: &str, stage: &Stage) -> bool {
        let window = Duration::from_secs(lock(&self.knobs).duplicate_window_s);
        let recent = |post: &Post| stage.now() < post.created_at + window;
        !text.is_empty()
            && stage.posts().iter().any(|post| post.account == account && post.text == text && recent(post))
    }

    pub(super) fn show(&self, ask: &Ask, id: &str, stage: &Stage) -> Result<Answer, Answer> {
        let post = stage.post(id).ok_or_else(|| not_found("tweet", id))?;
        Ok(Answer::json(200, &json!({"data": tweet(&post, ask)})))
    }

    pub(super) fn remove(&self, id: &str, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        stage.post(id).filter(|post| post.account == account).ok_or_else(|| not_found("tweet", id))?;
        stage.delete(id);
        Ok(Answer::json(200, &json!({"data": {"deleted": true}})))
    }

    /// Newest first, as the listings of this moment have it.
    pub(super) fn timeline(&self, ask: &Ask, user: &str, stage: &Stage) -> Result<Answer, Answer> {
        let Some(name) = lock(&self.people).get(user).cloned() else {
            let error =
                json!({"title": "Not Found Error", "detail": format!("Could not find user with id: [{user}].")});
            return Ok(Answer::json(200, &json!({"errors": [error]})));
        };
        let most = ask.param("max_results").map_or(Some(10), |most| most.parse().ok());
        let most =
            most.filter(|most| (5..=100).contains(most)).ok_or_else(|| invalid("max_results is not 5 to 100"))?;
        let since = match ask.param("start_time").map(str::parse::<Timestamp>) {
            Some(Err(_)) => return Err(invalid("start_time is no time")),
            Some(Ok(since)) => since,
            None => Timestamp::MIN,
        };
        let below = ask.param("pagination_token").map_or(u64::MAX, |token| token.parse().unwrap_or_default());
        let number = |post: &Post| post.id.parse::<u64>().unwrap_or_default();
        let mut posts = stage.listed(&name, most + 1, |post| post.created_at >= since && number(post) < below);
        let more = posts.len() > most;
        posts.truncate(most);
        let mut body = json!({"meta": {"result_count": posts.len()}});
        if let (Some(first), Some(last)) = (posts.first(), posts.last()) {
            body["data"] = posts.iter().map(|post| tweet(post, ask)).collect();
            body["meta"]["newest_id"] = json!(first.id);
            body["meta"]["oldest_id"] = json!(last.id);
            if more {
                body["meta"]["next_token"] = json!(last.id);
            }
        }
        Ok(Answer::json(200, &body))
    }
}

/// The shape the API gives a post: its id and text, and of the rest what is asked for.
fn tweet(post: &Post, ask: &Ask) -> Value {
    let wanted: Vec<&str> = ask.param("tweet.fields").unwrap_or_default().split(',').collect();
    let native = &post.native;
    let shown = native["text"].as_str().unwrap_or_default();
    let is_long = words::length(&post.text) > SHORT;
    let start: String = shown.chars().take(SHORT - 1).collect();
    let text = if is_long { format!("{start}…") } else { shown.to_owned() };
    let mut tweet = json!({"id": post.id, "text": text, "edit_history_tweet_ids": [post.id]});
    let mut add = |name: &str, value: Value| {
        if wanted.contains(&name) && !value.is_null() {
            tweet[name] = value;
        }
    };
    add("created_at", json!(format!("{:.3}", post.created_at)));
    add("author_id", json!(X::user_id(&post.account)));
    add("entities", native["entities"].clone());
    if let Some(parent) = native["reply_to"].as_str() {
        add("referenced_tweets", json!([{"type": "replied_to", "id": parent}]));
    }
    if native["media_keys"].as_array().is_some_and(|keys| !keys.is_empty()) {
        add("attachments", json!({"media_keys": native["media_keys"]}));
    }
    if is_long {
        add("note_tweet", json!({"text": shown, "entities": native["entities"]}));
    }
    tweet
}
