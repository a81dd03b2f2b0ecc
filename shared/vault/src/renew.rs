//! Renewing an account's tokens, once among all processes.
//!
//! The intent is stored first, by a compare-and-set that only one can win; then the platform is called; then the answer is stored,
//! and only then used. So a caller that dies leaves a trace, and whoever comes next knows of the doubt.

use std::time::Duration;

use channels::{About, Account, Secret, Tokens};
use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use jiff::Timestamp;

use crate::{
    AccountName, Vault, VaultError,
    error::same,
    load::Loaded,
    plan::{self, Late, May, Refused, later},
    record::{Armed, Health, Means, Renewal, State, Token},
};

const STEP: &str = "renew token";
/// How long a renewal is its caller's alone. Much longer than the platform's call may take: until then nobody else sends the token.
const LEASE: Duration = Duration::from_secs(5 * 60);
/// How often whoever waits for another's renewal looks.
const LOOK: Duration = Duration::from_millis(250);
/// How long it looks.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most by which what waits for a renewal is spread.
const SPREAD: f64 = 0.2;

/// Why a renewal is asked for.
pub(crate) enum Ask {
    /// Its time has come.
    Due,
    /// This token is of no more use.
    Instead(Option<Secret>),
    /// The platform refused this token.
    Refused(Option<Secret>),
    /// A person wants it.
    Forced,
}

impl Vault {
    /// Renews the account's tokens now, and answers the account with them. If the token that it would replace has been replaced by
    /// somebody else, that is the answer.
    ///
    /// It goes on when the caller gives up: a renewal that is cut off may take the account with it.
    pub(crate) async fn renew(&self, name: &AccountName, ask: Ask) -> Result<Account, VaultError> {
        let (vault, name) = (self.clone(), name.clone());
        let task = self.runtime.spawn(async move { vault.renew_now(&name, ask).await });
        task.await.unwrap_or_else(|_| Err(Failure::system(Code::OWN_HICCUP, STEP, "the renewal was cut off").into()))
    }

    async fn renew_now(&self, name: &AccountName, ask: Ask) -> Result<Account, VaultError> {
        let patience = self.runtime.limit(PATIENCE);
        let is_forced = matches!(ask, Ask::Forced);
        let mut ask = ask;
        loop {
            let mut loaded = self.load(name).await?;
            let about = self.channel(name)?.about();
            if let Ask::Instead(token) | Ask::Refused(token) = &ask
                && !same(token.as_ref(), loaded.token(about))
            {
                return Ok(loaded.account);
            }
            let now = self.store.now().await?;
            plan::take_over(&loaded.means, &mut loaded.record, now);
            match plan::may_renew(&loaded.means, &loaded.record, now, matches!(ask, Ask::Forced)) {
                May::Go => {}
                May::Busy(_) if !self.runtime.left(patience).is_zero() => {
                    // What is being made is new enough for whoever waits.
                    ask = Ask::Instead(loaded.token(about).cloned());
                    self.runtime.sleep(LOOK).await;
                    continue;
                }
                May::Busy(until) | May::Wait(until) if is_forced => {
                    let why = plan::why_not_now(&loaded.means, &loaded.record, now);
                    return Err(VaultError::NotYet { name: Box::new(name.clone()), until, why });
                }
                May::Busy(until) | May::Wait(until) => return Err(self.pending(&loaded, until).into()),
                May::Never(Some(failure)) => return Err(failure.into()),
                May::Never(None) => return Err(cannot(&loaded).into()),
            }
            if matches!(ask, Ask::Refused(_)) {
                loaded.record.renewal.refused = plan::refusals(&loaded.record, now);
            }
            let by = self.runtime.id().to_string();
            loaded.record.renewal.armed = Some(Armed { by, since: now, until: later(now, LEASE) });
            let Some(version) = self.save(&loaded).await? else { continue };
            loaded.version = Some(version);
            return self.call(loaded, now).await;
        }
    }

    /// Calls the platform, and stores what it says.
    async fn call(&self, loaded: Loaded, sent: Timestamp) -> Result<Account, VaultError> {
        let name = loaded.name.clone();
        let channel = self.channel(&name)?;
        let answer = channel.refresh(&loaded.account).await.and_then(|tokens| tokens.ok_or_else(|| cannot(&loaded)));
        let now = self.runtime.now();
        tell(&name, answer.as_ref().err());
        let sent_with = loaded.token(channel.about()).cloned();
        let put_in = |loaded: &mut Loaded| match &answer {
            Ok(tokens) => {
                let tokens = beside(channel.about(), sent_with.as_ref(), loaded, tokens.clone());
                take(channel.about(), loaded, tokens, now);
            }
            Err(failure) => plan::failed(&loaded.means, &mut loaded.record, failure.clone(), sent, now),
        };
        let Some(kept) = self.keep(channel.about(), &loaded, answer.is_ok(), put_in).await else {
            // What is stored now counts, and may do.
            return Err(self.pending(&loaded, now).into());
        };
        match answer {
            Ok(_) => Ok(kept.account),
            Err(failure) if matches!(failure.worth, Worth::Retry { .. }) || failure.landed != Landed::No => {
                let until = kept.record.renewal.not_before.unwrap_or(now);
                Err(self.pending(&kept, until).into())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Stores what came of a renewal, however long it takes: nobody else has it. What others changed meanwhile stays. `None`: what came
    /// of it counts no more.
    async fn keep(
        &self,
        about: &About,
        sent: &Loaded,
        is_renewed: bool,
        put_in: impl Fn(&mut Loaded) + Send + Sync,
    ) -> Option<Loaded> {
        let mut wait = Duration::from_millis(100);
        let mut ours = sent.clone();
        put_in(&mut ours);
        loop {
            match self.save(&ours).await {
                Ok(Some(_)) => return Some(ours),
                Ok(None) => match self.load(&sent.name).await {
                    // Our own write, whose answer was lost.
                    Ok(stored) if is_stored(&stored, &ours) => return Some(ours),
                    Ok(stored) => {
                        let is_same = same(sent.renewed_by(about), stored.renewed_by(about));
                        match plan::late(&sent.record, &stored.record, is_renewed, is_same, self.runtime.now()) {
                            Late::Counts => {
                                ours = stored;
                                put_in(&mut ours);
                            }
                            Late::Waits => {}
                            Late::Lapsed => return None,
                        }
                    }
                    Err(VaultError::NoAccount(_)) => return None,
                    Err(error) => self.cannot_keep(&sent.name, &error),
                },
                Err(error) => self.cannot_keep(&sent.name, &error),
            }
            self.runtime.sleep(self.runtime.jittered(wait, SPREAD)).await;
            wait = (wait * 2).min(Duration::from_secs(5));
        }
    }

    fn cannot_keep(&self, name: &AccountName, error: &VaultError) {
        tracing::error!(
            account = %name,
            error = error as &dyn std::error::Error,
            "what came of a renewal is not stored yet; it is tried until it is"
        );
    }

    /// What the failure of a call means, once the account's credentials have been seen to.
    pub(crate) async fn seen_to(&self, account: &Account, failure: Failure) -> Failure {
        let name = AccountName::new(&account.tenant, &account.channel, &account.id);
        if !self.is_about_token(account, &failure) {
            if let Some(state) = plan::health_of(&failure) {
                self.note(&name, state, Means::Publish, Some(&failure)).await;
            }
            return failure;
        }
        match self.replace(&name, account, &failure).await {
            Ok(()) => self.again(failure, self.runtime.now()),
            Err(VaultError::Failed(told)) if told.code == Code::TOKEN_PENDING => {
                Failure { step: failure.step, ..*told }
            }
            Err(VaultError::Failed(told)) if matches!(told.worth, Worth::AfterFix { .. }) => {
                let told = Failure { landed: Landed::No, ..*told };
                if let Some(state) = plan::health_of(&told) {
                    self.note(&name, state, Means::Publish, Some(&told)).await;
                }
                told
            }
            Err(VaultError::NoAccount(_) | VaultError::Refused(_)) => failure,
            Err(error) => error.into_failure(STEP),
        }
    }

    /// Whether a failure of the account's says that its token was refused, and that it takes another one.
    pub(crate) fn is_about_token(&self, account: &Account, failure: &Failure) -> bool {
        let channel = self.channels.get(account.channel.as_str());
        channel.is_some_and(|channel| plan::is_about_token(channel.about().tokens, failure))
    }

    /// Sees to it that there is a token in the place of the account's, which the platform refused.
    async fn replace(&self, name: &AccountName, account: &Account, failure: &Failure) -> Result<(), VaultError> {
        let about = self.channel(name)?.about();
        let loaded = self.load(name).await?;
        let held = about.token().and_then(|token| account.secrets.get(token));
        let now = self.runtime.now();
        match plan::refused(&loaded.means, &loaded.record, same(held, loaded.token(about)), now) {
            Refused::Renewed => Ok(()),
            Refused::Young(until) => Err(self.pending(&loaded, until).into()),
            Refused::Reconnect => Err(reconnect(failure).into()),
            Refused::Renew => self.renew(name, Ask::Refused(held.cloned())).await.map(drop),
        }
    }

    /// A failure that ends by itself at about `until`, and costs no try.
    pub(crate) fn pending(&self, loaded: &Loaded, until: Timestamp) -> Failure {
        let why = loaded.record.renewal.failure.as_ref();
        let now = self.runtime.now();
        let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
        let at = later(now, self.runtime.jittered(wait, SPREAD));
        Failure {
            code: Code::TOKEN_PENDING,
            landed: Landed::No,
            worth: Worth::Retry { not_before: Some(at) },
            scope: Scope::Account,
            step: STEP.into(),
            said: why.map_or_else(PlatformWords::default, |failure| failure.said.clone()),
        }
    }

    /// The failure of a token that has been replaced: worth another try at once.
    fn again(&self, failure: Failure, now: Timestamp) -> Failure {
        Failure {
            code: Code::TOKEN_PENDING,
            landed: Landed::No,
            worth: Worth::Retry { not_before: Some(now) },
            scope: Scope::Account,
            ..failure
        }
    }
}

/// New tokens as they go beside an access token that a person brought meanwhile without a refresh token: theirs stays, and the right to
/// renew is ours.
fn beside(about: &About, sent_with: Option<&Secret>, stored: &Loaded, tokens: Tokens) -> Tokens {
    match stored.token(about) {
        Some(theirs) if !same(Some(theirs), sent_with) => {
            Tokens { access: theirs.clone(), expires_at: stored.record.token.ends, scopes: None, ..tokens }
        }
        _ => tokens,
    }
}

/// Puts new tokens in the place of the old ones.
fn take(about: &About, loaded: &mut Loaded, tokens: Tokens, now: Timestamp) {
    let record = &mut loaded.record;
    record.token = Token {
        since: Some(now),
        ends: tokens.expires_at.filter(|ends| *ends > now),
        // Where the answer is silent about the refresh token's end and brings a new one, its life begins anew.
        refresh_ends: match (&tokens.refresh_expires_at, &tokens.refresh) {
            (Some(ends), _) => Some(*ends),
            (None, Some(_)) => plan::right_from(&loaded.means, now),
            (None, None) => record.token.refresh_ends,
        },
        scopes: tokens.scopes.clone().or_else(|| record.token.scopes.take()),
        renewed: record.token.renewed + 1,
        ..std::mem::take(&mut record.token)
    };
    record.renewal = Renewal { refused: record.renewal.refused, ..Renewal::default() };
    if record.health.state == State::NeedsReconnect || record.health.state == State::Unknown {
        let who = std::mem::take(&mut record.health.who);
        record.health = Health { state: State::Ok, since: Some(now), who, ..Health::default() };
    }
    record.health.checked_at = Some(now);
    record.health.by = Some(Means::Renewal);
    let old = std::mem::take(&mut loaded.own);
    loaded.own = tokens.into_secrets(about, &old);
    loaded.account.secrets.extend(loaded.own.clone());
    let holds = if record.listed { &loaded.account.secrets } else { &loaded.own };
    record.holds = holds.keys().cloned().collect();
}

/// Counts and logs how a renewal went.
fn tell(name: &AccountName, failure: Option<&Failure>) {
    let outcome = match failure.map(|failure| failure.landed) {
        None => "renewed",
        Some(Landed::No) => "refused",
        Some(_) => "unknown",
    };
    metrics::counter!("oncepost_renewals_total", "channel" => name.channel.to_string(), "outcome" => outcome)
        .increment(1);
    match failure {
        None => tracing::info!(account = %name, "tokens renewed"),
        Some(failure) => {
            let said = (failure.said.status, failure.said.code.as_deref(), failure.said.text.as_str());
            tracing::warn!(account = %name, code = %failure.code, landed = ?failure.landed, ?said, "tokens were not renewed");
        }
    }
}

fn is_stored(stored: &Loaded, ours: &Loaded) -> bool {
    stored.record.token == ours.record.token && stored.record.renewal == ours.record.renewal
}

/// A token that nobody but a person can replace.
fn reconnect(failure: &Failure) -> Failure {
    Failure { worth: Worth::AfterFix { fix: Fix::Reconnect }, scope: Scope::Account, ..failure.clone() }
}

/// The account does not hold what renewing takes.
fn cannot(loaded: &Loaded) -> Failure {
    Failure {
        code: Code::TOKEN_EXPIRED,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Reconnect },
        scope: Scope::Account,
        step: STEP.into(),
        said: PlatformWords::text(format!("{} holds nothing to renew its token by", loaded.name)),
    }
}
