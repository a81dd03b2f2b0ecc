//! A platform's logins: access tokens that end, refresh tokens that are good once or for ever, and answers that are lost.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use channels::{
    About, Account, AccountCard, Call, Channel, Mark, Objection, Published, RefreshRepeat, Safety, Secret, Standing,
    TokenLife, Tokens, Verdict,
};
use domain::{Code, Draft, Failure, Finding, Fix, Landed, PlatformWords, Scope, Worth};
use jiff::Timestamp;
use runtime::Runtime;

use crate::{TestChannel, channel::full_name};

const REFRESH_TOKEN: &str = "refresh_token";
const TOKEN: &str = "access_token";
/// How long the platform takes for an answer about tokens.
const TAKES: Duration = Duration::from_millis(300);

/// All logins of a platform. Cheap to clone.
#[derive(Clone)]
pub struct Logins {
    runtime: Runtime,
    life: Duration,
    repeat: RefreshRepeat,
    all: Arc<Mutex<All>>,
}

#[derive(Default)]
struct All {
    by_account: BTreeMap<String, Login>,
    whose: HashMap<String, String>,
    made: u64,
    /// How often, of a thousand, the answer to a refresh is lost.
    lost: u32,
    /// What the next refreshes meet.
    cues: Vec<Cue>,
}

/// What a refresh meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// It never arrives, and its caller does not know.
    LostBefore,
    /// It is done, and its answer is lost.
    LostAfter,
    /// The platform is out of order, and says so.
    OutOfOrder,
    /// The platform refuses it for good, although the token is the newest.
    Refuse,
}

#[derive(Default, Clone)]
struct Login {
    /// Access tokens, and until when each is good.
    access: Vec<(String, Timestamp)>,
    /// The refresh token that is good.
    refresh: String,
    /// Those that were used, and when.
    used: Vec<(String, Timestamp)>,
    dead: bool,
    seen: Seen,
}

/// What the platform saw of an account's logins.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Refreshes that took effect.
    pub refreshes: u32,
    /// How long the newest access token still had, at each of them.
    pub left: Vec<Duration>,
    /// Refreshes that took effect and whose answers were lost.
    pub unheard: u32,
    /// Uses of a refresh token that had been used before.
    pub replays: u32,
    /// Publishing that was refused for its token.
    pub refused: u32,
}

impl Logins {
    /// Of a platform whose access tokens live for `life`, and on which a second use of a refresh token does what `repeat` says.
    pub fn new(runtime: Runtime, life: Duration, repeat: RefreshRepeat) -> Self {
        Self { runtime, life, repeat, all: Arc::default() }
    }

    /// The same platform, seen by another process.
    pub fn seen_by(&self, runtime: Runtime) -> Self {
        Self { runtime, ..self.clone() }
    }

    /// How often, of a thousand, the answer to a refresh is lost: half of these before it took effect.
    pub fn lose(&self, of_a_thousand: u32) {
        self.all().lost = of_a_thousand;
    }

    /// What the next refresh meets.
    pub fn cue(&self, cue: Cue) {
        self.all().cues.push(cue);
    }

    /// A person logs in: new tokens for the account, whatever became of the old ones.
    pub fn log_in(&self, account: &str) -> Tokens {
        let now = self.runtime.now();
        let mut all = self.all();
        let login = all.by_account.entry(account.to_owned()).or_default();
        *login = Login { seen: login.seen.clone(), ..Login::default() };
        self.give(&mut all, account, now)
    }

    /// The owner withdraws all tokens of the account.
    pub fn revoke(&self, account: &str) {
        if let Some(login) = self.all().by_account.get_mut(account) {
            login.dead = true;
        }
    }

    /// Every access token of the account ends now; its refresh token does not.
    pub fn end(&self, account: &str) {
        if let Some(login) = self.all().by_account.get_mut(account) {
            login.access.clear();
        }
    }

    /// What was seen of the account.
    pub fn seen(&self, account: &str) -> Seen {
        self.all().by_account.get(account).map(|login| login.seen.clone()).unwrap_or_default()
    }

    /// Whether the account's connection is alive.
    pub fn is_alive(&self, account: &str) -> bool {
        self.all().by_account.get(account).is_some_and(|login| !login.dead)
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(&self, all: &mut All, account: &str, now: Timestamp) -> Tokens {
        all.made += 1;
        let (access, refresh) = (format!("access-{}", all.made), format!("refresh-{}", all.made));
        let ends = now.saturating_add(self.life).unwrap_or(Timestamp::MAX);
        all.whose.insert(refresh.clone(), account.to_owned());
        let login = all.by_account.entry(account.to_owned()).or_default();
        login.access.push((access.clone(), ends));
        let rotates = self.repeat.rotates();
        if rotates || login.refresh.is_empty() {
            login.refresh = refresh;
        }
        let refresh = login.refresh.clone();
        Tokens {
            access: Secret::new(access),
            refresh: Some(Secret::new(refresh)),
            expires_at: Some(ends),
            refresh_expires_at: None,
            scopes: None,
        }
    }

    /// Whose token the account holds, if it is good. A platform does not know what we call an account.
    fn owner(&self, account: &Account) -> Option<String> {
        let now = self.runtime.now();
        let token = account.secrets.get(TOKEN).map(Secret::reveal).unwrap_or_default();
        let mut all = self.all();
        let has =
            |login: &Login| !login.dead && login.access.iter().any(|(known, until)| known == token && now < *until);
        let owner = all.by_account.iter().find(|(_, login)| has(login)).map(|(owner, _)| owner.clone());
        if owner.is_none() {
            all.by_account.entry(full_name(account)).or_default().seen.refused += 1;
        }
        owner
    }

    async fn refresh(&self, account: &Account) -> Result<Tokens, Failure> {
        let token = account.secret(REFRESH_TOKEN)?.reveal().to_owned();
        self.runtime.sleep(TAKES).await;
        let cue = {
            let mut all = self.all();
            let by_chance = || {
                let draw = (self.runtime.chance() * 1000.0) as u32;
                (draw < all.lost).then_some(if draw.is_multiple_of(2) { Cue::LostBefore } else { Cue::LostAfter })
            };
            if all.cues.is_empty() { by_chance() } else { Some(all.cues.remove(0)) }
        };
        match cue {
            Some(Cue::LostBefore) => return Err(self.no_answer().await),
            Some(Cue::OutOfOrder) => return Err(failure(Code::OUT_OF_ORDER, Landed::No, None)),
            Some(Cue::Refuse) => return Err(invalid_grant()),
            Some(Cue::LostAfter) | None => {}
        }
        let given = self.exchange(&token);
        if cue == Some(Cue::LostAfter) {
            if given.is_ok()
                && let Some(login) = self.all().by_account.get_mut(&full_name(account))
            {
                login.seen.unheard += 1;
            }
            return Err(self.no_answer().await);
        }
        given
    }

    async fn no_answer(&self) -> Failure {
        self.runtime.sleep(Duration::from_secs(30)).await;
        // Where a repeat is harmless it does not matter whether it was done.
        let landed = if self.repeat.rotates() { Landed::Unknown } else { Landed::No };
        failure(Code::NO_ANSWER, landed, None)
    }

    fn exchange(&self, token: &str) -> Result<Tokens, Failure> {
        let now = self.runtime.now();
        let mut all = self.all();
        let Some(name) = all.whose.get(token).cloned() else { return Err(invalid_grant()) };
        let Some(login) = all.by_account.get_mut(&name) else { return Err(invalid_grant()) };
        if login.dead {
            return Err(invalid_grant());
        }
        let used = login.used.iter().find(|(used, _)| used == token).map(|(_, at)| *at);
        if let Some(at) = used {
            login.seen.replays += 1;
            let since = Duration::try_from(now.duration_since(at)).unwrap_or_default();
            if !self.repeat.works_after(since) {
                login.dead |= self.repeat == RefreshRepeat::Kills;
                return Err(invalid_grant());
            }
        } else if login.refresh != token {
            return Err(invalid_grant());
        }
        let newest = login.access.iter().map(|(_, until)| *until).max().unwrap_or(now);
        login.seen.left.push(Duration::try_from(newest.duration_since(now)).unwrap_or_default());
        login.seen.refreshes += 1;
        if self.repeat.rotates() && used.is_none() {
            login.used.push((token.to_owned(), now));
        }
        Ok(self.give(&mut all, &name, now))
    }
}

/// One of the test channels, behind logins.
pub struct TokenChannel {
    about: About,
    channel: TestChannel,
    logins: Logins,
}

impl TokenChannel {
    /// `channel`, which takes only tokens of `logins`.
    pub fn new(channel: TestChannel, logins: Logins) -> Self {
        let tokens = TokenLife::Refreshed { life: logins.life, refresh_life: None, repeat: logins.repeat };
        let about = About { tokens, secrets: &[TOKEN], ..channel.about().clone() };
        Self { about, channel, logins }
    }

    /// Whose account it is.
    fn admit(&self, account: &Account) -> Result<String, Failure> {
        let refused = || failure(Code::TOKEN_EXPIRED, Landed::No, Some(Fix::Reconnect));
        self.logins.owner(account).ok_or_else(refused)
    }
}

#[async_trait]
impl Channel for TokenChannel {
    fn about(&self) -> &About {
        &self.about
    }

    fn safety(&self, account: &AccountCard) -> Safety {
        self.channel.safety(account)
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        self.channel.check(draft)
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        self.admit(call.account)?;
        self.channel.publish(call).await
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        self.admit(mark.account)?;
        self.channel.find(mark).await
    }

    async fn poll(&self, mark: &Mark<'_>) -> Result<Verdict, Failure> {
        self.admit(mark.account)?;
        self.channel.poll(mark).await
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        self.admit(account).map(Standing::good)
    }

    fn can_renew(&self, account: &Account) -> bool {
        account.secrets.contains_key(REFRESH_TOKEN)
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        self.logins.refresh(account).await.map(Some)
    }
}

fn invalid_grant() -> Failure {
    failure(Code::TOKEN_REVOKED, Landed::No, Some(Fix::Reconnect))
}

fn failure(code: Code, landed: Landed, fix: Option<Fix>) -> Failure {
    Failure {
        code,
        landed,
        worth: fix.map_or(Worth::Retry { not_before: None }, |fix| Worth::AfterFix { fix }),
        scope: if fix.is_some() { Scope::Account } else { Scope::Channel },
        step: "use token".into(),
        said: PlatformWords::default(),
    }
}
