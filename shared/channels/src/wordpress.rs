//! Publishes to WordPress, by its REST API.
//!
//! A repeated creation makes a second post, so nothing visible is ever created: a draft is made first, its id is stored, and the
//! publish point is "publish the post with this id", which may be repeated. A draft whose id was lost is found again by its slug,
//! which is made of the target's id.

mod html;
mod media;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Receipt, Scope};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    About, Account, Call, Channel, Count, Http, Known, Limit, Limits, Mark, Objection, Offers, Published, Row,
    Standing, Table, Takes, Threads, TokenLife, Told, Unit,
    address::Address,
    article::{Article, option},
    drafted::{self, HANDLE, slug},
};

const WHO: &str = "read user";
const UPLOAD: &str = "upload media";
const DESCRIBE: &str = "describe media";
const FIND: &str = "find draft";
const DRAFT: &str = "write draft";
const PUBLISH: &str = "publish draft";
const SHOW: &str = "read post";
const PASSWORD: &str = "application_password";
/// The version of the API, unless the account's setting `api_version` says otherwise.
const API: &str = "wp/v2";
const MOST_PARTS: u16 = 100;
/// The database's column for titles.
const TITLE: Count = Count::new(Unit::Bytes, 65_535);
const FEATURED: [&str; 2] = ["first", "none"];
const CAPABILITIES: [&str; 3] = ["edit_posts", "publish_posts", "upload_files"];
const OFFERS: Offers = Offers {
    limits: &[Limit::text("title", TITLE)],
    settings: Known::These(&["title", "slug", "excerpt", "categories", "tags", "featured_image"]),
    account_settings: &["categories", "tags", "excerpt", "slug", "featured_image", "api_version", "insecure"],
    ..Offers::media(50, 50)
};

/// What a site's answers mean. A status alone proves little: plugins, hosts and PHP itself answer too.
pub static TABLE: Table = Table {
    code_at: &["/code"],
    text_at: &["/message"],
    told: &[Told::RetryAfter],
    rows: &[
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        Row::on(401).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        // Drafts may not be asked for: the site does not take us for the user.
        Row::on(400).at(FIND).coded("rest_invalid_param").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(403).coded("rest_cannot_create").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(403).coded("rest_cannot_publish").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(403).coded("rest_cannot_edit").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(403).coded("rest_cannot_assign_term").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(403).coded("rest_forbidden").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(404).coded("rest_post_invalid_id").never(Code::REFERENCE_GONE),
        Row::on(404).coded("rest_no_route").fix(Code::APP_MISCONFIGURED, Scope::Account, Fix::Setup),
        Row::on(400).coded("rest_invalid_featured_media").retry(Code::MEDIA_NOT_READY, Scope::Post),
        // Statuses of a server error, and for good all the same.
        Row::on(500).at(UPLOAD).coded("rest_upload_sideload_error").never(Code::MEDIA_REFUSED),
        Row::on(500).at(DRAFT).coded("db_insert_error").never(Code::CONTENT_REFUSED),
        Row::on(500).at(DRAFT).coded("db_update_error").never(Code::CONTENT_REFUSED),
        Row::on(413).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(400).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(413).at(DRAFT).never(Code::CONTENT_REFUSED),
        Row::on(400).coded("rest_invalid_param").never(Code::CONTENT_REFUSED),
        Row::on(400).coded("rest_invalid_json").never(Code::CONTENT_REFUSED),
        Row::on(400).coded("empty_content").never(Code::CONTENT_REFUSED),
    ],
};

/// WordPress.
pub struct WordPress {
    http: Http,
    about: About,
}

/// What we read of a post.
#[derive(Debug, Deserialize)]
struct Post {
    id: u64,
    status: String,
    link: Option<String>,
}

impl Post {
    /// The proof, if the post is out.
    fn receipt(self) -> Option<Receipt> {
        let receipt = Receipt { id: self.id.to_string(), url: self.link.filter(|link| !link.is_empty()) };
        (self.id > 0 && self.status == "publish").then_some(receipt)
    }
}

#[derive(Deserialize)]
struct User {
    slug: String,
    #[serde(default)]
    capabilities: Value,
}

impl WordPress {
    /// The channel's name.
    pub const NAME: &str = "wordpress";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "WordPress",
            repeat: drafted::REPEAT,
            limits: Limits { text: &[], media: 50, takes: Takes::ANY },
            threads: Threads::Whole(MOST_PARTS),
            offers: OFFERS,
            server: None,
            secrets: &[PASSWORD],
            settings: &["username"],
            tokens: TokenLife::Lasting,
            arms: None,
            oauth: None,
        };
        Self { http, about }
    }

    fn request(&self, method: Method, account: &Account, path: &str) -> Result<RequestBuilder, Failure> {
        let password = account.secret(PASSWORD)?;
        let username = account.setting("username").ok_or_else(|| {
            Failure::system(Code::CREDENTIALS_MISSING, "open account", "setting \"username\": the settings name none")
        })?;
        let version = account.setting("api_version").unwrap_or(API);
        let url = account.url(&format!("wp-json/{version}/{path}"));
        Ok(self.http.request(method, url).basic_auth(username, Some(password.reveal())))
    }

    /// The id of the target's draft, which holds what is to go out.
    async fn draft(&self, call: &mut Call<'_>) -> Result<String, Failure> {
        if let Some(id) = call.handle(HANDLE) {
            return Ok(id.to_owned());
        }
        let account = call.account;
        let article = Article::with_link(call.draft);
        let media = self.media(call, &article).await?;
        let body = contents(call.draft, account, &article, &media, &slug(call));
        // A draft that an earlier try has made is written anew: the post may have been edited since.
        let path = match self.find_draft(call).await? {
            Some(post) => format!("posts/{}", post.id),
            None => "posts".into(),
        };
        let answer = self.http.free(DRAFT, self.request(Method::POST, account, &path)?.json(&body)).await?;
        let post: Option<Post> = answer.json().filter(|post: &Post| answer.is_success() && post.id > 0);
        match post {
            Some(post) => {
                let id = post.id.to_string();
                call.keep(HANDLE, &id).await?;
                Ok(id)
            }
            None => {
                let failure = TABLE.judge(&answer, account);
                if failure.code == Code::MEDIA_NOT_READY {
                    media::forget(call, &article).await?;
                }
                Err(failure)
            }
        }
    }

    /// A draft with the target's slug: made by a try whose answer was lost.
    async fn find_draft(&self, call: &Call<'_>) -> Result<Option<Post>, Failure> {
        let slug = slug(call);
        let query = [("slug", slug.as_str()), ("status", "draft"), ("context", "edit")];
        let answer = self.http.free(FIND, self.request(Method::GET, call.account, "posts")?.query(&query)).await?;
        let posts: Option<Vec<Post>> = answer.json().filter(|_| answer.is_success());
        let posts = posts.ok_or_else(|| TABLE.judge(&answer, call.account))?;
        Ok(posts.into_iter().find(|post| post.status == "draft"))
    }
}

#[async_trait]
impl Channel for WordPress {
    fn about(&self) -> &About {
        &self.about
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let mut objections = self.about.limits.check(draft, MOST_PARTS);
        if objections.is_empty() {
            objections.extend(Article::of(draft).check_title(draft, TITLE));
        }
        let mut refuse = |name: &str, remedy: String| {
            let message = format!("the value of \"{name}\" is none that WordPress knows");
            objections.push(Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy));
        };
        for name in ["categories", "tags"] {
            if draft.0.settings.get(name).is_some_and(|value| ids(value).is_none()) {
                refuse(name, "write the numbers of the terms, separated by commas".into());
            }
        }
        if draft.0.settings.get("featured_image").is_some_and(|value| !FEATURED.contains(&value.as_str())) {
            refuse("featured_image", format!("use {}", FEATURED.join(" or ")));
        }
        objections
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        if call.receipt(0).is_some() {
            return Ok(Published::Out);
        }
        let account = call.account;
        let id = self.draft(call).await?;
        let article = Article::of(call.draft);
        // The site makes an address of it, and another one if it is taken: for the same post the same each time.
        let slug = option(call.draft, account, "slug").unwrap_or(&article.title).replace(['<', '>'], " ");
        let request = self.request(Method::POST, account, &format!("posts/{id}"))?;
        let request = request.json(&json!({ "status": "publish", "slug": slug }));
        let point = call.publish_point(PUBLISH, 0).await?;
        let answer = self.http.publish(point, request).await?;
        let post: Option<Post> = answer.json().filter(|_| answer.is_success());
        let Some(receipt) = post.and_then(Post::receipt) else {
            let failure = TABLE.judge(&answer, account);
            if failure.code == Code::REFERENCE_GONE {
                // Somebody has deleted the draft. Whoever sends the post again means a new one.
                call.forget(HANDLE).await?;
            }
            return Err(failure);
        };
        call.out(0, receipt).await?;
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        let Some(id) = mark.handle(HANDLE) else { return Ok(drafted::without_id()) };
        let request = self.request(Method::GET, mark.account, &format!("posts/{id}"))?.query(&[("context", "edit")]);
        let answer = self.http.free(SHOW, request).await?;
        if let Some(post) = answer.json::<Post>().filter(|_| answer.is_success()) {
            let status = post.status.clone();
            return Ok(drafted::finding(Some((post.receipt(), &status))));
        }
        let failure = TABLE.judge(&answer, mark.account);
        if failure.code == Code::REFERENCE_GONE { Ok(drafted::finding(None)) } else { Err(failure) }
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        let request = self.request(Method::GET, account, "users/me")?.query(&[("context", "edit")]);
        let answer = self.http.free(WHO, request).await?;
        let user: Option<User> = answer.json().filter(|_| answer.is_success());
        let user = user.ok_or_else(|| TABLE.judge(&answer, account))?;
        let missing = CAPABILITIES.iter().filter(|name| user.capabilities[**name] != json!(true));
        Ok(Standing { missing: missing.map(|name| (*name).to_owned()).collect(), ..Standing::good(user.slug) })
    }

    /// Posts are known by their site.
    fn places(&self, post: &Receipt) -> Vec<String> {
        post.url.as_deref().and_then(Address::read).and_then(|address| address.host()).into_iter().collect()
    }
}

/// What the draft holds.
fn contents(draft: &Draft, account: &Account, article: &Article, media: &[Vec<media::Upload>], slug: &str) -> Value {
    let featured = media::featured(draft, account, media);
    let mut body = json!({
        "status": "draft",
        "slug": slug,
        "title": html::escaped(&article.title),
        "content": html::content(article, media, featured),
    });
    if let Some(id) = featured {
        body["featured_media"] = json!(id);
    }
    if let Some(excerpt) = option(draft, account, "excerpt") {
        body["excerpt"] = json!(html::escaped(excerpt));
    }
    for name in ["categories", "tags"] {
        if let Some(ids) = option(draft, account, name).and_then(ids) {
            body[name] = json!(ids);
        }
    }
    body
}

/// Numbers, separated by commas.
fn ids(value: &str) -> Option<Vec<u64>> {
    value.split(',').map(|id| id.trim().parse().ok().filter(|id| *id > 0)).collect()
}
