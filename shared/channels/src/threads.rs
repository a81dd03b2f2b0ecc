//! Publishes to Threads.
//!
//! As on Instagram a container is made, awaited and published, and says afterwards whether it was. Each part of a thread is a
//! container of its own that answers the part before.

mod check;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Media, Part, Receipt, RepeatSafety, Scope};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    About, Account, AccountCard, Call, Channel, Count, ExchangeAsk, Granted, Http, Known, Limit, Limits, Listed, Mark,
    Objection, Offers, Published, Row, Standing, Table, Takes, Threads, TokenLife, Tokens, Unit,
    address::Address,
    caps,
    graph::{
        self, Graph,
        containers::{self, Containers, Dialect, LOOK_UP, MAKE, Plan, READ, State},
        errors,
    },
    oauth::servers,
    text,
};

const VERSION: &str = "v1.0";
const WHO: &str = "check account";
const DAY: Duration = Duration::from_secs(24 * 3600);
const MOST_PARTS: u16 = 50;
const TEXT: Count = Count::new(Unit::EmojiBytes, 500);
const DIALECT: Dialect =
    Dialect { make: "threads", publish: "threads_publish", state: "status", why: "error_message", text: "text" };
type Fields = Vec<(&'static str, String)>;
const OFFERS: Offers = Offers {
    limits: &[Limit::of("web addresses", check::MOST_LINKS), Limit::text("topic", check::TOPIC_LENGTH)],
    settings: Known::These(&["reply_control", "topic_tag"]),
    account_settings: &["auth_url", "user_id", "api_version", "insecure"],
    caps: caps::THREADS,
    ..Offers::media(20, 20)
};

/// Threads' own answers, then those of all Graph APIs. What is in doubt here is so at the publish point only.
static ROWS: [Row; 39] = errors::with_shared([
    // A container that another part of the platform does not know yet: hundreds of times seen, and nothing was out.
    Row::on(4).coded("/4279009").retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("/2207051").in_doubt().fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(4).coded("/4279013").in_doubt().fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(4).saying("maximum number of posts").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    // What a container that is used up is answered is not known: it may be one of these.
    Row::on(4).coded("/2207027").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("/2207008").in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).coded("/2207052").in_doubt().retry(Code::MEDIA_UNREACHABLE, Scope::Post),
    Row::on(4).saying("could not be fetched").in_doubt().retry(Code::MEDIA_UNREACHABLE, Scope::Post),
    Row::on(4).at(READ).saying("failed_downloading").retry(Code::MEDIA_UNREACHABLE, Scope::Post),
    Row::on(4).at(READ).saying("failed_processing").retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(4).at(READ).saying("invalid_").never(Code::MEDIA_REFUSED),
    Row::on(4).saying("link_limit_exceeded").in_doubt().never(Code::CONTENT_REFUSED),
    Row::on(4).saying("at most 500 characters").in_doubt().never(Code::CONTENT_REFUSED),
    Row::on(4).at(WHO).coded("100/33").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    // Also said where the part that would be answered is gone: the next try settles it, and nobody is held for it.
    Row::on(4).at(MAKE).coded("100/33").retry(Code::STRANGE_ANSWER, Scope::Post),
    Row::on(4).at(MAKE).coded("100/").never(Code::CONTENT_REFUSED),
    Row::on(4).coded("36000/").in_doubt().never(Code::MEDIA_REFUSED),
    Row::on(4).coded("352/").in_doubt().never(Code::MEDIA_REFUSED),
]);

const TAKES: &[Takes] = &[
    Takes::new(&["image/jpeg", "image/png"], 8 * 1024 * 1024).across(320, u32::MAX).shaped((1, 10), (10, 1)),
    Takes::new(&["video/mp4", "video/quicktime"], 1024 * 1024 * 1024).lasting(0, 5 * 60),
];

/// The listings: of posts, and of answers, to oneself too.
const POSTS: &str = "threads";
const REPLIES: &str = "replies";

/// What Threads' answers mean.
pub static TABLE: Table = Table { code_at: errors::CODE_AT, text_at: errors::TEXT_AT, told: errors::TOLD, rows: &ROWS };

/// Threads.
pub struct ThreadsApp {
    about: About,
    containers: Containers,
}

#[derive(Deserialize)]
struct Person {
    username: Option<String>,
}

impl ThreadsApp {
    /// The channel's name.
    pub const NAME: &str = "threads";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Threads",
            repeat: RepeatSafety::LookUp(LOOK_UP),
            limits: Limits { text: &[TEXT], media: 20, takes: TAKES },
            threads: Threads::PerPart(MOST_PARTS),
            offers: OFFERS,
            server: Some("https://graph.threads.net"),
            secrets: &[graph::TOKEN],
            settings: &[],
            tokens: TokenLife::RenewsItself { life: 60 * DAY, not_before: DAY },
            arms: None,
            oauth: Some(&servers::THREADS),
        };
        let graph = Graph { http, table: &TABLE, version: VERSION };
        Self { about, containers: Containers { graph, dialect: DIALECT } }
    }

    fn graph(&self) -> &Graph {
        &self.containers.graph
    }

    async fn publish_part(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Receipt, Failure> {
        let before = number.checked_sub(1).and_then(|before| call.receipt(before)).map(|receipt| receipt.id.clone());
        let handle = containers::handle(number);
        let container = match self.containers.kept(call, &handle).await? {
            Some((_, State::Published)) => {
                let plan = plan(part, number, before.as_deref());
                return self.containers.published_before(call, number, &plan).await;
            }
            Some((container, _)) => container,
            None => {
                let mut fields = self.content(call, number, part).await?;
                match before {
                    Some(before) => fields.push(("reply_to_id", before)),
                    None => fields.extend(check::settings(call.draft)),
                }
                self.containers.make(call, &handle, &fields).await?
            }
        };
        self.containers.publish(call, number, &container).await
    }

    async fn content(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Fields, Failure> {
        let mut fields = match part.media.as_slice() {
            [] => vec![("media_type", "TEXT".to_owned())],
            [media] => self.medium(call, media).await?,
            several => {
                let mut children = Vec::new();
                for media in several {
                    let mut child = self.medium(call, media).await?;
                    child.push(("is_carousel_item", "true".into()));
                    children.push(child);
                }
                let children = self.containers.children(call, number, &children).await?;
                vec![("media_type", "CAROUSEL".into()), ("children", children)]
            }
        };
        if !part.text.is_empty() {
            fields.push(("text", part.text.clone()));
        }
        Ok(fields)
    }

    async fn medium(&self, call: &mut Call<'_>, media: &Media) -> Result<Fields, Failure> {
        let served = self.graph().http.media().served(call, media, TAKES).await?;
        let (kind, address) = if served.kind.is_image() { ("IMAGE", "image_url") } else { ("VIDEO", "video_url") };
        let mut fields = vec![("media_type", kind.to_owned()), (address, served.address)];
        fields.extend(media.alt.clone().map(|alt| ("alt_text", alt)));
        Ok(fields)
    }
}

#[async_trait]
impl Channel for ThreadsApp {
    fn about(&self) -> &About {
        &self.about
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = graph::check_account(account);
        servers::THREADS.check_account(account, &mut wrong);
        wrong
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let mut objections = self.about.limits.check(draft, MOST_PARTS);
        objections.extend(check::draft(draft));
        if !self.graph().http.media().serves() {
            objections.extend(self.about.limits.unmade(draft, "Threads"));
        }
        objections
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        let parts = text::parts(call.draft);
        for (number, part) in (0_u16..).zip(&parts).skip(usize::from(call.next_part())) {
            let receipt = self.publish_part(call, number, part).await?;
            call.out(number, receipt).await?;
        }
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        let part = text::parts(mark.draft).into_iter().nth(usize::from(mark.part)).unwrap_or_default();
        let before = mark.part.checked_sub(1).and_then(|before| graph::post_id(mark, before));
        self.containers.look(mark, &plan(&part, mark.part, before)).await
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        let posts = self.containers.all_listed(account, POSTS, since).await?;
        Ok(posts.with(self.containers.all_listed(account, REPLIES, since).await?))
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        let who = account.setting(graph::USER_ID).unwrap_or("me");
        let request = self.graph().get(account, who, &[("fields", "id,username")])?;
        let person: Person = self.graph().ask(WHO, account, request).await?;
        let may = self.graph().may_publish(account, "threads_publishing_limit").await?;
        let missing = if may { vec![] } else { vec!["threads_content_publish".to_owned()] };
        Ok(Standing { missing, ..Standing::good(person.username.unwrap_or_default()) })
    }

    fn can_renew(&self, account: &Account) -> bool {
        account.holds(&[graph::TOKEN])
    }

    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        self.graph().connect(&servers::THREADS, ask, "th_exchange_token").await
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        account.check_transport()?;
        self.graph().exchange(account, "refresh_access_token", "th_refresh_token", &[]).await.map(Some)
    }

    fn account_in(&self, address: &str) -> Option<String> {
        let address = Address::at(address, &["threads.net", "threads.com"])?;
        address.path().first()?.strip_prefix('@').filter(|named| !named.is_empty()).map(str::to_owned)
    }
}

/// What a part's post looks like. Answers, to oneself too, have a listing of their own.
fn plan<'a>(part: &'a Part, number: u16, reply_to: Option<&'a str>) -> Plan<'a> {
    let listing = if number == 0 { POSTS } else { REPLIES };
    Plan { text: &part.text, media: part.media.len(), listing, reply_to }
}
