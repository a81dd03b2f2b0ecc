//! What was found wrong outside.

use std::time::Duration;

use domain::Outcome;
use ledger::{Incident, IncidentFilter, IncidentKind, NewIncident, Period, Place};

use crate::{
    house::House,
    making::{account, begin, channel, finish, post_of, published, tenant, token_revoked},
};

fn found(house: &House, owner: &str, kind: IncidentKind, subject: &str) -> NewIncident {
    NewIncident {
        kind,
        target: domain::TargetId(house.runtime.id()),
        place: Place { tenant: tenant(owner), channel: channel("mastodon"), account: account("main") },
        subject: subject.into(),
        what: format!("post {subject} is there twice"),
        evidence: serde_json::json!({ "ids": [subject, "2"] }),
    }
}

async fn list(house: &House, filter: &IncidentFilter) -> Vec<Incident> {
    house.incidents.incidents(filter).await.unwrap().items
}

fn subjects(incidents: &[Incident]) -> Vec<&str> {
    incidents.iter().map(|incident| incident.found.subject.as_str()).collect()
}

pub async fn what_is_found_is_on_record_once(house: &House) {
    let twice = found(house, "acme", IncidentKind::Duplicate, "17");
    let gone = found(house, "acme", IncidentKind::Vanished, "17");
    let new = house.incidents.report(vec![twice.clone(), gone.clone()]).await.unwrap();
    assert_eq!(new.len(), 2, "the same post may be both");
    let first = Incident { id: twice.id(), found: twice.clone(), found_at: house.now(), closed: None };
    assert_eq!(new[0], first);
    assert_eq!(house.incidents.incident(first.id).await.unwrap(), Some(first.clone()));

    house.advance(60);
    // Told in other words, about another target that says the same: it is the same post.
    let again = NewIncident { what: "again".into(), ..found(house, "acme", IncidentKind::Duplicate, "17") };
    let third = found(house, "acme", IncidentKind::Duplicate, "18");
    let new = house.incidents.report(vec![again, third.clone(), third.clone()]).await.unwrap();
    assert_eq!(subjects(&new), ["18"]);
    assert_eq!(house.incidents.incident(first.id).await.unwrap(), Some(first), "it stays as it was found first");
    assert_eq!(house.incidents.report(vec![]).await.unwrap(), []);
    let open = house.incidents.open_incidents().await.unwrap();
    assert_eq!(open, [(IncidentKind::Duplicate, 2), (IncidentKind::Vanished, 1)]);
}

pub async fn what_is_closed_stays_closed(house: &House) {
    let one = found(house, "acme", IncidentKind::Vanished, "17");
    let id = house.incidents.report(vec![one.clone()]).await.unwrap()[0].id;
    house.advance(60);
    let closed = house.incidents.close_incident(id, "ann", "taken down on purpose").await.unwrap().unwrap();
    let how = closed.closed.clone().unwrap();
    assert_eq!((how.at, how.by.as_str(), how.note.as_str()), (house.now(), "ann", "taken down on purpose"));
    house.advance(60);
    assert_eq!(house.incidents.close_incident(id, "bob", "I, too").await.unwrap(), Some(closed.clone()));
    assert_eq!(house.incidents.report(vec![one]).await.unwrap(), [], "found again, it is no news");
    assert_eq!(house.incidents.incident(id).await.unwrap(), Some(closed));
    let open = house.incidents.open_incidents().await.unwrap();
    assert_eq!(open, [(IncidentKind::Duplicate, 0), (IncidentKind::Vanished, 0)], "every kind has its number");
    let nobodys = house.runtime.id();
    assert_eq!(house.incidents.close_incident(nobodys, "ann", "").await.unwrap(), None);
    assert_eq!(house.incidents.incident(nobodys).await.unwrap(), None);
}

pub async fn incidents_come_page_by_page_newest_first(house: &House) {
    // Several in one instant, too.
    for n in 0..3 {
        let found = (0..3).map(|m| found(house, "acme", IncidentKind::Duplicate, &format!("{n}.{m}"))).collect();
        house.incidents.report(found).await.unwrap();
        house.advance(1);
    }
    let all = list(house, &IncidentFilter::default()).await;
    assert_eq!(all.len(), 9);
    assert!(all.windows(2).all(|two| (two[0].found_at, two[0].id) > (two[1].found_at, two[1].id)));
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let filter = IncidentFilter { limit: 4, after, ..IncidentFilter::default() };
        let page = house.incidents.incidents(&filter).await.unwrap();
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, all);
    let bad = IncidentFilter { after: Some("nonsense".into()), ..IncidentFilter::default() };
    assert!(house.incidents.incidents(&bad).await.unwrap_err().to_string().contains("nonsense"));
}

pub async fn lists_are_narrowed(house: &House) {
    let all = [("acme", IncidentKind::Duplicate, "1"), ("acme", IncidentKind::Vanished, "2")];
    let all = all.into_iter().chain([("other", IncidentKind::Duplicate, "3")]);
    for (owner, kind, subject) in all {
        house.incidents.report(vec![found(house, owner, kind, subject)]).await.unwrap();
        house.advance(1);
    }
    let first = found(house, "acme", IncidentKind::Duplicate, "1").id();
    house.incidents.close_incident(first, "ann", "done").await.unwrap();
    let any = IncidentFilter::default;
    let table = [
        (any(), vec!["3", "2", "1"]),
        (IncidentFilter { tenant: Some(tenant("acme")), ..any() }, vec!["2", "1"]),
        (IncidentFilter { kind: Some(IncidentKind::Duplicate), ..any() }, vec!["3", "1"]),
        (IncidentFilter { open: Some(true), ..any() }, vec!["3", "2"]),
        (IncidentFilter { open: Some(false), ..any() }, vec!["1"]),
        (IncidentFilter { tenant: Some(tenant("other")), open: Some(false), ..any() }, vec![]),
    ];
    for (filter, expected) in table {
        assert_eq!(subjects(&list(house, &filter).await), expected, "{filter:?}");
    }
}

pub async fn of_many_that_find_the_same_one_reports_it(house: &House) {
    let one = found(house, "acme", IncidentKind::Duplicate, "17");
    let reports = (0..20).map(|_| house.incidents.report(vec![one.clone()]));
    let new: usize = futures::future::join_all(reports).await.into_iter().map(|new| new.unwrap().len()).sum();
    assert_eq!(new, 1);
}

pub async fn an_incident_of_an_unknown_kind_hides_no_other(house: &House) {
    let two =
        vec![found(house, "acme", IncidentKind::Duplicate, "17"), found(house, "acme", IncidentKind::Duplicate, "18")];
    house.incidents.report(two).await.unwrap();
    house.execute("UPDATE incidents SET kind = 'edited' WHERE subject = '17'", &[]).await;
    assert_eq!(subjects(&list(house, &IncidentFilter::default()).await), ["18"]);
    assert_eq!(house.incidents.open_incidents().await.unwrap()[0], (IncidentKind::Duplicate, 1));
}

pub async fn what_was_looked_for_is_told_from_what_was_not(house: &House) {
    let (begin_at, place) = (house.now(), |owner: &str, on: &str| Place {
        tenant: tenant(owner),
        channel: channel(on),
        account: account("main"),
    });
    // One each minute from the first on, on two channels; the last one fails.
    for minute in 0..10 {
        let due = begin_at + Duration::from_secs(60 * minute);
        for on in ["mastodon", "webhook"] {
            let post = post_of(house, "acme", &[(on, "main")], due);
            let id = post.targets[0].id;
            house.accept(vec![post]).await;
            house.apply(id, begin("w")).await;
            let failed = || finish(1, Outcome::Failed(token_revoked()));
            house.apply(id, if minute == 9 { failed() } else { published(1, &format!("{on}-{minute}")) }).await;
        }
        house.advance(60);
    }
    let period = Period { from: begin_at, until: house.later(1), tenant: None };
    let tallies = async |period: &Period| {
        let tallies = house.incidents.looked_for(period).await.unwrap();
        tallies.into_iter().map(|tally| (tally.channel.to_string(), tally.count)).collect::<Vec<_>>()
    };
    let on_mastodon = async || tallies(&period).await.first().map_or(0, |(_, count)| *count);
    let minute = |minute: u64| begin_at + Duration::from_secs(60 * minute);
    let look = async |from, until| {
        house.incidents.looked(&place("acme", "mastodon"), minute(from), minute(until)).await.unwrap();
    };
    assert_eq!(tallies(&period).await, []);
    for (from, until, count, what) in [
        (3, 5, 2, "what is due at its end is not in it"),
        (3, 5, 2, "the same again"),
        (5, 6, 3, "it goes on where the other ends"),
        (2, 4, 4, "it begins before it"),
        (2, 3, 4, "it is in it"),
        (0, 1, 4, "of two that do not touch, the later is kept"),
        (8, 10, 1, "and that is the new one here; what failed was not to be seen"),
        (0, 20, 9, "it holds all"),
    ] {
        look(from, until).await;
        assert_eq!(on_mastodon().await, count, "{what}");
    }
    house.incidents.looked(&place("acme", "webhook"), minute(0), minute(2)).await.unwrap();
    house.incidents.looked(&place("other", "webhook"), minute(0), minute(20)).await.unwrap();
    assert_eq!(tallies(&period).await, [("mastodon".to_owned(), 9), ("webhook".to_owned(), 2)]);
    let first = Period { until: minute(1), ..period.clone() };
    assert_eq!(tallies(&first).await, [("mastodon".to_owned(), 1), ("webhook".to_owned(), 1)]);
    assert_eq!(tallies(&Period { tenant: Some(tenant("other")), ..period.clone() }).await, []);
}
