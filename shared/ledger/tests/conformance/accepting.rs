//! Posts on their way in.

use std::time::Duration;

use domain::{EventName, Override, PostStatus, State};
use ledger::Acceptance;

use crate::{
    house::House,
    making::{post, post_of, tenant},
};

pub async fn a_new_post_is_stored_whole(house: &House) {
    let mut new = post_of(house, "acme", &[("webhook", "main"), ("mastodon", "main")], house.later(60));
    new.targets[1].changes = Override { text: Some("shorter".into()), ..Override::default() };
    new.targets[1].deadline = Some(house.later(3600));
    new.targets[1].trace = Some("00-aa-bb-01".into());
    house.accept(vec![new.clone()]).await;

    let view = house.ledger.post(new.id, true).await.unwrap().unwrap();
    assert_eq!((view.tenant, view.key, view.content), (new.tenant.clone(), new.key.clone(), new.content.clone()));
    assert_eq!((view.revision, view.status, view.accepted_at), (1, PostStatus::Scheduled, new.accepted_at));
    new.targets.sort_by_key(|target| target.id);
    for (stored, asked) in view.targets.iter().zip(&new.targets) {
        assert_eq!(stored.target, asked.target(&new));
        assert_eq!(stored.changes, asked.changes);
        assert!(stored.attempts.is_empty());
    }
    assert_eq!(view.targets.len(), 2);
    assert_eq!(house.ledger.post_by_key(&new.tenant, &new.key).await.unwrap(), Some(new.id));
    assert_eq!(house.ledger.post_by_key(&tenant("other"), &new.key).await.unwrap(), None);
    let told = house.ledger.untold(Duration::ZERO, 10).await.unwrap();
    assert_eq!(
        told.iter().map(|event| (event.name, event.post)).collect::<Vec<_>>(),
        [(EventName::PostAccepted, new.id)]
    );
}

pub async fn the_same_request_again_gets_its_first_answer(house: &House) {
    let first = post(house, house.now());
    house.accept(vec![first.clone()]).await;
    let again =
        ledger::NewPost { key: first.key.clone(), answer: serde_json::json!("other"), ..post(house, house.now()) };
    let answers = house.ledger.accept(vec![again.clone()]).await.unwrap();
    assert_eq!(answers, [Acceptance::Same { post: first.id, answer: first.answer }]);
    assert!(house.ledger.post(again.id, false).await.unwrap().is_none());
    assert!(house.ledger.target(again.targets[0].id).await.unwrap().is_none());
    assert_eq!(house.ledger.untold(Duration::ZERO, 10).await.unwrap().len(), 1);
}

pub async fn another_request_under_the_key_is_refused(house: &House) {
    let first = post(house, house.now());
    house.accept(vec![first.clone()]).await;
    let other = ledger::NewPost { key: first.key.clone(), fingerprint: [8; 32], ..post(house, house.now()) };
    let fresh = post(house, house.now());
    let answers = house.ledger.accept(vec![other.clone(), fresh.clone()]).await.unwrap();
    assert_eq!(answers, [Acceptance::Conflict { post: first.id }, Acceptance::New]);
    assert!(house.ledger.target(other.targets[0].id).await.unwrap().is_none());
    assert_eq!(house.state(fresh.targets[0].id).await, State::Scheduled);
}

pub async fn fifty_at_once_make_one_post(house: &House) {
    let other = house.again().await.unwrap();
    let posts: Vec<_> = (0..50).map(|_| ledger::NewPost { key: "one".into(), ..post(house, house.now()) }).collect();
    let asks = posts.iter().enumerate().map(|(n, post)| {
        let ledger = if n % 2 == 0 { &house.ledger } else { &other };
        ledger.accept(vec![post.clone()])
    });
    let answers: Vec<_> = futures::future::try_join_all(asks).await.unwrap().into_iter().flatten().collect();
    let new: Vec<_> = posts.iter().zip(&answers).filter(|(_, answer)| **answer == Acceptance::New).collect();
    assert_eq!(new.len(), 1, "{answers:?}");
    let first = new[0].0.id;
    let same =
        answers.iter().filter(|answer| matches!(answer, Acceptance::Same { post, .. } if *post == first)).count();
    assert_eq!(same, 49, "{answers:?}");
    assert_eq!(house.claim(100).await.emissions.len(), 1);
}

pub async fn one_call_may_repeat_itself(house: &House) {
    let first = post(house, house.now());
    let answers = house.ledger.accept(vec![first.clone(), first.clone()]).await.unwrap();
    assert_eq!(answers, [Acceptance::New, Acceptance::Same { post: first.id, answer: first.answer.clone() }]);
    assert_eq!(house.ledger.post(first.id, false).await.unwrap().unwrap().targets.len(), 1);
}

pub async fn a_key_belongs_to_its_tenant(house: &House) {
    let one = post_of(house, "acme", &[("webhook", "main")], house.now());
    let two = ledger::NewPost { key: one.key.clone(), ..post_of(house, "zoo", &[("webhook", "main")], house.now()) };
    house.accept(vec![one, two]).await;
}
