//! Incidents.

use console::api::{Incident, IncidentState, Incidents};

use super::{entries, harmless, instant, labelled};

/// A page of them.
pub(crate) fn list(page: &Incidents, with_closed: bool, narrowed: bool) -> String {
    if page.incidents.is_empty() {
        return match (with_closed, narrowed) {
            (_, true) => "There is no such incident.".into(),
            (true, false) => "There has been no incident.".into(),
            (false, false) => "No incident is open. `--all` lists those that are closed, too.".into(),
        };
    }
    let rows = page.incidents.iter().map(|incident| {
        let cells = [
            incident.id.to_string(),
            incident.kind.name().to_owned(),
            state(incident).to_owned(),
            place(incident),
            instant(incident.found_at),
        ];
        (cells, incident.what.clone())
    });
    let mut blocks = vec![entries(["incident", "", "", "account", "found"], rows)];
    blocks.extend(page.next.as_ref().map(|next| format!("There are more: --after {next}")));
    blocks.join("\n\n")
}

/// Everything about one.
pub(crate) fn one(incident: &Incident) -> String {
    let head = format!("Incident {}: {}, {}", incident.id, incident.kind.name(), state(incident));
    let closed = incident.closed_at.map(|at| {
        let by = incident.closed_by.as_deref().unwrap_or_default();
        labelled("  closed      ", &format!("{} by {}", instant(at), harmless(by)))
    });
    let lines = [
        Some(labelled("  what        ", &harmless(&incident.what))),
        Some(labelled("  account     ", &place(incident))),
        Some(labelled("  target      ", &incident.target.to_string())),
        Some(labelled("  found       ", &instant(incident.found_at))),
        incident.remedy.as_ref().map(|remedy| labelled("  what to do  ", remedy)),
        closed,
        incident.note.as_ref().map(|note| labelled("  note        ", &harmless(note))),
    ];
    [Some(head)].into_iter().chain(lines).flatten().collect::<Vec<_>>().join("\n")
}

fn state(incident: &Incident) -> &'static str {
    match incident.state {
        IncidentState::Open => "open",
        IncidentState::Closed => "closed",
    }
}

fn place(incident: &Incident) -> String {
    format!("{}/{}/{}", incident.tenant, incident.channel, incident.account)
}
