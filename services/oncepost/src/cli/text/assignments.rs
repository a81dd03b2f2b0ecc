//! Who sees to what.

use console::api::{Assigned, Assignment, Assignments, CauseGroup};

use super::{entries, harmless, instant, labelled};

/// Something that was assigned, and who else has something of it.
pub(crate) fn assigned(made: &Assigned) -> String {
    let told = "Everybody who looks at it sees that; it changes nothing else, and ends an hour after nothing of it needs a person.";
    let one = &made.assignment;
    let head = labelled("", &format!("{} has {} now. {told}", harmless(&one.to), whole(one)));
    let other = |other: &Assignment| {
        let comment = other.comment.as_ref().map(|said| format!(": {}", harmless(said))).unwrap_or_default();
        let had =
            format!("{} has {} since {}{comment}", harmless(&other.to), harmless(&other.share()), instant(other.at));
        labelled("  besides      ", &had)
    };
    let settle = labelled("", "Both keep what they have: settle between you who does what.");
    let others: Vec<_> = made.beside.iter().map(other).collect();
    let settle = (!others.is_empty()).then_some(settle);
    [head].into_iter().chain(others).chain(settle).collect::<Vec<_>>().join("\n")
}

/// Something that was let go.
pub(crate) fn released(one: &Assignment) -> String {
    labelled("", &format!("{} does not have {} any more: it is free.", harmless(&one.to), whole(one)))
}

/// All that is assigned.
pub(crate) fn list(found: &Assignments) -> String {
    if found.assignments.is_empty() {
        return "Nobody has anything. `oncepost assign GROUP` takes a cause that `oncepost failures --causes` shows."
            .into();
    }
    let rows = found.assignments.iter().map(|one| {
        let idle = one.idle_since.map(|since| format!("nothing of it needs a person since {}", instant(since)));
        let by = Some(format!("assigned by {}", one.by));
        let said = [by, one.comment.clone(), idle].into_iter().flatten().collect::<Vec<_>>().join("; ");
        ([one.to.clone(), whole(one), instant(one.at)], said)
    });
    entries(["who", "has", "since"], rows)
}

/// Below a cause: who has it.
pub(crate) fn below(group: &CauseGroup) -> Vec<String> {
    let line = |one: &Assignment| {
        let part = one.part().filter(|_| !group.part.is_of(one));
        let part = part.map(|part| format!(" ({} of it)", harmless(&part))).unwrap_or_default();
        let comment = one.comment.as_ref().map(|said| format!(": {}", harmless(said))).unwrap_or_default();
        labelled("  with         ", &format!("{}{part} since {}{comment}", harmless(&one.to), instant(one.at)))
    };
    group.assigned.iter().map(line).collect()
}

/// What somebody has, with the part that it is.
fn whole(one: &Assignment) -> String {
    let part = one.part().map(|part| format!(", {part}")).unwrap_or_default();
    harmless(&format!("{}{part}", one.on))
}
