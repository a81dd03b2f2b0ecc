//! Channels on the platform, one for each thing that platforms offer against doing a thing twice.

use std::time::Duration;

use async_trait::async_trait;
use channels::{
    About, Account, AccountCard, Call, Channel, Limits, Listed, ListedPost, Listing, Mark, Objection, Offers,
    Published, Safety, Threads, TokenLife, Verdict, Wording,
};
use domain::{Draft, Failure, Finding, Landed, LookUp, Receipt, RepeatSafety};
use jiff::Timestamp;

use crate::platform::{Ask, Job, Platform, given_up, rejected};

/// How long the platforms that remember keys do so.
const KEPT: Duration = Duration::from_secs(3600);

/// The four kinds of repeat safety.
pub const KINDS: [&str; 4] = ["key", "handle", "look-up", "nothing"];

/// The kinds, and two variants: a key with nothing behind it, and a platform that takes its time to decide.
pub const ALL_KINDS: [&str; 6] = ["key", "handle", "look-up", "nothing", "key-only", "deciding"];

/// Where nobody but a person can tell, at least in the end.
pub const UNASKABLE: [&str; 2] = ["nothing", "key-only"];

/// A mistake that a channel's author or a platform could make. The simulation must find each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Defect {
    /// A call whose outcome is not known is reported as not sent.
    UnknownIsNotSent,
    /// "Not there" is believed at the first look, although listings lag.
    AbsentAtOnce,
    /// The platform forgets its keys sooner than the channel says.
    ForgottenKey,
}

impl Defect {
    /// Its name, as `--broken` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownIsNotSent => "unknown-is-not-sent",
            Self::AbsentAtOnce => "absent-at-once",
            Self::ForgottenKey => "forgotten-key",
        }
    }
}

/// A channel on the platform, with one kind of repeat safety.
pub struct TestChannel {
    about: About,
    platform: Platform,
    defect: Option<Defect>,
}

impl TestChannel {
    /// The channel called `kind`, which is one of [`ALL_KINDS`].
    pub fn new(kind: &'static str, platform: Platform) -> Self {
        Self::with_defect(kind, platform, None)
    }

    /// The same with a mistake in it.
    pub fn with_defect(kind: &'static str, platform: Platform, defect: Option<Defect>) -> Self {
        let seconds = Duration::from_secs;
        let sure_after = if defect == Some(Defect::AbsentAtOnce) { seconds(10) } else { seconds(300) };
        let look_up = LookUp { settles_after: seconds(10), sure_after };
        let key = |afterwards| RepeatSafety::PlatformKey { kept_for: KEPT, settles_after: seconds(5), afterwards };
        let repeat = match kind {
            "key" => key(Some(look_up)),
            "key-only" => key(None),
            "handle" | "deciding" => RepeatSafety::Handle { settles_after: seconds(5) },
            "look-up" => RepeatSafety::LookUp(look_up),
            _ => RepeatSafety::Nothing,
        };
        let about = About {
            name: kind,
            title: kind,
            repeat,
            limits: Limits::NONE,
            threads: if kind == "deciding" { Threads::Whole(10) } else { Threads::PerPart(10) },
            offers: Offers::media(usize::MAX, usize::MAX),
            server: None,
            secrets: &[],
            settings: &[],
            tokens: TokenLife::Lasting,
            arms: (kind == "key").then_some("publish"),
            oauth: None,
        };
        Self { about, platform, defect }
    }

    fn has_handle(&self) -> bool {
        matches!(self.about.repeat, RepeatSafety::Handle { .. })
    }

    fn ask(&self, call: &Call<'_>, part: u16, text: &str) -> Ask {
        let keyed = matches!(self.about.repeat, RepeatSafety::PlatformKey { .. }) || self.has_handle();
        Ask {
            channel: self.about.name,
            account: full_name(call.account),
            text: text.to_owned(),
            key: keyed.then(|| call.key(part)),
            lasting: self.has_handle(),
            of: (call.target.id, part),
        }
    }

    /// The mistake, if the channel has one: an unknown outcome passes for "not sent".
    fn judged(&self, failure: Failure) -> Failure {
        match self.defect {
            Some(Defect::UnknownIsNotSent) if failure.landed == Landed::Unknown => {
                Failure { landed: Landed::No, ..failure }
            }
            _ => failure,
        }
    }

    async fn search(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        let text = mark.draft.parts()[usize::from(mark.part)].text.clone();
        let since = mark.since.saturating_sub(Duration::from_secs(600)).unwrap_or(Timestamp::MIN);
        let candidates = self.platform.listed(&full_name(mark.account), &text, since).await?;
        let taken = mark.record.taken(&candidates).await?;
        let own = candidates.into_iter().find(|id| !taken.contains(id));
        Ok(own.map_or(Finding::Absent, |id| Finding::Found(Receipt { id, url: None })))
    }
}

#[async_trait]
impl Channel for TestChannel {
    fn about(&self) -> &About {
        &self.about
    }

    fn safety(&self, account: &AccountCard) -> Safety {
        match account.setting("offers") {
            Some("nothing") => Safety { repeat: RepeatSafety::Nothing, arms: None },
            _ => Safety { repeat: self.about.repeat, arms: self.about.arms },
        }
    }

    fn check(&self, _draft: &Draft) -> Vec<Objection> {
        Vec::new()
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        if self.has_handle() && call.handle("record").is_none() {
            call.keep("record", &call.key(0)).await?;
        }
        if self.about.name == "deciding" {
            let text = call.draft.0.text.clone();
            call.publish_point("publish", 0).await?;
            let job = self.platform.submit(self.ask(call, 0, &text)).await.map_err(|failure| self.judged(failure))?;
            // Without an id there is no job to ask for; the handle finds it.
            return if job.is_empty() { Err(crate::platform::no_answer()) } else { Ok(Published::Processing) };
        }
        let parts = call.draft.parts();
        for (part, content) in (0..).zip(&parts).skip(call.next_part().into()) {
            // As Mastodon's channel does: what is listed need not be sent again, whatever the platform remembers.
            let found = match self.about.name == "key" && call.is_repeat(part) {
                true if !call.has_rivals(KEPT).await? => self.search(&call.mark(part)).await?,
                _ => Finding::Absent,
            };
            let receipt = match found {
                Finding::Found(receipt) => receipt,
                Finding::Absent | Finding::CannotTell(_) => {
                    call.publish_point("publish", part).await?;
                    let ask = self.ask(call, part, &content.text);
                    let id = self.platform.publish(ask).await.map_err(|failure| self.judged(failure))?;
                    Receipt { id, url: None }
                }
            };
            call.out(part, receipt).await?;
        }
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        let key = mark.key();
        match (self.about.name, self.about.repeat) {
            ("deciding", _) => Ok(match self.platform.ask_job(&key).await? {
                Job::Out(id) => Finding::Found(Receipt { id, url: None }),
                Job::Undecided => Finding::CannotTell("the platform still decides".into()),
                Job::Unknown | Job::Rejected | Job::GivenUp => Finding::Absent,
            }),
            (_, RepeatSafety::Handle { .. }) => {
                Ok(self.platform.by_key(&key).await?.map_or(Finding::Absent, Finding::Found))
            }
            (_, RepeatSafety::Nothing | RepeatSafety::PlatformKey { afterwards: None, .. }) => {
                Ok(Finding::CannotTell("the platform cannot be asked".into()))
            }
            (_, RepeatSafety::PlatformKey { .. }) => match self.search(mark).await? {
                Finding::Found(_) if mark.record.rivals(KEPT).await? => {
                    Ok(Finding::CannotTell("it may be a twin's, which is settled first".into()))
                }
                finding => Ok(finding),
            },
            _ => self.search(mark).await,
        }
    }

    /// Asked of what may have been sent in a gap.
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        if !matches!(self.about.name, "key" | "handle" | "look-up") {
            return Ok(Listed::CannotTell("nothing is listed".into()));
        }
        let posts = self.platform.all_listed(&full_name(account), since).await?;
        let shown = posts.into_iter().map(|post| ListedPost {
            receipt: Receipt { id: post.id, url: None },
            at: post.at,
            wording: Wording::of(&post.text),
        });
        Ok(Listed::Posts(Listing { posts: shown.collect(), cut: None }))
    }

    async fn poll(&self, mark: &Mark<'_>) -> Result<Verdict, Failure> {
        match self.platform.ask_job(&mark.key()).await? {
            Job::Out(id) => Ok(Verdict::Out(Receipt { id, url: None })),
            Job::Rejected => Ok(Verdict::Refused(rejected())),
            Job::GivenUp => Ok(Verdict::NotOut(given_up())),
            Job::Undecided | Job::Unknown => Ok(Verdict::Still),
        }
    }
}

/// Tenant, channel and account: what a platform would know as one account.
pub(crate) fn full_name(account: &Account) -> String {
    format!("{}/{}/{}", account.tenant, account.channel, account.id)
}
