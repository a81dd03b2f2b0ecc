//! Alerts as whoever reads them in a chat sees them: one message for a group, whatever dies.

use domain::Command;
use ledger::Ledger;

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
        "Whose fault: ",
        "What to do: ",
        &format!("The newest, acme/mastodon/main: https://console.example/targets/{target}"),
        "All of this cause: https://console.example/causes?group=OP-2102%2Faccount%2F-",
        "revoked &lt;@everyone&gt; &amp; more",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    // Others of the group, and another process: nothing is told again.
    world.start().kill();
    world.start();
    world.ledger.apply(target, Command::Cancel).await.unwrap();
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
    world.ledger.apply(target, Command::Cancel).await.unwrap();
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
    world.failed("main").await;
    world.start();
    assert!(world.told().await.starts_with("1 target needs"));
    // Each on an account of its own: the failure of one pauses it.
    for n in 0..9 {
        world.failed(&format!("other-{n}")).await;
    }
    let grown = world.told().await;
    assert!(grown.starts_with("10 targets need a person, ten times as many as before (1)"), "{grown}");
    assert!(world.is_quiet());
}
