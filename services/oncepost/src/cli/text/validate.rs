//! What would become of a message.

use console::api::{Checked, Problem};
use serde_json::Value;

use super::{
    counted, harmless, labelled,
    schedule::{time, told},
    short, table,
};

/// The longest name of a target that is shown: it is as the message has it, which may be anything.
const LONGEST_NAME: usize = 60;

/// A message that would be accepted, behind `head`.
pub(crate) fn sound(head: &str, checked: &Checked) -> String {
    let rows = checked
        .targets
        .iter()
        .map(|target| [format!("{}/{}", target.channel, target.account), time(&target.resolved, target.due_at)]);
    let mut blocks = vec![format!("{head}It would be accepted."), table(["account", "would go out"], rows)];
    blocks.extend(checked.warnings.iter().map(|warning| told("warning:", warning)));
    blocks.extend(checked.notes.iter().map(|note| labelled("", &harmless(note))));
    blocks.join("\n")
}

/// A message that would be refused, behind `head`: what concerns all of it, then target by target, those alike together.
pub(crate) fn refused(head: &str, message: &str, problem: &Problem) -> String {
    let problems = &problem.problems;
    if problems.is_empty() {
        let lines = [labelled("  ", &harmless(&problem.detail)), labelled("→ ", &problem.remedy)];
        return format!("{head}It would be refused: {}\n{}", problem.title, lines.join("\n"));
    }
    let reasons = counted(problems.len(), "reason");
    let mut blocks = vec![format!("{head}It would be refused, all of it, for {reasons}.")];
    let concerning = |target: Option<usize>| -> Vec<String> {
        let fits = |of: &&contract::Problem| match target {
            Some(target) => of.targets.contains(&target),
            None => of.targets.is_empty(),
        };
        problems.iter().filter(fits).map(|problem| told("at", problem)).collect()
    };
    let mut groups: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for (at, name) in names(message).into_iter().enumerate() {
        let wrong = concerning(Some(at));
        match groups.iter_mut().find(|(known, _)| *known == wrong) {
            Some((_, names)) => names.push(name),
            None => groups.push((wrong, vec![name])),
        }
    }
    let whole = concerning(None);
    if !whole.is_empty() {
        blocks.push("The message itself".into());
        blocks.extend(whole);
    }
    // What nothing is wrong with comes last.
    groups.sort_by_key(|(wrong, _)| wrong.is_empty());
    for (wrong, names) in groups {
        if wrong.is_empty() {
            blocks.push(labelled("Nothing wrong by itself: ", &names.join(", ")));
        } else {
            blocks.push(labelled("", &names.join(", ")));
            blocks.extend(wrong);
        }
    }
    blocks.join("\n")
}

/// The targets of a message as `channel/account`, as far as they can be read.
fn names(message: &str) -> Vec<String> {
    let message: Value = serde_json::from_str(message).unwrap_or_default();
    let targets = message["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let field = |target: &Value, name: &str| target[name].as_str().unwrap_or("?").to_owned();
    targets
        .iter()
        .map(|target| short(&format!("{}/{}", field(target, "channel"), field(target, "account")), LONGEST_NAME))
        .collect()
}
