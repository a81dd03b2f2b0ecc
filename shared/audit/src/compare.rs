//! What a platform shows of an account, against what the ledger holds to be out. Pure.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use channels::{Cut, ListedPost, Listing, Wording};
use domain::{Receipt, TargetId};
use jiff::{SignedDuration, Timestamp};

/// How far clocks may be apart, and an answer behind the post that it tells of.
const SKEW: SignedDuration = SignedDuration::from_mins(10);
/// How far the post of a target whose absence is not judged may be away from its times.
const NEAR: SignedDuration = SignedDuration::from_hours(1);
/// From how many posts on it is strange that none of them is there.
const STRANGE: usize = 3;

/// A publish point of a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Whose it is.
    pub target: TargetId,
    /// Which: 0 is the post, 1… the thread's further parts.
    pub part: u16,
    /// The platform's proof; `None` of a target that is not settled: it may be out.
    pub receipt: Option<Receipt>,
    /// When it was due: its post was not made before.
    pub due_at: Timestamp,
    /// When we learnt that it is out; if it is not settled, when it was due.
    pub at: Timestamp,
    /// What it says.
    pub wording: Wording,
    /// Whether the listing shows it, so that its absence means something.
    pub is_listed: bool,
}

/// What to compare.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The account's publish points, from somewhat before `since` to somewhat after `until`.
    pub known: &'a [Known],
    /// What the platform shows.
    pub listing: &'a Listing,
    /// Which of the listed ids the ledger knows, however old.
    pub owners: &'a HashMap<String, TargetId>,
    /// Nothing older is judged.
    pub since: Timestamp,
    /// Nothing younger is judged.
    pub until: Timestamp,
    /// What is younger than this may not be listed yet: its absence means nothing.
    pub sure_until: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compared {
    /// How many publish points of the time in question are there.
    pub there: usize,
    /// What does not fit.
    pub findings: Vec<Finding>,
    /// What cannot be told.
    pub untold: Vec<Untold>,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// The platform shows a post that the ledger does not know, and that says what a target says.
    Duplicate {
        /// The publish point that says the same.
        of: Known,
        /// The post that is there once too often.
        copy: ListedPost,
    },
    /// The ledger has published what the platform does not show.
    Vanished {
        /// The publish point.
        part: Known,
        /// A post that says the same and that the ledger does not know: it may have been put in its place.
        alike: Option<ListedPost>,
    },
}

/// Something that cannot be told, and of how many publish points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untold {
    /// Reading stopped there; whatever is beyond was not looked for.
    Cut(Cut, usize),
    /// No listing shows them: whether they are there.
    Unlisted(usize),
    /// They have no words: whether they are there twice.
    Wordless(usize),
    /// They read otherwise there than what was sent: whether there is a copy that was changed in another way.
    Reworded(usize),
    /// Posts that say the same as a target which is not settled: whether they are its, or once too often.
    Unsettled(usize),
    /// So many were expected, and none is there: whether this is the right account at all.
    Strange(usize),
}

/// What each known publish point is found as.
struct Places<'a> {
    question: &'a Question<'a>,
    /// The listed post that has its id.
    placed: Vec<Option<&'a ListedPost>>,
    /// A post of the same words that may be its, under another id.
    instead: Vec<Option<&'a ListedPost>>,
}

/// Compares.
pub fn compare(question: &Question<'_>) -> Compared {
    let mut places = Places::by_id(question);
    let duplicates = places.by_words();
    let mut told = places.judge();
    told.findings.splice(0..0, duplicates);
    told
}

impl<'a> Places<'a> {
    fn by_id(question: &'a Question<'a>) -> Self {
        let posts = &question.listing.posts;
        let by_id: HashMap<&str, &ListedPost> = posts.iter().map(|post| (tail(&post.receipt.id), post)).collect();
        let placed: Vec<_> = question
            .known
            .iter()
            .map(|known| known.receipt.as_ref().and_then(|receipt| by_id.get(tail(&receipt.id)).copied()))
            .collect();
        let instead = vec![None; placed.len()];
        Self { question, placed, instead }
    }

    /// Gives posts that nobody knows to publish points of the same words that have none. The rest are there once too often.
    fn by_words(&mut self) -> Vec<Finding> {
        let mut saying: HashMap<&Wording, Vec<usize>> = HashMap::new();
        for (n, known) in self.question.known.iter().enumerate() {
            let shown = self.placed[n].map(|post| &post.wording).filter(|shown| **shown != known.wording);
            for wording in [Some(&known.wording), shown].into_iter().flatten().filter(|wording| !wording.is_empty()) {
                saying.entry(wording).or_default().push(n);
            }
        }
        let mut unknown: BTreeMap<&Wording, Vec<&'a ListedPost>> = BTreeMap::new();
        for post in self.unknown() {
            unknown.entry(&post.wording).or_default().push(post);
        }
        let mut findings = Vec::new();
        for (wording, mut posts) in unknown {
            // Whatever no target says is a person's own.
            let Some(members) = saying.get(wording) else { continue };
            posts.sort_by_key(|post| post.at);
            let mut free: Vec<usize> = members.iter().copied().filter(|n| self.placed[*n].is_none()).collect();
            free.sort_by_key(|n| (self.question.known[*n].receipt.is_none(), self.question.known[*n].at));
            for n in free {
                let fitting = posts.iter().enumerate().filter(|(_, post)| self.may_be(n, post));
                let nearest = fitting.min_by_key(|(_, post)| apart(post.at, self.question.known[n].at));
                self.instead[n] = nearest.map(|(at, _)| at).map(|at| posts.remove(at));
            }
            for copy in posts {
                let of = members.iter().map(|n| &self.question.known[*n]);
                let of = of.min_by_key(|known| (known.receipt.is_none(), apart(known.at, copy.at)));
                findings.extend(of.map(|of| Finding::Duplicate { of: of.clone(), copy: copy.clone() }));
            }
        }
        findings
    }

    /// Posts of the time in question that are no target's.
    fn unknown(&self) -> impl Iterator<Item = &'a ListedPost> {
        let Question { listing, owners, known, since, until, .. } = *self.question;
        let proven: std::collections::HashSet<&str> =
            known.iter().filter_map(|known| known.receipt.as_ref()).map(|receipt| tail(&receipt.id)).collect();
        listing.posts.iter().filter(move |post| {
            let id = &post.receipt.id;
            since <= post.at && post.at <= until && !owners.contains_key(id) && !proven.contains(tail(id))
        })
    }

    /// Whether a post of the same words may be that of publish point `n`, which is listed under no id that we know.
    fn may_be(&self, n: usize, post: &ListedPost) -> bool {
        let known = &self.question.known[n];
        match known.receipt {
            None => back(known.due_at, SKEW) <= post.at,
            Some(_) if self.is_judged(known) => true,
            Some(_) => known.was_made_at(post.at, NEAR),
        }
    }

    /// Whether the publish point would surely be listed if it were there.
    fn is_judged(&self, known: &Known) -> bool {
        known.receipt.is_some()
            && known.is_listed
            && self.is_asked_for(known)
            && !self.is_young(known)
            && !self.is_cut_off(known)
    }

    fn is_asked_for(&self, known: &Known) -> bool {
        // What was due before may have been made before.
        self.question.since <= known.due_at && known.at <= self.question.until
    }

    /// Whether it may be out and not listed yet.
    fn is_young(&self, known: &Known) -> bool {
        self.question.sure_until < known.at
    }

    fn is_cut_off(&self, known: &Known) -> bool {
        match self.question.listing.cut {
            None => false,
            Some(Cut::Before(oldest)) => back(known.due_at, SKEW) < oldest,
            Some(Cut::After(newest)) => newest < forth(known.at, SKEW),
            Some(Cut::Anywhere) => true,
        }
    }

    /// What is there, and what is not.
    fn judge(&self) -> Compared {
        let mut told = Compared::default();
        let (mut cut, mut unlisted, mut wordless, mut reworded, mut unsettled) = (0, 0, 0, 0, 0);
        for (n, known) in self.question.known.iter().enumerate() {
            if known.receipt.is_none() {
                unsettled += usize::from(self.instead[n].is_some());
                continue;
            }
            if !self.is_asked_for(known) {
                continue;
            }
            let shown = self.placed[n];
            let moved = self.instead[n].filter(|post| known.was_made_at(post.at, SKEW));
            match (shown.or(moved), known.is_listed) {
                (Some(shown), _) => {
                    told.there += 1;
                    let silent = known.wording.is_empty() && shown.wording.is_empty();
                    wordless += usize::from(silent);
                    reworded += usize::from(!silent && shown.wording != known.wording);
                }
                (None, _) if self.is_young(known) => {}
                (None, false) => unlisted += 1,
                (None, true) if self.is_cut_off(known) => cut += 1,
                (None, true) => {
                    let (part, alike) = (known.clone(), self.instead[n].cloned());
                    told.findings.push(Finding::Vanished { part, alike });
                }
            }
        }
        if told.there == 0 && told.findings.len() >= STRANGE {
            told.untold.push(Untold::Strange(told.findings.len()));
            told.findings.clear();
        }
        told.untold.extend(self.question.listing.cut.map(|place| Untold::Cut(place, cut)));
        let counted = [
            Untold::Unlisted(unlisted),
            Untold::Wordless(wordless),
            Untold::Reworded(reworded),
            Untold::Unsettled(unsettled),
        ];
        told.untold.extend(counted.into_iter().filter(|untold| untold.many() > 0));
        told
    }
}

impl Known {
    /// Whether its post may have been made at this time, give or take `slack`.
    fn was_made_at(&self, at: Timestamp, slack: SignedDuration) -> bool {
        back(self.due_at, slack) <= at && at <= forth(self.at, slack)
    }
}

impl Untold {
    /// Of how many publish points.
    pub fn many(&self) -> usize {
        match self {
            Untold::Cut(_, many)
            | Untold::Unlisted(many)
            | Untold::Wordless(many)
            | Untold::Reworded(many)
            | Untold::Unsettled(many)
            | Untold::Strange(many) => *many,
        }
    }
}

/// What an id ends in: a person's proof may be the address where they saw the post, and names of accounts may stand before ids.
fn tail(id: &str) -> &str {
    let path = id.split(['?', '#']).next().unwrap_or(id).trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

fn back(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.saturating_sub(span).unwrap_or(at)
}

fn forth(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.saturating_add(span).unwrap_or(at)
}

fn apart(a: Timestamp, b: Timestamp) -> SignedDuration {
    a.duration_since(b).abs()
}
