//! What an alert says: what happened, whose fault, what to do, and where to look. The same by every way. Pure.

use std::fmt;

use contract::{Dead, Doubts};
use domain::{Code, Failure, ListReason, Listed, Target};
use extent::{Cause, Whole, listed};
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
    /// What it strikes; none once it is over.
    pub struck: Option<&'a Struck>,
    /// Where the console is.
    pub console: Option<&'a Url>,
}

/// What a group of failures strikes.
pub(crate) struct Struck {
    /// The target that was listed last; none if it has left the list since.
    pub newest: Option<Target>,
    /// How many of its targets are in doubt.
    pub doubts: Doubts,
    /// How far it reaches, and whose fault that makes it.
    pub cause: Cause,
    /// All that needs a person, where that is more.
    pub whole: Option<Whole>,
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
pub(crate) fn message(say: &Say, group: &Group<'_>) -> Message {
    let targets = match group.count {
        1 => "1 target needs a person".to_owned(),
        count => format!("{count} targets need a person"),
    };
    let title = title(group);
    let head = match say {
        Say::New => format!("{targets}: {title}"),
        Say::Grown { from } => format!("{targets}, ten times as many as before ({from}): {title}"),
        Say::Spread { to, .. } => {
            format!("{targets}, now on {} as well: {title}", listed(to.iter().map(String::as_str)))
        }
        Say::Old { since } => format!("{targets} since {}, and nobody has mended it: {title}", instant(*since)),
        Say::Clear { since } => {
            let head =
                format!("All clear: no target needs a person any more because of {title} (since {})", instant(*since));
            let lines = group.console.map(|console| linked("The cause", cause(console, group.name)));
            return Message { head, lines: lines.into_iter().collect() };
        }
    };
    let mut lines = group.struck.map(|struck| told(group, struck)).unwrap_or_default();
    if let Some(Target { id, tenant, channel, account, .. }) = group.struck.and_then(|struck| struck.newest.as_ref()) {
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

/// What happened, how far it reaches, whose fault it is, what to do.
fn told(group: &Group<'_>, Struck { newest, doubts, cause, whole }: &Struck) -> Vec<Line> {
    let happened = newest.as_ref().and_then(|target| Some(happened(target.last_failure.as_ref()?, target)));
    let all = whole.as_ref().map(|whole| {
        let common = whole.in_common.as_ref().map(|common| format!(", in truth one cause: {common}"));
        format!("All that needs a person: {}{}", whole.extent.words, common.unwrap_or_default())
    });
    let far = format!("How far: {}", cause.extent.words);
    let fault = format!("Whose fault: {}", cause.whose_fault);
    let look = format!("Look first at: {}", cause.extent.look_at);
    let remedy = format!("What to do: {}", remedy(group, newest.as_ref(), *doubts));
    happened.into_iter().chain([far]).chain(all).chain([fault, look, remedy]).map(Line::new).collect()
}

/// One target is told what it takes where it stands; of several each may stand elsewhere.
fn remedy(group: &Group<'_>, newest: Option<&Target>, doubts: Doubts) -> String {
    let only = newest.filter(|_| group.count == 1);
    let own = only.and_then(|target| Some(Dead::diagnosis(target)?.remedy.replace("TARGET", &target.id.to_string())));
    own.unwrap_or_else(|| contract::remedy_of_group(group.name, doubts))
}

fn happened(failure: &Failure, target: &Target) -> String {
    // A backtick begins a command: what a platform says is none.
    let said = failure.said.quoted(SAID).map(|said| format!(": {}", said.replace('`', "'"))).unwrap_or_default();
    let who = if failure.said.is_answer() { "The platform" } else { "It failed" };
    let tried = match &target.listed {
        Some(Listed { reason: ListReason::TriesUsedUp, .. }) => format!("; tried {} times", target.tries),
        _ => String::new(),
    };
    format!("{who}, at \"{}\"{said}{tried}", failure.step)
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
    use extent::{Extent, ExtentKind, Flow, Meanwhile};
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
            follows: None,
        }
    }

    fn struck(target: Target) -> Struck {
        let extent = |kind, words: &str| Extent { kind, words: words.into(), look_at: "our network".into() };
        let flow = Flow { settled: 0, published: 0 };
        let since = Timestamp::UNIX_EPOCH;
        let meanwhile = Meanwhile { since, own: flow, siblings: flow, elsewhere: flow, words: String::new() };
        let cause = Cause {
            extent: extent(ExtentKind::Channel, "All 3 accounts of mastodon"),
            meanwhile,
            whose_fault: "what these channels have in common",
        };
        let everything = extent(ExtentKind::Everything, "Everything: 5 of 9 accounts");
        let whole = Whole { extent: everything, in_common: Some("OP-3002 It is down".into()), meanwhile: None };
        Struck { newest: Some(target), doubts: Doubts::Some, cause, whole: Some(whole) }
    }

    fn lines(target: Target, count: u64) -> Vec<String> {
        let struck = struck(target);
        let group = Group { name: "OP-3002/channel/-", count, struck: Some(&struck), console: None };
        message(&Say::New, &group).lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn the_platforms_own_words_are_told_short_and_harmless_with_what_to_do_now() {
        let said = PlatformWords { status: Some(503), ..PlatformWords::text(format!("`rm`\n{}", "x".repeat(400))) };
        let told = lines(target(ListReason::TriesUsedUp, said), 1);
        assert!(told[0].starts_with("The platform, at \"create status\": \"'rm' xxx"), "{told:?}");
        assert!(told[0].ends_with("x…\" (HTTP 503); tried 8 times"), "{told:?}");
        assert!(told[0].chars().count() < 300, "{told:?}");
        assert!(told[5].starts_with("What to do: See whether the platform is well again"), "{told:?}");
        assert!(told[5].ends_with("`oncepost retry 00000000-0000-0000-0000-000000000007`."), "{told:?}");
    }

    /// Whoever reads it first is told what the first screen says.
    #[test]
    fn how_far_it_reaches_is_told_and_whose_fault_that_makes_it() {
        let told = lines(target(ListReason::TriesUsedUp, PlatformWords::default()), 3);
        let all = "All that needs a person: Everything: 5 of 9 accounts, in truth one cause: OP-3002 It is down";
        assert_eq!(
            told[1..5],
            [
                "How far: All 3 accounts of mastodon",
                all,
                "Whose fault: what these channels have in common",
                "Look first at: our network"
            ]
        );
        assert!(told[5].ends_with("`oncepost retry --group OP-3002/channel/-`."), "{told:?}");
    }

    #[test]
    fn where_it_is_new_is_told_first() {
        let group = Group { name: "OP-3001/channel/-", count: 15, struck: None, console: None };
        let head = |to: &[&str]| {
            let to = to.iter().map(ToString::to_string).collect();
            message(&Say::Spread { to, nth: 1 }, &group).head
        };
        let told = |to: &str| {
            format!("15 targets need a person, now on {to} as well: OP-3001 The platform could not be reached")
        };
        assert_eq!(head(&["x"]), told("x"));
        assert_eq!(head(&["a", "b", "c"]), told("a, b and c"));
        assert_eq!(head(&["a", "b", "c", "d", "e"]), told("a, b, c and 2 more"));
    }

    #[test]
    fn what_was_no_answer_is_not_told_as_one() {
        let told = |said| lines(target(ListReason::Permanent, said), 1).remove(0);
        let refused = told(PlatformWords::text("connection refused"));
        assert_eq!(refused, "It failed, at \"create status\": \"connection refused\"");
        assert_eq!(told(PlatformWords::default()), "It failed, at \"create status\"");
    }
}
