//! What was done.

use console::api::{ChangedPost, Failures, LookedAgain, Pause, Resumed, Retried, RetryPlan, Target};

use super::{counted, entries, harmless, instant, labelled, table, target};

/// A post that was changed.
pub(crate) fn changed(what: &str, post: &ChangedPost) -> String {
    let rows = post.targets.iter().map(|target| {
        [format!("{}/{}", target.channel, target.account), target.state.to_string(), instant(target.due_at)]
    });
    let head = format!("{what}: post {}, now revision {}", post.post, post.revision);
    format!("{head}\n{}", table(["account", "state", "due"], rows))
}

/// A target that was changed.
pub(crate) fn target(what: &str, target: &Target) -> String {
    format!("{what}: {}\n{}", target.id, target::line(target, None))
}

/// What a retry did, or would do.
pub(crate) fn plan(plan: &RetryPlan) -> String {
    let head = match (plan.dry_run, plan.going) {
        (true, going) => format!("{} would be tried again, {} held back.", counted(going, "target"), plan.held_back),
        (false, going) => format!("{} tried again, {} held back.", counted(going, "target"), plan.held_back),
    };
    let rows = plan.targets.iter().map(|retry| {
        let goes = if retry.goes { "goes" } else { "held back" };
        [format!("{}/{}", retry.channel, retry.account), retry.state.to_string(), goes.into(), retry.why.clone()]
    });
    format!("{head}\n{}", table(["account", "state", "", "why"], rows))
}

/// A target that was tried again.
pub(crate) fn retried(retried: &Retried) -> String {
    format!("{}\n{}", retried.what, target::line(&retried.target, None))
}

/// A target that the platform is asked about.
pub(crate) fn looked(looked: &LookedAgain) -> String {
    let id = looked.target.id;
    format!("{}\n{}\nWhat came of it: `oncepost status {id}`.", looked.what, target::line(&looked.target, None))
}

/// A pause in force.
pub(crate) fn paused(pause: &Pause, new: bool) -> String {
    match new {
        true => format!("Paused: {}. `oncepost resume {}` ends it.", pause.scope, pause.scope),
        false => format!(
            "{} was paused already, by {} since {}: {}",
            pause.scope,
            harmless(&pause.by),
            instant(pause.since),
            harmless(&pause.reason)
        ),
    }
}

/// A pause that has ended.
pub(crate) fn resumed(resumed: &Resumed) -> String {
    match resumed.released {
        0 => format!(
            "Resumed: {}. It holds nothing any more: nothing was due meanwhile, or that has been moved or given up since, or has expired; or \
             another pause still holds it.",
            resumed.scope
        ),
        count => {
            let count = counted(usize::try_from(count).unwrap_or(usize::MAX), "target");
            format!("Resumed: {}. Released little by little: {count}.", resumed.scope)
        }
    }
}

/// The doubts of a cause, none of which is settled by this.
pub(crate) fn doubts(group: &str, why: &str, found: &Failures) -> String {
    let group = harmless(group);
    if found.targets.is_empty() {
        return labelled(
            "",
            &format!(
                "None of {group} is in doubt: there is nothing to settle. `oncepost failures --group {group}` lists what needs a person."
            ),
        );
    }
    let rows = found.targets.iter().map(|target| {
        let place = format!("{}/{}/{}", target.tenant, target.channel, target.account);
        let part = target.in_doubt.as_ref().map(|part| format!(", {}", part.words())).unwrap_or_default();
        let what = format!("due {}, attempt {}{part}", instant(target.due_at), target.attempt);
        ([target.id.to_string(), place], harmless(&what))
    });
    let settle = format!(
        "`oncepost look --group {group}` has the platforms asked about all of these, where they can be; `oncepost look TARGET` about one, by the \
         id above. Else open the account on the platform. Is it there: `oncepost resolve TARGET --published URL`. Is it not: `oncepost resolve \
         TARGET --send-again --attempt N`."
    );
    let more = found.next.as_ref().map(|_| {
        let told = format!(
            "There are more: `oncepost failures --group {group} --state in_doubt` lists all of them, page by page."
        );
        labelled("", &told)
    });
    let head = labelled("", &format!("Nothing is changed. {why}"));
    let blocks = [head, entries(["target", "account"], rows), labelled("→ ", &settle)];
    blocks.into_iter().chain(more).collect::<Vec<_>>().join("\n\n")
}
