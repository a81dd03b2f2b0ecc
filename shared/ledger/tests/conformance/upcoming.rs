//! What is still to be sent, looked at ahead of its time.

use std::time::Duration;

use domain::{
    Code, Command, Failure, Landed, Outcome, Override, PauseScope, PlatformWords, Scope, State, TargetId, Worth,
};
use jiff::Timestamp;
use ledger::{NewPost, NextDue, PauseAsk, Upcoming, UpcomingTarget};

use crate::{
    house::House,
    making::{account, begin, channel, finish, post, post_of, published, tenant},
};

/// Far enough ahead for everything.
fn ever(house: &House) -> Upcoming {
    Upcoming::until(house.later(1_000_000))
}

async fn upcoming(house: &House, ask: &Upcoming) -> Vec<UpcomingTarget> {
    house.ledger.upcoming(ask).await.unwrap()
}

async fn ids(house: &House, ask: &Upcoming) -> Vec<TargetId> {
    upcoming(house, ask).await.into_iter().map(|found| found.target).collect()
}

async fn accept(house: &House, post: NewPost) -> TargetId {
    let target = post.targets[0].id;
    house.accept(vec![post]).await;
    target
}

fn come_back(not_before: Option<Timestamp>) -> Outcome {
    Outcome::Failed(Failure {
        code: Code::OUT_OF_ORDER,
        landed: Landed::No,
        worth: Worth::Retry { not_before },
        scope: Scope::Post,
        step: "publish".into(),
        said: PlatformWords::text("later"),
    })
}

pub async fn all_that_waits_is_upcoming_and_nothing_else(house: &House) {
    // Not to be sent any more, or being sent.
    let done = house.accept_one().await;
    house.apply(done, begin("w")).await;
    house.apply(done, published(1, "p")).await;
    let sending = house.accept_one().await;
    house.apply(sending, begin("w")).await;
    let cancelled = house.accept_one().await;
    house.apply(cancelled, Command::Cancel).await;
    // Tried in vain: it comes back much later than it was due.
    let back = house.later(500);
    let retrying = house.accept_one().await;
    house.apply(retrying, begin("w")).await;
    house.apply(retrying, finish(1, come_back(Some(back)))).await;
    // Held, queued, and waiting for its time.
    let scope = PauseScope::Tenant { tenant: tenant("other") };
    house.ledger.pause(PauseAsk { scope, reason: "r".into(), by: "ann".into() }).await.unwrap();
    let held = accept(house, post_of(house, "other", &[("webhook", "main")], house.now())).await;
    let mut ahead = post(house, house.later(900));
    ahead.content.text = "the post's".into();
    ahead.targets[0].changes = Override { text: Some("its own".into()), ..Override::default() };
    ahead.targets[0].app = Some("ours".parse().unwrap());
    ahead.targets[0].deadline = Some(house.later(1_000));
    let (scheduled, of_post) = (ahead.targets[0].id, ahead.id);
    house.accept(vec![ahead]).await;
    house.advance(1);
    let queued = accept(house, post(house, house.now())).await;
    house.claim(100).await;

    let found = upcoming(house, &ever(house)).await;
    let seen: Vec<_> = found.iter().map(|one| (one.target, one.state)).collect();
    let expected =
        [(held, State::Held), (queued, State::Queued), (retrying, State::Retrying), (scheduled, State::Scheduled)];
    assert_eq!(seen, expected);
    assert!(found[2].next >= back && found[2].due_at < back, "{:?}", found[2]);
    assert!(found[2].last_failure.is_some(), "{:?}", found[2]);
    let last = UpcomingTarget {
        target: scheduled,
        post: of_post,
        tenant: tenant("acme"),
        channel: channel("webhook"),
        account: account("main"),
        app: Some("ours".parse().unwrap()),
        due_at: house.later(899),
        next: house.later(899),
        deadline: Some(house.later(999)),
        state: State::Scheduled,
        last_failure: None,
        draft: found[3].draft.clone(),
    };
    assert_eq!(found[3], last);
    // What it says is what a worker would be told.
    house.advance(899);
    let told = house.apply(scheduled, begin("w")).await.draft.unwrap();
    assert_eq!(found[3].draft, told);
    assert_eq!(format!("{:?}", told).matches("its own").count(), 1);
    // Before its time means before.
    let due = found[3].next;
    house.apply(scheduled, finish(1, come_back(None))).await;
    let late = accept(house, post(house, due)).await;
    assert!(!ids(house, &Upcoming::until(due)).await.contains(&late));
    let until = due + Duration::from_millis(1);
    assert!(ids(house, &Upcoming::until(until)).await.contains(&late));
}

/// A message carries it, or is under way again: the ledger would wake it later than it is to be sent.
pub async fn what_wakes_later_than_it_is_due_is_upcoming(house: &House) {
    let target = house.accept_one().await;
    house.apply(target, begin("w")).await;
    house.apply(target, finish(1, come_back(None))).await;
    let row = house.ledger.target(target).await.unwrap().unwrap().target;
    let next = row.next_at.unwrap();
    assert!(row.state == State::Retrying && row.wake_at.unwrap() > next);
    let soon = Upcoming::until(next + Duration::from_millis(1));
    assert_eq!(ids(house, &soon).await, [target]);
    // Overdue by far, and emitted again and again.
    for _ in 0..4 {
        house.advance(7_200);
        house.claim(10).await;
    }
    assert!(house.ledger.target(target).await.unwrap().unwrap().target.wake_at.unwrap() > house.now());
    assert_eq!(ids(house, &soon).await, [target]);
}

pub async fn what_is_upcoming_comes_page_by_page(house: &House) {
    let mut expected = Vec::new();
    for n in 0..7_u64 {
        // Several at the same instant.
        let due = house.later(100 - n / 3);
        expected.push((due, accept(house, post(house, due)).await));
    }
    expected.sort_unstable();
    for limit in [1, 2, 3, 7, 8] {
        let mut ask = Upcoming { limit, ..ever(house) };
        let mut seen = Vec::new();
        loop {
            let page = upcoming(house, &ask).await;
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { break };
            ask.after = Some(last.place());
            seen.extend(page.iter().map(UpcomingTarget::place));
        }
        assert_eq!(seen, expected, "{limit}");
    }
    let after = Some(expected[2]);
    for (ask, count) in [
        (Upcoming { limit: 100, ..ever(house) }, 7),
        (Upcoming { limit: 100, after, ..ever(house) }, 4),
        (Upcoming { limit: 3, after, ..ever(house) }, 3),
        (Upcoming { limit: 100, ..Upcoming::until(expected[3].0) }, 1),
    ] {
        assert_eq!(house.ledger.count_upcoming(&ask).await.unwrap(), count, "{ask:?}");
    }
    assert_eq!(upcoming(house, &ever(house)).await.len(), 7, "0 is a page of the usual size");
}

pub async fn one_tenant_channel_or_account_may_be_asked_for(house: &House) {
    let mut places = Vec::new();
    for (owner, on, by) in [
        ("acme", "webhook", "main"),
        ("acme", "webhook", "second"),
        ("acme", "mastodon", "main"),
        ("other", "webhook", "main"),
    ] {
        for due in [house.later(10), house.later(20)] {
            places.push(((owner, on, by), accept(house, post_of(house, owner, &[(on, by)], due)).await));
        }
    }
    let of = |wanted: &dyn Fn((&str, &str, &str)) -> bool| {
        let mut ids: Vec<_> = places.iter().filter(|(place, _)| wanted(*place)).map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids
    };
    // In each of the states, which are found in different ways.
    for state in [State::Scheduled, State::Queued, State::Held] {
        match state {
            State::Queued => {
                house.advance(20);
                house.claim(100).await;
            }
            State::Held => {
                let ask = PauseAsk { scope: PauseScope::All, reason: "r".into(), by: "ann".into() };
                house.ledger.pause(ask).await.unwrap();
                house.advance(7_200);
                for (_, id) in &places {
                    house.apply(*id, begin("w")).await;
                }
            }
            _ => {}
        }
        let main = Some((tenant("acme"), channel("webhook"), account("main")));
        let the_main_one = of(&|place| place == ("acme", "webhook", "main"));
        let asks = [
            (None, None, None, of(&|_| true)),
            (Some("acme"), None, None, of(&|(owner, ..)| owner == "acme")),
            (None, Some("webhook"), None, of(&|(_, on, _)| on == "webhook")),
            (Some("acme"), Some("webhook"), None, of(&|(owner, on, _)| (owner, on) == ("acme", "webhook"))),
            (None, None, main.clone(), the_main_one.clone()),
            (Some("acme"), Some("webhook"), main.clone(), the_main_one),
            (Some("other"), None, main.clone(), Vec::new()),
            (None, Some("mastodon"), main, Vec::new()),
            (Some("nobody"), None, None, Vec::new()),
            (None, Some("slack"), None, Vec::new()),
        ];
        for (owner, on, account, expected) in asks {
            let ask = Upcoming { tenant: owner.map(tenant), channel: on.map(channel), account, ..ever(house) };
            assert_eq!(house.ledger.count_upcoming(&ask).await.unwrap(), expected.len() as u64, "{state} {ask:?}");
            let found = upcoming(house, &ask).await;
            assert!(found.iter().all(|one| one.state == state), "{found:?}");
            let mut found: Vec<_> = found.into_iter().map(|one| one.target).collect();
            found.sort_unstable();
            assert_eq!(found, expected, "{state} {ask:?}");
        }
    }
}

pub async fn each_account_is_needed_from_its_first_to_its_last(house: &House) {
    const HOUR: u64 = 3_600;
    assert_eq!(house.ledger.next_due().await.unwrap(), []);
    let hours = [("acme", "main", [5, 3, 24, 25]), ("acme", "late", [30, 40, 50, 60]), ("other", "main", [1, 2, 3, 4])];
    let (mut first, mut pairs) = (None, Vec::new());
    for (owner, by, hours) in hours {
        for hour in hours {
            let target = accept(house, post_of(house, owner, &[("webhook", by)], house.later(hour * HOUR))).await;
            pairs.push(target);
            if (owner, by, hour) == ("acme", "main", 3) {
                first = Some(target);
            }
        }
    }
    let due = |owner: &str, by: &str, first: Timestamp, last: Option<Timestamp>| NextDue {
        tenant: tenant(owner),
        channel: channel("webhook"),
        account: account(by),
        first,
        last_within_a_day: last,
    };
    let at = |hour: u64| house.later(hour * HOUR);
    let expected = [
        due("acme", "late", at(30), None),
        due("acme", "main", at(3), Some(at(24))),
        due("other", "main", at(1), Some(at(4))),
    ];
    assert_eq!(house.ledger.next_due().await.unwrap(), expected);
    // What is cancelled needs nothing; what is queued still does.
    house.apply(first.unwrap(), Command::Cancel).await;
    let start = house.now();
    house.advance(2 * HOUR);
    house.claim(100).await;
    let at = |hour: u64| start + Duration::from_secs(hour * HOUR);
    let expected = [
        due("acme", "late", at(30), None),
        due("acme", "main", at(5), Some(at(25))),
        due("other", "main", at(1), Some(at(4))),
    ];
    assert_eq!(house.ledger.next_due().await.unwrap(), expected);
    for target in pairs {
        house.apply(target, Command::Cancel).await;
    }
    assert_eq!(house.ledger.next_due().await.unwrap(), []);
}

pub async fn what_cannot_be_read_ends_no_page(house: &House) {
    let mut targets = Vec::new();
    for n in 0..5 {
        targets.push(accept(house, post(house, house.later(n))).await);
    }
    for target in &targets[..4] {
        house.execute("UPDATE targets SET changes = 'nonsense' WHERE id = {id}", &[target.0]).await;
    }
    let mut ask = Upcoming { limit: 2, ..ever(house) };
    assert_eq!(ids(house, &ask).await, [targets[4]]);
    house.execute("UPDATE targets SET changes = 'nonsense' WHERE id = {id}", &[targets[4].0]).await;
    ask.limit = 1;
    assert_eq!(ids(house, &ask).await, []);
}
