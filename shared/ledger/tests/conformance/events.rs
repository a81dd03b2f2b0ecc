//! The outbox, the lists, and the bell.

use std::{collections::HashSet, time::Duration};

use domain::{Command, Outcome, State};
use ledger::PostFilter;

use crate::{
    house::House,
    making::{begin, finish, post, post_of, tenant, token_revoked},
};

pub async fn events_are_told_once_and_then_forgotten(house: &House) {
    for _ in 0..3 {
        house.accept_one().await;
        house.advance(1);
    }
    let events = house.ledger.untold(Duration::ZERO, 2).await.unwrap();
    assert_eq!(events.len(), 2, "at most as many as asked");
    assert!(events[0].at < events[1].at, "oldest first");
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    house.ledger.told(&ids).await.unwrap();
    house.ledger.told(&ids).await.unwrap();
    let rest = house.ledger.untold(Duration::ZERO, 10).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert!(!ids.contains(&rest[0].id));
}

pub async fn young_events_are_left_to_whoever_wrote_them(house: &House) {
    house.accept_one().await;
    assert!(house.ledger.untold(Duration::from_secs(30), 10).await.unwrap().is_empty());
    house.advance(30);
    assert_eq!(house.ledger.untold(Duration::from_secs(30), 10).await.unwrap().len(), 1);
}

pub async fn lists_come_page_by_page(house: &House) {
    for n in 0..7 {
        let owner = if n == 3 { "zoo" } else { "acme" };
        let new = post_of(house, owner, &[("webhook", owner), ("mastodon", "x")], house.now());
        let target = new.targets[0].id;
        house.accept(vec![new]).await;
        if n % 2 == 0 {
            house.apply(target, begin("w")).await;
            house.apply(target, finish(1, Outcome::Failed(token_revoked()))).await;
        }
        house
            .ledger
            .resume(
                &domain::PauseScope::Account {
                    tenant: tenant(owner),
                    channel: crate::making::channel("webhook"),
                    account: crate::making::account(owner),
                },
                Duration::ZERO,
            )
            .await
            .unwrap();
        house.advance(1);
    }
    let mut filter = PostFilter { limit: 3, tenant: Some(tenant("acme")), ..PostFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = house.ledger.posts(&filter).await.unwrap();
        seen.extend(page.items);
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.windows(2).all(|pair| pair[0].id > pair[1].id), "newest first");
    assert!(seen.iter().all(|post| post.tenant == tenant("acme") && post.excerpt.starts_with("text of")));
    assert_eq!(seen[0].states.get(&State::Failed), Some(&1));
    assert_eq!(seen[0].states.get(&State::Scheduled), Some(&1));

    let failed = PostFilter { state: Some(State::Failed), ..PostFilter::default() };
    assert_eq!(house.ledger.posts(&failed).await.unwrap().items.len(), 4);
    let on_mastodon =
        PostFilter { state: Some(State::Failed), channel: Some(crate::making::channel("mastodon")), ..failed };
    assert!(house.ledger.posts(&on_mastodon).await.unwrap().items.is_empty());

    let mut filter = PostFilter { limit: 3, ..PostFilter::default() };
    let first = house.ledger.failures(&filter).await.unwrap();
    assert_eq!((first.page.items.len(), first.groups[0].1, first.groups.len()), (3, 4, 1));
    filter.after = first.page.next;
    let second = house.ledger.failures(&filter).await.unwrap();
    assert_eq!((second.page.items.len(), second.page.next.is_none()), (1, true));
    let ids: HashSet<_> = first.page.items.iter().chain(&second.page.items).map(|view| view.target.id).collect();
    assert_eq!(ids.len(), 4);
}

pub async fn new_work_is_announced(house: &House) {
    let far = post(house, house.later(86_400));
    let target = far.targets[0].id;
    house.accept(vec![far]).await;
    let news = house.ledger.news();
    let change = async {
        let due_at = house.now();
        let hash = domain::ContentHash([0; 16]);
        // Said again until it is heard: whoever was not listening yet may miss it.
        loop {
            house.apply(target, Command::Reschedule { due_at, deadline: None, hash }).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = news => {}
        () = change => {}
    }
}
