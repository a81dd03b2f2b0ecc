//! From what the ledger keeps to what callers see.

use std::{collections::BTreeMap, sync::Arc};

use channels::{Accounts, Registry};
use contract::{Diagnosis, Doubts};
use domain::{ChannelName, Code, Content, Draft, Failure, Override, Pause, Policy, RepeatSafety, State, Target};
use jiff::Timestamp;
use ledger::{PostSummary, PostView, TargetView};

use crate::{access::Caller, api, doubt, look, scope::tenant_of, standing};

/// What showing a target needs to know besides the target.
pub(crate) struct Frame {
    /// The ledger's time.
    pub now: Timestamp,
    /// The pauses in force.
    pub pauses: Vec<Pause>,
    /// What a target's channel makes of its content.
    pub channels: Arc<Registry>,
    /// Which accounts there are.
    pub accounts: Arc<dyn Accounts>,
    /// The protocol's numbers.
    pub policy: Policy,
    /// The channels whose work is not done at this moment, and why, as far as that was asked after.
    pub stopped: BTreeMap<ChannelName, String>,
}

impl Frame {
    /// What a look at a target rests on.
    pub fn looks(&self) -> look::Around<'_> {
        let Self { now, pauses, channels, accounts, policy, .. } = self;
        look::Around { channels, accounts: &**accounts, policy, pauses, now: *now }
    }

    /// What to do about a target, beginning with what its own platform offers: the post that a refusal names, and a look.
    fn advised(&self, target: &Target, remedy: String) -> String {
        let is_asked = target.state == State::InDoubt && target.listed.is_some();
        let Some(channel) = self.channels.get(target.channel.as_str()).filter(|_| is_asked) else { return remedy };
        let title = channel.about().title;
        let refusal = target.last_failure.as_ref().filter(|failure| failure.code == Code::DUPLICATE_REFUSED);
        let named = refusal.and_then(|failure| channel.named_in(&failure.said.text)).map(|post| {
            let at = post.url.map(|url| format!(" ({url})")).unwrap_or_default();
            let id = post.id;
            format!("{title} says that it repeats {id}{at}. If that is this post: `oncepost resolve TARGET --id {id}`.")
        });
        let look = self.looks().at(target).ok().filter(|look| !look.resends);
        let rest = match look {
            Some(_) => format!(
                "`oncepost look TARGET` has {title} asked once more. If that tells nothing, {}",
                remedy.replacen("Look at", "look at", 1)
            ),
            None => remedy,
        };
        named.into_iter().chain([rest]).collect::<Vec<_>>().join(" ")
    }

    /// A post.
    pub fn post(&self, view: PostView, attempts: bool) -> api::Post {
        // An edit is kept with the targets it changed: what is shown is what goes out, or went out.
        let edited = view.targets.iter().find_map(|target| target.changes.content.clone());
        let content = &view.content;
        let targets = view.targets.into_iter().map(|target| self.target(target, Some(content), attempts)).collect();
        api::Post {
            id: view.id,
            tenant: view.tenant,
            key: view.key,
            revision: view.revision,
            status: view.status,
            accepted_at: view.accepted_at,
            content: edited.unwrap_or(view.content),
            targets,
        }
    }

    /// A target, with its attempts if they are wanted. Where the post's `content` is not at hand, a part in doubt is not quoted.
    pub fn target(&self, view: TargetView, content: Option<&Content>, attempts: bool) -> api::Target {
        let TargetView { target, changes, attempts: log } = view;
        let in_doubt = content
            .zip(self.channels.get(target.channel.as_str()))
            .and_then(|(content, channel)| doubt::part(&target, &Draft::of(content, &changes), channel.as_ref()));
        let named = in_doubt.as_ref().map(api::PartInDoubt::words);
        let diagnosis = standing::diagnosis(&target, &self.pauses, self.now, named.as_deref())
            .map(|told| Diagnosis { remedy: self.advised(&target, told.remedy), ..told });
        let platform_said = diagnosis.as_ref().and(target.last_failure.as_ref()).map(|failure| failure.said.clone());
        let has_account = self.accounts.find(&target.tenant, &target.channel, &target.account).is_some();
        let group = target.cause();
        let around = standing::Around {
            has_account,
            pauses: &self.pauses,
            max_looks: self.policy.max_looks,
            stopped: self.stopped.get(&target.channel).map(String::as_str),
            now: self.now,
        };
        api::Target {
            next_step: standing::next_step(&target, &around),
            went_out: standing::went_out(&target),
            id: target.id,
            post: target.post,
            tenant: target.tenant,
            channel: target.channel,
            account: target.account,
            app: target.app,
            state: target.state,
            revision: target.revision,
            due_at: target.due_at,
            deadline: target.deadline,
            next_at: target.next_at,
            out: target.out,
            in_doubt,
            group,
            needs_person: target.listed,
            diagnosis,
            platform_said,
            lease: target.lease,
            attempt: target.attempt,
            tries: target.tries,
            looks: target.looks,
            changes: (changes != Override::default()).then_some(changes),
            attempts: attempts.then_some(log),
            notes: Vec::new(),
            assigned: Vec::new(),
        }
    }
}

/// A post in a list.
pub(crate) fn line(post: PostSummary) -> api::PostLine {
    api::PostLine {
        id: post.id,
        tenant: post.tenant,
        key: post.key,
        excerpt: post.excerpt,
        accepted_at: post.accepted_at,
        status: post.status,
        states: post.states,
    }
}

/// A group of the operators' list, from its key `code/scope/platform code`.
pub(crate) fn group((group, count): (String, u64)) -> api::FailureGroup {
    let (code, scope) = Failure::read_group(&group);
    let is_code = |own: &&str| *own != "-" && !own.starts_with(Failure::BY_WORDS);
    let platform_code = group.splitn(3, '/').nth(2).filter(is_code).map(str::to_owned);
    let page = code.and_then(Code::page);
    api::FailureGroup {
        count,
        code,
        scope,
        platform_code,
        title: page.map_or("Not known", |page| page.title).into(),
        whose_fault: scope.map_or("not known", domain::Scope::whose_fault).into(),
        remedy: contract::remedy_of_group(&group, Doubts::Some),
        group,
    }
}

/// A pause.
pub(crate) fn pause(pause: Pause) -> api::Pause {
    api::Pause {
        scope: pause.scope.to_string(),
        reason: pause.reason,
        code: pause.code,
        by: pause.by,
        since: pause.since,
    }
}

/// What a platform offers against doing a thing twice.
pub(crate) fn repeat(repeat: RepeatSafety) -> api::Repeat {
    let (kept_for_s, meaning) = match repeat {
        RepeatSafety::PlatformKey { kept_for, afterwards, .. } => (
            Some(kept_for.as_secs()),
            match afterwards {
                Some(_) => {
                    "The call is repeated with the same key; once the platform has forgotten the key, it is asked."
                }
                None => {
                    "The call is repeated with the same key; once the platform has forgotten the key, a person decides."
                }
            },
        ),
        RepeatSafety::Handle { .. } => (None, "The platform is asked by the handle that was stored before the call."),
        RepeatSafety::LookUp(_) => (None, "The account's posts are listed and compared."),
        RepeatSafety::Nothing => (None, "Nobody can tell but a person, or the account's policy decides."),
    };
    api::Repeat {
        kind: repeat.name().into(),
        meaning: meaning.into(),
        kept_for_s,
        settles_after_s: repeat.settles_after().as_secs(),
        sure_after_s: repeat.sure_after().map(|span| span.as_secs()),
    }
}

/// The pauses that `caller` may see. Why the operators, or another tenant's trouble, hold everybody back is not for tenants.
pub(crate) fn pauses_for(caller: &Caller, pauses: Vec<Pause>) -> Vec<Pause> {
    let seen = |pause: Pause| match (&caller.tenant, tenant_of(&pause.scope)) {
        (None, _) => Some(pause),
        (Some(own), Some(tenant)) => (own == tenant).then_some(pause),
        (Some(_), None) => Some(Pause { reason: "paused by the operators".into(), by: "oncepost".into(), ..pause }),
    };
    pauses.into_iter().filter_map(seen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_without_a_code_still_says_something() {
        let shown = group(("-".into(), 2));
        assert_eq!((shown.code, shown.title.as_str(), shown.count), (None, "Not known", 2));
        assert!(!shown.remedy.is_empty());
    }

    #[test]
    fn a_platform_code_may_hold_anything() {
        let shown = group(("OP-2001/post/a/b/c".into(), 1));
        assert_eq!((shown.platform_code.as_deref(), shown.scope), (Some("a/b/c"), Some(domain::Scope::Post)));
        let by_words = group(("OP-2001/post/~text-is-too-long".into(), 1));
        assert_eq!((by_words.platform_code, by_words.scope), (None, Some(domain::Scope::Post)));
    }
}
