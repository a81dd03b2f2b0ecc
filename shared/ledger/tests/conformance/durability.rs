//! What is committed stays, and one bad row or request harms nobody else.

use std::time::Duration;

use domain::{PauseScope, State};
use futures::future::join_all;
use ledger::{Acceptance, LedgerError, PauseAsk, Postgres};

use crate::{
    house::House,
    making::{begin, post, published},
};

pub async fn everything_is_there_after_opening_again(house: &House) {
    let (done, begun) = (house.accept_one().await, house.accept_one().await);
    house.apply(done, begin("w")).await;
    house.apply(done, published(1, "p")).await;
    let granted = house.apply(begun, begin("w")).await;
    let pause =
        house.ledger.pause(PauseAsk { scope: PauseScope::All, reason: "r".into(), by: "ann".into() }).await.unwrap();

    let again = house.again().await.unwrap();
    assert_eq!(again.target(begun).await.unwrap().unwrap().target, granted.target);
    let view = again.target(done).await.unwrap().unwrap();
    assert_eq!((view.target.state, view.attempts.len()), (State::Published, 1));
    assert_eq!(again.pauses().await.unwrap(), [pause]);
    assert_eq!(again.untold(Duration::ZERO, 10).await.unwrap(), house.ledger.untold(Duration::ZERO, 10).await.unwrap());
}

pub async fn an_unreadable_row_harms_nobody_else(house: &House) {
    let mut targets = Vec::new();
    for _ in 0..10 {
        targets.push(house.accept_one().await);
    }
    house.execute("UPDATE targets SET progress = 'nonsense' WHERE id = {id}", &[targets[4].0]).await;
    assert_eq!(house.claim(100).await.emissions.len(), 9);
    let answers = join_all(targets.iter().map(|target| house.ledger.apply(*target, begin("w")))).await;
    for (target, answer) in targets.iter().zip(answers) {
        assert_eq!(answer.is_ok(), *target != targets[4]);
        if let Err(error) = answer {
            assert!(matches!(&error, LedgerError::Corrupt { what } if what.contains(&target.to_string())), "{error}");
        }
    }
}

/// The process died between marking the pause as ending and the release.
pub async fn a_release_that_was_cut_short_is_finished(house: &House) {
    let held = house.accept_one().await;
    let scope = PauseScope::All;
    let ask = PauseAsk { scope: scope.clone(), reason: "r".into(), by: "ann".into() };
    house.ledger.pause(ask.clone()).await.unwrap();
    house.claim(10).await;
    house.execute("UPDATE pauses SET ending = TRUE", &[]).await;
    assert_eq!(house.ledger.pauses().await.unwrap().len(), 1, "an operator sees that it is not finished");
    let fresh = house.accept_one().await;
    house.claim(10).await;
    assert_eq!(house.state(fresh).await, State::Queued, "it holds nothing back any more");
    assert_eq!(house.ledger.resume(&scope, Duration::ZERO).await.unwrap(), Some(1));
    assert_eq!(house.state(held).await, State::Scheduled);
    // Opened again, a ledger ends what was ending.
    house.ledger.pause(ask.clone()).await.unwrap();
    house.claim(10).await;
    assert_eq!(house.state(held).await, State::Held);
    house.execute("UPDATE pauses SET ending = TRUE", &[]).await;
    house.again().await.unwrap();
    assert_eq!(house.state(held).await, State::Scheduled);
    assert!(house.ledger.pauses().await.unwrap().is_empty());
    // Paused again while it was ending, it is a pause as any other.
    house.ledger.pause(ask.clone()).await.unwrap();
    house.execute("UPDATE pauses SET ending = TRUE", &[]).await;
    house.ledger.pause(ask).await.unwrap();
    house.claim(10).await;
    assert_eq!(house.state(held).await, State::Held);
}

pub async fn a_schema_that_is_not_there_is_refused(house: &House) {
    let options = house.elsewhere();
    let error = Postgres::connect(options, &house.runtime).await.err().unwrap();
    assert!(matches!(error, LedgerError::Schema { .. }), "{error}");
}

pub async fn a_key_the_server_refuses_fails_alone(house: &House) {
    let mut posts: Vec<_> = (0..20).map(|_| post(house, house.now())).collect();
    posts[7].key = "zero \u{0} byte".into();
    let answers = join_all(posts.iter().map(|post| house.ledger.accept(vec![post.clone()]))).await;
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(answers) => assert!(n != 7 && answers == [Acceptance::New]),
            Err(error) => assert!(n == 7 && matches!(error, LedgerError::Failed { .. }), "{error}"),
        }
    }
}

pub async fn another_process_hears_the_news(house: &House) {
    let other = house.again().await.unwrap();
    let news = other.news();
    let work = async {
        // Said again until it is heard: the listener may still be connecting.
        loop {
            house.accept_one().await;
        }
    };
    tokio::select! {
        () = news => {}
        () = work => {}
    }
}
