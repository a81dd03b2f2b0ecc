//! A person's word that a target is out: what they named as proof, and whether that can be of the target. Of the account's other targets the
//! ledger knows which has it.

use std::sync::Arc;

use channels::{Channel, is_one_place};
use domain::{Code, PartOut, Receipt, Refusal, Target, TargetId};
use jiff::SignedDuration;
use ledger::{Place, PublishedAsk};
use vault::AccountName;

use crate::{Console, Problem, access::Caller, api, problem::RefusedTarget};

/// How many days back an account's posts are looked through until some tell where it publishes to.
const LATELY: [i64; 4] = [1, 7, 30, 366];
/// How many of an account's posts are looked through at a time.
const MOST: u32 = 100;

/// The proof, if it can be that of the part in doubt as far as the target, its channel and the account's settings tell.
///
/// # Errors
/// It is none, or of something else.
pub(crate) fn read(console: &Console, target: &Target, proof: api::Proof, last: bool) -> Result<Receipt, Problem> {
    let channel = console.channels.get(target.channel.as_str());
    let receipt = receipt(channel, proof, last)?;
    fits(target, channel, &receipt)?;
    Ok(receipt)
}

/// Whether what is named may be a post of the target's account: by the account's settings, by what the platform called the account when it was
/// asked last, and by where its posts are that went out before. Where none of these tells, or the last speaks against it, a person's word
/// that it is the account's is taken, `said`.
///
/// # Errors
/// It is another one's, or nobody has said that it is the account's and nothing else tells.
pub(crate) async fn is_of_account(
    console: &Console,
    target: &Target,
    receipt: &Receipt,
    said: bool,
) -> Result<(), Problem> {
    let name = name(target);
    let what = receipt.url.as_deref().unwrap_or(&receipt.id);
    let Some(channel) = console.channels.get(target.channel.as_str()) else {
        return if said { Ok(()) } else { Err(untold(target, what, "its platform")) };
    };
    let title = channel.about().title;
    let wrong = |message| Problem::field("$.published.url", Code::BAD_FIELD, message);
    let places = channel.places(receipt);
    let card = console.accounts.find(&target.tenant, &target.channel, &target.account);
    let own: Vec<_> = card.and_then(|card| channel.place_of(&card)).into_iter().collect();
    match is_one_place(&own, &places) {
        Some(true) => return Ok(()),
        Some(false) => {
            return Err(wrong(format!(
                "{what} is not where {name} publishes to, by the account's settings: look there for the post, and copy its address"
            )));
        }
        None => {}
    }
    let named = receipt.url.as_deref().and_then(|url| channel.account_in(url));
    let who = console.vault.view(&name).await?.map(|view| view.record.health.who).unwrap_or_default();
    match named.filter(|_| !who.is_empty()) {
        Some(named) if is_alike(&who, &named) => return Ok(()),
        Some(named) => {
            return Err(wrong(format!(
                "{what} is a post of {named}, and {name} is {who} on {title}: look there for the post, and copy its address. If it is called \
                 {named} now, have {title} asked (`oncepost accounts check {name}`), and say it again"
            )));
        }
        None => {}
    }
    match (Before { channel: &**channel, own: &own, places: &places }).tells(console, target).await? {
        Some((true, _)) => Ok(()),
        Some((false, _)) | None if said => Ok(()),
        Some((false, earlier)) => {
            let message = format!(
                "{what} is not where {name} published before ({earlier}): look there for the post, and copy its address"
            );
            Err(with_word(wrong(message), "If the account publishes there by now, say so", target.id))
        }
        None => Err(untold(target, what, title)),
    }
}

/// Nothing tells whose post it is but a person.
fn untold(target: &Target, what: &str, title: &str) -> Problem {
    let message = format!(
        "is missing: we cannot tell from {what} whose post it is. Look on {title} whether it is {}'s own",
        name(target)
    );
    with_word(Problem::field("$.of_account", Code::BAD_FIELD, message), "If it is, say so", target.id)
}

/// The same, with a person's word as the way out.
fn with_word(mut problem: Problem, when: &str, id: TargetId) -> Problem {
    let remedy = format!("{when}: `oncepost resolve {id} … --of-account` (\"of_account\": true).");
    for one in &mut problem.problems {
        one.remedy.clone_from(&remedy);
    }
    Problem { remedy, ..problem }
}

/// Where the account's posts are that went out before, held against where the one is that is named.
struct Before<'a> {
    channel: &'a dyn Channel,
    /// Where the account publishes to, by its settings.
    own: &'a [String],
    /// Where the post is that is named.
    places: &'a [String],
}

impl Before<'_> {
    /// Whether it is where the others are, and one of those: the parts of the target that are out, and what was published lately. `None`: nothing
    /// tells, or one says so and another otherwise.
    async fn tells(&self, console: &Console, target: &Target) -> Result<Option<(bool, String)>, Problem> {
        if self.places.is_empty() {
            return Ok(None);
        }
        if let Some(told) = self.agreed(&target.out) {
            return Ok(Some(told));
        }
        let (now, place) = (console.ledger.now().await?, place(target));
        for days in LATELY {
            let from = now.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now);
            let until = now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now);
            let ask = PublishedAsk { place: place.clone(), from, until, after: None, limit: MOST };
            let out: Vec<_> = console.outside.published(&ask).await?.into_iter().flat_map(|one| one.out).collect();
            if out.iter().any(|out| self.is_there(&out.receipt).is_some()) {
                return Ok(self.agreed(&out));
            }
        }
        Ok(None)
    }

    /// What all of `out` that tell anything tell alike, and one of them.
    fn agreed(&self, out: &[PartOut]) -> Option<(bool, String)> {
        let mut told = out.iter().filter_map(|out| Some((self.is_there(&out.receipt)?, &out.receipt)));
        let (is_there, receipt) = told.next()?;
        let shown = receipt.url.as_ref().unwrap_or(&receipt.id).clone();
        told.all(|(other, _)| other == is_there).then_some((is_there, shown))
    }

    /// Whether that post is where the one is that is named. What went out where the account does not publish to any more tells nothing.
    fn is_there(&self, post: &Receipt) -> Option<bool> {
        let places = self.channel.places(post);
        if is_one_place(self.own, &places) == Some(false) {
            return None;
        }
        is_one_place(&places, self.places)
    }
}

fn is_alike(who: &str, named: &str) -> bool {
    who.trim_start_matches('@').eq_ignore_ascii_case(named.trim_start_matches('@'))
}

/// Whether no other account on the same server has the post on record: ids are told apart by their server only.
///
/// # Errors
/// One has. Whose it is, is told to whom it belongs.
pub(crate) async fn is_no_other_accounts(
    console: &Console,
    caller: &Caller,
    target: &Target,
    receipt: &Receipt,
) -> Result<(), Problem> {
    let own = name(target);
    let others = console.accounts.all().into_iter().filter(|card| card.channel == target.channel);
    let others = others.filter(|card| AccountName::from(card) != own);
    let places: Vec<_> =
        others.map(|card| Place { tenant: card.tenant, channel: card.channel, account: card.id }).collect();
    let held = console.outside.holders(&places, &receipt.id).await?;
    if held.is_empty() {
        return Ok(());
    }
    let server =
        async |name: &AccountName| Ok::<_, Problem>(console.vault.view(name).await?.and_then(|view| view.base_url));
    let here = server(&own).await?;
    for (place, by) in held {
        let other = AccountName::new(&place.tenant, &place.channel, &place.account);
        if here.is_some() && server(&other).await? == here {
            return Err(taken(target.id, caller.owns(&place.tenant).then_some((other, by))));
        }
    }
    Ok(())
}

/// Another account's target has it, which is named if that is the caller's.
fn taken(id: TargetId, other: Option<(AccountName, TargetId)>) -> Problem {
    let (whose, by) = match other {
        Some((account, by)) => (format!("account {account}, by target {by}"), by),
        None => ("another account".into(), id),
    };
    let reason = format!("what was named is on record as a post of {whose}");
    let refused = RefusedTarget { reason, ..RefusedTarget::new(id, Refusal::Taken { by }) };
    Problem { remedy: not_shared(id, (by != id).then_some(by)), ..Problem::too_late(vec![refused]) }
}

/// What to do where another target has the post on record.
pub(crate) fn not_shared(id: TargetId, by: Option<TargetId>) -> String {
    let other = by.map(|by| format!(": `oncepost status {by}` shows the other one")).unwrap_or_default();
    format!(
        "Look for the post of this target{other}. If a single post on the platform is really that of both, say so: \
         `oncepost resolve {id} … --shared` (\"shared\": true)."
    )
}

fn place(target: &Target) -> Place {
    Place { tenant: target.tenant.clone(), channel: target.channel.clone(), account: target.account.clone() }
}

fn name(target: &Target) -> AccountName {
    AccountName::new(&target.tenant, &target.channel, &target.account)
}

/// A person's proof: the platform's id as they say it or as the address holds it. The address itself stands for it only where nothing
/// follows that would have to name it to the platform.
fn receipt(channel: Option<&Arc<dyn Channel>>, proof: api::Proof, last: bool) -> Result<Receipt, Problem> {
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let (url, id) = (given(proof.url), given(proof.id));
    if let Some(text) = &url
        && !url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    {
        return Err(Problem::field("$.published.url", Code::BAD_FIELD, "is not a web address"));
    }
    let Some(proof) = id.as_ref().or(url.as_ref()) else {
        let message = "needs the post's address or the platform's id of it";
        return Err(Problem::field("$.published", Code::BAD_FIELD, message));
    };
    let told = id.clone().or_else(|| channel?.id_in(url.as_deref()?));
    if told.is_none() && !last {
        let message = "needs the platform's id of it: the address does not hold it, and what follows it must name it";
        return Err(Problem::field("$.published.id", Code::BAD_FIELD, message));
    }
    Ok(Receipt { id: told.unwrap_or_else(|| proof.clone()), url })
}

/// Whether a person's proof can be that of the part in doubt.
fn fits(target: &Target, channel: Option<&Arc<dyn Channel>>, receipt: &Receipt) -> Result<(), Problem> {
    let bare = |url: &str| url.trim_end_matches('/').to_owned();
    let url = receipt.url.as_deref().map(bare);
    // An address may name the account otherwise than the platform's answer did: what a post is on its account stands last.
    let last = |id: &str| id.rsplit('/').next().map(str::to_owned);
    let is_same =
        |out: &Receipt| last(&out.id) == last(&receipt.id) || (url.is_some() && out.url.as_deref().map(bare) == url);
    // Where nothing is in doubt, the ledger refuses.
    let open = matches!(target.state, domain::State::InDoubt | domain::State::Processing);
    if let Some(out) = target.out.iter().filter(|_| open).find(|out| is_same(&out.receipt)) {
        let open = target.armed.as_ref().map_or(target.next_part(), |armed| armed.part);
        let [out, open] = [out.part, open].map(|part| u32::from(part) + 1);
        let message = format!("is part {out}, which is on record as out; in doubt is part {open}: look for that one");
        return Err(Problem::field("$.published", Code::BAD_FIELD, message));
    }
    // An id that a person names beside the address is their word; here the address alone is the proof.
    let alone = receipt.url.as_deref().filter(|url| *url == receipt.id);
    if let Some((url, channel)) = alone.zip(channel).filter(|(url, channel)| channel.is_foreign(url)) {
        let title = channel.about().title;
        let message =
            format!("{url} is no address of a post on {title}: open the post there and copy its whole address");
        return Err(Problem::field("$.published.url", Code::BAD_FIELD, message));
    }
    Ok(())
}
