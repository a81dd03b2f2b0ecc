//! Attempts: begun once, logged, ended with proof or in doubt.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    Answer, AttemptKind, AttemptOutcome, Command, Decision, Draft, EventName, Failure, Landed, ListReason, Next,
    OnDoubt, Outcome, Override, Receipt, Refusal, RepeatSafety, Scope, State, TargetId, Worth,
};
use futures::future::{join_all, try_join_all};
use ledger::{LedgerError, PostFilter, Twin};

use crate::{
    house::House,
    making::{begin, begun, finish, post, post_of, proof, published, token_revoked, worker},
};

pub async fn the_whole_way_from_schedule_to_proof(house: &House) {
    let mut new = post(house, house.later(60));
    new.targets[0].changes = Override { text: Some("mine".into()), ..Override::default() };
    let target = new.targets[0].id;
    house.accept(vec![new.clone()]).await;

    house.advance(60);
    let claimed = house.claim(10).await;
    assert_eq!(claimed.emissions.len(), 1);
    assert_eq!((claimed.emissions[0].target.id, claimed.emissions[0].found), (target, State::Scheduled));
    assert_eq!(claimed.now, house.now());

    let granted = house.apply(target, begin("w-1")).await;
    assert_eq!((begun(&granted).attempt, begun(&granted).kind, begun(&granted).armed), (1, AttemptKind::Send, true));
    assert_eq!(granted.draft, Some(Draft::of(&new.content, &new.targets[0].changes)));
    assert_eq!(granted.target.state, State::Publishing);

    let busy = house.apply(target, begin("w-2")).await;
    assert!(matches!(busy.answer, Answer::Busy(_)) && busy.draft.is_none());

    let handles = BTreeMap::from([("container".to_owned(), "17".to_owned())]);
    assert_eq!(house.apply(target, Command::Keep { attempt: 1, handles }).await.answer, Answer::Done);

    house.advance(2);
    let done = house.apply(target, published(1, "p-1")).await;
    assert_eq!(done.answer, Answer::Finished(Next::Nothing));
    assert_eq!(done.events.iter().map(|event| event.name).collect::<Vec<_>>(), [EventName::Published]);

    let view = house.ledger.target(target).await.unwrap().unwrap();
    assert_eq!(view.target, done.target);
    assert_eq!((view.target.state, view.target.receipt(0).unwrap().receipt.clone()), (State::Published, proof("p-1")));
    assert_eq!(view.attempts.len(), 1);
    let attempt = &view.attempts[0];
    assert_eq!((attempt.number, attempt.outcome, &attempt.worker), (1, AttemptOutcome::Published, &worker("w-1")));
    assert_eq!((attempt.began_at, attempt.ended_at), (house.now() - Duration::from_secs(2), house.now()));
    assert_eq!(house.claim(10).await.emissions.len(), 0);
}

pub async fn of_fifty_workers_one_begins(house: &House) {
    let target = house.accept_one().await;
    let other = house.again().await.unwrap();
    let asks = (0..50).map(|n| {
        let ledger = if n % 2 == 0 { &house.ledger } else { &other };
        ledger.apply(target, begin(&format!("w-{n}")))
    });
    let answers = try_join_all(asks).await.unwrap();
    assert_eq!(answers.iter().filter(|applied| matches!(applied.answer, Answer::Begun(_))).count(), 1);
    assert_eq!(answers.iter().filter(|applied| matches!(applied.answer, Answer::Busy(_))).count(), 49);
}

pub async fn a_thousand_targets_at_once(house: &House) {
    let posts: Vec<_> = (0..1_000).map(|_| post(house, house.now())).collect();
    let targets: Vec<TargetId> = posts.iter().map(|post| post.targets[0].id).collect();
    house.accept(posts).await;
    let one = |target: TargetId| async move {
        let granted = house.apply(target, begin("w")).await;
        assert_eq!(granted.target.id, target);
        let done = house.apply(target, published(begun(&granted).attempt, &target.to_string())).await;
        assert_eq!(done.answer, Answer::Finished(Next::Nothing));
    };
    join_all(targets.iter().map(|target| one(*target))).await;
    for target in targets.iter().step_by(97) {
        let view = house.ledger.target(*target).await.unwrap().unwrap();
        assert_eq!(view.target.out[0].receipt.id, target.to_string());
        assert_eq!(view.attempts.len(), 1);
    }
    let census = house.ledger.census(Duration::ZERO).await.unwrap();
    assert_eq!(
        census.counts.iter().map(|count| (count.state, count.count)).collect::<Vec<_>>(),
        [(State::Published, 1_000)]
    );
}

pub async fn an_unknown_target_fails_alone(house: &House) {
    let mut targets = Vec::new();
    for _ in 0..20 {
        targets.push(house.accept_one().await);
    }
    let nobody = TargetId(house.runtime.id());
    targets.insert(10, nobody);
    let answers = join_all(targets.iter().map(|target| house.ledger.apply(*target, begin("w")))).await;
    for (target, answer) in targets.iter().zip(answers) {
        match answer {
            Ok(applied) => assert!(*target != nobody && matches!(applied.answer, Answer::Begun(_))),
            Err(error) => assert!(*target == nobody && matches!(error, LedgerError::NoSuchTarget(id) if id == nobody)),
        }
    }
}

pub async fn commands_that_meet_on_one_target_all_count(house: &House) {
    let target = house.accept_one().await;
    house.apply(target, begin("w")).await;
    let keep = |n: u32| {
        let handles = BTreeMap::from([(format!("h{n}"), n.to_string())]);
        house.ledger.apply(target, Command::Keep { attempt: 1, handles })
    };
    let answers = try_join_all((0..50).map(keep)).await.unwrap();
    assert!(answers.iter().all(|applied| applied.answer == Answer::Done));
    assert_eq!(house.ledger.target(target).await.unwrap().unwrap().target.handles.len(), 50);
}

pub async fn a_dead_worker_is_taken_over_and_logged(house: &House) {
    let target = house.accept_one().await;
    house.apply(target, begin("w-1")).await;
    house.advance(house.ledger.policy().lease.as_secs() + 10);
    // It had armed the publish point: first the platform must have settled.
    let answer = house.apply(target, begin("w-2")).await;
    let granted = begun(&answer);
    assert_eq!((granted.attempt, granted.kind), (2, AttemptKind::Repeat));
    let view = house.ledger.target(target).await.unwrap().unwrap();
    assert_eq!((view.attempts.len(), view.attempts[0].outcome), (1, AttemptOutcome::Lost));
    // What the first worker knows comes late, and is true.
    assert_eq!(house.apply(target, published(1, "p-1")).await.answer, Answer::Finished(Next::Nothing));
    assert_eq!(house.apply(target, finish(2, Outcome::Released)).await.answer, Answer::Lost);
    assert_eq!(house.state(target).await, State::Published);
}

pub async fn a_doubt_that_nobody_can_settle_waits_for_a_person(house: &House) {
    let target = house.accept_one().await;
    let repeat = RepeatSafety::Nothing;
    house.apply(target, Command::Begin { worker: worker("w"), repeat, arm: Some("publish".into()) }).await;
    let failure = Failure {
        code: domain::Code::NO_ANSWER,
        landed: Landed::Unknown,
        worth: Worth::Never,
        scope: Scope::Channel,
        step: "publish".into(),
        said: domain::PlatformWords { code: Some("E7".into()), ..domain::PlatformWords::text("cut \u{0} off") },
    };
    let outcome = Outcome::Failed(failure.clone());
    let done = house
        .apply(target, Command::Finish { attempt: 1, outcome, repeat, on_doubt: OnDoubt::Park, trace: None })
        .await;
    assert_eq!(done.answer, Answer::Finished(Next::Dead));

    let failures = house.ledger.failures(&PostFilter::default()).await.unwrap();
    assert_eq!(failures.groups, [(failure.group(), 1)]);
    let listed = &failures.page.items[0];
    assert_eq!(listed.target.listed.as_ref().unwrap().reason, ListReason::Undecidable);
    assert_eq!((listed.target.id, listed.attempts[0].failure.as_ref()), (target, Some(&failure)));
    let elsewhere = PostFilter { tenant: Some(crate::making::tenant("other")), ..PostFilter::default() };
    assert!(house.ledger.failures(&elsewhere).await.unwrap().page.items.is_empty());

    let decided = house
        .apply(target, Command::Decide(Decision::Published { receipt: proof("p-9"), last: true, shared: false }))
        .await;
    assert_eq!(decided.answer, Answer::Done);
    assert_eq!(house.state(target).await, State::Published);
    let failures = house.ledger.failures(&PostFilter::default()).await.unwrap();
    assert!(failures.page.items.is_empty() && failures.groups.is_empty());
}

/// A twin that is being sent may be out and not on record yet: its post must not be taken for another's.
pub async fn d20_twins_that_are_being_sent_are_known_to_a_look(house: &House) {
    let twin = |account| {
        let mut post = post_of(house, "acme", &[("webhook", account)], house.now());
        post.content.text = "says the same".into();
        post
    };
    let (mine, twin, elsewhere, mut other) = (twin("main"), twin("main"), twin("other"), twin("main"));
    other.content.text = "something else".into();
    let ids = [&mine, &twin, &elsewhere, &other].map(|post| post.targets[0].id);
    house.accept(vec![mine, twin, elsewhere, other]).await;
    let twins = async || house.ledger.taken_ids(ids[0], &[]).await.unwrap().twins;
    for id in [ids[0], ids[2], ids[3]] {
        house.apply(id, begin("w")).await;
    }
    assert_eq!(twins().await, [], "neither itself, nor another account's, nor what says something else");
    let since = house.now();
    house.apply(ids[1], begin("w")).await;
    house.apply(ids[1], Command::Arm { attempt: 1, step: "deliver".into(), part: 0 }).await;
    assert_eq!(twins().await, [Twin { leased: true, since: Some(since) }]);
    house.apply(ids[1], finish(1, Outcome::Failed(Failure { landed: Landed::Unknown, ..token_revoked() }))).await;
    assert_eq!(twins().await, [Twin { leased: false, since: Some(since) }], "in doubt");
    house.apply(ids[1], published(1, "p-2")).await;
    assert_eq!(twins().await, [], "its id is on record now");
}

pub async fn platform_ids_are_remembered_by_account(house: &House) {
    let [mine, sibling, stranger] =
        ["main", "main", "other"].map(|by| post_of(house, "acme", &[("webhook", by)], house.now()));
    let ids = [&mine, &sibling, &stranger].map(|post| post.targets[0].id);
    house.accept(vec![mine, sibling, stranger]).await;
    for (target, id) in ids.iter().zip(["p-1", "p-2", "p-3"]) {
        house.apply(*target, begin("w")).await;
        house.apply(*target, published(1, id)).await;
    }
    let asked = ["p-1", "p-2", "p-3", "p-4"].map(str::to_owned);
    assert_eq!(house.ledger.taken_ids(ids[0], &asked).await.unwrap().ids, ["p-2"]);
    assert_eq!(house.ledger.taken_ids(ids[1], &asked).await.unwrap().ids, ["p-1"]);
    let nobody = TargetId(house.runtime.id());
    assert!(matches!(house.ledger.taken_ids(nobody, &asked).await, Err(LedgerError::NoSuchTarget(_))));
}

/// A person who settles one doubt after the other gives the same address twice.
pub async fn a_post_that_a_person_names_is_one_targets(house: &House) {
    let posts = ["main", "main", "main", "other"].map(|by| post_of(house, "acme", &[("webhook", by)], house.now()));
    let [known, one, two, elsewhere] = posts.each_ref().map(|post| post.targets[0].id);
    house.accept(posts.into()).await;
    let address = "https://posts.example/100%_sure/17";
    for id in [known, one, two, elsewhere] {
        house.apply(id, begin("w")).await;
        house.apply(id, Command::Arm { attempt: 1, step: "deliver".into(), part: 0 }).await;
    }
    let receipt = Receipt { id: "p-17".into(), url: Some(address.into()) };
    house.apply(known, finish(1, Outcome::Published(vec![(0, receipt)]))).await;
    let unclear = || Outcome::Failed(Failure { landed: Landed::Unknown, ..token_revoked() });
    for id in [one, two, elsewhere] {
        house.apply(id, finish(1, unclear())).await;
    }
    let word = |id: &str, url: Option<&str>, shared| {
        let receipt = Receipt { id: id.into(), url: url.map(str::to_owned) };
        Command::Decide(Decision::Published { receipt, last: true, shared })
    };
    let taken = Answer::Refused(Refusal::Taken { by: known });
    assert_eq!(house.apply(one, word("p-17", None, false)).await.answer, taken);
    let slashed = format!("{address}/");
    assert_eq!(house.apply(one, word(&slashed, Some(&slashed), false)).await.answer, taken, "by its address");
    assert_eq!(house.state(one).await, State::InDoubt);
    assert_eq!(house.apply(elsewhere, word("p-17", None, false)).await.answer, Answer::Done, "of another account");
    // Of two who name the same at once one is heard, and what was refused is not on record for the other.
    let both = tokio::join!(house.apply(one, word("p-18", None, false)), house.apply(two, word("p-18", None, false)));
    let (heard, other) = if both.0.answer == Answer::Done { (one, both.1) } else { (two, both.0) };
    assert_eq!(other.answer, Answer::Refused(Refusal::Taken { by: heard }));
    let unheard = other.target.id;
    let ids = ["p-17", "p-18", &slashed].map(str::to_owned);
    assert_eq!(house.ledger.taken_ids(heard, &ids).await.unwrap().ids, ["p-17"]);
    assert_eq!(house.apply(unheard, word("p-18", None, true)).await.answer, Answer::Done, "said to be both's");
    assert_eq!(house.state(unheard).await, State::Published);
}

pub async fn the_same_text_nearby_is_found(house: &House) {
    let first = post(house, house.later(3600));
    house.accept(vec![first.clone()]).await;
    let twin = |due| {
        let mut twin = post(house, due);
        twin.content = first.content.clone();
        twin
    };
    let near_each = async |posts: &[&ledger::NewPost]| {
        let asked: Vec<_> = posts.iter().map(|post| (*post, &post.targets[0])).collect();
        house.ledger.same_text_nearby(&asked).await.unwrap()
    };
    let near = async |post: &ledger::NewPost| near_each(&[post]).await[0];
    assert_eq!(near(&twin(house.later(60))).await, Some(first.targets[0].id));
    assert_eq!(near(&twin(house.later(7201))).await, None);
    assert_eq!(near(&post(house, house.later(60))).await, None, "another text");
    let mut elsewhere = twin(house.later(60));
    elsewhere.targets[0].account = crate::making::account("other");
    assert_eq!(near(&elsewhere).await, None);
    assert_eq!(near(&first).await, None, "not itself");
    let of_each = near_each(&[&elsewhere, &twin(house.later(60)), &post(house, house.later(60))]).await;
    assert_eq!(of_each, [None, Some(first.targets[0].id), None]);
    assert_eq!(near_each(&[]).await, []);
    house.apply(first.targets[0].id, Command::Cancel).await;
    assert_eq!(near(&twin(house.later(60))).await, None);
}
