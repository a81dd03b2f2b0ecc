//! Publishes local posts to Google Business Profile: updates, events and offers of one location.
//!
//! Google takes no idempotency key, so an unknown outcome is settled by looking through the location's own posts. A post is accepted
//! first and judged afterwards: it is out when Google says that it is live.

mod check;
mod look;
mod post;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Landed, LookUp, RepeatSafety, Scope};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};

use crate::{
    About, Account, AccountCard, Call, Channel, Count, ExchangeAsk, Granted, Http, Known, Limits, Link, Listed, Mark,
    Objection, Offers, Published, Row, Safety, Standing, Table, Takes, Threads, Tokens, Unit, Verdict, Wording,
    google::{self, Google, errors, tokens},
    media::public,
    oauth::{self, servers},
};
use post::{Post, State};

const CREATE: &str = "create local post";
const SHOW: &str = "read local post";
const LIST: &str = "list local posts";
const VERSION: &str = "v4";
/// The setting that says where an account publishes.
const LOCATION: &str = "location";
/// The handle of a post that Google has not judged yet.
const POST: &str = "post";
const SCOPE: &str = "https://www.googleapis.com/auth/business.manage";
const TEXT: &[Count] = &[Count::new(Unit::Utf16, 1500)];
const MIB: u64 = 1024 * 1024;
const TAKES: &[Takes] = &[Takes::new(&["image/jpeg", "image/png"], 5 * MIB)];
const LOOK_UP: LookUp = LookUp {
    // Longer than Google works on a request.
    settles_after: Duration::from_secs(60),
    // How far its listings lag is not known.
    sure_after: Duration::from_secs(10 * 60),
};

/// What is particular to local posts, then what all of Google answers.
static ROWS: [Row; 22] = errors::with_shared([
    // A number that is none of the account's: whoever has the wrong one cannot publish anything.
    Row::on(404).at(CREATE).coded("NOT_FOUND").fix(Code::APP_MISCONFIGURED, Scope::Account, Fix::Setup),
    Row::on(404).at(LIST).coded("NOT_FOUND").fix(Code::APP_MISCONFIGURED, Scope::Account, Fix::Setup),
    Row::on(404).at(SHOW).coded("NOT_FOUND").never(Code::REFERENCE_GONE),
    Row::on(400).at(CREATE).coded("INVALID_ARGUMENT").never(Code::CONTENT_REFUSED),
]);

const OFFERS: Offers = Offers {
    link: Link::Attached,
    decides_later: true,
    settings: Known::These(&["type", "call_to_action", "title", "start", "end", "coupon", "terms", "language"]),
    account_settings: &["language", "auth_url", "settles_after", "sure_after", "api_version", "insecure"],
    ..Offers::media(1, 0)
};

/// What Google Business Profile's answers mean.
pub static TABLE: Table = Table { code_at: errors::CODE_AT, text_at: errors::TEXT_AT, told: errors::TOLD, rows: &ROWS };

/// Google Business Profile.
pub struct GoogleBusiness {
    about: About,
    google: Google,
}

impl GoogleBusiness {
    /// The channel's name.
    pub const NAME: &str = "google-business";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Google Business Profile",
            repeat: RepeatSafety::LookUp(LOOK_UP),
            limits: Limits { text: TEXT, media: 1, takes: TAKES },
            threads: Threads::None,
            offers: OFFERS,
            server: Some("https://mybusiness.googleapis.com"),
            secrets: &[google::TOKEN],
            settings: &[LOCATION],
            tokens: tokens::LIFE,
            arms: None,
            oauth: Some(&servers::GOOGLE_BUSINESS),
        };
        Self { about, google: Google { http, table: &TABLE, version: VERSION } }
    }

    /// A request about the location's posts, or about `path` itself where it is the name of one.
    fn request(&self, method: Method, account: &Account, path: &str) -> Result<RequestBuilder, Failure> {
        self.google.request(method, account, &format!("{}/{path}", self.google.version(account)))
    }

    /// The listing of the account's posts, as `accounts/1/locations/2/localPosts`.
    fn posts(&self, account: &Account) -> Result<String, Failure> {
        let location = account.setting(LOCATION).filter(|location| check::is_location(location));
        location.map(|location| format!("{location}/localPosts")).ok_or_else(check::without_location)
    }

    async fn create(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        let account = call.account;
        let draft = call.draft;
        let mut picture = None;
        if let Some(media) = draft.0.media.first() {
            picture = Some(public(draft, media)?);
            // Google fetches the picture itself, after it has accepted the post: what is wrong with it is found here, and cannot be
            // mended here.
            self.google.http.media().open_as_is(call, media, TAKES).await?;
        }
        let body = post::body(draft, account, picture);
        let request = self.request(Method::POST, account, &self.posts(account)?)?.json(&body);
        let point = call.publish_point(CREATE, 0).await?;
        let answer = self.google.http.publish(point, request).await?;
        let post = post::of(&answer).ok_or_else(|| self.google.judge(&answer, account))?;
        match post.state {
            State::Live => {
                call.out(0, post.receipt()).await?;
                Ok(Published::Out)
            }
            State::Processing => {
                // It is accepted, whether we can write that down or not.
                let kept = call.keep(POST, &post.name).await;
                kept.map_err(|failure| Failure { landed: Landed::Unknown, ..failure })?;
                Ok(Published::Processing)
            }
            State::Rejected => Err(post::rejected(CREATE)),
            State::Unknown => Err(self.google.judge(&answer, account)),
        }
    }

    /// The post of this name.
    async fn read(&self, account: &Account, name: &str) -> Result<Post, Failure> {
        let answer = self.google.http.free(SHOW, self.request(Method::GET, account, name)?).await?;
        post::of(&answer).filter(|post| post.name == name).ok_or_else(|| self.google.judge(&answer, account))
    }
}

#[async_trait]
impl Channel for GoogleBusiness {
    fn about(&self) -> &About {
        &self.about
    }

    fn safety(&self, account: &AccountCard) -> Safety {
        Safety { repeat: RepeatSafety::LookUp(account.look_up(LOOK_UP)), arms: None }
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = google::check_account(account);
        account.check_look_up(LOOK_UP, &mut wrong);
        if let Some(value) = account.setting(LOCATION).filter(|value| !check::is_location(value)) {
            wrong.push(format!("settings.{LOCATION} is \"{value}\"; write a name such as accounts/1/locations/2"));
        }
        wrong
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        check::draft(&self.about.limits, draft)
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        if call.receipt(0).is_some() {
            return Ok(Published::Out);
        }
        self.create(call).await
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        self.look(mark).await
    }

    async fn poll(&self, mark: &Mark<'_>) -> Result<Verdict, Failure> {
        mark.account.check_transport()?;
        let Some(name) = mark.handle(POST) else {
            return Ok(match self.look(mark).await? {
                Finding::Found(receipt) => Verdict::Out(receipt),
                _ => Verdict::Still,
            });
        };
        let post = match self.read(mark.account, name).await {
            Err(failure) if failure.code == Code::REFERENCE_GONE => {
                // What was made a moment ago is not seen on every server.
                let seen_after = mark.account.card().look_up(LOOK_UP).sure_after;
                let young = mark.is_young(seen_after, self.google.http.runtime().now());
                return Ok(if young { Verdict::Still } else { Verdict::Refused(failure) });
            }
            post => post?,
        };
        Ok(match post.state {
            State::Live => Verdict::Out(post.receipt()),
            State::Processing | State::Unknown => Verdict::Still,
            State::Rejected => Verdict::Refused(post::rejected(SHOW)),
        })
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        self.listed(account, since).await
    }

    fn wording(&self, draft: &Draft, _account: &Account, _part: u16) -> Wording {
        look::wording(if post::topic(draft) == "STANDARD" { "" } else { post::title(draft) }, &draft.0.text)
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        let granted = self.google.granted(account).await?;
        let missing = if granted.scopes.iter().any(|scope| scope == SCOPE) { vec![] } else { vec![SCOPE.to_owned()] };
        let who = account.setting(LOCATION).unwrap_or_default();
        if missing.is_empty() {
            self.page(account, None, "1").await?;
        }
        Ok(Standing { missing, expires_at: granted.until, ..Standing::good(who) })
    }

    fn can_renew(&self, account: &Account) -> bool {
        google::tokens::can_renew(account)
    }

    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        oauth::exchange(&self.google.http, &servers::GOOGLE_BUSINESS, ask).await
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        account.check_transport()?;
        self.google.renew(account).await
    }
}
