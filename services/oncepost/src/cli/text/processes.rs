//! The processes, and what they stand on.

use console::api::{Missing, Part, Process, ProcessState, Processes};

use super::{counted, entries, harmless, instant, labelled};

/// Who is missing first, then what answers, then who is there.
pub(crate) fn told(found: &Processes) -> String {
    let mut blocks = Vec::new();
    match &found.missing {
        None => blocks.push(labelled(
            "!!  ",
            "Cannot tell who is there: the ledger does not answer, where processes say that they live.",
        )),
        Some(missing) if missing.is_empty() => {
            blocks.push("Nobody is missing. One that was killed is missed within 2 min.".to_owned())
        }
        Some(missing) => blocks.push(missing.iter().map(one).collect::<Vec<_>>().join("\n")),
    }
    let mut facts: Vec<_> = found.parts.iter().map(part).collect();
    if let Some(schema) = found.schema {
        let advice = match schema.applied.cmp(&schema.known) {
            std::cmp::Ordering::Less => format!("; the API knows {}: run `oncepost migrate`", schema.known),
            std::cmp::Ordering::Equal => String::new(),
            std::cmp::Ordering::Greater => format!("; newer than the API, which knows {}", schema.known),
        };
        facts.push(format!("schema   migration {}{advice}", schema.applied));
    }
    match &found.versions[..] {
        [] => {}
        [one] => facts.push(format!("version  {}", harmless(one))),
        all => facts.push(labelled(
            "version  ",
            &format!("mixed: {}. An upgrade is under way, or was not finished.", harmless(&all.join(", "))),
        )),
    }
    blocks.push(facts.join("\n"));
    match &found.processes {
        Some(all) if !all.is_empty() => {
            blocks.push(entries(["process", "state", "heard of", "version"], all.iter().map(process)));
        }
        Some(_) => blocks.push("No process has said that it lives. Those of older versions do not.".to_owned()),
        None => {}
    }
    blocks.join("\n\n")
}

/// What does not work, for the head of another answer; nothing if nothing is known to be away.
pub(crate) fn away(found: &Processes) -> Option<String> {
    let missing = found.missing.as_ref()?;
    (!missing.is_empty()).then(|| missing.iter().map(one).collect::<Vec<_>>().join("\n"))
}

fn one(one: &Missing) -> String {
    let mark = if one.stops_delivery { "!!  " } else { "    " };
    format!("{}\n{}", labelled(mark, &format!("{}.", harmless(&one.what))), labelled("    → ", &harmless(&one.remedy)))
}

fn part(part: &Part) -> String {
    let says = match (part.answers, part.took_ms) {
        (Some(true), Some(took)) => format!("answers in {took} ms"),
        (Some(true), None) => "answers".to_owned(),
        (Some(false), _) => "does not answer".to_owned(),
        (None, _) => "cannot tell".to_owned(),
    };
    let why = part.why.as_ref().map(|why| format!(": {}", harmless(why))).unwrap_or_default();
    let others = match (part.reached_by, part.not_reached_by) {
        (_, 0) => String::new(),
        _ if part.name == "guard" => String::new(),
        (reach, not) => format!("; {not} of {} processes do not reach it", reach + not),
    };
    let asked = part.asked_s.map(|seconds| format!(", asked {seconds} s ago")).unwrap_or_default();
    labelled(&format!("{:<7}  ", part.name), &format!("{says}{why}{asked}{others}"))
}

fn process(one: &Process) -> ([String; 4], String) {
    let heard = match one.silent_s {
        seconds @ 0..=120 => format!("{seconds} s ago"),
        seconds => format!("{} min ago", seconds / 60),
    };
    let commit = one.commit.as_ref().map(|commit| format!(" ({commit})")).unwrap_or_default();
    let mut words = vec![format!("since {}", instant(one.started_at))];
    if one.roles.len() > 1 {
        words.push(one.roles.join(", "));
    }
    if !one.channels.is_empty() {
        words.push(format!("works for {}", counted(one.channels.len(), "channel")));
    }
    // What one that is silent could reach is of the past.
    let away = one.parts.iter().filter(|part| !part.answers && one.state != ProcessState::Silent);
    words.extend(away.map(|part| format!("does not reach the {} since {}", part.part, instant(part.since))));
    if one.state == ProcessState::Silent {
        words.push("was killed, or cannot reach the ledger".into());
    }
    ([one.name.clone(), one.state.name().into(), heard, format!("{}{commit}", one.version)], words.join("; "))
}
