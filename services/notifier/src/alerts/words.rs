//! What an alert says: what happened, whose fault, what to do, and where to look. The same by every way. Pure.

use std::fmt;

use contract::{Dead, Diagnosis};
use domain::{Code, Failure, ListReason, Listed, Target};
use jiff::Timestamp;
use url::{Url, form_urlencoded};

use super::plan::Say;

/// The most that is repeated of a platform's words, in characters.
const SAID: usize = 200;

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

/// What people are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// All of it in a line: how many, and the cause.
    pub head: String,
    /// What stands below.
    pub lines: Vec<Line>,
}

/// A line of a message. What stands between backticks is a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub text: String,
    /// Where it leads.
    pub link: Option<String>,
}

impl Line {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), link: None }
    }
}

/// As plain text.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head)?;
        for Line { text, link } in &self.lines {
            match link {
                Some(link) => write!(f, "\n{text}: {link}")?,
                None => write!(f, "\n{text}")?,
            }
        }
        Ok(())
    }
}

/// The message.
pub(crate) fn message(say: Say, group: &Group<'_>) -> Message {
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
            let head =
                format!("All clear: no target needs a person any more because of {title} (since {})", instant(since));
            let lines = group.console.map(|console| linked("The cause", cause(console, group.name)));
            return Message { head, lines: lines.into_iter().collect() };
        }
    };
    let mut lines = Vec::new();
    if let Some(target) = group.newest {
        lines.extend(target.last_failure.as_ref().map(|failure| told(failure, target)).unwrap_or_default());
        let Target { id, tenant, channel, account, .. } = target;
        let newest = format!("The newest, {tenant}/{channel}/{account}");
        lines.push(match group.console {
            Some(console) => linked(newest, under(console, &format!("targets/{id}"))),
            None => Line::new(format!("{newest}: `oncepost status {id}`")),
        });
    }
    lines.push(match group.console {
        Some(console) => linked("All of this cause", cause(console, group.name)),
        None => Line::new("All of them, cause by cause: `oncepost failures`"),
    });
    Message { head, lines }
}

/// What is said to find out whether people can be told.
pub(crate) fn test(console: Option<&Url>) -> Message {
    let head = "This is a test of oncepost's alerts: nothing is wrong".into();
    let link = console.map(|console| linked("What needs a person", under(console, "")));
    let lines = [Some(Line::new("Somebody ran `oncepost alerts test`. There is nothing to do.")), link];
    Message { head, lines: lines.into_iter().flatten().collect() }
}

fn told(failure: &Failure, target: &Target) -> Vec<Line> {
    let diagnosis = Dead::diagnosis(target).unwrap_or_else(|| Diagnosis::of(failure, target, None));
    let Diagnosis { whose_fault, remedy, .. } = diagnosis;
    // A backtick begins a command: what a platform says is none.
    let said = failure.said.quoted(SAID).map(|said| format!(": {}", said.replace('`', "'"))).unwrap_or_default();
    let who = if failure.said.is_answer() { "The platform" } else { "It failed" };
    let tried = match &target.listed {
        Some(Listed { reason: ListReason::TriesUsedUp, .. }) => format!("; tried {} times", target.tries),
        _ => String::new(),
    };
    let happened = format!("{who}, at \"{}\"{said}{tried}", failure.step);
    [happened, format!("Whose fault: {whose_fault}"), format!("What to do: {remedy}")].map(Line::new).into()
}

fn title(group: &Group<'_>) -> String {
    let code = group.name.split('/').next().unwrap_or(group.name);
    match code.parse::<Code>().ok().and_then(Code::page) {
        Some(page) => format!("{code} {}", page.title),
        None if group.name == "-" => "no failure is on record".into(),
        None => code.to_owned(),
    }
}

pub(crate) fn linked(text: impl Into<String>, link: String) -> Line {
    Line { text: text.into(), link: Some(link) }
}

/// The group's own page on the console.
fn cause(console: &Url, group: &str) -> String {
    let group: String = form_urlencoded::byte_serialize(group.as_bytes()).collect();
    under(console, &format!("causes?group={group}"))
}

pub(crate) fn under(url: &Url, path: &str) -> String {
    format!("{}/{path}", url.as_str().trim_end_matches('/'))
}

pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{ContentHash, Landed, PlatformWords, PostId, Scope, State, TargetId, Worth};
    use uuid::Uuid;

    use super::*;

    fn target(reason: ListReason, said: PlatformWords) -> Target {
        let failure = Failure {
            code: Code::OUT_OF_ORDER,
            landed: Landed::No,
            worth: Worth::Retry { not_before: None },
            scope: Scope::Channel,
            step: "create status".into(),
            said,
        };
        Target {
            id: TargetId(Uuid::from_u128(7)),
            post: PostId(Uuid::from_u128(1)),
            tenant: "acme".parse().unwrap(),
            channel: "mastodon".parse().unwrap(),
            account: "main".parse().unwrap(),
            app: None,
            state: State::Failed,
            revision: 1,
            due_at: Timestamp::UNIX_EPOCH,
            deadline: None,
            next_at: None,
            wake_at: None,
            hash: ContentHash([0; 16]),
            attempt: 8,
            tries: 8,
            looks: 0,
            emissions: 0,
            lease: None,
            armed: None,
            handles: BTreeMap::new(),
            out: Vec::new(),
            listed: Some(Listed { reason, at: Timestamp::UNIX_EPOCH }),
            last_failure: Some(failure),
            gap: None,
            trace: None,
        }
    }

    fn lines(target: &Target) -> Vec<String> {
        let group = Group { name: "OP-3002/channel/-", count: 1, newest: Some(target), console: None };
        message(Say::New, &group).lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn the_platforms_own_words_are_told_short_and_harmless_with_what_to_do_now() {
        let said = PlatformWords { status: Some(503), ..PlatformWords::text(format!("`rm`\n{}", "x".repeat(400))) };
        let told = lines(&target(ListReason::TriesUsedUp, said));
        assert!(told[0].starts_with("The platform, at \"create status\": \"'rm' xxx"), "{told:?}");
        assert!(told[0].ends_with("x…\" (HTTP 503); tried 8 times"), "{told:?}");
        assert!(told[0].chars().count() < 300, "{told:?}");
        assert_eq!(told[1], "Whose fault: the platform");
        assert!(told[2].starts_with("What to do: See whether the platform is well again"), "{told:?}");
    }

    #[test]
    fn what_was_no_answer_is_not_told_as_one() {
        let told = lines(&target(ListReason::Permanent, PlatformWords::text("connection refused")));
        assert_eq!(told[0], "It failed, at \"create status\": \"connection refused\"");
        assert_eq!(
            lines(&target(ListReason::Permanent, PlatformWords::default()))[0],
            "It failed, at \"create status\""
        );
    }
}
