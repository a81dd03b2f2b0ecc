//! What every channel can do.

use async_trait::async_trait;
use domain::{Draft, Failure, Finding, Outcome, Receipt, RepeatSafety, delivery};
use jiff::Timestamp;
use url::Url;

use crate::{
    Account, AccountCard, AuthorizeAsk, Call, ExchangeAsk, Granted, Limits, Listed, Mark, OAuth, Objection, Offers,
    Safety, Standing, TokenLife, Tokens, Wording, oauth,
};

/// What a channel is. Queues, metrics, docs and guarantees follow from it.
#[derive(Debug, Clone)]
pub struct About {
    /// The channel's name, as `mastodon`.
    pub name: &'static str,
    /// The platform's name, for people.
    pub title: &'static str,
    /// What the platform offers against doing a thing twice, where an account does not say otherwise.
    pub repeat: RepeatSafety,
    /// What the platform takes.
    pub limits: Limits,
    /// How threads go out.
    pub threads: Threads,
    /// What a post may consist of.
    pub offers: Offers,
    /// The platform's server, as `https://api.x.com`, where an account names none; `None` where there are many, or where it depends on the
    /// account.
    pub server: Option<&'static str>,
    /// The names of the secrets an account needs.
    pub secrets: &'static [&'static str],
    /// The names of the settings without which no account can publish.
    pub settings: &'static [&'static str],
    /// How long its access token lives.
    pub tokens: TokenLife,
    /// The step that may be armed together with the attempt: set only where the platform makes a repeat harmless, so
    /// that arming early costs nothing and saves a write.
    pub arms: Option<&'static str>,
    /// How an account is connected by a link; `None` where a person hands over a key, a password or a bot's token.
    pub oauth: Option<&'static OAuth>,
}

impl About {
    /// The names of all settings that an account may have, first those without which none can publish.
    pub fn account_settings(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.settings.iter().chain(self.offers.account_settings).copied()
    }

    /// The name of the secret that holds the access token; `None` where the channel makes tokens by itself and keeps them to itself.
    pub fn token(&self) -> Option<&'static str> {
        match self.tokens {
            TokenLife::MadeByUs => None,
            _ => self.secrets.first().copied(),
        }
    }
}

/// How a channel publishes threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// Not at all.
    None,
    /// Each part is a publish point of its own; at most this many parts.
    PerPart(u16),
    /// All parts go out in one call; at most this many parts.
    Whole(u16),
}

/// A successful publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// Everything is out; every part was recorded with [`Call::out`].
    Out,
    /// Accepted; the platform still decides. [`Channel::poll`] asks for the verdict.
    Processing,
}

/// What a platform that still decides says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is out.
    Out(Receipt),
    /// Not decided yet.
    Still,
    /// It took the post and then refused it: nothing is out.
    Refused(Failure),
    /// The platform gave up on it, by no fault of the post: nothing is out, and it may be sent again. With the reason.
    NotOut(Failure),
}

impl Verdict {
    /// What a poll about `part` of `parts` came to.
    pub fn outcome(self, part: u16, parts: u16) -> Outcome {
        match self {
            Verdict::Out(receipt) => delivery::decided(part, receipt, parts),
            Verdict::Still => Outcome::Processing,
            Verdict::Refused(failure) => Outcome::Failed(failure),
            Verdict::NotOut(failure) => Outcome::NotOut(failure),
        }
    }
}

/// One platform.
#[async_trait]
pub trait Channel: Send + Sync {
    /// What it is.
    fn about(&self) -> &About;

    /// What the platform offers this account against doing a thing twice: its server or receiver may offer less than others do,
    /// and the account's settings say so. A value that the channel does not know counts as the weaker one.
    fn safety(&self, _account: &AccountCard) -> Safety {
        let About { repeat, arms, .. } = *self.about();
        Safety { repeat, arms }
    }

    /// What is wrong with the settings by which an account says what its server or receiver offers; with a wrong one no
    /// process starts. Pure.
    fn check_account(&self, _account: &AccountCard) -> Vec<String> {
        Vec::new()
    }

    /// Everything in the draft that the platform would refuse. Pure; asked at intake and again before sending.
    fn check(&self, draft: &Draft) -> Vec<Objection>;

    /// Sends whatever is not out yet, starting with [`Call::next_part`]. Free steps may be repeated; every publish point is
    /// called through [`Call::publish_point`]; every part that is out is recorded with [`Call::out`] before the next.
    ///
    /// # Errors
    /// The failure says whether the post may be out ([`domain::Landed`]) and whether another try is worth it.
    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure>;

    /// Asks the platform whether the publish point that the mark names is out; called through [`crate::look`]. Never takes "the newest post": it matches
    /// by handle, or by account, time window and content.
    ///
    /// # Errors
    /// The platform could not be asked.
    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure>;

    /// Everything that the platform shows of the account's posts since then, as far as it can be read at a bearable price. Never changes
    /// anything. Channels whose platform lists nothing, or whose look asks for one post by its handle, say so.
    ///
    /// # Errors
    /// The platform could not be asked.
    async fn list(&self, _account: &Account, _since: Timestamp) -> Result<Listed, Failure> {
        Ok(Listed::cannot_tell("its channel lists no posts"))
    }

    /// Whether the platform charges for every post that is listed: then nobody lists who was not asked to. Pure.
    fn charges_for_listing(&self) -> bool {
        false
    }

    /// Whether [`Channel::list`] shows publish point `part` of the draft once it is out, so that its absence means something. Pure.
    fn is_listed(&self, _draft: &Draft, _account: &Account, _part: u16) -> bool {
        true
    }

    /// What publish point `part` of the draft says where it is listed. Pure.
    fn wording(&self, draft: &Draft, _account: &Account, part: u16) -> Wording {
        Wording::of_part(draft, part)
    }

    /// Asks a platform that still decides for its verdict.
    ///
    /// # Errors
    /// The platform could not be asked. Whatever is told here, a refusal among it, is never taken for a verdict.
    async fn poll(&self, _mark: &Mark<'_>) -> Result<Verdict, Failure> {
        Ok(Verdict::Still)
    }

    /// Asks the platform whether the account's credentials are good and suffice for publishing, by a call that publishes nothing
    /// and costs little.
    ///
    /// # Errors
    /// The platform's refusal by the channel's table (a dead token, a restricted account), or that it could not be asked.
    async fn check_credentials(&self, _account: &Account) -> Result<Standing, Failure> {
        Ok(Standing::unknown())
    }

    /// Whether the account holds what a renewal takes. Where it does not, its token's end is a matter for a person. Pure.
    fn can_renew(&self, _account: &Account) -> bool {
        false
    }

    /// Renews the account's tokens, once. `None`: there is nothing to renew ([`TokenLife`]).
    ///
    /// Of a refresh token that is good only once, an answer that is lost takes the account with it: whoever calls this holds a lock
    /// for the account and stores the answer before it is used. What a repeat does, [`TokenLife::repeat`] says.
    ///
    /// # Errors
    /// [`domain::Landed::Unknown`] if what renews them may have been used up without an answer; else the platform's refusal by the
    /// channel's table, or that it could not be asked.
    async fn refresh(&self, _account: &Account) -> Result<Option<Tokens>, Failure> {
        Ok(None)
    }

    /// How this account is connected by a link: some platforms have more than one way. Pure.
    fn oauth(&self, _account: &Account) -> Option<&'static OAuth> {
        self.about().oauth
    }

    /// The link that a person follows to agree; `None` if accounts here are not connected by a link, or if the account's address for
    /// it cannot be used. Pure.
    fn authorize_url(&self, ask: &AuthorizeAsk<'_>) -> Option<Url> {
        self.oauth(ask.account)?.link(ask)
    }

    /// Exchanges the code that a person came back with for tokens, once. The caller has compared the state.
    ///
    /// # Errors
    /// [`domain::Landed::Unknown`] if the code may be used up all the same; else the platform's refusal. Either says what to do: in most
    /// cases to begin again with a new link, because a code is good once.
    async fn exchange(&self, _ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        Err(oauth::not_by_link(self.about().title))
    }

    /// The platform's id of the post at a web address that a person gives as proof; `None` if the address does not hold it. Parts that
    /// follow answer the id, and the ledger knows the post by it. Pure.
    fn id_in(&self, _address: &str) -> Option<String> {
        None
    }

    /// Whether a web address surely is not that of a post here: another site's, or, where each post's address holds its id
    /// ([`Channel::id_in`]), one without. False where the channel cannot tell, as of the short links that apps share. Pure.
    fn is_foreign(&self, _address: &str) -> bool {
        false
    }

    /// Whose post a web address is of, where it names the account as [`Standing::who`] does; `None` where it does not. Pure.
    fn account_in(&self, _address: &str) -> Option<String> {
        None
    }

    /// The earlier post that the platform's words name, where it refuses one as a repeat; whether it is ours is for a person. Pure.
    fn named_in(&self, _said: &str) -> Option<Receipt> {
        None
    }

    /// Where a post is, as far as its address and the platform's id of it tell: the account's name, a chat, a room, a page. One place may be
    /// named in several ways, each with a sign of its own before it ([`crate::is_one_place`]). Pure.
    fn places(&self, post: &Receipt) -> Vec<String> {
        let named = post.url.as_deref().and_then(|url| self.account_in(url));
        named.map(|named| format!("@{}", named.to_lowercase())).into_iter().collect()
    }

    /// Where the account of `card` publishes to, named as [`Channel::places`] does; `None` where its settings do not tell. Pure.
    fn place_of(&self, _card: &AccountCard) -> Option<String> {
        None
    }

    /// How many publish points the draft has.
    fn parts(&self, draft: &Draft) -> u16 {
        match self.about().threads {
            Threads::PerPart(_) => u16::try_from(1 + draft.0.thread.len()).unwrap_or(u16::MAX),
            Threads::None | Threads::Whole(_) => 1,
        }
    }
}
