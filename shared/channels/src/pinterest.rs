//! Publishes to Pinterest: a pin on a board, with a picture, several, or a video.
//!
//! Pinterest knows no idempotency key and is not known to refuse a pin that it has seen, so an unknown outcome is settled by the board:
//! by title, description, link and time.

mod check;
mod look;
mod pin;
mod tokens;
mod video;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, LookUp, Receipt, RepeatSafety, Scope};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    About, Account, AccountCard, Answer, Call, Channel, Count, ExchangeAsk, Granted, Http, Known, Limits, Link, Listed,
    Mark, Objection, Offers, Published, Row, Safety, Standing, Table, Threads, TokenLife, Tokens, Told, Unit, Wording,
    address::{Address, is_short, number},
    oauth::{self, servers},
};
use pin::Pin;

const VERSION: &str = "v5";
const TOKEN: &str = "access_token";
/// The setting, of the post or the account, that names the board.
const BOARD: &str = "board_id";
const CREATE: &str = "create pin";
const LIST: &str = "list pins";
const WHO: &str = "read user";
const READ_BOARD: &str = "read board";
const REGISTER: &str = "register video";
const UPLOAD: &str = "upload video";
const AWAIT: &str = "read video";
const REFRESH: &str = "refresh token";
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How late a board lists a pin is not known: five minutes, as for other listings that were measured.
const LOOK_UP: LookUp = LookUp { settles_after: Duration::from_secs(60), sure_after: Duration::from_secs(300) };
/// The unit is not documented; UTF-16 counts the most.
const TEXT: Count = Count::new(Unit::Utf16, 800);
const MOST_PICTURES: usize = 5;

const OFFERS: Offers = Offers {
    text_alone: false,
    link: Link::Attached,
    settings: Known::These(&["board_id", "board_section_id", "title", "cover_url", "cover_second"]),
    addresses: &["cover_url"],
    account_settings: &["auth_url", "board_id", "settles_after", "sure_after", "api_version", "insecure"],
    ..Offers::media(MOST_PICTURES, 1)
};

/// What Pinterest's answers mean. What is refused before a pin is made proves that none was; a status alone proves nothing.
pub static TABLE: Table = Table {
    code_at: &["/code"],
    text_at: &["/message"],
    told: &[Told::RetryAfter, Told::Spent { left: "x-ratelimit-remaining", reset: "x-ratelimit-reset" }],
    rows: &[
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        // The app's own id and secret go with a renewal; what is said of the refresh token comes first.
        Row::on(4).at(REFRESH).saying("refresh").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(4).at(REFRESH).saying("invalid_grant").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(401).at(REFRESH).fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(401).saying("expired").fix(Code::TOKEN_EXPIRED, Scope::Account, Fix::Reconnect),
        Row::on(401).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(403).saying("trial access").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(403).coded("29").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(403).coded("3").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(404).coded("40").fix(Code::REFERENCE_GONE, Scope::Post, Fix::Content),
        Row::on(4).saying("unable to reach").retry(Code::MEDIA_UNREACHABLE, Scope::Post),
        Row::on(400).saying("constraint").never(Code::CONTENT_REFUSED),
        Row::on(400).saying("does not match").never(Code::CONTENT_REFUSED),
        Row::on(400).saying("cover_image").never(Code::CONTENT_REFUSED),
        // Anything else that is bad about a request is so for good, but does not prove by itself that no pin was made.
        Row::on(400).at(CREATE).in_doubt().never(Code::CONTENT_REFUSED),
        Row::on(400).never(Code::CONTENT_REFUSED),
    ],
};

/// Pinterest.
pub struct Pinterest {
    http: Http,
    about: About,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

impl Pinterest {
    /// The channel's name.
    pub const NAME: &str = "pinterest";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Pinterest",
            repeat: RepeatSafety::LookUp(LOOK_UP),
            limits: Limits { text: &[TEXT], media: MOST_PICTURES, takes: &[check::PICTURE, check::VIDEO] },
            threads: Threads::None,
            offers: OFFERS,
            server: Some("https://api.pinterest.com"),
            secrets: &[TOKEN],
            settings: &[],
            // Whether a refresh token that was used stays good is not known: each is taken to be good once.
            tokens: TokenLife::Refreshed { life: 30 * DAY, refresh_life: Some(60 * DAY), repeat: tokens::GRANT.repeat },
            arms: None,
            oauth: Some(&servers::PINTEREST),
        };
        Self { http, about }
    }

    fn request(&self, method: Method, account: &Account, path: &str) -> Result<RequestBuilder, Failure> {
        let version = account.setting("api_version").unwrap_or(VERSION);
        let request = self.http.request(method, account.url(&format!("{version}/{path}")));
        Ok(request.bearer_auth(account.secret(TOKEN)?.reveal()))
    }

    /// Calls a step that publishes nothing, for what it answers.
    async fn ask<T: DeserializeOwned>(
        &self,
        step: &'static str,
        account: &Account,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let answer = self.http.free(step, request).await?;
        answer.json().filter(|_| answer.is_success()).ok_or_else(|| TABLE.judge(&answer, account))
    }
}

#[async_trait]
impl Channel for Pinterest {
    fn about(&self) -> &About {
        &self.about
    }

    fn safety(&self, account: &AccountCard) -> Safety {
        Safety { repeat: RepeatSafety::LookUp(account.look_up(LOOK_UP)), arms: None }
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = check::account(account);
        servers::PINTEREST.check_account(account, &mut wrong);
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
        let pin = Pin::of(call.draft, call.account)?;
        let source = self.source(call).await?;
        let request = self.request(Method::POST, call.account, "pins")?.json(&pin.body(call.draft, source));
        let point = call.publish_point(CREATE, 0).await?;
        let answer = self.http.publish(point, request).await?;
        let receipt = proof(&answer).ok_or_else(|| TABLE.judge(&answer, call.account))?;
        call.out(0, receipt).await?;
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        self.look(mark).await
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        match account.setting(BOARD).filter(|board| !board.is_empty()) {
            Some(board) => self.listed(account, board, since).await,
            None => Ok(Listed::cannot_tell("the account has no board of its own, and each post names one")),
        }
    }

    /// The account's own board is listed, and no other.
    fn is_listed(&self, draft: &Draft, account: &Account, _part: u16) -> bool {
        draft
            .0
            .settings
            .get(BOARD)
            .filter(|board| !board.is_empty())
            .is_none_or(|board| account.setting(BOARD) == Some(board))
    }

    fn wording(&self, draft: &Draft, _account: &Account, _part: u16) -> Wording {
        let title = draft.0.settings.get("title").map(String::as_str).unwrap_or_default();
        look::wording(title, &draft.0.text)
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        self.standing(account).await
    }

    fn can_renew(&self, account: &Account) -> bool {
        tokens::can_renew(account)
    }

    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        oauth::exchange(&self.http, &servers::PINTEREST, ask).await
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        account.check_transport()?;
        self.renew(account).await
    }

    /// Words may stand before the number.
    fn id_in(&self, address: &str) -> Option<String> {
        let address = Address::read(address)?;
        let pin = address.behind("pin")?;
        number(pin.rsplit("--").next()?).map(str::to_owned)
    }

    fn is_foreign(&self, address: &str) -> bool {
        self.id_in(address).is_none() && !is_short(address, &["pin.it"])
    }
}

/// The proof in an answer, if it is one.
fn proof(answer: &Answer) -> Option<Receipt> {
    let made: Made = answer.json().filter(|_| answer.is_success())?;
    Some(receipt(made.id)).filter(Receipt::is_proof)
}

fn receipt(id: String) -> Receipt {
    let url = Some(format!("https://www.pinterest.com/pin/{id}/"));
    Receipt { id, url }
}
