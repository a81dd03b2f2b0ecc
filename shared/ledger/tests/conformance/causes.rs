//! The operators' list as a whole: by cause and place, with what goes out meanwhile and what is at stake.

use std::time::Duration;

use domain::{AppId, Command, Landed, OnDoubt, Outcome, PauseScope, PostId, RepeatSafety, TargetId};
use ledger::{LastOut, Lately, Outlet, PauseAsk, PostFilter, PostponedOn, Stake, Strike, Within};

use crate::{
    house::House,
    making::{account, begin, begun, channel, finish, post_of, published, tenant, token_revoked},
};

fn place(owner: &str, on: &str, by: &str) -> Outlet {
    Outlet { tenant: tenant(owner), channel: channel(on), account: account(by), app: None }
}

/// A post of `owner` on `places`, due now, whose targets are begun one after another.
async fn begun_post(house: &House, owner: &str, places: &[(&str, &str)]) -> (PostId, Vec<(TargetId, u32)>) {
    let post = post_of(house, owner, places, house.now());
    let (id, targets) = (post.id, post.targets.iter().map(|target| target.id).collect::<Vec<_>>());
    house.accept(vec![post]).await;
    house.claim(100).await;
    let mut attempts = Vec::new();
    for target in targets {
        let applied = house.apply(target, begin("w")).await;
        attempts.push((target, begun(&applied).attempt));
    }
    (id, attempts)
}

/// It fails so that no pause is put in force, for a reason of its own per `code`.
async fn fail(house: &House, (target, attempt): (TargetId, u32), code: &str) {
    let mut failure = domain::Failure { scope: domain::Scope::Post, ..token_revoked() };
    failure.landed = Landed::No;
    failure.said.code = Some(code.into());
    house.apply(target, finish(attempt, Outcome::Failed(failure))).await;
}

/// How many of a cause may be out: of those nobody is told to try them again.
pub async fn doubts_are_counted_apart(house: &House) {
    let (_, targets) = begun_post(house, "acme", &[("a", "main"), ("a", "side"), ("b", "main")]).await;
    let unknown = domain::Failure { landed: Landed::Unknown, scope: domain::Scope::Post, ..token_revoked() };
    for (n, (target, attempt)) in targets.into_iter().enumerate() {
        house.apply(target, Command::Arm { attempt, step: "create".into(), part: 0 }).await;
        let landed = if n == 0 { Landed::No } else { Landed::Unknown };
        let finish = Command::Finish {
            attempt,
            outcome: Outcome::Failed(domain::Failure { landed, ..unknown.clone() }),
            repeat: RepeatSafety::Nothing,
            on_doubt: OnDoubt::Park,
            trace: None,
        };
        house.apply(target, finish).await;
    }
    let spread = house.causes.spread(&Within::default()).await.unwrap();
    let counted: Vec<_> = spread.causes.iter().map(|cause| (cause.targets, cause.doubts)).collect();
    assert_eq!(counted, [(3, 2)], "{spread:?}");
}

/// What goes out while something is tried goes out while it fails.
pub async fn a_cause_begins_with_the_first_try(house: &House) {
    let began = || async {
        let spread = house.causes.spread(&Within::default()).await.unwrap();
        let [cause] = &spread.causes[..] else { panic!("{spread:?}") };
        (cause.began, cause.first)
    };
    let pass = |seconds| house.clock.advance(Duration::from_secs(seconds));
    let at = house.now();
    let (_, targets) = begun_post(house, "acme", &[("a", "main")]).await;
    let (target, attempt) = targets[0];
    pass(5);
    let worth = domain::Worth::Retry { not_before: None };
    let retried = domain::Failure { worth, scope: domain::Scope::Post, ..token_revoked() };
    house.apply(target, finish(attempt, Outcome::Failed(retried))).await;
    pass(7_200);
    let attempt = begun(&house.apply(target, begin("w")).await).attempt;
    pass(5);
    fail(house, (target, attempt), "x").await;
    assert_eq!(began().await, (at, house.now()), "with the first of two");
    pass(3_600);
    house.apply(target, Command::Retry).await;
    let again = house.now();
    let attempt = begun(&house.apply(target, begin("w")).await).attempt;
    pass(5);
    fail(house, (target, attempt), "x").await;
    assert_eq!(began().await, (again, house.now()), "with the first since a person had it tried again");
    house.apply(target, Command::Cancel).await;

    let sent = house.now();
    let (_, targets) = begun_post(house, "acme", &[("a", "main")]).await;
    let (target, attempt) = targets[0];
    pass(30);
    let outcome = Outcome::Failed(domain::Failure { landed: Landed::Unknown, ..token_revoked() });
    let (repeat, on_doubt) = (RepeatSafety::Nothing, OnDoubt::Park);
    house.apply(target, Command::Finish { attempt, outcome, repeat, on_doubt, trace: None }).await;
    assert_eq!(began().await, (sent, house.now()), "a doubt with what left it");
}

pub async fn causes_are_counted_by_account_and_post(house: &House) {
    assert_eq!(house.causes.spread(&Within::default()).await.unwrap(), ledger::Spread::default());
    let began = house.now();
    let (one, targets) = begun_post(house, "acme", &[("a", "main"), ("a", "side"), ("b", "main")]).await;
    for target in targets {
        fail(house, target, "x").await;
        house.clock.advance(Duration::from_secs(1));
    }
    let (two, targets) = begun_post(house, "other", &[("a", "main")]).await;
    fail(house, targets[0], "x").await;
    house.clock.advance(Duration::from_secs(1));
    let (_, targets) = begun_post(house, "acme", &[("a", "main"), ("b", "main")]).await;
    fail(house, targets[0], "y").await;
    house.apply(targets[1].0, published(targets[1].1, "out")).await;

    let out = vec![LastOut { tenant: tenant("acme"), channel: channel("b"), at: house.now() }];
    assert_eq!(house.causes.out_last(None).await.unwrap(), out);
    assert_eq!(house.causes.out_last(Some(&tenant("acme"))).await.unwrap(), out);
    assert_eq!(house.causes.out_last(Some(&tenant("other"))).await.unwrap(), []);

    let spread = house.causes.spread(&Within::default()).await.unwrap();
    assert_eq!(spread.posts, 3);
    let [x, y] = &spread.causes[..] else { panic!("{spread:?}") };
    assert_eq!((x.group.as_str(), x.targets, x.posts, x.doubts), ("OP-2102/post/x", 4, 2, 0));
    assert_eq!((x.first, x.last), (began, began + Duration::from_secs(3)));
    let each = |owner, on, by, after| Strike {
        place: place(owner, on, by),
        targets: 1,
        last: began + Duration::from_secs(after),
    };
    assert_eq!(
        x.places,
        [
            each("acme", "a", "main", 0),
            each("acme", "a", "side", 1),
            each("acme", "b", "main", 2),
            each("other", "a", "main", 3)
        ]
    );
    assert_eq!(x.top_posts, [(one, 3), (two, 1)]);
    let newest = x.newest.as_ref().unwrap();
    assert_eq!((newest.post, newest.tenant.as_str()), (two, "other"));
    assert_eq!(newest.last_failure.as_ref().and_then(|failure| failure.said.code.as_deref()), Some("x"));
    assert_eq!(
        (y.group.as_str(), y.targets, y.posts, y.first),
        ("OP-2102/post/y", 1, 1, began + Duration::from_secs(4))
    );

    for (within, expected) in [
        (Within { tenant: Some(tenant("other")), ..Within::default() }, vec![("OP-2102/post/x", 1)]),
        (Within { channel: Some(channel("b")), ..Within::default() }, vec![("OP-2102/post/x", 1)]),
        (
            Within { account: Some(account("main")), ..Within::default() },
            vec![("OP-2102/post/x", 3), ("OP-2102/post/y", 1)],
        ),
        (Within { tenant: Some(tenant("nobody")), ..Within::default() }, vec![]),
    ] {
        let spread = house.causes.spread(&within).await.unwrap();
        let found: Vec<_> = spread.causes.iter().map(|cause| (cause.group.as_str(), cause.targets)).collect();
        assert_eq!(found, expected, "{within:?}");
    }
    let listed = |group: &str, by: &str| PostFilter {
        group: Some(group.into()),
        account: Some(account(by)),
        ..PostFilter::default()
    };
    for (filter, many) in
        [(listed("OP-2102/post/x", "main"), 3), (listed("OP-2102/post/x", "side"), 1), (listed("-", "main"), 0)]
    {
        let failures = house.ledger.failures(&filter).await.unwrap();
        assert_eq!(failures.page.items.len(), many, "{filter:?}");
    }
    let posts =
        house.ledger.posts(&PostFilter { account: Some(account("side")), ..PostFilter::default() }).await.unwrap();
    assert_eq!(posts.items.iter().map(|post| post.id).collect::<Vec<_>>(), [one]);
}

pub async fn only_the_posts_with_the_most_targets_are_named(house: &House) {
    for n in 0..5 {
        let places = [("a", "main"), ("b", "main"), ("c", "main")];
        let (_, targets) = begun_post(house, "acme", &places[..=(n % 3)]).await;
        for target in targets {
            fail(house, target, "x").await;
        }
    }
    let spread = house.causes.spread(&Within::default()).await.unwrap();
    let cause = &spread.causes[0];
    assert_eq!((cause.targets, cause.posts, spread.posts), (9, 5, 5));
    assert_eq!(cause.top_posts.iter().map(|(_, many)| *many).collect::<Vec<_>>(), [3, 2, 2]);
}

pub async fn what_was_due_lately_says_what_of_it_is_out(house: &House) {
    // The clock stands at a whole minute.
    let since = house.now();
    let lately =
        |on: &str, second, settled, published| Lately { place: place("acme", on, "main"), second, settled, published };
    let (_, targets) = begun_post(house, "acme", &[("a", "main"), ("b", "main")]).await;
    house.apply(targets[0].0, published(targets[0].1, "out")).await;
    fail(house, targets[1], "x").await;
    let (_, targets) = begun_post(house, "acme", &[("a", "main")]).await;
    fail(house, targets[0], "x").await;
    house.advance(59);
    let late = house.now();
    let (_, targets) = begun_post(house, "acme", &[("a", "main")]).await;
    house.apply(targets[0].0, published(targets[0].1, "out too")).await;
    house.advance(1);
    let second = house.now();
    let (_, targets) = begun_post(house, "acme", &[("a", "main")]).await;
    fail(house, targets[0], "x").await;
    // Under way, and not due yet.
    begun_post(house, "acme", &[("a", "main")]).await;
    house.accept(vec![post_of(house, "acme", &[("a", "main")], house.later(60))]).await;
    let all = Within::default();
    let meanwhile = house.causes.meanwhile(&all, since, 100).await.unwrap();
    assert_eq!(meanwhile.since, since);
    assert_eq!(
        meanwhile.lately,
        [lately("a", since, 2, 1), lately("a", late, 1, 1), lately("a", second, 1, 0), lately("b", since, 1, 0)]
    );
    let newest = house.causes.meanwhile(&all, since, 1).await.unwrap();
    assert_eq!((newest.since, newest.lately), (second, vec![lately("a", second, 1, 0)]));
    let later = house.causes.meanwhile(&all, house.later(1), 100).await.unwrap();
    assert_eq!((later.since, later.lately), (house.later(1), vec![]));
    let of_b = Within { channel: Some(channel("b")), ..Within::default() };
    assert_eq!(house.causes.meanwhile(&of_b, since, 100).await.unwrap().lately, [lately("b", since, 1, 0)]);
}

pub async fn what_waits_is_at_stake_by_account(house: &House) {
    let ours = AppId::new("ours").unwrap();
    let mut post = post_of(house, "acme", &[("a", "main"), ("b", "main")], house.later(60));
    post.targets[0].app = Some(ours.clone());
    house.accept(vec![post]).await;
    let mut post = post_of(house, "acme", &[("a", "main")], house.later(30));
    post.targets[0].app = Some(ours.clone());
    house.accept(vec![post, post_of(house, "acme", &[("a", "main")], house.later(100_000))]).await;
    let (_, targets) = begun_post(house, "acme", &[("a", "main")]).await;
    fail(house, targets[0], "x").await;
    let until = house.later(3_600);
    let of_a = Outlet { app: Some(ours), ..place("acme", "a", "main") };
    let stakes = house.causes.at_stake(&Within::default(), until).await.unwrap();
    assert_eq!(
        stakes,
        [
            Stake { place: of_a.clone(), targets: 2, first: Some(house.later(30)), held: 0 },
            Stake { place: place("acme", "b", "main"), targets: 1, first: Some(house.later(60)), held: 0 },
        ]
    );
    let other = Within { tenant: Some(tenant("other")), ..Within::default() };
    assert!(house.causes.at_stake(&other, until).await.unwrap().is_empty());
    // What a pause holds waits for its end, and not for a time.
    let scope = PauseScope::Channel { channel: channel("a") };
    house.ledger.pause(PauseAsk { scope, reason: "a drill".into(), by: "ann".into() }).await.unwrap();
    house.advance(30);
    house.claim(100).await;
    let held = Stake { place: of_a, targets: 1, first: Some(house.later(30)), held: 1 };
    let on_a = Within { channel: Some(channel("a")), ..Within::default() };
    assert_eq!(house.causes.at_stake(&on_a, until).await.unwrap(), std::slice::from_ref(&held));
    let soon = Stake { targets: 0, first: None, ..held };
    assert_eq!(house.causes.at_stake(&on_a, house.later(1)).await.unwrap(), [soon]);
}

/// A failure after which it is tried again.
fn unreachable() -> domain::Failure {
    domain::Failure {
        code: domain::Code::UNREACHABLE,
        worth: domain::Worth::Retry { not_before: None },
        scope: domain::Scope::Channel,
        ..token_revoked()
    }
}

pub async fn what_is_retried_is_told_by_channel_from_when_it_was_due(house: &House) {
    let all = Within::default();
    assert_eq!(house.causes.postponed(&all, house.now()).await.unwrap(), ledger::Postponed::default());
    let due = house.now();
    let (_, first) = begun_post(house, "acme", &[("a", "main"), ("b", "main")]).await;
    for (target, attempt) in first.clone() {
        house.apply(target, finish(attempt, Outcome::Failed(unreachable()))).await;
    }
    let mut both = [first[0].0, first[1].0];
    both.sort_unstable();
    house.advance(600);
    let later = house.now();
    let (_, second) = begun_post(house, "other", &[("a", "main")]).await;
    house.apply(second[0].0, finish(second[0].1, Outcome::Failed(unreachable()))).await;
    // What waits for its time, what is out, what needs a person and what is tried for the first time are not among it.
    house.accept(vec![post_of(house, "acme", &[("a", "main")], house.later(3_600))]).await;
    let (_, settled) = begun_post(house, "acme", &[("a", "main"), ("b", "main"), ("c", "main")]).await;
    house.apply(settled[0].0, published(settled[0].1, "out")).await;
    fail(house, settled[1], "x").await;

    let on = |name: &str, targets, overdue, first| PostponedOn { channel: channel(name), targets, overdue, first };
    let found = house.causes.postponed(&all, later).await.unwrap();
    assert_eq!(found.channels, [on("a", 2, 1, due), on("b", 1, 1, due)]);
    let ids = |found: &ledger::Postponed| found.targets.iter().map(|target| target.id).collect::<Vec<_>>();
    assert_eq!(ids(&found), [both[0], both[1], second[0].0], "those first that were due first");
    let failure = found.targets[2].last_failure.as_ref().unwrap();
    assert_eq!((failure.code, found.targets[2].tries), (domain::Code::UNREACHABLE, 1));
    let of_other = Within { tenant: Some(tenant("other")), ..Within::default() };
    let found = house.causes.postponed(&of_other, due).await.unwrap();
    assert_eq!((ids(&found), found.channels), (vec![second[0].0], vec![on("a", 1, 0, later)]));
    let on_b = Within { channel: Some(channel("b")), ..Within::default() };
    assert_eq!(ids(&house.causes.postponed(&on_b, due).await.unwrap()), [first[1].0]);

    // In a queue and in a worker's hands it is retried as well, and once it is out it is not.
    house.claim(100).await;
    let again = begun(&house.apply(first[0].0, begin("w")).await).attempt;
    let found = house.causes.postponed(&all, later).await.unwrap();
    assert_eq!(found.channels, [on("a", 2, 1, due), on("b", 1, 1, due)], "{:?}", found.targets);
    house.apply(first[0].0, published(again, "at last")).await;
    let found = house.causes.postponed(&all, later).await.unwrap();
    assert_eq!(found.channels, [on("a", 1, 0, later), on("b", 1, 1, due)]);
}

pub async fn what_drips_after_a_pause_is_late_and_waits(house: &House) {
    let scope = PauseScope::Channel { channel: channel("a") };
    house.ledger.pause(PauseAsk { scope: scope.clone(), reason: "a drill".into(), by: "ann".into() }).await.unwrap();
    let due = house.now();
    house.accept(vec![post_of(house, "acme", &[("a", "main")], due)]).await;
    house.claim(100).await;
    house.advance(60);
    let postponed = async || house.causes.postponed(&Within::default(), house.now()).await.unwrap().channels;
    assert_eq!(postponed().await, [], "what a pause holds waits for its end");
    house.ledger.resume(&scope, Duration::from_secs(2)).await.unwrap();
    assert_eq!(postponed().await, [PostponedOn { channel: channel("a"), targets: 1, overdue: 1, first: due }]);
}
