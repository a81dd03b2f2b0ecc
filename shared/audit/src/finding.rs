//! Findings as people read them, and as they go on record.

use channels::{Cut, ListedPost};
use domain::Receipt;
use jiff::Timestamp;
use ledger::{IncidentKind, NewIncident, Place};
use serde_json::{Value, json};

use crate::compare::{Finding, Known, Untold};

/// What to do about an incident of this kind, on this target.
pub fn remedy(kind: IncidentKind, target: &str, incident: &str) -> String {
    let first = match kind {
        IncidentKind::Duplicate => format!(
            "Look at both posts. If one is superfluous, take it down on the platform; `oncepost status {target}` shows whether two attempts of \
             ours were made."
        ),
        IncidentKind::Vanished => {
            "Look at its address. If somebody took it down on purpose, note that; if it should be there, schedule the post again under a new \
             key."
                .into()
        }
    };
    format!("{first} Then `oncepost incidents close {incident} --note …`.")
}

impl Finding {
    /// The finding on an account, for the record.
    pub(crate) fn incident(&self, place: &Place) -> NewIncident {
        let (kind, known, subject) = match self {
            Finding::Duplicate { of, copy } => (IncidentKind::Duplicate, of, copy.receipt.id.clone()),
            Finding::Vanished { part, .. } => {
                let id = part.receipt.as_ref().map(|receipt| receipt.id.clone()).unwrap_or_default();
                (IncidentKind::Vanished, part, id)
            }
        };
        NewIncident {
            kind,
            target: known.target,
            place: place.clone(),
            subject,
            what: self.sentence(),
            evidence: self.evidence(),
        }
    }

    fn sentence(&self) -> String {
        match self {
            Finding::Duplicate { of, copy } => {
                let same = match &of.receipt {
                    Some(receipt) => {
                        format!("post {}, which went out as {} at {}", seen(receipt), part(of), instant(of.at))
                    }
                    None => format!("{}, whose outcome is not known", part(of)),
                };
                let posted = format!("Post {}, made at {}", seen(&copy.receipt), instant(copy.at));
                format!("{posted}, says the same as {same}. The ledger knows of no target that it belongs to.")
            }
            Finding::Vanished { part: gone, alike } => {
                let id = gone.receipt.as_ref().map(seen).unwrap_or_default();
                let instead = alike.as_ref().map(|post| {
                    let (id, at) = (seen(&post.receipt), instant(post.at));
                    format!(" Post {id}, made at {at}, says the same: it may have been put in its place.")
                });
                let out = format!("Post {id}, which went out as {} at {}", part(gone), instant(gone.at));
                format!("{out}, is not among the account's posts any more.{}", instead.unwrap_or_default())
            }
        }
    }

    fn evidence(&self) -> Value {
        match self {
            Finding::Duplicate { of, copy } => json!({ "known": known(of), "copy": listed(copy) }),
            Finding::Vanished { part, alike } => {
                json!({ "known": known(part), "alike": alike.as_ref().map(listed) })
            }
        }
    }
}

fn known(known: &Known) -> Value {
    let receipt = known.receipt.as_ref();
    json!({
        "target": known.target,
        "part": known.part,
        "id": receipt.map(|receipt| &receipt.id),
        "url": receipt.and_then(|receipt| receipt.url.as_ref()),
        "at": known.at,
    })
}

fn listed(post: &ListedPost) -> Value {
    json!({ "id": post.receipt.id, "url": post.receipt.url, "at": post.at })
}

fn seen(receipt: &Receipt) -> String {
    let url = receipt.url.as_ref().map(|url| format!(" ({url})")).unwrap_or_default();
    format!("{}{url}", receipt.id)
}

/// The publish point in words. People count parts from 1.
fn part(known: &Known) -> String {
    match known.part {
        0 => format!("target {}", known.target),
        part => format!("part {} of target {}", u32::from(part) + 1, known.target),
    }
}

impl Untold {
    /// What cannot be told, as a sentence.
    pub fn sentence(&self) -> String {
        let many = self.many();
        let posts = if many == 1 { "1 post".to_owned() } else { format!("{many} posts") };
        match self {
            Untold::Cut(cut, _) => {
                let read = match cut {
                    Cut::Before(oldest) => format!("back to {} only", instant(*oldest)),
                    Cut::After(newest) => format!("up to {} only", instant(*newest)),
                    Cut::Anywhere => "in part, and in no order".to_owned(),
                };
                format!(
                    "The account has too many posts to read: they were read {read}; {posts} of ours beyond that cannot be judged."
                )
            }
            Untold::Unlisted(_) => {
                format!("Of {posts} it cannot be told whether they are still there: no listing shows them.")
            }
            Untold::Wordless(_) => {
                format!("Of {posts} it cannot be told whether they are there twice: they have no words.")
            }
            Untold::Reworded(_) => format!(
                "{posts}: they read otherwise there than what was sent. A copy of what was sent, or of what is there, would be seen; one that \
                 was changed in another way would not."
            ),
            Untold::Unsettled(_) => format!(
                "{posts}: they say the same as a target that is not settled yet, and may be its. Look again once it is."
            ),
            Untold::Strange(_) => format!(
                "None of {posts} that went out is listed. Either all were taken down, or the account is not the one they went out on (moved, \
                 renamed, other credentials). Look at the account; no incident was made of it."
            ),
        }
    }
}

/// An instant to the second, as the command line shows it everywhere.
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
