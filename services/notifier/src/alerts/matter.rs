//! What people may have to be told of: failures that have one cause, targets that were not sent in time, somebody who is missing. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use contract::Doubts;
use domain::{Failure, Pause, Scope, Target};
use extent::{Cause, Judgement};
use jiff::Timestamp;
use ledger::{CauseSpread, Strike};
use roster::Missing;
use url::Url;

use super::{
    AlertOptions, absent, late,
    plan::{Say, Seen, Times},
    words::{self, Group, Message, Struck},
};

/// What the names of the others begin with. No group of failures is called so.
const LATE: &str = "expired/";
const MISSING: &str = "missing/";

/// Something that people may have to be told of.
pub(crate) struct Matter {
    /// What it is on record as.
    pub name: String,
    /// How many targets; 0: it is over.
    pub count: u64,
    /// Since when the first of them needs a person.
    first: Option<Timestamp>,
    /// Where they are, as far as each is to be mended by itself.
    places: BTreeSet<String>,
    about: About,
}

enum About {
    /// Targets that need a person, and how far that reaches.
    Failing(Option<Box<Struck>>),
    /// Targets whose deadline has passed, and the one whose did last.
    Late(Option<Box<Target>>),
    /// Who is missing.
    Missing(Option<Missing>),
}

impl Matter {
    /// One that people were told of, and that is over.
    pub fn over(name: &str) -> Self {
        let about = match name {
            _ if name.starts_with(LATE) => About::Late(None),
            _ if name.starts_with(MISSING) => About::Missing(None),
            _ => About::Failing(None),
        };
        Self { name: name.into(), count: 0, first: None, places: BTreeSet::new(), about }
    }

    /// Targets that need a person, cause by cause.
    pub fn failing(judgement: Judgement, causes: Vec<CauseSpread>) -> Vec<Self> {
        let Judgement { whole, causes: judged } = judgement;
        let is_only = causes.len() == 1;
        let matter = |(cause, judged): (CauseSpread, Cause)| {
            let (doubts, whole) = (Doubts::of(cause.doubts, cause.targets), (!is_only).then(|| whole.clone()));
            let (first, places) = (Some(cause.first), apart(&cause));
            let struck = Struck { newest: cause.newest, doubts, cause: judged, whole };
            let about = About::Failing(Some(Box::new(struck)));
            Self { name: cause.group, count: cause.targets, first, places, about }
        };
        causes.into_iter().zip(judged).map(matter).collect()
    }

    /// Somebody who is missing.
    pub fn missing(missing: Missing) -> Self {
        let channel = missing.channel.as_ref().map(|channel| format!("/{channel}"));
        let of = channel.unwrap_or_else(|| if missing.is_of_many { absent::MANY.into() } else { String::new() });
        let name = format!("{MISSING}{}{of}", missing.role);
        Self { count: 1, about: About::Missing(Some(missing)), ..Self::over(&name) }
    }

    /// Targets that were not sent in time, the last one first, by what kept them.
    pub fn late(targets: Vec<Target>) -> Vec<Self> {
        let mut groups: BTreeMap<String, (u64, Target)> = BTreeMap::new();
        for target in targets {
            let group = target.last_failure.as_ref().map_or_else(|| "-".into(), Failure::group);
            groups.entry(format!("{LATE}{group}")).or_insert((0, target)).0 += 1;
        }
        let matter = |(name, (count, newest)): (String, (u64, Target))| Self {
            count,
            about: About::Late(Some(Box::new(newest))),
            ..Self::over(&name)
        };
        groups.into_iter().map(matter).collect()
    }

    /// When it is told.
    pub fn times(&self, options: &AlertOptions) -> Times {
        let patience = match self.about {
            // A process that is replaced is away for a moment.
            About::Missing(_) => options.missing_after,
            About::Failing(_) | About::Late(_) => Duration::ZERO,
        };
        Times { old_after: options.old_after, calm_after: options.calm_after, patience }
    }

    /// As it is now.
    pub fn seen(&self) -> Seen<'_> {
        Seen { count: self.count, first: self.first, places: &self.places }
    }

    /// Whether it has only left the list: what failed is held with what is behind it, by a pause for the same cause.
    pub fn is_held(&self, pauses: &[Pause]) -> bool {
        let code = Failure::read_group(&self.name).0;
        let is_over = self.count == 0 && matches!(self.about, About::Failing(_));
        is_over && pauses.iter().any(|pause| code.is_some() && pause.code == code)
    }

    /// Whether it is worth a message. What was not sent in time is not mended by waiting, and not over when it is a day old.
    pub fn wants(&self, say: &Say) -> bool {
        !matches!((&self.about, say), (About::Late(_), Say::Old { .. } | Say::Clear { .. }))
    }

    /// The message.
    pub fn message(&self, say: &Say, console: Option<&Url>) -> Message {
        let (name, count) = (self.name.as_str(), self.count);
        match &self.about {
            About::Failing(struck) => words::message(say, &Group { name, count, struck: struck.as_deref(), console }),
            About::Late(newest) => late::message(say, count, newest.as_deref(), console),
            About::Missing(missing) => {
                absent::message(say, name.strip_prefix(MISSING).unwrap_or(name), missing.as_ref(), console)
            }
        }
    }
}

/// Where a cause strikes, by what is mended one by one: a platform, or an account. A post is told by its cause alone.
fn apart(cause: &CauseSpread) -> BTreeSet<String> {
    let scope = Failure::read_group(&cause.group).1;
    let name = |Strike { place, .. }: &Strike| match scope? {
        Scope::Channel | Scope::System => Some(place.channel.to_string()),
        Scope::App => place.app.as_ref().map(ToString::to_string),
        Scope::Account => Some(format!("{}/{}/{}", place.tenant, place.channel, place.account)),
        Scope::Post => None,
    };
    cause.places.iter().filter_map(name).collect()
}
