//! Promises about looking through dead letters.

use std::{collections::BTreeSet, time::Duration};

use broker::{BrokerError, Destination, Look, LookError, Message, Source};
use futures::future::join_all;

use crate::world::World;

const MOST: u16 = 1000;

fn dead() -> Source {
    Source::Dead { channel: "bluesky".into() }
}

/// Puts letters 0 to `count` into the queue, and waits until it has them.
async fn letters(world: &World, count: u64) {
    for id in 0..count {
        world.send(Destination::Dead { channel: "bluesky".into() }, &id.to_string()).await;
    }
    world.ready(dead(), count).await;
}

fn id(message: Message) -> u64 {
    message.id.and_then(|id| id.parse().ok()).expect("a number")
}

async fn try_look(world: &World, most: u16) -> Result<Look<u64>, LookError> {
    Look::at(&*world.transport, &world.runtime, "bluesky", most, id).await
}

async fn look(world: &World) -> Look<u64> {
    try_look(world, MOST).await.expect("looked")
}

pub async fn a_look_sees_all_and_takes_nothing(world: &World) {
    assert!(look(world).await.letters.is_empty());
    letters(world, 20).await;
    let seen = look(world).await;
    assert_eq!((seen.letters.clone(), seen.more), ((0..20).collect(), 0));
    drop(seen);
    world.ready(dead(), 20).await;
    assert_eq!(world.depth(dead()).await.consumers, 0);
}

/// Whoever asked for it goes away: a page is closed, a limit is over.
pub async fn a_look_that_is_given_up_at_any_moment_holds_nothing(world: &World) {
    letters(world, 20).await;
    for moment in 0..100 {
        tokio::select! {
            biased;
            _ = try_look(world, MOST) => {}
            () = world.runtime.sleep(Duration::from_micros(100 * moment)) => {}
        }
    }
    world.ready(dead(), 20).await;
    let seen = look(world).await;
    assert_eq!((seen.letters.clone(), seen.more), ((0..20).collect(), 0), "nobody holds any");
}

pub async fn however_often_it_is_looked_at_no_letter_is_lost_or_moved(world: &World) {
    letters(world, 5).await;
    for _ in 0..=broker::topology::DELIVERY_LIMIT + 5 {
        let seen = look(world).await;
        assert_eq!((seen.letters.clone(), seen.more), ((0..5).collect(), 0));
    }
    world.ready(dead(), 5).await;
}

pub async fn what_is_taken_out_is_gone_and_the_rest_stands_as_it_stood(world: &World) {
    letters(world, 10).await;
    assert_eq!(look(world).await.take_out(|id| id % 3 == 0).await, 4);
    world.ready(dead(), 6).await;
    assert_eq!(look(world).await.letters, [1, 2, 4, 5, 7, 8]);
    assert_eq!(look(world).await.take_out(|_| true).await, 6);
    world.ready(dead(), 0).await;
    assert_eq!(look(world).await.take_out(|_| true).await, 0);
}

pub async fn those_who_look_at_the_same_time_all_see_all(world: &World) {
    letters(world, 50).await;
    let looking = (0..4).map(|_| async {
        let seen = look(world).await;
        // Those who came together and withdrew have given back in turns.
        (seen.letters.iter().copied().collect::<BTreeSet<_>>(), seen.letters.len(), seen.more)
    });
    for seen in world.within(join_all(looking)).await {
        assert_eq!(seen, ((0..50).collect(), 50, 0));
    }
}

pub async fn where_somebody_else_takes_letters_nobody_looks(world: &World) {
    letters(world, 3).await;
    let mut other = world.inbox(dead(), 1).await;
    let held = world.next(&mut other).await;
    let refused = try_look(world, MOST).await.err();
    assert!(matches!(refused, Some(LookError::Busy { consumers: 1, .. })), "{refused:?}");
    drop((other, held));
    world.ready(dead(), 3).await;
    assert_eq!(look(world).await.letters, [0, 1, 2]);
}

pub async fn what_is_behind_the_letters_in_hand_is_told(world: &World) {
    letters(world, 10).await;
    let seen = try_look(world, 4).await.expect("looked");
    assert_eq!((seen.letters.clone(), seen.more), (vec![0, 1, 2, 3], 6));
    assert_eq!(seen.take_out(|id| *id == 1).await, 1);
    world.ready(dead(), 9).await;
    assert_eq!(look(world).await.letters, [0, 2, 3, 4, 5, 6, 7, 8, 9]);
}

pub async fn a_letter_that_comes_during_a_look_is_there_afterwards(world: &World) {
    letters(world, 2).await;
    let seen = look(world).await;
    world.send(Destination::Dead { channel: "bluesky".into() }, "2").await;
    assert_eq!(seen.take_out(|_| true).await, 2);
    world.ready(dead(), 1).await;
    assert_eq!(look(world).await.letters, [2]);
}

pub async fn looking_where_there_is_no_queue_is_an_error(world: &World) {
    let nowhere = Look::at(&*world.transport, &world.runtime, "unheard-of", MOST, id).await.err();
    assert!(matches!(nowhere, Some(LookError::Broker(BrokerError::NoQueue { .. }))), "{nowhere:?}");
}
