//! What can be known of a request now: whether its channels and accounts exist, and whether the platforms would take it.

use std::collections::{HashMap, HashSet};

use channels::{About, AccountCard, Accounts, Channel, Objection, Registry};
use contract::{Excess, Path, Problem, ReadTarget, Reading};
use domain::{AccountId, ChannelName, Code, Content, Draft, Media, Override, TenantId};
use jiff::Timestamp;

use crate::{
    Options, link, media, names,
    times::{self, Due},
};

/// What requests are checked against.
pub(crate) struct World<'a> {
    pub registry: &'a Registry,
    pub accounts: &'a dyn Accounts,
    pub options: &'a Options,
    pub now: Timestamp,
}

/// What the checks found.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// What is wrong, besides the request's form.
    pub problems: Vec<Problem>,
    /// What may be a mistake.
    pub warnings: Vec<Problem>,
    /// The deadline, if it can be kept by a target at all.
    pub deadline: Option<Timestamp>,
    /// The sound targets. If there is no problem: all of them, in the request's order.
    pub targets: Vec<CheckedTarget>,
}

/// A target that nothing is wrong with.
#[derive(Debug)]
pub(crate) struct CheckedTarget {
    pub card: AccountCard,
    pub due: Due,
}

impl Checked {
    fn problem(&mut self, problem: Problem) {
        let same = |other: &&mut Problem| {
            (&other.path, other.code, &other.message) == (&problem.path, problem.code, &problem.message)
        };
        // Several targets often share one fault of the content: it is told once, with all of them.
        match self.problems.iter_mut().find(same) {
            Some(known) => {
                let more = problem.targets.into_iter().filter(|target| !known.targets.contains(target));
                known.targets.extend(more.collect::<Vec<_>>());
            }
            None => self.problems.push(problem),
        }
    }

    fn sound<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.problem(problem)).ok()
    }
}

/// Checks what could be read of a request. `allowed` is the tenant that the caller may act for, if it is bound to one.
pub(crate) fn check(reading: &Reading, allowed: Option<&TenantId>, world: &World<'_>) -> Checked {
    let mut checked = Checked { warnings: reading.ignored.clone(), ..Checked::default() };
    let tenant = reading.tenant.as_ref().filter(|tenant| {
        let foreign = allowed.is_some_and(|allowed| allowed != *tenant);
        if foreign {
            let message = format!("the caller may not schedule for {tenant}");
            checked.problem(Problem::new(Path::Root.field("tenant"), Code::UNKNOWN_ACCOUNT, message));
        }
        !foreign
    });
    let content = reading.content.as_ref().filter(|content| {
        let problems = content_problems(content, world.options);
        let bounded = is_bounded(&problems);
        problems.into_iter().for_each(|problem| checked.problem(problem));
        bounded
    });
    let path = Path::Root.field("deadline");
    checked.deadline =
        reading.deadline.as_ref().and_then(|when| checked.sound(times::deadline(when, &path, world.now)));
    targets(reading, tenant, content, world, &mut checked);
    checked
}

fn targets(
    reading: &Reading,
    tenant: Option<&TenantId>,
    content: Option<&Content>,
    world: &World<'_>,
    checked: &mut Checked,
) {
    let path = Path::Root.field("targets");
    let (count, most) = (reading.targets.len(), world.options.max_targets);
    if count > most {
        let message = format!("names {count} targets; at most {most} are taken");
        return checked.problem(Problem::new(path, Code::TOO_LARGE, message));
    }
    shared_names(reading, content, world, checked);
    let of_all = checked.problems.clone();
    let (mut seen, mut looked) = (HashSet::new(), HashMap::new());
    for (at, target) in reading.targets.iter().enumerate() {
        let path = path.item(at);
        let card = account(target, tenant, &path, world, checked);
        if let (Some(channel), Some(account)) = (&target.channel, &target.account)
            && !seen.insert((channel, account))
        {
            let message = format!("names {account} on {channel} a second time");
            checked.problem(Problem::new(path, Code::SAME_TARGET_TWICE, message));
        }
        let due = due(reading, target, &path, world, checked);
        if let (Some(content), Some(changes)) = (content, &target.changes)
            && let Some(channel) = target.channel.as_ref().and_then(|name| world.registry.get(name.as_str()))
        {
            let name = channel.about().name;
            for problem in names::of_target(&changes.settings, channel.about(), &path) {
                checked.problem(problem);
            }
            let settings = Draft::of(content, changes).0.settings;
            for (setting, wrong) in media::in_settings(&settings, channel.about(), world.options) {
                let of = if changes.settings.contains_key(setting) { path.to_string() } else { "$.content".to_owned() };
                let problem = Problem::new(format!("{of}.settings.{setting}"), Code::BAD_MEDIA_URL, wrong);
                checked.problem(Problem { targets: vec![at], ..problem });
            }
            let look = || objections(channel.as_ref(), &Draft::of(content, changes), &of_all, world.options);
            // Targets that change nothing say the same: one look per channel is enough.
            let found =
                if *changes == Override::default() { looked.entry(name).or_insert_with(look).clone() } else { look() };
            for objection in found {
                checked.problem(Problem { targets: vec![at], ..placed(objection, channel.about(), &path, changes) });
            }
        }
        checked.targets.extend(card.zip(due).map(|(card, due)| CheckedTarget { card, due }));
    }
}

/// The settings that all targets share, where every target's channel is known: another's may be meant for the one that is not.
fn shared_names(reading: &Reading, content: Option<&Content>, world: &World<'_>, checked: &mut Checked) {
    let channels = reading.targets.iter().map(|target| world.registry.get(target.channel.as_ref()?.as_str()));
    if let (Some(content), Some(channels)) = (content, channels.collect::<Option<Vec<_>>>()) {
        let abouts: Vec<_> = channels.iter().map(|channel| channel.about()).collect();
        for problem in names::shared(&content.settings, &abouts) {
            checked.problem(problem);
        }
    }
}

fn account(
    target: &ReadTarget,
    tenant: Option<&TenantId>,
    path: &Path<'_>,
    world: &World<'_>,
    checked: &mut Checked,
) -> Option<AccountCard> {
    let channel = target.channel.as_ref()?;
    if world.registry.get(channel.as_str()).is_none() {
        let known = world.registry.names().join(", ");
        let message = format!("there is no channel {channel}; there are: {known}");
        checked.problem(Problem::new(path.field("channel"), Code::UNKNOWN_CHANNEL, message));
        return None;
    }
    let (tenant, account) = (tenant?, target.account.as_ref()?);
    checked.sound(card(tenant, channel, account, path, world))
}

fn card(
    tenant: &TenantId,
    channel: &ChannelName,
    account: &AccountId,
    path: &Path<'_>,
    world: &World<'_>,
) -> Result<AccountCard, Problem> {
    world.accounts.find(tenant, channel, account).ok_or_else(|| {
        let message = format!("{tenant} has no account {account} on {channel}");
        Problem::new(path.field("account"), Code::UNKNOWN_ACCOUNT, message)
    })
}

fn due(
    reading: &Reading,
    target: &ReadTarget,
    path: &Path<'_>,
    world: &World<'_>,
    checked: &mut Checked,
) -> Option<Due> {
    let own = target.publish_at.as_ref()?.as_ref();
    let when = own.or(reading.publish_at.as_ref())?;
    let (root, field) = (Path::Root, path.field("publish_at"));
    let place = if own.is_some() { field } else { root.field("publish_at") };
    let mut warnings = Vec::new();
    let due = checked.sound(times::due(when, &place, world.now, world.options, &mut warnings));
    for warning in warnings {
        if !checked.warnings.contains(&warning) {
            checked.warnings.push(warning);
        }
    }
    let due = due?;
    if let Some(deadline) = checked.deadline {
        let place = if own.is_some() { field } else { root.field("deadline") };
        checked.sound(times::keeps(due.at, deadline, &place));
    }
    Some(due)
}

/// Whether a content with these problems is at least small enough to be looked at by the channels.
pub(crate) fn is_bounded(problems: &[Problem]) -> bool {
    !problems.iter().any(|problem| matches!(problem.code, Code::THREAD_NOT_TAKEN | Code::TOO_MANY_MEDIA))
}

/// What is wrong with a content whatever the channel: its size, or else its addresses.
pub(crate) fn content_problems(content: &Content, options: &Options) -> Vec<Problem> {
    let root = Path::Root.field("content");
    let thread = root.field("thread");
    let mut problems = Vec::new();
    let parts = 1 + content.thread.len();
    if parts > options.max_parts {
        let message = format!("the post has {parts} parts; at most {} are taken", options.max_parts);
        problems.push(Problem::new(thread, Code::THREAD_NOT_TAKEN, message));
    }
    let media = content.media.len() + content.thread.iter().map(|part| part.media.len()).sum::<usize>();
    if media > options.max_media {
        let message = format!("the post carries {media} media; at most {} are taken", options.max_media);
        problems.push(Problem::new(root.field("media"), Code::TOO_MANY_MEDIA, message));
    }
    if problems.is_empty() {
        if let Some(wrong) = content.link.as_deref().and_then(link::objection) {
            let problem = Problem::new(root.field("link"), Code::BAD_FIELD, wrong);
            problems.push(Problem { remedy: link::REMEDY.into(), ..problem });
        }
        addresses(&content.media, &root, options, &mut problems);
        for (at, part) in content.thread.iter().enumerate() {
            addresses(&part.media, &thread.item(at), options, &mut problems);
        }
    }
    problems
}

fn addresses(media: &[Media], of: &Path<'_>, options: &Options, problems: &mut Vec<Problem>) {
    let list = of.field("media");
    for (at, media) in media.iter().enumerate() {
        if let Some(wrong) = media::objection(&media.url, options) {
            problems.push(Problem::new(list.item(at).field("url"), Code::BAD_MEDIA_URL, wrong));
        }
    }
}

/// What the channel objects to. An address that is refused for every channel, in `content` (what [`content_problems`] found) or in the
/// draft's settings, is not told again in the channel's words.
pub(crate) fn objections(
    channel: &dyn Channel,
    draft: &Draft,
    content: &[Problem],
    options: &Options,
) -> Vec<Objection> {
    let in_content = content.iter().filter(|problem| problem.code == Code::BAD_MEDIA_URL);
    let in_content = in_content.filter_map(|problem| problem.path.strip_prefix("$.content.").map(str::to_owned));
    let in_settings = media::in_settings(&draft.0.settings, channel.about(), options);
    let refused: HashSet<_> = in_content.chain(in_settings.map(|(name, _)| format!("settings.{name}"))).collect();
    let of_addresses = |code| matches!(code, Code::BAD_MEDIA_URL | Code::BAD_SETTING);
    let is_new = |found: &Objection| !(of_addresses(found.code) && refused.contains(&found.path));
    channel.check(draft).into_iter().filter(is_new).collect()
}

/// An objection with its place in the request: the target's own field if that is what went into the draft, the post's if not.
fn placed(objection: Objection, about: &About, target: &Path<'_>, changes: &Override) -> Problem {
    let place = objection.path.as_str();
    let own = match place.strip_prefix("settings.") {
        Some(name) => changes.settings.contains_key(name),
        None => place == "text" && changes.text.is_some(),
    };
    let path = if own { format!("{target}.{place}") } else { format!("$.content.{place}") };
    // What is missing is missing for every channel, and a message that begins with the channel's name says it already.
    let message = if objection.code == Code::NOTHING_TO_SAY || names::is_named(&objection.message, about) {
        objection.message.clone()
    } else {
        format!("{}: {}", about.name, objection.message)
    };
    told(objection, path, message)
}

/// An objection as a problem at `path`, in the words of `message`.
pub(crate) fn told(objection: Objection, path: String, message: String) -> Problem {
    let excess = objection.excess.map(|(actual, limit)| Box::new(Excess { actual, limit }));
    Problem { remedy: objection.remedy, excess, ..Problem::new(path, objection.code, message) }
}

#[cfg(test)]
mod tests {
    use channels::{Http, HttpOptions};
    use runtime::Runtime;

    use super::*;

    #[test]
    fn a_channel_is_named_once() {
        let channels = Registry::all(Http::new(HttpOptions::default(), Runtime::system()).unwrap());
        let told = |channel: &str, message: &str| {
            let objection = Objection::new("media", Code::MEDIA_REFUSED, message, "mend it");
            let (about, target) = (channels.get(channel).unwrap().about(), Path::Root.field("targets"));
            placed(objection, about, &target.item(0), &Override::default()).message
        };
        assert_eq!(told("facebook", "Facebook takes a video alone"), "Facebook takes a video alone");
        assert_eq!(told("facebook", "the text is too long"), "facebook: the text is too long");
        assert_eq!(told("google-business", "Google takes no picture alone"), "Google takes no picture alone");
    }
}
