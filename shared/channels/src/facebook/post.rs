//! A post with a text, a link or photos: made unpublished, then published by its id; or, if the account says so, in one call.

use domain::{Code, Draft, Failure, Finding, Landed, Media, Receipt, Scope, Worth};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{ADDRESS_WITHIN, DIRECT, DRAFT, DRAFTS, Facebook, PUBLISH, SHOW, check, edge};
use crate::{
    Account, Answer, Call, Kind,
    graph::{Graph, containers::LOOK_UP, failure},
    media::refused,
    text,
};

/// The handle that holds the id of the unpublished post, and the one that holds when it was last tried to make one.
pub(super) const ID: &str = "draft";
pub(super) const TRIED: &str = "drafting";

/// What goes out.
pub(super) struct Post {
    /// What it says.
    pub text: String,
    /// What it links to, beside the text.
    link: Option<String>,
    /// What it shows.
    pub media: Vec<Media>,
}

/// What we read of a post.
#[derive(Deserialize)]
pub(super) struct Shown {
    pub is_published: Option<bool>,
    permalink_url: Option<String>,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

/// What came of making a post unpublished.
enum Drafted {
    /// It waits to be published.
    Waits(String),
    /// It is out already, though nobody asked for that.
    Out(Receipt),
}

impl Post {
    /// The draft's post. A link beside photos stands in the text: Facebook shows the one or the other.
    pub fn of(draft: &Draft) -> Self {
        if draft.0.media.is_empty() {
            return Self { text: draft.0.text.clone(), link: draft.0.link.clone(), media: vec![] };
        }
        let first = text::parts(draft).into_iter().next().unwrap_or_default();
        Self { text: first.text, link: None, media: first.media }
    }

    /// Its video, if it is one. Facebook takes a video alone.
    pub async fn video(&self, graph: &Graph, call: &mut Call<'_>) -> Result<Option<&Media>, Failure> {
        for media in &self.media {
            // By the address's ending, else by the first bytes of the file that goes out.
            let is_video = match Kind::says_video(&media.url) {
                Some(says) => says,
                None => !graph.http.media().open(call, media, check::TAKES).await?.kind.is_image(),
            };
            if is_video {
                let alone = self.media.len() == 1;
                return if alone { Ok(Some(media)) } else { Err(refused(check::ALONE.into())) };
            }
        }
        Ok(None)
    }
}

impl Facebook {
    pub(super) async fn publish_post(&self, call: &mut Call<'_>, post: &Post) -> Result<Receipt, Failure> {
        if call.account.setting(DRAFTS) == Some("none") && call.handle(ID).is_none() {
            return self.publish_at_once(call, post).await;
        }
        let id = match self.draft(call, post).await? {
            Drafted::Waits(id) => id,
            Drafted::Out(receipt) => return Ok(receipt),
        };
        let account = call.account;
        let request = self.graph.post(account, &id, &[("is_published", "true".into())])?;
        let point = call.publish_point(PUBLISH, 0).await?;
        let answer = self.graph.http.publish(point, request).await?;
        if is_done(&answer) {
            return Ok(self.receipt(account, id).await);
        }
        let failure = self.graph.judge(&answer, account);
        if failure.code != Code::DUPLICATE_REFUSED {
            return Err(failure);
        }
        // The post that it repeats may be itself, published by a call whose answer was lost.
        match self.shown(account, &id).await.map(|shown| shown.is_published) {
            Ok(Some(true)) => Ok(self.receipt(account, id).await),
            Ok(Some(false)) => Err(Failure { landed: Landed::No, scope: Scope::Post, worth: Worth::Never, ..failure }),
            _ => Err(failure),
        }
    }

    /// The post, unpublished, its id stored.
    async fn draft(&self, call: &mut Call<'_>, post: &Post) -> Result<Drafted, Failure> {
        if let Some(id) = call.handle(ID) {
            return Ok(Drafted::Waits(id.to_owned()));
        }
        if let Some(tried) = call.handle(TRIED).and_then(|at| at.parse().ok())
            && let Some(receipt) = self.out_already(call, post, tried).await?
        {
            return Ok(Drafted::Out(receipt));
        }
        let account = call.account;
        let mut fields = self.fields(call, post).await?;
        fields.push(("published", "false".into()));
        call.keep(TRIED, &format!("{:.3}", self.graph.http.runtime().now())).await?;
        let request = self.graph.post(account, &edge(account, "feed"), &fields)?;
        let failure = match self.graph.http.free(DRAFT, request).await {
            Ok(answer) => {
                if let Some(id) = made(&answer) {
                    call.keep(ID, &id).await?;
                    return Ok(Drafted::Waits(id));
                }
                let failure = self.graph.judge(&answer, account);
                // Else only what would prove at a publish point that nothing is out proves that nothing was made.
                let at_point = self.graph.judge(&Answer { point: true, ..answer }, account);
                if refuses_the_post(&failure) || at_point.landed == Landed::No {
                    call.forget(TRIED).await?;
                    return Err(failure);
                }
                failure
            }
            Err(failure) if failure.code == Code::UNREACHABLE => {
                call.forget(TRIED).await?;
                return Err(failure);
            }
            Err(failure) => failure,
        };
        Err(looked_for_first(failure, self.graph.http.runtime().now()))
    }

    /// The post, if a try to make it unpublished, whose answer was lost, has published it: that was reported of posts with photos and
    /// links. It is looked for before another is made.
    async fn out_already(&self, call: &Call<'_>, post: &Post, tried: Timestamp) -> Result<Option<Receipt>, Failure> {
        if self.graph.http.runtime().now() < sure_after(tried) {
            let said = "what became of an earlier call to make the post, unpublished, is not known; no call was made now: the page's \
                        posts are looked through first, once they surely show it";
            let early = Failure { scope: Scope::Channel, ..failure(Code::OUT_OF_ORDER, DRAFT, said) };
            return Err(looked_for_first(early, tried));
        }
        match self.listed(&call.mark(0), post, tried).await? {
            Finding::Found(receipt) => Ok(Some(receipt)),
            Finding::Absent => Ok(None),
            Finding::CannotTell(why) => {
                let unclear = failure(Code::NO_PROOF, DRAFT, &why);
                Err(Failure { landed: Landed::Unknown, scope: Scope::Channel, ..unclear })
            }
        }
    }

    async fn publish_at_once(&self, call: &mut Call<'_>, post: &Post) -> Result<Receipt, Failure> {
        let account = call.account;
        let fields = self.fields(call, post).await?;
        let request = self.graph.post(account, &edge(account, "feed"), &fields)?;
        let point = call.publish_point(DIRECT, 0).await?;
        let answer = self.graph.http.publish(point, request).await?;
        match made(&answer) {
            Some(id) => Ok(self.receipt(account, id).await),
            None => Err(self.graph.judge(&answer, account)),
        }
    }

    /// What the post holds. Its photos are uploaded before.
    async fn fields(&self, call: &mut Call<'_>, post: &Post) -> Result<Vec<(&'static str, String)>, Failure> {
        // Its meaning is not documented: it does no harm, and may help to tell a repeat.
        let mut fields = vec![("client_mutation_id", call.key(0))];
        if !post.text.is_empty() {
            fields.push(("message", post.text.clone()));
        }
        fields.extend(post.link.clone().map(|link| ("link", link)));
        if !post.media.is_empty() {
            let ids = self.photos(call, &post.media).await?;
            let attached: Vec<_> = ids.into_iter().map(|id| json!({ "media_fbid": id })).collect();
            fields.push(("attached_media", json!(attached).to_string()));
        }
        Ok(fields)
    }

    /// The proof of a post that is out. It is out whether its address can be read or not.
    pub(super) async fn receipt(&self, account: &Account, id: String) -> Receipt {
        let shown = self.shown(account, &id).await.ok();
        proof(id, shown.and_then(|shown| shown.permalink_url))
    }

    pub(super) async fn shown(&self, account: &Account, id: &str) -> Result<Shown, Failure> {
        let request = self.graph.get(account, id, &[("fields", "is_published,permalink_url")])?;
        self.graph.ask(SHOW, account, request.timeout(ADDRESS_WITHIN)).await
    }
}

impl Shown {
    /// The proof, if the post of this id is out.
    pub fn proof(self, id: &str) -> Option<Receipt> {
        (self.is_published == Some(true)).then(|| proof(id.to_owned(), self.permalink_url))
    }
}

/// A proof with the address where people see it. Facebook names some addresses by their path only.
pub(super) fn proof(id: String, address: Option<String>) -> Receipt {
    let url = match address {
        Some(path) if path.starts_with('/') => format!("https://www.facebook.com{path}"),
        Some(url) if url.starts_with("https://") => url,
        _ => format!("https://www.facebook.com/{id}"),
    };
    Receipt { id, url: Some(url) }
}

/// When a post that a call at `tried` may have published shows surely among the page's posts.
fn sure_after(tried: Timestamp) -> Timestamp {
    tried.checked_add(LOOK_UP.sure_after).unwrap_or(Timestamp::MAX)
}

/// Whether an answer is about what the post holds: Facebook has read it and made nothing of it.
fn refuses_the_post(failure: &Failure) -> bool {
    let codes = [Code::MEDIA_UNREACHABLE, Code::MEDIA_NOT_READY, Code::MEDIA_REFUSED, Code::CONTENT_REFUSED];
    codes.contains(&failure.code)
}

/// The same, with the next try no sooner than what the call at `tried` has done can be looked for: an earlier one could do nothing.
fn looked_for_first(failure: Failure, tried: Timestamp) -> Failure {
    let Worth::Retry { not_before } = failure.worth else { return failure };
    Failure { worth: Worth::Retry { not_before: not_before.max(Some(sure_after(tried))) }, ..failure }
}

/// The id of what an answer says was made.
pub(super) fn made(answer: &Answer) -> Option<String> {
    let made: Made = answer.json().filter(|_| answer.is_success())?;
    Some(made.id).filter(|id| !id.trim().is_empty())
}

/// Whether an answer says that something was done: `{"success": true}`, or `true` alone.
pub(super) fn is_done(answer: &Answer) -> bool {
    let body: serde_json::Value = answer.json().filter(|_| answer.is_success()).unwrap_or_default();
    body == json!(true) || body["success"] == json!(true)
}
