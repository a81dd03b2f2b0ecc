//! Dead letters.

use console::{
    Problem,
    api::{DeadChannel, DeadLetter, DeadLetterView, DeadLetters, Discarded},
};

use super::{counted, entries, harmless, instant, labelled, short, target};

/// Channel by channel, then letter by letter.
pub(crate) fn list(list: &DeadLetters) -> String {
    if list.channels.is_empty() {
        return "No dead letters, and none is missing.".into();
    }
    let mut blocks: Vec<_> = vec![channels(&list.channels)];
    if !list.letters.is_empty() {
        let rows = list.letters.iter().map(|letter| {
            let state = letter.state.map_or_else(|| "-".into(), |state| state.to_string());
            let words = if letter.what.is_empty() { &letter.says } else { &letter.what };
            ([letter.id.clone(), place(letter), standing(letter), state], short(words, 500))
        });
        blocks.push(entries(["letter", "account", "standing", "target is"], rows));
        blocks.push("`oncepost dlq show LETTER` shows one in full.".into());
    }
    if let Some(next) = &list.next {
        blocks.push(format!("There are more: --after {}", harmless(next)));
    }
    blocks.join("\n\n")
}

/// Each channel in a line. Why nothing is known of several is said once: the broker is away from all alike.
fn channels(all: &[DeadChannel]) -> String {
    let silent: Vec<_> = all.iter().filter(|one| one.letters.is_none()).collect();
    let alike = |one: &DeadChannel| one.letters.is_none() && silent.first().is_some_and(|first| first.says == one.says);
    if silent.len() < 2 {
        return all.iter().map(channel).collect::<Vec<_>>().join("\n");
    }
    let why = silent[0].says.as_str();
    let brief = |one: &DeadChannel| match alike(one) {
        true => channel(&DeadChannel { says: String::new(), ..one.clone() }),
        false => channel(one),
    };
    let is_idle = |one: &&DeadChannel| alike(one) && one.needs_person == 0;
    let idle = all.iter().filter(is_idle).count();
    let others = if idle == all.len() { "channel" } else { "other channel" };
    let idle = (idle > 0).then(|| format!("{}: letters: unknown.", counted(idle, others)));
    let rest = all.iter().filter(|one| !is_idle(one)).map(brief);
    rest.chain(idle).chain([labelled("", why)]).collect::<Vec<_>>().join("\n")
}

fn channel(channel: &DeadChannel) -> String {
    let letters = match channel.letters {
        Some(letters) => counted(usize::try_from(letters).unwrap_or(usize::MAX), "letter"),
        None => "letters: unknown".into(),
    };
    let people = match channel.needs_person {
        1 => "1 target needs a person".into(),
        many => format!("{many} targets need a person"),
    };
    labelled(&format!("{}: ", channel.channel), format!("{letters}, {people}. {}", channel.says).trim_end())
}

fn place(letter: &DeadLetter) -> String {
    match (&letter.tenant, &letter.account) {
        (Some(tenant), Some(account)) => format!("{tenant}/{}/{account}", letter.channel),
        _ => letter.channel.to_string(),
    }
}

fn standing(letter: &DeadLetter) -> String {
    serde_json::to_value(letter.standing).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

/// A letter with everything about it.
pub(crate) fn show(view: &DeadLetterView) -> String {
    let mut blocks: Vec<_> = view.letters.iter().map(whole).collect();
    if let Some(why) = &view.unseen {
        blocks.push(format!("What is in the queue cannot be told. {}", harmless(why)));
    } else if view.letters.is_empty() {
        blocks.push("There is no letter of it in the queue, and none is missing.".into());
    }
    if let Some(of) = &view.target {
        blocks.push(format!("The target, as the ledger has it:\n{}", target::whole(of)));
    }
    blocks.join("\n\n")
}

fn whole(letter: &DeadLetter) -> String {
    let written = match (letter.written_at, letter.attempt) {
        (Some(at), Some(attempt)) => format!("{}, after attempt {attempt}", instant(at)),
        _ => String::new(),
    };
    let lines = [
        ("letter", letter.id.as_str()),
        ("standing", &format!("{}. {}", standing(letter), letter.says)),
        ("written", &written),
        ("reason", &letter.reason),
        ("what", &letter.what),
        ("whose fault", &letter.whose_fault),
        ("what to do", &letter.remedy),
    ];
    let told = lines.iter().filter(|(_, text)| !text.is_empty());
    let told = told.map(|(name, text)| labelled(&format!("  {name:<13}"), &harmless(text)));
    let body = letter.body.as_ref().map(|body| {
        let text = serde_json::to_string_pretty(body).unwrap_or_default();
        format!("  body\n{}", harmless(&text).lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n"))
    });
    let head = format!("{}: a dead letter", letter.channel);
    [head].into_iter().chain(told).chain(body).collect::<Vec<_>>().join("\n")
}

/// What became of letters that were to be discarded.
pub(crate) fn discarded(answer: &Discarded) -> String {
    let head = format!("{} discarded, {} kept.", counted(answer.discarded, "letter"), answer.kept);
    let rows = answer.letters.iter().map(|letter| {
        let done = if letter.done { "discarded" } else { "kept" };
        ([letter.id.clone(), done.to_owned()], letter.says.clone())
    });
    format!("{head}\n{}", entries(["letter", ""], rows))
}

/// Why one of several is not tried again.
pub(crate) fn refused(id: &str, problem: &Problem) -> String {
    let why = problem.refused.first().map_or(problem.detail.as_str(), |refused| refused.reason.as_str());
    labelled(&format!("{} is not tried again: ", harmless(id)), &harmless(why))
}
