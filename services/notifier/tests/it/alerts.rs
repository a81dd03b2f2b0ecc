//! Alerts as whoever reads them in a chat sees them: one message for a group, whatever dies.

use std::time::Duration;

use channels::{Account, SecretSource};
use domain::{Command, OnDoubt, Worth};
use ledger::{Ledger, Processes};
use uuid::Uuid;

use crate::{
    failing::World,
    receiver::{Answer, Receiver},
};

#[tokio::test]
async fn a_group_makes_one_message_and_an_all_clear() {
    let mut world = World::new(Some(Receiver::start(Answer::status(200)).await), None);
    let target = world.failed("main").await;
    world.start();
    let text = world.told().await;
    assert!(text.starts_with("1 target needs a person: OP-2102 "), "{text}");
    for part in [
        "How far: Only account acme/mastodon/main",
        "Whose fault: the account or its credentials",
        "Look first at: The account: its token",
        "What to do: ",
        &format!("`oncepost retry {target}`"),
        &format!("The newest, acme/mastodon/main: https://console.example/targets/{target}"),
        "All of this cause: https://console.example/causes?group=OP-2102%2Faccount%2F-",
        "revoked &lt;@everyone&gt; &amp; more",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    // Others of the group, and another process: nothing is told again.
    world.start().kill();
    world.start();
    world.mended(target, "main").await;
    let clear = world.told().await;
    assert!(clear.starts_with("All clear: ") && clear.contains("OP-2102"), "{clear}");
    assert!(clear.ends_with("The cause: https://console.example/causes?group=OP-2102%2Faccount%2F-"), "{clear}");
    assert!(world.is_quiet());
}

#[tokio::test]
async fn of_several_processes_one_tells() {
    let mut world = World::new(Some(Receiver::start(Answer::status(200)).await), None);
    let target = world.failed("main").await;
    for _ in 0..4 {
        world.start();
    }
    assert!(world.told().await.contains("needs a person"));
    world.mended(target, "main").await;
    assert!(world.told().await.starts_with("All clear"));
    assert!(world.is_quiet());
}

#[tokio::test]
async fn what_could_not_be_told_is_told_later() {
    let slack = Receiver::script([Answer::status(500), Answer::cut(), Answer::status(200)]).await;
    let mut world = World::new(Some(slack), None);
    world.failed("main").await;
    world.start();
    let (first, second, third) = (world.told().await, world.told().await, world.told().await);
    assert!(first == second && second == third, "{first}\n{third}");
}

#[tokio::test]
async fn one_that_grows_tenfold_is_told_of_again() {
    let mut world = World::new(Some(Receiver::start(Answer::status(200)).await), None);
    world.refused("main", Worth::Never).await;
    world.start();
    assert!(world.told().await.starts_with("1 target needs"));
    for _ in 0..9 {
        world.refused("main", Worth::Never).await;
    }
    let grown = world.told().await;
    assert!(grown.starts_with("10 targets need a person, ten times as many as before (1)"), "{grown}");
    assert!(world.is_quiet());
}

#[tokio::test]
async fn what_was_not_sent_in_time_is_told_once_for_each_reason() {
    let mut world = World::new(Some(Receiver::start(Answer::status(200)).await), None);
    let targets = [world.late("main").await, world.late("main").await];
    world.start();
    let text = world.told().await;
    assert!(text.starts_with("2 targets were not sent in time: OP-5005 The deadline passed"), "{text}");
    for part in [
        "passed before it could be sent: no scheduler handed it over in time",
        "Whose fault: oncepost or its servers",
        "reschedule it with a new deadline",
        "`oncepost reschedule --expired --group OP-5005/system/- --to TIME --deadline TIME`",
        "Posts that were not sent in time: https://console.example/posts?state=expired",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    assert!(targets.iter().any(|id| text.contains(&format!("https://console.example/targets/{id}"))), "{text}");
    // They are rescheduled: that is no news, and nobody is told that all is clear.
    let hash = domain::ContentHash([7; 16]);
    for id in targets {
        let due_at = world.runtime.now() + Duration::from_secs(3600);
        world.ledger.apply(id, Command::Reschedule { due_at, deadline: None, hash }).await.unwrap();
    }
    world.failed("other").await;
    assert!(world.told().await.starts_with("1 target needs a person"));
    assert!(world.is_quiet());
}

#[tokio::test]
async fn whoever_is_missing_is_told_of_when_it_begins_and_when_it_ends() {
    let mut world = World::new(Some(Receiver::start(Answer::status(200)).await), None);
    let id = Uuid::from_u128(1);
    world.beats(id, &["worker", "keeper", "notifier"], true).await;
    let soon = |options: &mut oncepost_notifier::AlertOptions| options.missing_after = Duration::from_millis(20);
    world.start_with(soon);
    world.start_with(soon);
    let begins = world.told().await;
    assert!(begins.starts_with("No scheduler is known to run: nothing goes out"), "{begins}");
    assert!(begins.contains("What to do: Start one: `oncepost scheduler`"), "{begins}");
    assert!(begins.ends_with("Who is there, and who is missing: https://console.example/system"), "{begins}");
    world.beats(id, &["scheduler", "worker", "keeper", "notifier"], true).await;
    let ends = world.told().await;
    assert!(ends.starts_with("All clear: no scheduler is missing any more (since "), "{ends}");
    // Nobody reaches the broker.
    world.beats(id, &["scheduler", "worker", "keeper", "notifier"], false).await;
    assert!(world.told().await.starts_with("The broker does not answer: nothing goes out"));
    world.beats(id, &["scheduler", "worker", "keeper", "notifier"], true).await;
    assert!(world.told().await.starts_with("All clear: the broker answers again"));
    assert!(world.is_quiet());
}

#[tokio::test]
async fn a_channel_with_accounts_and_no_worker_is_told_of() {
    let mut world = World::new(Some(Receiver::start(Answer::status(200)).await), None);
    world.accounts.push(Account::<SecretSource> {
        tenant: "acme".parse().unwrap(),
        channel: "mastodon".parse().unwrap(),
        id: "main".parse().unwrap(),
        app: None,
        base_url: "https://mastodon.example".parse().unwrap(),
        secrets: std::collections::BTreeMap::new(),
        settings: std::collections::BTreeMap::new(),
        on_doubt: OnDoubt::Park,
        rate: None,
        app_rate: None,
    });
    let id = Uuid::from_u128(1);
    world.beats(id, &["scheduler", "worker", "keeper", "notifier"], true).await;
    world.start_with(|options| options.missing_after = Duration::from_millis(20));
    let begins = world.told().await;
    assert!(begins.starts_with("No worker takes the work of Mastodon: nothing goes out on its account"), "{begins}");
    let mut process = world.ledger.processes().await.unwrap().remove(0).beat;
    process.channels = vec!["mastodon".parse().unwrap()];
    world.ledger.beat(process, Duration::from_secs(86_400)).await.unwrap();
    assert!(world.told().await.starts_with("All clear: mastodon is not without a worker any more"));
}

/// The first that is given up is told of as what it is: one of all that the platform refuses.
#[tokio::test]
async fn the_first_alert_of_an_outage_counts_what_is_being_retried_for_it() {
    let mut world = World::new(Some(Receiver::start(Answer::status(200)).await), None);
    for account in ["one", "two", "three"] {
        world.refused(account, Worth::Retry { not_before: None }).await;
    }
    world.refused("main", Worth::Never).await;
    world.start();
    let told = world.told().await;
    assert!(told.starts_with("1 target needs a person: OP-3001"), "{told}");
    assert!(told.contains("How far: All 4 accounts of mastodon, with 3 being retried"), "{told}");
}

/// One account was connected again, another one is dead: the group is the same, and there is something to do.
#[tokio::test]
async fn another_account_in_a_group_is_told_of() {
    let mut world = World::new(Some(Receiver::start(Answer::status(200)).await), None);
    world.failed("main").await;
    world.start();
    assert!(world.told().await.starts_with("1 target needs a person: OP-2102 "));
    world.failed("other").await;
    let told = world.told().await;
    assert!(told.starts_with("2 targets need a person, now on acme/mastodon/other as well: OP-2102 "), "{told}");
    world.start();
    assert!(world.is_quiet());
}

/// Its target left the list, and what is held behind it did not: the account is as dead as before.
#[tokio::test]
async fn there_is_no_all_clear_while_the_account_is_still_paused_for_it() {
    let mut world = World::new(Some(Receiver::start(Answer::status(200)).await), None);
    let target = world.failed("main").await;
    world.start_with(|options| options.calm_after = Duration::ZERO);
    assert!(world.told().await.contains("OP-2102"));
    world.ledger.apply(target, Command::Cancel).await.unwrap();
    // Two looks have passed when both of these are told: each look tells in the order of the names.
    world.refused("other", Worth::Never).await;
    assert!(world.told().await.starts_with("1 target needs a person: OP-3001 "));
    world.late("third").await;
    assert!(world.told().await.starts_with("1 target was not sent in time"));
    world.mended(target, "main").await;
    assert!(world.told().await.starts_with("All clear: no target needs a person any more because of OP-2102"));
}
