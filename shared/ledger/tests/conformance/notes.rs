//! Notes last until they are removed, or until their time.

use std::time::Duration;

use ledger::Note;

use crate::{house::House, making::tenant};

fn note(house: &House, subject: &str, seconds: Option<u64>) -> Note {
    house.clock.advance(Duration::from_millis(1));
    Note {
        id: house.runtime.id(),
        subject: subject.into(),
        tenant: Some(tenant("acme")),
        text: "its owner is away until Monday; \"ключ\" is with Ann".into(),
        who: "olga".into(),
        at: house.now(),
        until: seconds.map(|seconds| house.later(seconds)),
    }
}

pub async fn a_note_lasts_until_it_is_removed(house: &House) {
    let first = note(house, "account:acme/a/main", None);
    let second = Note { tenant: None, ..note(house, "channel:a", None) };
    house.notes.put_note(first.clone()).await.unwrap();
    house.notes.put_note(second.clone()).await.unwrap();
    house.notes.put_note(Note { text: "another".into(), ..first.clone() }).await.unwrap();
    assert_eq!(house.notes.notes(None).await.unwrap(), [second.clone(), first.clone()]);
    assert_eq!(house.notes.notes(Some("account:acme/a/main")).await.unwrap(), std::slice::from_ref(&first));
    assert!(house.notes.notes(Some("account:acme/a")).await.unwrap().is_empty());
    assert_eq!(house.notes.remove_note(first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(house.notes.remove_note(first.id).await.unwrap(), None);
    assert_eq!(house.notes.notes(None).await.unwrap(), [second]);
}

pub async fn a_note_is_forgotten_after_its_time(house: &House) {
    let note = note(house, "app:ours", Some(60));
    house.notes.put_note(note.clone()).await.unwrap();
    house.advance(59);
    assert_eq!(house.notes.notes(None).await.unwrap(), [note]);
    house.advance(1);
    assert!(house.notes.notes(None).await.unwrap().is_empty());
}

pub async fn notes_that_are_over_are_removed_and_no_others(house: &House) {
    let lasting = note(house, "app:ours", None);
    let over =
        [note(house, "app:ours", Some(60)), note(house, "channel:a", Some(60)), note(house, "channel:b", Some(7_200))];
    for note in over.iter().chain([&lasting]) {
        house.notes.put_note(note.clone()).await.unwrap();
    }
    let hour = Duration::from_secs(3_600);
    house.advance(3_600);
    assert_eq!(house.notes.forget_notes(hour, 10).await.unwrap(), 0, "not before they are over for that long");
    house.advance(100);
    assert_eq!(house.notes.forget_notes(hour, 1).await.unwrap(), 1, "at most as many as asked");
    assert_eq!(house.notes.forget_notes(hour, 10).await.unwrap(), 1);
    assert_eq!(house.notes.forget_notes(hour, 10).await.unwrap(), 0);
    assert_eq!(house.notes.remove_note(over[0].id).await.unwrap(), None, "it is gone");
    assert_eq!(house.notes.notes(None).await.unwrap(), [over[2].clone(), lasting]);
}
