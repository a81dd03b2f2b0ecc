//! Changes by owners: all of a post or none of it, against workers that are at it.

use domain::{Answer, Command, Content, ContentHash, Draft, Override, PostId, Refusal, State};
use futures::future::join;
use ledger::{NewPost, PostChange};

use crate::{
    house::House,
    making::{begin, begun, post, post_of},
};

async fn two_targets(house: &House) -> NewPost {
    let new = post_of(house, "acme", &[("webhook", "main"), ("mastodon", "main")], house.now());
    house.accept(vec![new.clone()]).await;
    new
}

fn cancel(post: &NewPost) -> Vec<(domain::TargetId, Command)> {
    post.targets.iter().map(|target| (target.id, Command::Cancel)).collect()
}

pub async fn a_change_is_done_to_all_targets(house: &House) {
    let new = two_targets(house).await;
    let change = house.ledger.change_post(new.id, Some(1), cancel(&new)).await.unwrap();
    let PostChange::Done { revision, applied } = change else { panic!("{change:?}") };
    assert_eq!((revision, applied.len()), (2, 2));
    assert!(applied.iter().all(|done| done.answer == Answer::Done && done.events.len() == 1));
    let view = house.ledger.post(new.id, false).await.unwrap().unwrap();
    assert_eq!(view.revision, 2);
    assert!(view.targets.iter().all(|view| view.target.state == State::Cancelled));
}

pub async fn one_refusal_changes_nothing(house: &House) {
    let new = two_targets(house).await;
    house.apply(new.targets[1].id, begin("w")).await;
    let before = house.ledger.post(new.id, true).await.unwrap().unwrap();
    let change = house.ledger.change_post(new.id, None, cancel(&new)).await.unwrap();
    let PostChange::Refused(refused) = change else { panic!("{change:?}") };
    assert_eq!(refused, [(new.targets[1].id, Answer::Refused(Refusal::BeingPublished))]);
    let after = house.ledger.post(new.id, true).await.unwrap().unwrap();
    assert_eq!(after.revision, before.revision);
    for (before, after) in before.targets.iter().zip(&after.targets) {
        assert_eq!(before.target, after.target);
    }
}

pub async fn a_stale_revision_changes_nothing(house: &House) {
    let new = two_targets(house).await;
    let again = || house.ledger.change_post(new.id, Some(1), cancel(&new));
    // Two owners read revision 1; one of them is too late.
    let (one, two) = join(again(), again()).await;
    let (one, two) = (one.unwrap(), two.unwrap());
    let done = [&one, &two].iter().filter(|change| matches!(change, PostChange::Done { revision: 2, .. })).count();
    let stale = [&one, &two].iter().filter(|change| matches!(change, PostChange::Stale { revision: 2 })).count();
    assert_eq!((done, stale), (1, 1), "{one:?} {two:?}");
}

pub async fn what_does_not_belong_together_is_not_found(house: &House) {
    let (one, two) = (two_targets(house).await, two_targets(house).await);
    let change = house.ledger.change_post(one.id, None, cancel(&two)).await.unwrap();
    assert!(matches!(change, PostChange::NotFound), "{change:?}");
    let change = house.ledger.change_post(PostId(house.runtime.id()), None, cancel(&two)).await.unwrap();
    assert!(matches!(change, PostChange::NotFound), "{change:?}");
    assert_eq!(house.state(two.targets[0].id).await, State::Scheduled);
}

pub async fn an_edit_is_what_goes_out(house: &House) {
    let new = post(house, house.now());
    let target = &new.targets[0];
    house.accept(vec![new.clone()]).await;
    let content = Content { text: "better".into(), ..Content::default() };
    let changes = Override { content: Some(content), ..Override::default() };
    let draft = Draft::of(&new.content, &changes);
    let hash = ContentHash::of(&draft, &new.tenant, &target.channel, &target.account, target.due_at);
    let edit = Command::Edit { changes: changes.clone(), hash };
    let change = house.ledger.change_post(new.id, Some(1), vec![(target.id, edit)]).await.unwrap();
    assert!(matches!(change, PostChange::Done { .. }));
    let granted = house.apply(target.id, begin("w")).await;
    assert_eq!((begun(&granted).attempt, granted.target.hash), (1, hash));
    assert_eq!(granted.draft, Some(draft));
    assert_eq!(house.ledger.target(target.id).await.unwrap().unwrap().changes, changes);
}

pub async fn cancelling_meets_beginning_and_one_wins(house: &House) {
    let posts: Vec<_> = (0..100).map(|_| post(house, house.now())).collect();
    house.accept(posts.clone()).await;
    let mut cancelled = 0;
    for (round, post) in posts.iter().enumerate() {
        let target = post.targets[0].id;
        let cancel = house.ledger.change_post(post.id, None, vec![(target, Command::Cancel)]);
        let begin = house.ledger.apply(target, begin("w"));
        // Each goes first in half of the rounds.
        let (change, granted) = if round % 2 == 0 {
            join(cancel, begin).await
        } else {
            let (granted, change) = join(begin, cancel).await;
            (change, granted)
        };
        let won = matches!(change.unwrap(), PostChange::Done { .. });
        let began = matches!(granted.unwrap().answer, Answer::Begun(_));
        assert!(won != began, "cancelled: {won}, begun: {began}");
        assert_eq!(house.state(target).await, if won { State::Cancelled } else { State::Publishing });
        cancelled += u32::from(won);
    }
    tracing::info!(cancelled, "of 100 rounds");
}
