//! The operators' list.

use console::api::{FailureGroup, Failures};

use super::{counted, entries, harmless, labelled, short};

/// What needs a person: by cause, then one by one.
pub(crate) fn list(failures: &Failures, filtered: bool) -> String {
    if failures.groups.is_empty() && failures.targets.is_empty() {
        return match filtered {
            true => "Nothing that fits needs a person.".into(),
            false => "Nothing needs a person.".into(),
        };
    }
    let mut blocks: Vec<_> = failures.groups.iter().map(group).collect();
    if failures.targets.is_empty() {
        blocks.push("No target on this page.".into());
    } else {
        let rows = failures.targets.iter().map(|target| {
            let what = target.diagnosis.as_ref().map_or("", |diagnosis| diagnosis.sentence.as_str());
            let place = format!("{}/{}/{}", target.tenant, target.channel, target.account);
            ([target.id.to_string(), place, target.went_out.words().into()], short(what, 500))
        });
        blocks.push(entries(["target", "account", "went out?"], rows));
        blocks.push("`oncepost status TARGET` shows one in full.".into());
    }
    if let Some(next) = &failures.next {
        blocks.push(format!("There are more: --after {next}"));
    }
    blocks.join("\n\n")
}

fn group(group: &FailureGroup) -> String {
    let code = group.code.map(|code| format!("{code} ")).unwrap_or_default();
    let said =
        group.platform_code.as_ref().map(|code| format!(", platform code {}", harmless(code))).unwrap_or_default();
    let count = counted(usize::try_from(group.count).unwrap_or(usize::MAX), "target");
    let head = format!("{count}: {code}{}{said}", group.title);
    [head, labelled("  whose fault  ", &group.whose_fault), labelled("  what to do   ", &group.remedy)].join("\n")
}
