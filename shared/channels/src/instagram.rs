//! Publishes to Instagram, by either of Meta's two logins.
//!
//! A container is made, awaited and published. After any doubt the container says whether it was published; that Instagram would
//! refuse to publish it twice is not known.

mod check;
mod comment;
mod connect;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Media, Part, Receipt, RepeatSafety, Scope};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    About, Account, AccountCard, Call, Channel, Count, ExchangeAsk, FirstComment, Granted, Http, Known, Limit, Limits,
    Listed, Mark, OAuth, Objection, Offers, Published, Row, Standing, Table, Takes, Threads, TokenLife, Tokens, Unit,
    caps,
    graph::{
        self, Graph,
        containers::{self, Containers, Dialect, LOOK_UP, MAKE, Plan, State},
        errors,
    },
    oauth::servers,
    text,
};

const VERSION: &str = "v25.0";
const WHO: &str = "check account";
const LOGIN: &str = "login";
const LOGINS: [&str; 2] = ["instagram", "facebook"];
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The unit is not documented; UTF-16 counts the most.
const CAPTION: Count = Count::new(Unit::Utf16, 2200);
const MOST_MEDIA: usize = 10;
const DIALECT: Dialect =
    Dialect { make: "media", publish: "media_publish", state: "status_code", why: "status", text: "caption" };
const OFFERS: Offers = Offers {
    text_alone: false,
    first_comment: FirstComment::Setting(comment::FIRST_COMMENT),
    limits: &[
        Limit::of("hashtags", check::MOST_TAGS),
        Limit::of("mentions", check::MOST_MENTIONS),
        Limit::text("first comment", check::COMMENT),
    ],
    settings: Known::These(&["first_comment", "share_to_feed", "thumb_offset", "cover_url"]),
    addresses: &["cover_url"],
    account_settings: &["auth_url", "user_id", "api_version", "login", "insecure"],
    caps: caps::INSTAGRAM,
    ..Offers::media(MOST_MEDIA, MOST_MEDIA)
};

/// Instagram's own answers, then those of all Graph APIs. What is in doubt here is so at the publish point only.
static ROWS: [Row; 48] = errors::with_shared([
    // Seen two minutes after a publish call, and the post was out.
    Row::on(4).coded("/2207051").in_doubt().fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(4).coded("/2207050").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(4).coded("/2207042").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    // What a container that is used up is answered is not known: it may be one of these.
    Row::on(4).coded("/2207027").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("/2207008").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("/2207006").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("/2207020").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("/2207032").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("/2207053").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("/2207082").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("/2207001").in_doubt().retry(Code::OUT_OF_ORDER, Scope::Channel),
    Row::on(4).coded("/2207003").in_doubt().retry(Code::MEDIA_UNREACHABLE, Scope::Post),
    Row::on(4).coded("/2207052").in_doubt().retry(Code::MEDIA_UNREACHABLE, Scope::Post),
    Row::on(4).coded("/2207077").in_doubt().retry(Code::MEDIA_UNREACHABLE, Scope::Post),
    Row::on(4).coded("/2207004").in_doubt().never(Code::MEDIA_REFUSED),
    Row::on(4).coded("/2207005").in_doubt().never(Code::MEDIA_REFUSED),
    Row::on(4).coded("/2207009").in_doubt().never(Code::MEDIA_REFUSED),
    Row::on(4).coded("/2207023").in_doubt().never(Code::MEDIA_REFUSED),
    Row::on(4).coded("/2207026").in_doubt().never(Code::MEDIA_REFUSED),
    Row::on(4).coded("/2207057").in_doubt().never(Code::MEDIA_REFUSED),
    Row::on(4).coded("/2207010").in_doubt().never(Code::CONTENT_REFUSED),
    Row::on(4).coded("/2207028").in_doubt().never(Code::CONTENT_REFUSED),
    Row::on(4).coded("/2207081").in_doubt().never(Code::CONTENT_REFUSED),
    // The account's number is not one that the token may use.
    Row::on(4).at(MAKE).coded("100/33").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(4).at(WHO).coded("100/33").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(4).at(MAKE).coded("100/").never(Code::CONTENT_REFUSED),
    Row::on(4).at(comment::COMMENT).coded("100").never(Code::CONTENT_REFUSED),
]);

/// Instagram makes wider pictures smaller by itself.
const TAKES: &[Takes] = &[
    Takes::new(&["image/jpeg"], 8 * 1024 * 1024).across(320, u32::MAX).shaped((4, 5), (191, 100)),
    Takes::new(&["video/mp4", "video/quicktime"], 300 * 1024 * 1024).lasting(3, 15 * 60),
];

/// What Instagram's answers mean.
pub static TABLE: Table = Table { code_at: errors::CODE_AT, text_at: errors::TEXT_AT, told: errors::TOLD, rows: &ROWS };

/// Instagram.
pub struct Instagram {
    about: About,
    containers: Containers,
}

#[derive(Deserialize)]
struct Person {
    username: Option<String>,
    account_type: Option<String>,
}

impl Instagram {
    /// The channel's name.
    pub const NAME: &str = "instagram";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Instagram",
            repeat: RepeatSafety::LookUp(LOOK_UP),
            limits: Limits { text: &[CAPTION], media: MOST_MEDIA, takes: TAKES },
            threads: Threads::None,
            offers: OFFERS,
            server: None,
            secrets: &[graph::TOKEN],
            settings: &[],
            tokens: TokenLife::RenewsItself { life: 60 * DAY, not_before: DAY },
            arms: None,
            oauth: Some(&servers::INSTAGRAM),
        };
        Self {
            about,
            containers: Containers { graph: Graph { http, table: &TABLE, version: VERSION }, dialect: DIALECT },
        }
    }

    fn graph(&self) -> &Graph {
        &self.containers.graph
    }

    async fn publish_post(&self, call: &mut Call<'_>, post: &Part) -> Result<Receipt, Failure> {
        let handle = containers::handle(0);
        let container = match self.containers.kept(call, &handle).await? {
            Some((_, State::Published)) => return self.containers.published_before(call, 0, &plan(post)).await,
            Some((container, _)) => container,
            None => {
                let fields = match post.media.as_slice() {
                    [] => return Err(check::without_media()),
                    [media] => self.single(call, post, media).await?,
                    several => self.carousel(call, post, several).await?,
                };
                self.containers.make(call, &handle, &fields).await?
            }
        };
        self.containers.publish(call, 0, &container).await
    }

    async fn single(
        &self,
        call: &mut Call<'_>,
        post: &Part,
        media: &Media,
    ) -> Result<Vec<(&'static str, String)>, Failure> {
        let mut fields = vec![("caption", post.text.clone())];
        let served = self.graph().http.media().served(call, media, TAKES).await?;
        if !served.kind.is_image() {
            fields.extend([("media_type", "REELS".into()), ("video_url", served.address)]);
            let settings = &call.draft.0.settings;
            fields.extend(check::REEL_SETTINGS.iter().filter_map(|name| Some((*name, settings.get(*name)?.clone()))));
        } else {
            fields.push(("image_url", served.address));
            fields.extend(media.alt.clone().map(|alt| ("alt_text", alt)));
        }
        Ok(fields)
    }

    /// The children are made and awaited first, each a handle of its own.
    async fn carousel(
        &self,
        call: &mut Call<'_>,
        post: &Part,
        media: &[Media],
    ) -> Result<Vec<(&'static str, String)>, Failure> {
        let mut fields = Vec::new();
        for media in media {
            let mut child = vec![("is_carousel_item", "true".to_owned())];
            let served = self.graph().http.media().served(call, media, TAKES).await?;
            if !served.kind.is_image() {
                child.extend([("media_type", "VIDEO".into()), ("video_url", served.address)]);
            } else {
                child.push(("image_url", served.address));
                child.extend(media.alt.clone().map(|alt| ("alt_text", alt)));
            }
            fields.push(child);
        }
        let children = self.containers.children(call, 0, &fields).await?;
        Ok(vec![("media_type", "CAROUSEL".into()), ("children", children), ("caption", post.text.clone())])
    }
}

#[async_trait]
impl Channel for Instagram {
    fn about(&self) -> &About {
        &self.about
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = graph::check_account(account);
        account.check_choice(LOGIN, &LOGINS, &mut wrong);
        servers::INSTAGRAM.check_account(account, &mut wrong);
        wrong
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let mut objections = check::draft(&self.about.limits, draft);
        if !self.graph().http.media().serves() {
            objections.extend(self.about.limits.unmade(draft, "Instagram"));
        }
        objections
    }

    /// The post, and its first comment, if there is one.
    fn parts(&self, draft: &Draft) -> u16 {
        1 + u16::from(comment::of(draft).is_some())
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        check_login(call.account)?;
        if call.next_part() == 0 {
            let post = post(call.draft);
            let receipt = self.publish_post(call, &post).await?;
            call.out(0, receipt).await?;
        }
        if let Some(text) = comment::of(call.draft).filter(|_| call.next_part() == 1) {
            let receipt = self.publish_comment(call, text).await?;
            call.out(1, receipt).await?;
        }
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        match comment::of(mark.draft).filter(|_| mark.part == 1) {
            Some(text) => self.find_comment(mark, text).await,
            None => self.containers.look(mark, &plan(&post(mark.draft))).await,
        }
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        check_login(account)?;
        self.containers.all_listed(account, "media", since).await
    }

    /// A comment is not among the posts.
    fn is_listed(&self, _draft: &Draft, _account: &Account, part: u16) -> bool {
        part == 0
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        check_login(account)?;
        let (fields, permission) = match by_facebook(account) {
            true => ("id,username", "instagram_content_publish"),
            false => ("user_id,username,account_type", "instagram_business_content_publish"),
        };
        let who = account.setting(graph::USER_ID).unwrap_or("me");
        let person: Person =
            self.graph().ask(WHO, account, self.graph().get(account, who, &[("fields", fields)])?).await?;
        if person.account_type.is_some_and(|kind| kind.eq_ignore_ascii_case("personal")) {
            return Err(check::personal());
        }
        let may = self.graph().may_publish(account, "content_publishing_limit").await?;
        let missing = if may { vec![] } else { vec![permission.to_owned()] };
        Ok(Standing { missing, ..Standing::good(person.username.unwrap_or_default()) })
    }

    fn can_renew(&self, account: &Account) -> bool {
        !by_facebook(account) && account.holds(&[graph::TOKEN])
    }

    /// By Instagram's own login, or by Facebook's.
    fn oauth(&self, account: &Account) -> Option<&'static OAuth> {
        Some(if by_facebook(account) { &servers::INSTAGRAM_BY_FACEBOOK } else { &servers::INSTAGRAM })
    }

    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        self.connect(ask).await
    }

    /// A page's token, which Facebook's login gives, has no end and is not renewed.
    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        account.check_transport()?;
        if by_facebook(account) {
            return Ok(None);
        }
        self.graph().exchange(account, "refresh_access_token", "ig_refresh_token", &[]).await.map(Some)
    }
}

/// Whether the account was connected through Facebook: its address says so, or, behind a gateway, its settings.
fn by_facebook(account: &Account) -> bool {
    account
        .setting(LOGIN)
        .map_or(account.base_url.host_str() == Some("graph.facebook.com"), |login| login == "facebook")
}

/// Facebook's `me` is a page or a person, not the Instagram account.
fn check_login(account: &Account) -> Result<(), Failure> {
    if by_facebook(account) && account.setting(graph::USER_ID).is_none() {
        return Err(check::without_user());
    }
    Ok(())
}

/// What the post says and shows, the link in its text.
fn post(draft: &Draft) -> Part {
    text::parts(draft).into_iter().next().unwrap_or_default()
}

fn plan(post: &Part) -> Plan<'_> {
    Plan { text: &post.text, media: post.media.len(), listing: "media", reply_to: None }
}
