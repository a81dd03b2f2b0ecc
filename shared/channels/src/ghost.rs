//! Publishes to Ghost, by its Admin API.
//!
//! A repeated creation makes a second post, so nothing visible is ever created: a draft is made first, its id is stored, and the
//! publish point is "publish the post with this id", which may be repeated. A draft whose id was lost is found again by its slug,
//! which is made of the target's id until, just before the publish point, the post gets the slug that readers see.

mod images;
mod lexical;
mod token;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Receipt, Scope};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    About, Account, Answer, Call, Channel, Count, Http, Kind, Known, Limit, Limits, Mark, Objection, Offers, Published,
    Row, Standing, Table, Takes, Threads, TokenLife, Told, Unit,
    address::Address,
    article::{Article, option},
    drafted::{self, HANDLE, slug},
};

const CHECK: &str = "list posts";
const UPLOAD: &str = "upload image";
const FIND: &str = "find draft";
const DRAFT: &str = "write draft";
const RENAME: &str = "name draft";
const SHOW: &str = "read post";
const PUBLISH: &str = "publish draft";
const KEY: &str = "admin_api_key";
/// The version of the API, unless the account's setting `api_version` says otherwise.
const API: &str = "v5.0";
const MOST_PARTS: u16 = 100;
const TITLE: Count = Count::new(Unit::Utf16, 255);
const EXCERPT: Count = Count::new(Unit::Utf16, 300);
const VISIBILITIES: [&str; 3] = ["public", "members", "paid"];
const FEATURED: [&str; 2] = ["first", "none"];
const OFFERS: Offers = Offers {
    limits: &[Limit::text("title", TITLE), Limit::text("excerpt", EXCERPT)],
    settings: Known::These(&["title", "slug", "excerpt", "tags", "visibility", "featured_image", "newsletter"]),
    account_settings: &["tags", "visibility", "excerpt", "slug", "featured_image", "api_version", "insecure"],
    ..Offers::media(50, 0)
};

const TAKES: &[Takes] = &[Takes::new(Kind::PICTURES, u64::MAX)];

/// What a site's answers mean. Where an error has no code its type counts: the status lies now and then.
pub static TABLE: Table = Table {
    code_at: &["/errors/0/code", "/errors/0/type"],
    text_at: &["/errors/0/context", "/errors/0/message"],
    told: &[Told::RetryAfter],
    rows: &[
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        // Each call has a token of its own: only a clock that is wrong makes one end too soon.
        Row::on(401).coded("INVALID_JWT").saying("expired").retry(Code::TOKEN_EXPIRED, Scope::Account),
        Row::on(401).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(400).coded("INVALID_JWT").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(403).coded("NoPermissionError").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(404).coded("NotFoundError").never(Code::REFERENCE_GONE),
        Row::on(406).coded("RequestNotAcceptableError").fix(Code::APP_MISCONFIGURED, Scope::Account, Fix::Setup),
        // Somebody has written the post since we read it, and that may have been our own call.
        Row::on(409).in_doubt().retry(Code::UNCLEAR_ANSWER, Scope::Post),
        Row::on(413).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(415).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(422).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(413).at(DRAFT).never(Code::CONTENT_REFUSED),
        Row::on(422).at(DRAFT).never(Code::CONTENT_REFUSED),
        // "Please try again", it says of JSON that it cannot read.
        Row::on(400).at(DRAFT).coded("InternalServerError").never(Code::CONTENT_REFUSED),
        Row::on(422).coded("ValidationError").never(Code::CONTENT_REFUSED),
    ],
};

/// Ghost.
pub struct Ghost {
    http: Http,
    about: About,
}

/// What we read of a post.
#[derive(Debug, Deserialize)]
struct Post {
    id: String,
    slug: String,
    status: String,
    updated_at: String,
    url: Option<String>,
}

impl Post {
    /// The proof, if the post is out.
    fn receipt(self) -> Option<Receipt> {
        let out = self.status == "published" && !self.id.is_empty();
        out.then(|| Receipt { id: self.id, url: self.url.filter(|url| !url.is_empty()) })
    }
}

#[derive(Deserialize)]
struct Posts {
    posts: Vec<Post>,
}

/// The post in an answer of success.
fn post(answer: &Answer) -> Option<Post> {
    let posts: Posts = answer.json().filter(|_| answer.is_success())?;
    posts.posts.into_iter().next()
}

impl Ghost {
    /// The channel's name.
    pub const NAME: &str = "ghost";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Ghost",
            repeat: drafted::REPEAT,
            limits: Limits { text: &[], media: 50, takes: TAKES },
            threads: Threads::Whole(MOST_PARTS),
            offers: OFFERS,
            server: None,
            secrets: &[KEY],
            settings: &[],
            tokens: TokenLife::MadeByUs,
            arms: None,
            oauth: None,
        };
        Self { http, about }
    }

    fn request(&self, method: Method, account: &Account, path: &str) -> Result<RequestBuilder, Failure> {
        let token = token::make(account.secret(KEY)?, self.http.runtime().now())?;
        let url = account.url(&format!("ghost/api/admin/{path}/"));
        let version = account.setting("api_version").unwrap_or(API);
        let request = self.http.request(method, url).header("accept-version", version);
        Ok(request.header("authorization", format!("Ghost {token}")))
    }

    /// The target's draft, which holds what is to go out, as the site has it now.
    async fn draft(&self, call: &mut Call<'_>) -> Result<Post, Failure> {
        if let Some(id) = call.handle(HANDLE).map(str::to_owned) {
            let Some(post) = self.read(SHOW, call.account, &format!("posts/{id}")).await? else {
                // Somebody has deleted the draft. Whoever sends the post again means a new one.
                call.forget(HANDLE).await?;
                return Err(gone(&id));
            };
            return Ok(post);
        }
        let account = call.account;
        let article = Article::with_link(call.draft);
        let images = self.images(call, &article).await?;
        let mut body = contents(call.draft, account, &article, &images);
        let slug = slug(call);
        body["slug"] = json!(slug);
        // A draft that an earlier try has made is written anew: the post may have been edited since.
        let found = self.read(FIND, account, &format!("posts/slug/{slug}")).await?;
        let request = match found.filter(|post| post.status == "draft") {
            Some(post) => {
                body["updated_at"] = json!(post.updated_at);
                self.request(Method::PUT, account, &format!("posts/{}", post.id))?
            }
            None => self.request(Method::POST, account, "posts")?,
        };
        let answer = self.http.free(DRAFT, request.json(&json!({ "posts": [body] }))).await?;
        let made = post(&answer).filter(|post| !post.id.is_empty());
        let made = made.ok_or_else(|| TABLE.judge(&answer, account))?;
        call.keep(HANDLE, &made.id).await?;
        Ok(made)
    }

    /// Gives the draft the slug that readers see. The site makes it unique.
    async fn named(&self, call: &Call<'_>, draft: Post) -> Result<Post, Failure> {
        if draft.slug != slug(call) || draft.status != "draft" {
            return Ok(draft);
        }
        let article = Article::of(call.draft);
        let name = option(call.draft, call.account, "slug").unwrap_or(&article.title);
        let body = json!({ "posts": [{ "slug": name, "updated_at": draft.updated_at }] });
        let request = self.request(Method::PUT, call.account, &format!("posts/{}", draft.id))?;
        let answer = self.http.free(RENAME, request.json(&body)).await?;
        post(&answer).ok_or_else(|| TABLE.judge(&answer, call.account))
    }

    /// Reads a post. `None`: there is none.
    async fn read(&self, step: &'static str, account: &Account, path: &str) -> Result<Option<Post>, Failure> {
        let answer = self.http.free(step, self.request(Method::GET, account, path)?).await?;
        if let Some(post) = post(&answer) {
            return Ok(Some(post));
        }
        let failure = TABLE.judge(&answer, account);
        if failure.code == Code::REFERENCE_GONE { Ok(None) } else { Err(failure) }
    }
}

#[async_trait]
impl Channel for Ghost {
    fn about(&self) -> &About {
        &self.about
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let mut objections = self.about.limits.check(draft, MOST_PARTS);
        if objections.is_empty() {
            objections.extend(Article::of(draft).check_title(draft, TITLE));
        }
        let setting = |name: &str| draft.0.settings.get(name).map(String::as_str);
        for (name, known) in [("visibility", &VISIBILITIES[..]), ("featured_image", &FEATURED[..])] {
            if setting(name).is_some_and(|value| !known.contains(&value)) {
                let message = format!("the value of \"{name}\" is none that Ghost knows");
                let remedy = format!("use {}", known.join(", "));
                objections.push(Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy));
            }
        }
        let length = EXCERPT.of(setting("excerpt").unwrap_or_default());
        if length > EXCERPT.most {
            let message = format!("the excerpt has {length} characters; the channel takes {}", EXCERPT.most);
            let objection = Objection::new("settings.excerpt", Code::TEXT_TOO_LONG, message, "shorten it");
            objections.push(objection.with_excess(length, EXCERPT.most));
        }
        objections
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        if call.receipt(0).is_some() {
            return Ok(Published::Out);
        }
        let account = call.account;
        let draft = self.draft(call).await?;
        let draft = self.named(call, draft).await?;
        let body = json!({ "posts": [{ "status": "published", "updated_at": draft.updated_at }] });
        let mut request = self.request(Method::PUT, account, &format!("posts/{}", draft.id))?.json(&body);
        // Only the post itself can ask for an e-mail: it cannot be taken back.
        let newsletter = call.draft.0.settings.get("newsletter").filter(|name| !name.is_empty());
        if let Some(newsletter) = newsletter.filter(|_| draft.status == "draft") {
            request = request.query(&[("newsletter", newsletter)]);
        }
        let point = call.publish_point(PUBLISH, 0).await?;
        let answer = self.http.publish(point, request).await?;
        let receipt = post(&answer).and_then(Post::receipt).ok_or_else(|| TABLE.judge(&answer, account))?;
        call.out(0, receipt).await?;
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        let Some(id) = mark.handle(HANDLE) else { return Ok(drafted::without_id()) };
        let post = self.read(SHOW, mark.account, &format!("posts/{id}")).await?;
        let status = post.as_ref().map(|post| post.status.clone());
        Ok(drafted::finding(post.map(Post::receipt).zip(status.as_deref())))
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        let query = [("limit", "1"), ("fields", "id,slug,status,updated_at,url")];
        let answer = self.http.free(CHECK, self.request(Method::GET, account, "posts")?.query(&query)).await?;
        answer.json::<Posts>().filter(|_| answer.is_success()).ok_or_else(|| TABLE.judge(&answer, account))?;
        let id = account.secret(KEY)?.reveal().split(':').next().unwrap_or_default().to_owned();
        Ok(Standing::good(format!("integration {id}")))
    }

    /// Posts are known by their site.
    fn places(&self, post: &Receipt) -> Vec<String> {
        post.url.as_deref().and_then(Address::read).and_then(|address| address.host()).into_iter().collect()
    }
}

/// What the draft holds.
fn contents(draft: &Draft, account: &Account, article: &Article, images: &[Vec<images::Image>]) -> Value {
    let featured = images::featured(draft, account, images);
    let mut body = json!({
        "status": "draft",
        "title": article.title,
        "lexical": lexical::document(article, images, featured).to_string(),
    });
    if let Some(image) = featured {
        body["feature_image"] = json!(image.url);
        body["feature_image_alt"] = json!(image.alt);
    }
    for (name, field) in [("visibility", "visibility"), ("excerpt", "custom_excerpt")] {
        if let Some(value) = option(draft, account, name) {
            body[field] = json!(value);
        }
    }
    if let Some(tags) = option(draft, account, "tags") {
        let names = tags.split(',').map(str::trim).filter(|name| !name.is_empty());
        body["tags"] = names.map(|name| json!({ "name": name })).collect();
    }
    body
}

fn gone(id: &str) -> Failure {
    Failure {
        code: Code::REFERENCE_GONE,
        landed: domain::Landed::No,
        worth: domain::Worth::Never,
        scope: Scope::Post,
        step: SHOW.into(),
        said: domain::PlatformWords::text(format!("the draft {id} is not there any more")),
    }
}
