//! What was found wrong outside.

use ledger::{Incident, IncidentFilter, IncidentKind, NewIncident, Place};

use crate::{
    house::House,
    making::{account, channel, tenant},
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
