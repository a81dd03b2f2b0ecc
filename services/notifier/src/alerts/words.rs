//! What an alert says: what happened, whose fault, what to do, and where to look. Pure.

use contract::Diagnosis;
use domain::{Code, Failure, Target};
use jiff::Timestamp;
use url::Url;

use super::plan::Say;

/// A group of failures as people know it.
pub(crate) struct Group<'a> {
    /// Its name, as `OP-2101/account/190`.
    pub name: &'a str,
    /// How many targets it has.
    pub count: u64,
    /// The one that was listed last.
    pub newest: Option<&'a Target>,
    /// Where the console is.
    pub console: Option<&'a Url>,
}

/// The message.
pub(crate) fn message(say: Say, group: &Group<'_>) -> String {
    let targets = match group.count {
        1 => "1 target needs a person".to_owned(),
        count => format!("{count} targets need a person"),
    };
    let title = title(group);
    let head = match say {
        Say::New => format!("{targets}: {title}"),
        Say::Grown { from } => format!("{targets}, ten times as many as before ({from}): {title}"),
        Say::Old { since } => format!("{targets} since {}, and nobody has mended it: {title}", instant(since)),
        Say::Clear { since } => {
            return format!(
                "All clear: no target needs a person any more because of {title} (since {})",
                instant(since)
            );
        }
    };
    let mut lines = vec![head];
    if let Some(target) = group.newest {
        lines.extend(target.last_failure.as_ref().map(|failure| told(failure, target)).unwrap_or_default());
        let Target { id, tenant, channel, account, .. } = target;
        lines.push(match group.console {
            Some(url) => format!("The newest: {tenant}/{channel}/{account}, {}", under(url, &format!("targets/{id}"))),
            None => format!("The newest: {tenant}/{channel}/{account}, `oncepost status {id}`"),
        });
    }
    lines.push(match group.console {
        Some(url) => format!("All of them: {}", under(url, "")),
        None => "All of them: `oncepost failures`".into(),
    });
    lines.join("\n")
}

fn told(failure: &Failure, target: &Target) -> Vec<String> {
    let Diagnosis { sentence, whose_fault, remedy, .. } = Diagnosis::of(failure, target, None);
    vec![sentence, format!("Whose fault: {whose_fault}"), format!("What to do: {remedy}")]
}

fn title(group: &Group<'_>) -> String {
    let code = group.name.split('/').next().unwrap_or(group.name);
    match code.parse::<Code>().ok().and_then(Code::page) {
        Some(page) => format!("{code} {}", page.title),
        None if group.name == "-" => "no failure is on record".into(),
        None => code.to_owned(),
    }
}

fn under(url: &Url, path: &str) -> String {
    format!("{}/{path}", url.as_str().trim_end_matches('/'))
}

fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
