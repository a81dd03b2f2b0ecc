//! Posts, comments, listings.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Reddit, error, refusal};
use crate::fake::{Answer, Ask, Draft, Post, Stage, lock};

const LONGEST_TITLE: usize = 300;
const LONGEST_TEXT: usize = 40_000;
const LONGEST_COMMENT: usize = 10_000;

impl Reddit {
    pub(super) fn submit(&self, ask: &Ask, account: &str, stage: &Stage) -> Answer {
        let image = ask.field("kind") == Some("image");
        match self.submitted(ask, account, stage) {
            Ok(made) if image => {
                // Made later: there is no id to tell yet.
                let page = format!("https://www.reddit.com/user/{account}/submitted/");
                let data = json!({"user_submitted_page": page, "websocket_url": "wss://ws.reddit.test/asset"});
                let answer = Answer::json(200, &json!({"json": {"errors": [], "data": data}}));
                if let Some(post) = made { answer.made(&post.id) } else { answer }
            }
            Ok(None) => error(500, "Internal Server Error"),
            Ok(Some(post)) => {
                let id = post.id.trim_start_matches("t3_");
                let data = json!({"url": post.url, "drafts_count": 0, "id": id, "name": post.id});
                Answer::json(200, &json!({"json": {"errors": [], "data": data}})).made(&post.id)
            }
            Err(answer) => answer,
        }
    }

    fn submitted(&self, ask: &Ask, account: &str, stage: &Stage) -> Result<Option<Post>, Answer> {
        let one = |name: &str| ask.field(name).unwrap_or_default();
        let refused = |code: &str, words: &str, field: &str| Err(Answer::json(200, &refusal(code, words, field)));
        let (subreddit, kind) = (one("sr"), one("kind"));
        // White space in titles is tidied up.
        let title = one("title").split_whitespace().collect::<Vec<_>>().join(" ");
        let sr = subreddit.to_lowercase();
        if sr.is_empty() || lock(&self.gone).contains(&sr) {
            return refused("SUBREDDIT_NOEXIST", "that subreddit doesn't exist", "sr");
        }
        if lock(&self.banned).contains(&(account.to_owned(), sr.clone())) {
            return refused("SUBREDDIT_NOTALLOWED", "you aren't allowed to post there.", "sr");
        }
        if title.is_empty() {
            return refused("NO_TEXT", "we need something here", "title");
        }
        if title.chars().count() > LONGEST_TITLE {
            return refused("TOO_LONG", "this is too long (max: 300)", "title");
        }
        if one("text").chars().count() > LONGEST_TEXT {
            return refused("TOO_LONG", "this is too long (max: 40000)", "text");
        }
        let link = one("url");
        match kind {
            "self" => {}
            "link" if link.is_empty() => return refused("NO_URL", "a url is required", "url"),
            "link" if !link.starts_with("http") => return refused("BAD_URL", "you should check that url", "url"),
            "link" => {
                let again = ["true", "True", "1"].contains(&one("resubmit"));
                if !again && lock(&self.links).contains_key(&(sr.clone(), link.to_owned())) {
                    return refused("ALREADY_SUB", "that link has already been submitted", "url");
                }
            }
            "image" if !lock(&self.files).contains(link) => {
                return refused("BAD_URL", "you should check that url", "url");
            }
            "image" if lock(&self.knobs).loses_images => return Ok(None),
            "image" => {}
            _ => return refused("INVALID_OPTION", "that option is not valid", "kind"),
        }
        self.wait(account, &sr, ask)?;

        let id = self.new_id();
        let name = format!("t3_{id}");
        let slug: String =
            title.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let permalink = format!("/r/{subreddit}/comments/{id}/{}/", &slug[..slug.len().min(50)]);
        let url = format!("https://www.reddit.com{permalink}");
        let native = json!({
            "id": id, "name": name, "subreddit": subreddit, "title": title, "is_self": kind == "self",
            "selftext": one("text"), "url": if kind == "self" { &url } else { link }, "permalink": permalink, "author": account,
            "over_18": one("nsfw") == "true", "spoiler": one("spoiler") == "true", "link_flair_text": one("flair_text"),
            "removed_by_category": null, "num_comments": 0,
        });
        if kind == "link" {
            lock(&self.links).insert((sr, link.to_owned()), name.clone());
        }
        let text = format!("{title}\n{}", one("text")).trim().to_owned();
        let mut ask = ask.clone();
        if kind == "image" {
            ask.list_late = ask.list_late.max(Duration::from_secs(lock(&self.knobs).image_after_s));
        }
        Ok(Some(stage.publish(&ask, Draft { id: name, url, account: account.into(), text, native })))
    }

    /// The limiter that knows an account and a subreddit.
    fn wait(&self, account: &str, subreddit: &str, ask: &Ask) -> Result<(), Answer> {
        let every = Duration::from_secs(lock(&self.knobs).post_every_s);
        let mut last = lock(&self.last);
        let key = (account.to_owned(), subreddit.to_owned());
        let next = last.get(&key).map(|at| *at + every).filter(|next| *next > ask.at);
        if let Some(next) = next {
            return Err(limited(u64::try_from(next.duration_since(ask.at).as_secs()).unwrap_or_default() + 1));
        }
        last.insert(key, ask.at);
        Ok(())
    }

    pub(super) fn comment(&self, ask: &Ask, account: &str, stage: &Stage) -> Answer {
        let one = |name: &str| ask.field(name).unwrap_or_default();
        let (parent, text) = (one("thing_id"), one("text"));
        let refused = |code: &str, words: &str, field: &str| Answer::json(200, &refusal(code, words, field));
        let Some(above) = stage.post(parent) else {
            return refused("DELETED_COMMENT", "that comment has been deleted", "parent");
        };
        if text.trim().is_empty() {
            return refused("NO_TEXT", "we need something here", "text");
        }
        if text.chars().count() > LONGEST_COMMENT {
            return refused("TOO_LONG", "this is too long (max: 10000)", "text");
        }
        let id = self.new_id();
        let name = format!("t1_{id}");
        let link = above.native["link_id"].as_str().unwrap_or(parent).to_owned();
        let permalink = format!("/r/{}/comments/{}/_/{id}/", text_of(&above.native, "subreddit"), &link[3..]);
        let native = json!({
            "id": id, "name": name, "link_id": link, "parent_id": parent, "body": text, "permalink": permalink,
            "subreddit": above.native["subreddit"], "author": account, "replies": "",
        });
        let url = format!("https://www.reddit.com{permalink}");
        let post =
            stage.publish(ask, Draft { id: name.clone(), url, account: account.into(), text: text.into(), native });
        let things = json!([child(&post)]);
        Answer::json(200, &json!({"json": {"errors": [], "data": {"things": things}}})).made(&name)
    }

    /// What an account has made, newest first, a hundred at most, removed ones included.
    pub(super) fn list(&self, ask: &Ask, user: &str, kind: &str, stage: &Stage) -> Result<Answer, Answer> {
        let start = match kind {
            "submitted" => "t3_",
            "comments" => "t1_",
            "overview" => "t",
            _ => return Err(error(404, "Not Found")),
        };
        let limit = ask.param("limit").and_then(|limit| limit.parse().ok()).unwrap_or(25).min(100);
        let all = stage.listed(user, usize::MAX, |post| post.id.starts_with(start));
        let from = match ask.param("after") {
            Some(after) => all.iter().position(|post| post.id == after).map_or(all.len(), |at| at + 1),
            None => 0,
        };
        let page: Vec<&Post> = all.iter().skip(from).take(limit).collect();
        let after = page.last().filter(|_| from + page.len() < all.len()).map(|post| post.id.clone());
        let children: Vec<Value> = page.into_iter().map(child).collect();
        let data = json!({"after": after, "before": null, "dist": children.len(), "children": children});
        Ok(Answer::json(200, &json!({"kind": "Listing", "data": data})))
    }

    /// A post and the comments under it.
    pub(super) fn show(&self, id: &str, stage: &Stage) -> Result<Answer, Answer> {
        let name = format!("t3_{id}");
        let post = stage.post(&name).ok_or_else(|| error(404, "Not Found"))?;
        let listing = |children: Vec<Value>| json!({"kind": "Listing", "data": {"after": null, "before": null, "children": children}});
        let under = stage.posts().into_iter().filter(|other| other.native["parent_id"] == name.as_str());
        Ok(Answer::json(200, &json!([listing(vec![child(&post)]), listing(under.map(|post| child(&post)).collect())])))
    }
}

/// The limiter of posts.
pub(super) fn limited(seconds: u64) -> Answer {
    let words = match seconds {
        0..60 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds / 60),
    };
    let words = format!("Looks like you've been doing that a lot. Take a break for {words} before trying again.");
    let mut body = refusal("RATELIMIT", &words, "ratelimit");
    body["json"]["ratelimit"] = json!(seconds as f64 + 0.2);
    Answer::json(200, &body)
}

fn child(post: &Post) -> Value {
    let mut data = post.native.clone();
    data["created_utc"] = json!(post.created_at.as_second() as f64);
    json!({"kind": &post.id[..2], "data": data})
}

fn text_of<'a>(native: &'a Value, name: &str) -> &'a str {
    native[name].as_str().unwrap_or_default()
}
