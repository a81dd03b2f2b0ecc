//! What a seed decides before anything happens: accounts, posts, processes, and which faults there will be.

use std::{collections::BTreeSet, time::Duration};

use channels::{Account, SecretSource};
use domain::{AccountId, AppId, ChannelName, InvalidName, OnDoubt, TenantId};

use crate::{
    channel::{ALL_KINDS, UNASKABLE},
    dice::Dice,
    witness::AccountKey,
};

/// Every so many seeds, one has some thousands of targets.
const BIG_EVERY: u64 = 500;

/// A post that upstream will ask for.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// When it is asked for, since the run began.
    pub ask_at: Duration,
    pub tenant: String,
    pub text: String,
    pub parts: usize,
    /// Channel and account of each target.
    pub targets: Vec<(&'static str, String)>,
    /// When it is due, since it was asked for.
    pub due_in: Duration,
    /// How long after it was due it is stale.
    pub deadline_in: Option<Duration>,
}

/// Which kinds of trouble a run has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trouble {
    pub kills: bool,
    pub network: bool,
    pub clocks: bool,
    pub freezes: bool,
    pub redis: bool,
    pub broker: bool,
    pub ledger: bool,
    pub operators: bool,
    /// The share of publish calls that meet a fault.
    pub platform: f64,
    /// The servers of the channel `key` forget their keys at once. Its channel looks before it repeats. Then no two posts say the
    /// same: with neither the key nor the text, nobody could tell them apart (GUARANTEES.md).
    pub forgetful: bool,
}

/// Everything that is decided beforehand.
pub(crate) struct Plan {
    pub accounts: Vec<Account<SecretSource>>,
    pub posts: Vec<Planned>,
    pub workers: u64,
    pub schedulers: u64,
    /// How long there are faults.
    pub troubled_for: Duration,
    pub trouble: Trouble,
}

impl Plan {
    /// The plan of `seed`.
    pub fn of(seed: u64) -> Result<Self, InvalidName> {
        let dice = Dice::new(seed, "plan");
        let accounts = accounts(&dice)?;
        let trouble = Trouble {
            kills: dice.chance(0.7),
            network: dice.chance(0.6),
            clocks: dice.chance(0.5),
            freezes: dice.chance(0.4),
            redis: dice.chance(0.5),
            broker: dice.chance(0.5),
            ledger: dice.chance(0.3),
            operators: dice.chance(0.7),
            platform: dice.number(0, 40) as f64 / 100.0,
            forgetful: dice.chance(0.2),
        };
        let targets = if seed.is_multiple_of(BIG_EVERY) { dice.number(1500, 3000) } else { dice.number(5, 80) };
        Ok(Self {
            posts: posts(&dice, &accounts, targets, !trouble.forgetful),
            accounts,
            workers: dice.number(1, 3),
            schedulers: dice.number(1, 2),
            troubled_for: dice.seconds(600, 2400),
            trouble,
        })
    }

    /// Accounts that asked for at-least-once on a platform where nobody can tell, or not before the looks are used up.
    pub fn tolerant(&self) -> BTreeSet<AccountKey> {
        let tolerant = self.accounts.iter().filter(|account| {
            let slow_to_tell = account.channel.as_str() == "deciding";
            account.on_doubt == OnDoubt::Resend && (slow_to_tell || UNASKABLE.contains(&account.channel.as_str()))
        });
        tolerant
            .map(|account| (account.tenant.to_string(), account.channel.to_string(), account.id.to_string()))
            .collect()
    }
}

fn accounts(dice: &Dice) -> Result<Vec<Account<SecretSource>>, InvalidName> {
    let mut accounts = Vec::new();
    for tenant in &["acme", "globex", "initech"][..dice.number(1, 3) as usize] {
        for kind in ALL_KINDS {
            for name in &["main", "other"][..dice.number(1, 2) as usize] {
                let shared = dice.chance(0.2);
                let rate = dice.chance(0.2).then(|| (dice.number(1, 3) as u32, dice.seconds(1, 10)));
                accounts.push(Account {
                    tenant: TenantId::new(*tenant)?,
                    channel: ChannelName::new(kind)?,
                    id: AccountId::new(*name)?,
                    app: if shared { Some(AppId::new("shared")?) } else { None },
                    base_url: url(),
                    secrets: Default::default(),
                    settings: Default::default(),
                    on_doubt: if dice.chance(0.2) { OnDoubt::Resend } else { OnDoubt::Park },
                    rate,
                    app_rate: shared.then_some((5, Duration::from_secs(1))),
                });
            }
        }
    }
    Ok(accounts)
}

#[allow(clippy::unwrap_used, reason = "a constant")]
fn url() -> url::Url {
    "https://platform.example".parse().unwrap()
}

fn posts(dice: &Dice, accounts: &[Account<SecretSource>], targets: u64, twins: bool) -> Vec<Planned> {
    let mut posts: Vec<Planned> = Vec::new();
    let (mut left, mut ask_at) = (targets as usize, Duration::ZERO);
    let pause = (600_000 / targets).max(1);
    while left > 0 {
        ask_at += dice.millis(0, pause * 2);
        let first = dice.pick(accounts);
        let siblings: Vec<_> = accounts.iter().filter(|account| account.tenant == first.tenant).collect();
        let wanted = (dice.number(1, 4) as usize).min(left).min(siblings.len());
        let start = dice.number(0, siblings.len() as u64 - 1) as usize;
        let chosen = siblings.iter().cycle().skip(start).take(wanted);
        let targets: Vec<_> = chosen
            .filter_map(|account| {
                let kind = ALL_KINDS.into_iter().find(|kind| *kind == account.channel.as_str())?;
                Some((kind, account.id.to_string()))
            })
            .collect();
        left -= targets.len();
        let due_in = match dice.number(0, 9) {
            0..=4 => Duration::ZERO,
            5..=7 => dice.seconds(0, 600),
            _ => dice.seconds(600, 4 * 3600),
        };
        let post = Planned {
            ask_at,
            tenant: first.tenant.to_string(),
            text: format!("post {}", posts.len()),
            parts: if dice.chance(0.7) { 1 } else { dice.number(2, 3) as usize },
            targets,
            due_in,
            deadline_in: dice.chance(0.15).then(|| dice.seconds(300, 3 * 3600)),
        };
        // Two real posts that say the same on the same accounts: both must go out.
        if dice.chance(0.06) && twins && left >= post.targets.len() {
            left -= post.targets.len();
            posts.push(Planned { ask_at: ask_at + dice.seconds(0, 120), ..post.clone() });
        }
        posts.push(post);
    }
    posts.sort_by_key(|post| post.ask_at);
    posts
}
