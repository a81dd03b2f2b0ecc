//! What is over goes, what is missing comes back, and nothing else is touched.

use std::{collections::HashSet, time::Duration};

use broker::Transport;
use domain::{Command, TargetId};
use letters::{Agreement, Mended, Tender};

use crate::world::{World, channel, dead, ids};

#[tokio::test(start_paused = true)]
async fn a_settled_target_has_no_letter_left() {
    let world = World::new();
    let (retried, cancelled, open) = (world.dead().await, world.dead().await, world.dead().await);
    world.ledger.apply(retried, Command::Retry).await.unwrap();
    world.settle(cancelled).await;
    assert_eq!(world.tended().await, ids(&[open]));
}

#[tokio::test(start_paused = true)]
async fn a_lost_queue_is_written_anew_and_as_it_was() {
    let world = World::new();
    let targets = [world.dead().await, world.dead().await, world.dead().await];
    let before = world.letters.read(&channel()).await.unwrap();
    world.settled().await;
    world.broker.wipe();
    assert_eq!(world.tended().await, ids(&targets));
    let after = world.letters.read(&channel()).await.unwrap();
    for (one, other) in before.entries.iter().zip(&after.entries) {
        let (one, other) = (one.letter.as_ref().unwrap(), other.letter.as_ref().unwrap());
        assert_eq!((&one.message.id, &one.message.headers), (&other.message.id, &other.message.headers));
    }
    assert_eq!(world.tended().await.len(), 3, "once");
}

#[tokio::test(start_paused = true)]
async fn what_was_listed_a_moment_ago_is_left_to_its_worker() {
    let world = World::new();
    let target = world.refused().await;
    assert!(world.tended().await.is_empty());
    world.settled().await;
    assert_eq!(world.tended().await, ids(&[target]));
}

#[tokio::test(start_paused = true)]
async fn of_two_letters_one_stays() {
    let world = World::new();
    let target = world.dead().await;
    world.bury(target).await;
    assert_eq!(world.depth().await, 2);
    assert_eq!((world.tended().await, world.depth().await), (ids(&[target]), 1));
}

#[tokio::test(start_paused = true)]
async fn the_letter_of_an_earlier_failure_gives_way_to_that_of_the_newest() {
    let world = World::new();
    let target = world.dead().await;
    world.ledger.apply(target, Command::Retry).await.unwrap();
    world.fail(target).await;
    world.settled().await;
    let mended = world.letters.mend(&channel()).await.unwrap();
    assert_eq!(mended, Mended { removed: 1, restored: 1, foreign: 0, whole: true });
    let reading = world.letters.read(&channel()).await.unwrap();
    assert_eq!(reading.entries[0].letter.as_ref().unwrap().subject.unwrap().attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_of_no_target_stays_and_is_not_looked_at_for_ever() {
    let world = World::new();
    let known = world.dead().await;
    world.stray("garbage", "{").await;
    let gone = World::seeded(8);
    let foreign = gone.dead().await;
    let letter = gone.letters.read(&channel()).await.unwrap().entries.remove(0).letter.unwrap();
    world.stray("foreign", std::str::from_utf8(&letter.message.body).unwrap()).await;
    world.settled().await;
    let mut tender = Tender::new(world.letters.clone());
    for _ in 0..20 {
        tender.look_after(&[channel()]).await;
    }
    let mut inbox = world.broker.consume(dead(), 10).await.unwrap();
    let first = inbox.next().await.unwrap();
    assert_eq!(first.delivery_count, Some(1), "looked at once, and then known");
    drop((inbox, first));
    let mut expected = ids(&[known, foreign]);
    expected.insert("garbage".into());
    assert_eq!(world.ids().await, expected);
    // What is known to be foreign hides nothing.
    world.settle(known).await;
    tender.look_after(&[channel()]).await;
    assert_eq!(world.depth().await, 2);
}

#[tokio::test(start_paused = true)]
async fn letters_that_agree_are_looked_at_once() {
    let world = World::new();
    world.dead().await;
    let mut tender = Tender::new(world.letters.clone());
    for _ in 0..10 {
        tender.look_after(&[channel()]).await;
        world.settled().await;
    }
    let mut inbox = world.broker.consume(dead(), 10).await.unwrap();
    assert_eq!(inbox.next().await.unwrap().delivery_count, Some(1), "to know whose they are");
}

/// The counts agree: there is one letter, and one target that needs one.
#[tokio::test(start_paused = true)]
async fn a_letter_of_no_target_hides_none_that_is_missing() {
    let world = World::new();
    let lost = world.refused().await;
    world.stray("garbage", "{").await;
    world.settled().await;
    let counts = async || world.letters.counts().await.unwrap().remove(0);
    assert_eq!(counts().await.agreement(), Agreement::NotLooked);
    let told = world.letters.told_counts().await.unwrap().remove(0);
    assert_eq!((told.foreign, told.agreement()), (Some(1), Agreement::TooFew(1)), "people are told at once");
    Tender::new(world.letters.clone()).look_after(&[channel()]).await;
    assert_eq!(counts().await.agreement(), Agreement::Agrees);
    let mut expected = ids(&[lost]);
    expected.insert("garbage".into());
    assert_eq!(world.ids().await, expected);
}

#[tokio::test(start_paused = true)]
async fn one_too_many_in_the_place_of_one_that_is_missing_is_found_in_time() {
    let world = World::new();
    let kept = world.dead().await;
    world.runtime.spawn(Tender::new(world.letters.clone()).run());
    // It has looked at all by then.
    world.settled().await;
    let lost = world.refused().await;
    world.bury(kept).await;
    world.settled().await;
    assert_eq!((world.depth().await, world.ids().await), (2, ids(&[kept])), "the counts agree");
    world.runtime.sleep(Duration::from_secs(2 * 3600)).await;
    assert_eq!((world.depth().await, world.ids().await), (2, ids(&[kept, lost])));
    world.runtime.stop().cancel();
}

#[tokio::test(start_paused = true)]
async fn any_number_may_look_after_the_letters() {
    let world = World::new();
    let mut open = Vec::new();
    for _ in 0..40 {
        let target = world.dead().await;
        if open.len() < 20 { open.push(target) } else { world.settle(target).await }
    }
    for _ in 0..30 {
        open.push(world.refused().await);
    }
    world.settled().await;
    for _ in 0..4 {
        world.runtime.spawn(Tender::new(world.letters.clone()).run());
    }
    world.runtime.sleep(Duration::from_secs(300)).await;
    world.runtime.stop().cancel();
    world.runtime.stopped().await;
    assert_eq!((world.depth().await, world.ids().await), (50, ids(&open)));
}

#[tokio::test(start_paused = true)]
async fn a_change_is_followed_at_once() {
    let world = World::new();
    let target = world.dead().await;
    let touch = Tender::new(world.letters.clone()).on_touch();
    world.settle(target).await;
    touch.touch(&channel());
    world.runtime.sleep(Duration::from_secs(1)).await;
    assert_eq!(world.depth().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_broker_or_ledger_that_is_away_costs_nothing_but_time() {
    let world = World::new();
    let target = world.dead().await;
    world.settled().await;
    world.broker.wipe();
    world.broker.cut(true);
    let mut tender = Tender::new(world.letters.clone());
    tender.look_after(&[channel()]).await;
    world.broker.cut(false);
    tender.look_after(&[channel()]).await;
    assert_eq!(world.ids().await, ids(&[target]));
}

#[tokio::test(start_paused = true)]
async fn letters_are_taken_out_by_what_they_are_called() {
    let world = World::new();
    let (one, other) = (world.dead().await, world.dead().await);
    world.stray("garbage", "{").await;
    let asked: HashSet<String> = ["garbage".into(), one.to_string(), TargetId(world.runtime.id()).to_string()].into();
    let taken = world.letters.take_out(&channel(), &asked).await.unwrap();
    assert_eq!(taken, ["garbage".into(), one.to_string()].into());
    assert_eq!(world.ids().await, ids(&[other]));
}
