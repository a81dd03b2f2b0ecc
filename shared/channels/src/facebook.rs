//! Publishes to Facebook Pages.
//!
//! A post is made unpublished first, its id is stored, and the publish point is "publish the post with this id": whether it was carried
//! out is one question by the id, and carrying it out again makes no second post. An account may say that its posts go out in one
//! call instead; then its listing settles a doubt. A video's id is known before its bytes are sent, and Facebook decides later.

mod check;
mod comment;
mod connect;
mod look;
mod photo;
mod post;
mod state;
mod token;
mod video;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Receipt, RepeatSafety, Scope};
use jiff::Timestamp;

use crate::{
    About, Account, AccountCard, Call, Channel, Count, ExchangeAsk, FirstComment, Granted, Http, Known, Limits, Link,
    Listed, Mark, Objection, Offers, Published, Row, Standing, Table, Threads, TokenLife, Tokens, Unit, Verdict,
    Wording,
    address::{Address, is_short, number},
    caps,
    graph::{self, Graph, containers::LOOK_UP, credentials::RENEW, errors},
    oauth::servers,
};
use post::Post;
pub(crate) use video::is_reel;

const VERSION: &str = "v25.0";
const WHO: &str = "check page";
const INSPECT: &str = "check token";
const PHOTO: &str = "upload photo";
const DRAFT: &str = "make post";
const PUBLISH: &str = "publish post";
const DIRECT: &str = "publish at once";
const SHOW: &str = "read post";
const BEGIN: &str = "begin upload";
const SEND: &str = "upload video";
const FINISH: &str = "publish video";
const STATE: &str = "read video";
/// The setting that names the page, where its token is not to say which it is.
const PAGE_ID: &str = "page_id";
/// The setting by which posts go out in one call.
const DRAFTS: &str = "draft";
const DRAFT_CHOICES: [&str; 2] = ["first", "none"];
/// The longest a post's address is waited for.
const ADDRESS_WITHIN: Duration = Duration::from_secs(10);
/// The unit is not documented; UTF-16 counts the most.
const TEXT: Count = Count::new(Unit::Utf16, 63_206);
const MOST_PHOTOS: usize = 10;

/// Facebook's own answers, then those of all Graph APIs. What is in doubt here is so at a publish point only.
static ROWS: [Row; 56] = errors::with_shared([
    Row::on(4).at(RENEW).coded("101/").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
    // The post that it repeats may be our own, by a call whose answer was lost.
    Row::on(4).coded("506/").in_doubt().never(Code::DUPLICATE_REFUSED),
    Row::on(4).coded("/1366051").in_doubt().never(Code::DUPLICATE_REFUSED),
    Row::on(4).coded("368/").saying("already posted").in_doubt().never(Code::DUPLICATE_REFUSED),
    Row::on(4).coded("/1390008").in_doubt().retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    Row::on(4).coded("80001/").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    // What restricts an account was seen, on Instagram, to be answered after the deed.
    Row::on(4).coded("/1404078").in_doubt().fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(4).coded("/4854002").in_doubt().fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(4).coded("/1404112").in_doubt().fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(4).coded("/1404006").in_doubt().fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(4).coded("210/").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(4).coded("283/").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(4).coded("/1363042").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    // Facebook reads the page behind a link, and may not get it.
    Row::on(4).coded("1609005").in_doubt().retry(Code::MEDIA_UNREACHABLE, Scope::Post),
    Row::on(4).coded("/1609005").in_doubt().retry(Code::MEDIA_UNREACHABLE, Scope::Post),
    Row::on(4).coded("/1609008").in_doubt().never(Code::CONTENT_REFUSED),
    Row::on(4).coded("/2061006").in_doubt().never(Code::CONTENT_REFUSED),
    Row::on(4).coded("/1349125").in_doubt().never(Code::CONTENT_REFUSED),
    Row::on(4).coded("/1404102").in_doubt().never(Code::CONTENT_REFUSED),
    Row::on(4).coded("/1346003").in_doubt().never(Code::CONTENT_REFUSED),
    Row::on(4).coded("/1366046").in_doubt().never(Code::MEDIA_REFUSED),
    Row::on(4).coded("/2069019").in_doubt().never(Code::MEDIA_REFUSED),
    Row::on(4).coded("324").in_doubt().never(Code::MEDIA_REFUSED),
    Row::on(4).coded("/1363023").in_doubt().never(Code::MEDIA_REFUSED),
    Row::on(4).coded("/1363022").in_doubt().never(Code::MEDIA_REFUSED),
    Row::on(4).coded("/1363030").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("/1363019").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("/1363037").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("6000/").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    // A person's token has no category: it is not a page's.
    Row::on(4).at(WHO).coded("100").fix(Code::APP_MISCONFIGURED, Scope::Account, Fix::Setup),
    // The page's number is not one that the token may use.
    Row::on(4).at(PHOTO).coded("100/33").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(4).at(DRAFT).coded("100/33").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(4).at(DRAFT).coded("100/").never(Code::CONTENT_REFUSED),
    Row::on(4).at(DIRECT).coded("100").never(Code::CONTENT_REFUSED),
    Row::on(4).at(comment::COMMENT).coded("100").never(Code::CONTENT_REFUSED),
]);

const OFFERS: Offers = Offers {
    link: Link::Attached,
    first_comment: FirstComment::Setting(comment::FIRST_COMMENT),
    decides_later: true,
    settings: Known::These(&["first_comment", "video_as"]),
    account_settings: &["auth_url", "page_id", "draft", "api_version", "insecure"],
    caps: caps::FACEBOOK,
    ..Offers::media(MOST_PHOTOS, 1)
};

/// What Facebook's answers mean.
pub static TABLE: Table = Table { code_at: errors::CODE_AT, text_at: errors::TEXT_AT, told: errors::TOLD, rows: &ROWS };

/// Facebook Pages.
pub struct Facebook {
    about: About,
    graph: Graph,
}

impl Facebook {
    /// The channel's name.
    pub const NAME: &str = "facebook";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Facebook",
            repeat: RepeatSafety::LookUp(LOOK_UP),
            limits: Limits { text: &[TEXT], media: MOST_PHOTOS, takes: check::TAKES },
            threads: Threads::None,
            offers: OFFERS,
            server: Some("https://graph.facebook.com"),
            secrets: &[graph::TOKEN],
            settings: &[],
            tokens: TokenLife::Lasting,
            arms: None,
            oauth: Some(&servers::FACEBOOK),
        };
        Self { about, graph: Graph { http, table: &TABLE, version: VERSION } }
    }

    /// Publishes what comes before the comment. `None`: Facebook has taken it and decides later.
    async fn publish_first(&self, call: &mut Call<'_>) -> Result<Option<Receipt>, Failure> {
        let post = Post::of(call.draft);
        // What is prepared says itself what it is; its addresses need not be there any more.
        if call.handle(post::ID).is_some() {
            return self.publish_post(call, &post).await.map(Some);
        }
        let begun = call.handle(video::Upload::HANDLE).is_some();
        let video = if begun { post.media.first() } else { post.video(&self.graph, call).await? };
        match video {
            Some(video) => self.publish_video(call, &post, video).await,
            None => self.publish_post(call, &post).await.map(Some),
        }
    }
}

#[async_trait]
impl Channel for Facebook {
    fn about(&self) -> &About {
        &self.about
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        check::account(account)
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        check::draft(&self.about.limits, draft)
    }

    /// The post, and its first comment, if there is one.
    fn parts(&self, draft: &Draft) -> u16 {
        1 + u16::from(comment::of(draft).is_some())
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        if call.next_part() == 0 {
            let receipt = self.publish_first(call).await?;
            match receipt {
                Some(receipt) => call.out(0, receipt).await?,
                None => return Ok(Published::Processing),
            }
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
            None => self.look(mark).await,
        }
    }

    async fn poll(&self, mark: &Mark<'_>) -> Result<Verdict, Failure> {
        mark.account.check_transport()?;
        self.verdict(mark).await
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        self.all_listed(account, since).await
    }

    /// A comment is not among the posts. A video is, under another id than its own: by its words alone can it be told.
    fn is_listed(&self, draft: &Draft, account: &Account, part: u16) -> bool {
        part == 0 && (draft.0.media.is_empty() || !self.wording(draft, account, part).is_empty())
    }

    fn wording(&self, draft: &Draft, _account: &Account, _part: u16) -> Wording {
        Wording::of(&Post::of(draft).text)
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        self.standing(account).await
    }

    fn can_renew(&self, account: &Account) -> bool {
        token::can_renew(account)
    }

    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        self.connect(ask).await
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        account.check_transport()?;
        self.renew(account).await
    }

    /// A page that is named, not numbered, and ids that are made for people do not tell.
    fn id_in(&self, address: &str) -> Option<String> {
        let address = Address::at(address, &["facebook.com"])?;
        let post = |page: &str, post: &str| Some(format!("{}_{}", number(page)?, number(post)?));
        if let Some(id) = address.query("story_fbid") {
            return post(&address.query("id")?, &id);
        }
        match address.path().as_slice() {
            [id] if id.contains('_') => id.split_once('_').and_then(|(page, id)| post(page, id)),
            [page, "posts", id] => post(page, id),
            ["reel", id] | [_, "videos", id] | [_, "videos", _, id] => number(id).map(str::to_owned),
            ["watch"] => number(&address.query("v")?).map(str::to_owned),
            _ => None,
        }
    }

    fn is_foreign(&self, address: &str) -> bool {
        Address::at(address, &["facebook.com"]).is_none() && !is_short(address, &["fb.watch"])
    }

    /// A post's id begins with that of its page; a video's tells nothing.
    fn places(&self, post: &Receipt) -> Vec<String> {
        let ids = [Some(post.id.clone()), post.url.as_deref().and_then(|url| self.id_in(url))];
        let pages = ids.iter().flatten().filter_map(|id| number(id.split_once('_')?.0));
        pages.map(str::to_owned).collect()
    }

    fn place_of(&self, card: &AccountCard) -> Option<String> {
        card.setting(PAGE_ID).and_then(number).map(str::to_owned)
    }
}

/// The page's edge of this name. A page's token is the page's own: to it, the page is `me`.
fn edge(account: &Account, name: &str) -> String {
    format!("{}/{name}", account.setting(PAGE_ID).unwrap_or("me"))
}
