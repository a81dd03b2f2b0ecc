//! What an alert says of targets that were not sent in time. Pure.

use contract::Diagnosis;
use domain::Target;
use url::Url;

use super::{
    plan::Say,
    words::{Line, Message, linked, under},
};

/// The message of `count` targets that expired for one reason within a day.
pub(crate) fn message(say: &Say, count: u64, newest: Option<&Target>, console: Option<&Url>) -> Message {
    let targets = match count {
        1 => "1 target was not sent in time".to_owned(),
        count => format!("{count} targets were not sent in time"),
    };
    let more = match say {
        Say::Grown { from } => format!(" within a day, ten times as many as before ({from})"),
        Say::New | Say::Spread { .. } | Say::Old { .. } | Say::Clear { .. } => String::new(),
    };
    let kept = newest.and_then(|target| Some((target, target.last_failure.as_ref()?)));
    let title =
        kept.and_then(|(_, failure)| failure.code.page().map(|page| format!(": {} {}", failure.code, page.title)));
    let mut lines = Vec::new();
    if let Some((target, failure)) = kept {
        let Diagnosis { sentence, whose_fault, remedy, .. } = Diagnosis::of(failure, target, None);
        lines.extend([sentence, format!("Whose fault: {whose_fault}"), format!("What to do: {remedy}")].map(Line::new));
    }
    if let Some(Target { id, tenant, channel, account, .. }) = newest {
        let name = format!("The newest, {tenant}/{channel}/{account}");
        lines.push(match console {
            Some(console) => linked(name, under(console, &format!("targets/{id}"))),
            None => Line::new(format!("{name}: `oncepost status {id}`")),
        });
    }
    if let Some((_, failure)) = kept {
        let group = failure.group();
        lines.push(Line::new(format!(
            "If they should still go out: `oncepost reschedule --expired --group {group} --to TIME --deadline TIME`, first with `--dry-run`"
        )));
    }
    lines.push(match console {
        Some(console) => linked("Posts that were not sent in time", under(console, "posts?state=expired")),
        None => Line::new("Posts that were not sent in time: `oncepost posts --state expired`"),
    });
    Message { head: format!("{targets}{more}{}", title.unwrap_or_default()), lines }
}
