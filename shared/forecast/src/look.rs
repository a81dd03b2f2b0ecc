//! Reading what a forecast takes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use channels::{Accounts, CapOf, Media, unfit};
use domain::{AppId, ChannelName, Pause, TargetId, TenantId};
use jiff::Timestamp;
use ledger::{Ledger, Upcoming, UpcomingTarget};
use runtime::Runtime;
use vault::{AccountName, Vault, VaultError};

use crate::{
    caps::{Full, Sender, Sending, fill},
    causes, held,
    judge::{Case, Known, World, addresses, judge, time_of},
    media::{self, Files},
    pace::{Lane, play},
    report::{AtStake, Report},
    risk::Verdict,
};

/// A forecast's numbers.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many targets are looked at, at most: the earliest.
    pub most: usize,
    /// Of those that are not looked at, how many are counted at most.
    pub count: u32,
    /// How many are read at a time.
    pub page: u32,
    /// How many addresses of files are asked at a time.
    pub media_at_once: usize,
    /// How long one address is waited for.
    pub media_wait: Duration,
    /// How long all of them may take.
    pub media_time: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            most: 10_000,
            count: 50_000,
            page: 5_000,
            media_at_once: 8,
            media_wait: Duration::from_secs(10),
            media_time: Duration::from_secs(40),
        }
    }
}

/// What to look at.
#[derive(Debug, Clone)]
pub struct Ask {
    /// How far ahead.
    pub ahead: Duration,
    /// Of this tenant only.
    pub tenant: Option<TenantId>,
    /// On this channel only.
    pub channel: Option<ChannelName>,
    /// On this account only.
    pub account: Option<AccountName>,
    /// Ask for the files, too.
    pub media: bool,
}

impl Ask {
    /// Everything within `ahead`, without asking for files.
    pub fn ahead(ahead: Duration) -> Self {
        Self { ahead, tenant: None, channel: None, account: None, media: false }
    }
}

/// Looks ahead. Cheap to clone.
#[derive(Clone)]
pub struct Forecast {
    runtime: Runtime,
    ledger: Arc<dyn Ledger>,
    vault: Vault,
    media: Media,
    options: Options,
}

impl Forecast {
    /// A forecast over the given parts. The channels are the vault's.
    pub fn new(runtime: Runtime, ledger: Arc<dyn Ledger>, vault: Vault, media: Media, options: Options) -> Self {
        Self { runtime, ledger, vault, media, options }
    }

    /// What will fail, or may, and why. `pauses_for` says which pauses whoever asks may see, and how.
    ///
    /// # Errors
    /// The ledger did not answer.
    pub async fn look(&self, ask: &Ask, pauses_for: impl Fn(Vec<Pause>) -> Vec<Pause>) -> Result<Report, VaultError> {
        let now = self.ledger.now().await?;
        let until = now.saturating_add(ask.ahead).unwrap_or(Timestamp::MAX);
        // Connected accounts are found by cards that may be some seconds old.
        self.vault.catch_up().await;
        let (targets, not_looked_at) = self.targets(ask, until).await?;
        let pauses = self.ledger.pauses().await?;
        let accounts = self.accounts(&targets).await?;
        let Played { goes, full } = self.play(ask, &targets, until, now, &pauses).await?;
        let is_held = |target: &&UpcomingTarget| {
            let case = Case { target, at: target.next };
            pauses.iter().any(|pause| held::covers(&pause.scope, &case))
        };
        let held = targets.iter().filter(is_held).count() as u64;
        let pauses = pauses_for(pauses);
        let files = match ask.media {
            true => {
                let wanted = targets.iter().map(|target| (target, addresses(target, &self.vault.channels)));
                let ports = (&self.runtime, &*self.ledger, &self.media);
                media::ask(wanted, ports, &self.options).await
            }
            false => Files::default(),
        };
        let world = World {
            now,
            channels: &self.vault.channels,
            accounts: &accounts,
            pauses: &pauses,
            goes: &goes,
            full: &full,
            media: &files.failed,
            kept: &files.kept,
            can_seal: self.vault.can_seal(),
        };
        let mut at_stake: Vec<_> = targets.iter().filter_map(|target| at_stake(target, &world)).collect();
        at_stake.sort_by_key(|target| (target.goes_at, target.target));
        let count = |verdict| at_stake.iter().filter(|target| target.verdict == verdict).count() as u64;
        Ok(Report {
            at: now,
            until,
            looked_at: targets.len() as u64,
            held,
            not_looked_at,
            media: ask.media.then_some(files.look),
            will_fail: count(Verdict::WillFail),
            at_risk: count(Verdict::AtRisk),
            causes: causes::of(&at_stake),
            targets: at_stake,
        })
    }

    /// The targets to look at, and how many more there are.
    async fn targets(&self, ask: &Ask, until: Timestamp) -> Result<(Vec<UpcomingTarget>, u64), VaultError> {
        let account = ask.account.clone().map(|name| (name.tenant, name.channel, name.account));
        let (tenant, channel) = (ask.tenant.clone(), ask.channel.clone());
        let asked = Upcoming { account, tenant, channel, ..Upcoming::until(until) };
        let mut found: Vec<UpcomingTarget> = Vec::new();
        self.read(asked.clone(), |target| {
            found.push(target);
            found.len() < self.options.most
        })
        .await?;
        if found.len() < self.options.most {
            return Ok((found, 0));
        }
        let after = found.last().map(UpcomingTarget::place);
        let more = self.ledger.count_upcoming(&Upcoming { after, limit: self.options.count, ..asked }).await?;
        Ok((found, more))
    }

    /// Reads page after page, for as long as `take` wants more.
    async fn read(
        &self,
        mut ask: Upcoming,
        mut take: impl FnMut(UpcomingTarget) -> bool + Send,
    ) -> Result<(), VaultError> {
        ask.limit = self.options.page;
        loop {
            let page = self.ledger.upcoming(&ask).await?;
            let Some(last) = page.last() else { return Ok(()) };
            ask.after = Some(last.place());
            for target in page {
                if !take(target) {
                    return Ok(());
                }
            }
        }
    }

    /// The accounts of the targets, all read at once.
    async fn accounts(&self, targets: &[UpcomingTarget]) -> Result<BTreeMap<AccountName, Known>, VaultError> {
        let known = |target: &&UpcomingTarget| self.vault.channels.get(target.channel.as_str()).is_some();
        let names: BTreeSet<_> = targets.iter().filter(known).map(name_of).collect();
        let views = self.vault.views_of(&names).await?;
        let known = views.into_iter().map(|view| {
            let name = view.name.clone();
            let card = self.vault.find(&name.tenant, &name.channel, &name.account);
            let channel = self.vault.channels.get(name.channel.as_str());
            let faults = channel.zip(card).map(|(channel, card)| unfit(&**channel, &card)).unwrap_or_default();
            (name, Known { view, faults })
        });
        Ok(known.collect())
    }

    /// When each target will go, by the paces of accounts and apps, and which caps hold it up. An app is shared with others than those
    /// that are asked for.
    async fn play(
        &self,
        ask: &Ask,
        targets: &[UpcomingTarget],
        until: Timestamp,
        now: Timestamp,
        pauses: &[Pause],
    ) -> Result<Played, VaultError> {
        let mut lanes = Lanes { vault: &self.vault, pauses, now, found: BTreeMap::new() };
        targets.iter().for_each(|target| lanes.add(target));
        let is_whole = ask.tenant.is_none() && ask.channel.is_none() && ask.account.is_none();
        if !is_whole && lanes.found.values().any(Found::shares) {
            lanes.found.clear();
            let mut left = self.options.most;
            self.read(Upcoming::until(until), |target| {
                lanes.add(&target);
                left = left.saturating_sub(1);
                left > 0
            })
            .await?;
        }
        let (lanes, mut senders): (Vec<_>, Vec<_>) =
            lanes.found.into_values().map(|found| (found.lane, found.sender)).unzip();
        let goes = play(&lanes);
        for send in senders.iter_mut().flatten().flat_map(|sender| &mut sender.sends) {
            send.at = goes.get(&send.target).copied().unwrap_or(send.at);
        }
        Ok(Played { goes, full: fill(senders.into_iter().flatten().collect()) })
    }
}

/// What was played forward.
struct Played {
    goes: HashMap<TargetId, Timestamp>,
    full: HashMap<TargetId, Vec<Full>>,
}

/// What waits for one account.
struct Found {
    lane: Lane,
    /// If its platform has caps.
    sender: Option<Sender>,
}

impl Found {
    /// Whether targets of other accounts matter to it.
    fn shares(&self) -> bool {
        let has_cap = |sender: &Sender| sender.app.is_some() && sender.caps.iter().any(|cap| cap.of == CapOf::App);
        self.lane.app.is_some() || self.sender.as_ref().is_some_and(has_cap)
    }
}

/// What waits, by account.
struct Lanes<'a> {
    vault: &'a Vault,
    pauses: &'a [Pause],
    now: Timestamp,
    found: BTreeMap<AccountName, Found>,
}

impl Lanes<'_> {
    /// Adds a target, unless a pause holds it back: nobody knows when that ends.
    fn add(&mut self, target: &UpcomingTarget) {
        let at = target.next.max(self.now);
        let case = Case { target, at };
        if self.pauses.iter().any(|pause| held::covers(&pause.scope, &case)) {
            return;
        }
        let name = case.name();
        let vault = self.vault;
        let found = self.found.entry(name).or_insert_with_key(|name| {
            let card = vault.find(&name.tenant, &name.channel, &name.account);
            let app = |card: &channels::AccountCard| -> Option<(AppId, (u32, Duration))> {
                card.app.clone().zip(card.app_rate)
            };
            let lane = Lane {
                rate: card.as_ref().and_then(|card| card.rate),
                app: card.as_ref().and_then(app),
                targets: Vec::new(),
            };
            let caps = vault.channels.get(name.channel.as_str()).map_or(&[][..], |channel| channel.about().offers.caps);
            let app = card.and_then(|card| card.app).map(|app| (name.channel.clone(), app));
            let sender = (!caps.is_empty()).then_some(Sender { caps, app, sends: Vec::new() });
            Found { lane, sender }
        });
        found.lane.targets.push((at, target.target));
        if let Some(sender) = &mut found.sender {
            sender.sends.push(Sending {
                target: target.target,
                at,
                deadline: target.deadline,
                takes: sender.caps.iter().map(|cap| cap.takes(&target.draft)).collect(),
            });
        }
    }
}

fn name_of(target: &UpcomingTarget) -> AccountName {
    AccountName::new(&target.tenant, &target.channel, &target.account)
}

fn at_stake(target: &UpcomingTarget, world: &World<'_>) -> Option<AtStake> {
    let risks = judge(target, world);
    let verdict = risks.iter().map(|risk| risk.verdict).max()?;
    Some(AtStake {
        target: target.target,
        post: target.post,
        tenant: target.tenant.clone(),
        channel: target.channel.clone(),
        account: target.account.clone(),
        due_at: target.due_at,
        goes_at: time_of(target, world),
        deadline: target.deadline,
        verdict,
        risks,
    })
}
