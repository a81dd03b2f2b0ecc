//! A platform that says anything: a whole attempt of every channel against it, from upload to receipt.

mod platform;
mod target;

use std::{
    cell::OnceCell,
    sync::{Arc, Mutex},
    time::Duration,
};

use channels::{
    Account, Call, Channel, ExchangeAsk, Http, HttpOptions, MediaOptions, Published, Registry, Secret, Tokens,
};
use domain::{Content, Draft, Failure, Finding, Landed, Media, OnDoubt, Part, PlatformWords, TargetId};
use jiff::Timestamp;
use runtime::Runtime;
use uuid::Uuid;

use crate::platform::CHANNELS;
use platform::{Counted, Platform, Script, Still, picture};
use target::Journal;

/// The target's id.
const ID: Uuid = Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0001);

/// When it is: no token in the stored dialogues has expired.
const NOW: Timestamp = Timestamp::constant(1_795_564_800, 0);

/// What every secret of the account holds: it has a colon and a hexadecimal end, as some platforms want.
const SECRET: &str = "64ab01:c0ffee5ec2e7c0ffee5ec2e7c0ffee5ec2e7";

/// Secrets that an account may have beside those that its channel needs.
const MORE_SECRETS: [&str; 6] =
    ["client_id", "client_secret", "refresh_token", "signing_secret", "app_secret", "webhook_url"];

/// Settings that accounts of one channel or another need.
const SETTINGS: [(&str, &str); 10] = [
    ("board_id", "1"),
    ("channel", "C0123456789"),
    ("channel_id", "1000"),
    ("chat_id", "1"),
    ("identifier", "ann.example.org"),
    ("location", "accounts/1/locations/1"),
    ("page_id", "1"),
    ("room", "!room:example.org"),
    ("subreddit", "test"),
    ("username", "ann"),
];

/// Whatever a platform says to a channel's calls, one after another, the channel takes it for no more than it is:
/// - it comes to an end, within 500 calls;
/// - parts go out one after another, each armed before; what is out has a receipt;
/// - after a whole answer at a publish point, "surely not published" only by a row of the channel's table;
/// - tokens are none that are empty, and they do not end before they are there;
/// - no secret is in what it fails with, and its words are short.
///
/// The first line names the channel, what it is to do (`publish`, `find`, `check`, `refresh`, `exchange`), what is posted (`text`, `thread`, `link`,
/// `picture`) and settings of the account (`name=value`). Each answer follows after a line `---`: the status, header fields, an empty line, the body,
/// in which `{key}` stands for the idempotency key and `{target}` for the target's id.
pub fn dialogue(bytes: &[u8]) {
    hold(bytes);
}

/// How far a dialogue went.
#[derive(Debug, Default)]
#[cfg_attr(not(test), expect(dead_code, reason = "a test asks whether the stored dialogues reach far enough"))]
struct Ended {
    /// The answers that were given.
    given: usize,
    /// Everything went out in the first attempt, or was accepted by a platform that decides later.
    published: bool,
}

fn hold(bytes: &[u8]) -> Ended {
    thread_local! {
        static RUNTIME: OnceCell<tokio::runtime::Runtime> = const { OnceCell::new() };
    }
    let text = String::from_utf8_lossy(bytes);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    RUNTIME.with(|runtime| {
        let runtime = runtime.get_or_init(|| {
            let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
            built.expect("a runtime can be had")
        });
        runtime.block_on(play(first, rest))
    })
}

async fn play(first: &str, script: &str) -> Ended {
    let mut words = first.split_whitespace();
    let mut word = || words.next().unwrap_or_default();
    let (name, task, shape) = (word(), word(), word());
    let draft = Draft(content(shape, &picture().await));
    let script = Script::read(script, &draft.idempotency_key(TargetId(ID), 0));
    let platform = Arc::new(Platform::new(script));
    let http = http().over(platform.clone());
    let registry = Registry::all(http);
    let Some(channel) = registry.get(name) else { return Ended::default() };
    let settings = words.filter_map(|word| word.split_once('='));
    let account = account(channel.as_ref(), settings);
    let posts = !matches!(task, "check" | "refresh" | "exchange");
    if posts && !channel.check(&draft).is_empty() {
        return Ended::default();
    }
    let run = Run { channel: channel.as_ref(), account: &account, draft: &draft, platform: &platform };
    let mut published = false;
    match task {
        "check" => told(run.channel.check_credentials(&account).await),
        "refresh" => brought(run.channel.refresh(&account).await),
        "exchange" => run.exchange().await,
        "find" => run.doubt().await,
        _ => published = run.publish().await,
    }
    Ended { given: platform.given(), published }
}

struct Run<'a> {
    channel: &'a dyn Channel,
    account: &'a Account,
    draft: &'a Draft,
    platform: &'a Platform,
}

impl Run<'_> {
    /// A first attempt, and what the platform says of it afterwards.
    async fn publish(&self) -> bool {
        let journal = Journal::begun(self.account, self.channel, self.platform);
        let target = journal.target();
        let mut call = Call::new(&target, self.draft, self.account, target.due_at, None, &journal);
        let published = self.channel.publish(&mut call).await;
        let parts = self.channel.parts(self.draft);
        let went_out = published.is_ok();
        match published {
            Ok(Published::Out) => assert_eq!(journal.target().next_part(), parts, "a part is not out"),
            Ok(Published::Processing) => {}
            Err(failure) => {
                self.proven(&failure, &journal);
                fits(failure);
            }
        }
        self.look(&journal).await;
        went_out
    }

    /// An attempt whose outcome is not known.
    async fn doubt(&self) {
        let journal = Journal::begun(self.account, self.channel, self.platform);
        journal.doubt(0);
        self.look(&journal).await;
    }

    /// A person is back from the platform with a code.
    async fn exchange(&self) {
        let (code, verifier) = (Secret::new(SECRET), Secret::new(SECRET));
        let redirect = "https://oncepost.example/v1/oauth/callback".parse().expect("this is an address");
        let ask = ExchangeAsk { account: self.account, code: &code, redirect: &redirect, verifier: Some(&verifier) };
        brought(self.channel.exchange(&ask).await.map(|granted| Some(granted.tokens)));
    }

    async fn look(&self, journal: &Journal<'_>) {
        let target = journal.target();
        let part = target.armed.as_ref().map_or(0, |armed| armed.part);
        let call = Call::new(&target, self.draft, self.account, target.due_at, None, journal);
        match self.channel.find(&call.mark(part)).await {
            Ok(Finding::Found(receipt)) => assert!(receipt.is_proof(), "{receipt:?}"),
            Ok(_) => {}
            Err(failure) => fits(failure),
        }
        told(self.channel.poll(&call.mark(part)).await);
    }

    /// A platform's whole answer to a publish point is a refusal only where the channel's table says so.
    fn proven(&self, failure: &Failure, journal: &Journal<'_>) {
        let Some((answer, step)) = journal.answer_to_the_point() else { return };
        if failure.landed != Landed::No || failure.step != step {
            return;
        }
        let name = self.channel.about().name;
        let (_, table, _) = CHANNELS.iter().find(|(listed, ..)| *listed == name).expect("every channel is listed");
        assert!(table.row_of(&answer, self.account).is_some(), "{failure:?} after {answer:?}");
    }
}

fn told<T>(result: Result<T, Failure>) {
    match result {
        Ok(_) => {}
        Err(failure) => fits(failure),
    }
}

fn brought(result: Result<Option<Tokens>, Failure>) {
    let Some(tokens) = result.map_err(fits).ok().flatten() else { return };
    let secrets = [Some(&tokens.access), tokens.refresh.as_ref()];
    assert!(secrets.into_iter().flatten().all(|secret| !secret.reveal().trim().is_empty()), "{tokens:?}");
    let ends = [tokens.expires_at, tokens.refresh_expires_at];
    assert!(ends.into_iter().flatten().all(|end| NOW <= end), "{tokens:?}");
}

fn fits(failure: Failure) {
    assert!(failure.said.text.chars().count() <= PlatformWords::LONGEST);
    assert!(failure.said.code.as_ref().is_none_or(|code| code.chars().count() <= 100));
    assert!(!format!("{failure:?}").contains(SECRET), "{failure:?}");
    assert!(failure.landed != Landed::Yes);
}

fn http() -> Http {
    let second = Duration::from_secs(1);
    let media = MediaOptions { allow_private: true, timeout: second, ..MediaOptions::default() };
    let options = HttpOptions { timeout: second, max_answer: 64 * 1024, media, ..HttpOptions::default() };
    let runtime = Runtime::new(Arc::new(Still::default()), Arc::new(Counted(Mutex::new(0))));
    Http::new(options, runtime).expect("a client can be had")
}

fn content(shape: &str, picture: &str) -> Content {
    let text = "Hello & <world>".to_owned();
    let media = vec![Media { url: picture.to_owned(), alt: Some("a pixel".into()) }];
    match shape {
        "thread" => {
            Content { text, thread: vec![Part { text: "and more".into(), media: vec![] }], ..Content::default() }
        }
        "link" => Content { text, link: Some("https://example.org/a?b=c".into()), ..Content::default() },
        "picture" => Content { text, media, ..Content::default() },
        _ => Content { text, ..Content::default() },
    }
}

fn secret(name: &str) -> &'static str {
    // These have a form of their own.
    match name {
        "signing_secret" => "whsec_YzBmZmVlNWVjMmU3YzBmZmVlNWVjMmU3",
        "webhook_url" => "https://hooks.example.org/webhooks/1/c0ffee5ec2e7",
        _ => SECRET,
    }
}

fn account<'a>(channel: &dyn Channel, settings: impl Iterator<Item = (&'a str, &'a str)>) -> Account {
    let name = "these are names";
    let names = channel.about().secrets.iter().chain(&MORE_SECRETS);
    let secrets = names.map(|name| ((*name).to_owned(), Secret::new(secret(name))));
    Account {
        tenant: "acme".parse().expect(name),
        channel: channel.about().name.parse().expect(name),
        id: "main".parse().expect(name),
        app: None,
        base_url: "https://example.org".parse().expect("this is an address"),
        secrets: secrets.collect(),
        settings: SETTINGS
            .into_iter()
            .chain(settings)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        on_doubt: OnDoubt::Park,
        rate: None,
        app_rate: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{collections::BTreeMap, fs, path::Path};

    use super::*;

    #[test]
    fn the_stored_dialogues_are_held_and_every_channel_publishes_in_some() {
        // A relay of Nostr speaks WebSocket; YouTube takes videos only, and a dialogue has none.
        let mut published: BTreeMap<_, bool> = CHANNELS.iter().map(|(name, ..)| ((*name).to_owned(), false)).collect();
        let mut unasked = Vec::new();
        for seed in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/dialogue")).unwrap() {
            let seed = fs::read(seed.unwrap().path()).unwrap();
            let first = String::from_utf8_lossy(&seed);
            let first = first.lines().next().unwrap();
            let channel = first.split(' ').next().unwrap();
            let ended = hold(&seed);
            if ended.given == 0 {
                unasked.push(first.to_owned());
            }
            *published.get_mut(channel).unwrap() |= ended.published;
        }
        let silent: Vec<_> =
            published.iter().filter(|(_, published)| !**published).map(|(name, _)| name.as_str()).collect();
        assert_eq!(silent, ["nostr", "youtube"], "no stored dialogue ends well");
        assert!(unasked.is_empty(), "nothing is asked: {unasked:?}");
    }
}
