//! Posts, commands and the usual ways through the ledger, in few words.

use std::time::Duration;

use domain::{
    AccountId, Answer, Begun, ChannelName, Code, Command, Content, ContentHash, Draft, Failure, Fix, Landed, OnDoubt,
    Outcome, Override, PlatformWords, PostId, Receipt, RepeatSafety, Scope, TargetId, TenantId, WorkerName, Worth,
};
use jiff::Timestamp;
use ledger::{Acceptance, Applied, Claim, Claimed, NewPost, NewTarget};

use crate::house::House;

pub const KEY: RepeatSafety = RepeatSafety::PlatformKey {
    kept_for: Duration::from_secs(3600),
    settles_after: Duration::from_secs(5),
    afterwards: None,
};

pub fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

pub fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).unwrap()
}

pub fn account(name: &str) -> AccountId {
    AccountId::new(name).unwrap()
}

/// A post of `acme` with one target on `webhook`, due at `due_at`.
pub fn post(house: &House, due_at: Timestamp) -> NewPost {
    post_of(house, "acme", &[("webhook", "main")], due_at)
}

/// A post with a key of its own and a target on each of `places`.
pub fn post_of(house: &House, owner: &str, places: &[(&str, &str)], due_at: Timestamp) -> NewPost {
    let id = house.runtime.id();
    let content = Content { text: format!("text of {id}"), ..Content::default() };
    let targets = places.iter().map(|(on, by)| target(house, owner, on, by, &content, due_at)).collect();
    NewPost {
        id: PostId(id),
        tenant: tenant(owner),
        key: format!("key-{id}"),
        fingerprint: [7; 32],
        content,
        answer: serde_json::json!({ "post": id }),
        accepted_at: house.now(),
        targets,
    }
}

fn target(house: &House, owner: &str, on: &str, by: &str, content: &Content, due_at: Timestamp) -> NewTarget {
    let draft = Draft::of(content, &Override::default());
    NewTarget {
        id: TargetId(house.runtime.id()),
        channel: channel(on),
        account: account(by),
        app: None,
        due_at,
        deadline: None,
        changes: Override::default(),
        hash: ContentHash::of(&draft, &tenant(owner), &channel(on), &account(by), due_at),
        trace: None,
    }
}

pub fn worker(name: &str) -> WorkerName {
    WorkerName::new(name).unwrap()
}

pub fn begin(by: &str) -> Command {
    Command::Begin { worker: worker(by), repeat: KEY, arm: Some("publish".into()) }
}

pub fn proof(id: &str) -> Receipt {
    Receipt { id: id.into(), url: None }
}

pub fn finish(attempt: u32, outcome: Outcome) -> Command {
    Command::Finish { attempt, outcome, repeat: KEY, on_doubt: OnDoubt::Park, trace: None }
}

pub fn published(attempt: u32, id: &str) -> Command {
    finish(attempt, Outcome::Published(vec![(0, proof(id))]))
}

pub fn token_revoked() -> Failure {
    Failure {
        code: Code::TOKEN_REVOKED,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Reconnect },
        scope: Scope::Account,
        step: "publish".into(),
        said: PlatformWords::text("revoked"),
    }
}

pub fn claim(limit: u32) -> Claim {
    Claim { limit, ahead: Duration::ZERO, outstanding_per_channel: 100_000, outage: None }
}

pub fn begun(applied: &Applied) -> &Begun {
    match &applied.answer {
        Answer::Begun(begun) => begun,
        other => panic!("not begun: {other:?}"),
    }
}

impl House {
    /// Accepts posts that must be new.
    pub async fn accept(&self, posts: Vec<NewPost>) {
        let many = posts.len();
        assert_eq!(self.ledger.accept(posts).await.unwrap(), vec![Acceptance::New; many]);
    }

    /// Accepts a post of one target that is due now; the target.
    pub async fn accept_one(&self) -> TargetId {
        let post = post(self, self.now());
        let target = post.targets[0].id;
        self.accept(vec![post]).await;
        target
    }

    pub async fn apply(&self, target: TargetId, command: Command) -> Applied {
        self.ledger.apply(target, command).await.unwrap()
    }

    pub async fn claim(&self, limit: u32) -> Claimed {
        self.ledger.claim(&claim(limit)).await.unwrap()
    }

    pub async fn state(&self, target: TargetId) -> domain::State {
        self.ledger.target(target).await.unwrap().unwrap().target.state
    }
}
