//! The SQLite ledger in a simulation: its work takes no virtual time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

extern crate oncepost_ledger as ledger;

use std::time::Duration;

use domain::{AccountId, ChannelName, Command, Content, ContentHash, Override, Policy, PostId, TargetId, TenantId};
use jiff::Timestamp;
use ledger::{Claim, Ledger, NewPost, NewTarget, Sqlite};
use runtime::Runtime;

fn post(runtime: &Runtime) -> NewPost {
    let target = NewTarget {
        id: TargetId(runtime.id()),
        channel: ChannelName::new("webhook").unwrap(),
        account: AccountId::new("main").unwrap(),
        app: None,
        due_at: runtime.now(),
        deadline: None,
        changes: Override::default(),
        hash: ContentHash([0; 16]),
        trace: None,
    };
    let id = PostId(runtime.id());
    NewPost {
        id,
        tenant: TenantId::new("acme").unwrap(),
        key: id.to_string(),
        fingerprint: [0; 32],
        content: Content::default(),
        answer: serde_json::Value::Null,
        accepted_at: runtime.now(),
        targets: vec![target],
    }
}

#[tokio::test(start_paused = true)]
async fn the_clock_stands_still_while_the_file_is_written() {
    let runtime = Runtime::simulated(7, Timestamp::UNIX_EPOCH);
    let ledger = Sqlite::temporary(&runtime, Policy::default()).await.unwrap();
    // A timer that a clock running ahead would jump to.
    let timer = runtime.clone();
    runtime.spawn(async move { timer.sleep(Duration::from_secs(3600)).await });
    for _ in 0..50 {
        let post = post(&runtime);
        let target = post.targets[0].id;
        ledger.accept(vec![post]).await.unwrap();
        let claim = Claim { limit: 10, ahead: Duration::ZERO, outstanding_per_channel: 1_000, outage: None };
        assert_eq!(ledger.claim(&claim).await.unwrap().emissions.len(), 1);
        ledger.apply(target, Command::Cancel).await.unwrap();
        ledger.target(target).await.unwrap().unwrap();
    }
    assert_eq!(runtime.now(), Timestamp::UNIX_EPOCH);
    runtime.sleep(Duration::from_secs(60)).await;
    assert_eq!(ledger.now().await.unwrap().as_second(), 60);
}
