//! Events: made and signed once, known again by their id, which is the hash of what they say.

use ::nostr::{
    event::{Event, EventBuilder, EventId, FinalizeEvent, IntoEventBuilder, Kind, Tag},
    key::Keys,
    nips::{
        nip19::{FromBech32, Nip19Event, ToBech32},
        nip42::ClientAuthentication,
    },
    types::{RelayUrl, Timestamp as Seconds},
};
use domain::{Code, Failure, Landed, Part, PlatformWords, Receipt, Scope, Worth};
use jiff::Timestamp;
use url::Url;

use super::{SECRET, SEND};
use crate::{Account, Call, text};

/// A file as a note tells of it: where it is, and what was there when it was signed.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub url: String,
    pub mime: &'static str,
    pub sha256: String,
    pub size: u64,
    /// Its width and height, where they are known.
    pub pixels: Option<(u32, u32)>,
    pub alt: Option<String>,
}

/// The account's keys.
pub(super) fn keys(account: &Account) -> Result<Keys, Failure> {
    Keys::parse(account.secret(SECRET)?.reveal()).map_err(|_| {
        let why =
            format!("secret \"{SECRET}\": it is no secret key of Nostr, such as nsec1…, or 64 hexadecimal digits");
        Failure::system(Code::CREDENTIALS_MISSING, "open account", why)
    })
}

/// The signed event of a part. What tells it from a post that says the same in the same second is a tag of ours.
pub(super) fn note(call: &Call<'_>, number: u16, part: &Part, files: &[Shown], relay: &Url) -> Result<Event, Failure> {
    let keys = keys(call.account)?;
    let me = keys.public_key().to_hex();
    let mut tags = vec![Tag::custom("oncepost", [call.key(number)])];
    if let Some(before) = number.checked_sub(1) {
        let id = |part: u16| {
            let receipt = call.receipt(part).map(|out| out.id.as_str()).unwrap_or_default();
            event_id(receipt).map(|id| id.to_hex()).ok_or_else(|| gone(receipt))
        };
        let answers =
            |id: String, marker: &str| Tag::custom("e", [id, relay.to_string(), marker.to_owned(), me.clone()]);
        tags.push(answers(id(0)?, "root"));
        if before > 0 {
            tags.push(answers(id(before)?, "reply"));
        }
        tags.push(Tag::custom("p", [me.clone()]));
    }
    let words = text::tags(&part.text).into_iter().map(|place| part.text[place.start + 1..place.end].to_lowercase());
    tags.extend(words.map(|word| Tag::custom("t", [word])));
    if let Some(why) = call.draft.0.settings.get("content_warning") {
        tags.push(Tag::custom("content-warning", [why.clone()]));
    }
    tags.extend(files.iter().map(Shown::tag));
    let made = Seconds::from_secs(u64::try_from(call.now.as_second()).unwrap_or_default());
    let note = EventBuilder::new(Kind::TextNote, body(&part.text, files)).tags(tags).custom_created_at(made);
    note.finalize(&keys).map_err(|_| unsigned())
}

/// The event that shows a relay who we are.
pub(super) fn proof(keys: &Keys, challenge: &str, relay: &Url, now: Timestamp) -> Option<Event> {
    let relay = RelayUrl::parse(relay.as_str()).ok()?;
    let made = Seconds::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
    let proof = ClientAuthentication::new(challenge, relay);
    proof.into_event_builder().custom_created_at(made).finalize(keys).ok()
}

impl Shown {
    fn tag(&self) -> Tag {
        let mut about = vec![
            format!("url {}", self.url),
            format!("m {}", self.mime),
            format!("x {}", self.sha256),
            format!("size {}", self.size),
        ];
        about.extend(self.pixels.map(|(width, height)| format!("dim {width}x{height}")));
        about.extend(self.alt.as_ref().map(|alt| format!("alt {alt}")));
        Tag::custom("imeta", about)
    }
}

/// The text, and below it the address of each file: clients show what is there.
fn body(text: &str, files: &[Shown]) -> String {
    let mut body = text.to_owned();
    for file in files.iter().filter(|file| !text.contains(&file.url)) {
        if !body.is_empty() {
            body.push('\n');
        }
        body.push_str(&file.url);
    }
    body
}

/// The event that a proof names: by its id, or by an address that ends in it.
pub(super) fn event_id(proof: &str) -> Option<EventId> {
    let id = text::id_of(proof).trim_start_matches("nostr:");
    EventId::parse(id).ok().or_else(|| Nip19Event::from_bech32(id).ok().map(|event| event.event_id))
}

/// The proof of an event that is out, with an address at which people see it.
pub(super) fn receipt(id: EventId) -> Receipt {
    let note = id.to_bech32().ok();
    Receipt { id: id.to_hex(), url: note.map(|note| format!("https://njump.me/{note}")) }
}

fn gone(proof: &str) -> Failure {
    Failure {
        code: Code::REFERENCE_GONE,
        landed: Landed::No,
        worth: Worth::Never,
        scope: Scope::Post,
        step: SEND.into(),
        said: PlatformWords::text(format!("\"{proof}\" is no event")),
    }
}

fn unsigned() -> Failure {
    Failure::system(Code::OWN_HICCUP, SEND, "the event could not be signed")
}
