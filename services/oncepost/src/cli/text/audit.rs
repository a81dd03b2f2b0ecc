//! What looks at platforms came to.

use audit::{Found, Report, Standing};
use console::api::Audit;
use ledger::IncidentKind;

use super::{counted, entries, harmless, instant, labelled, table};

/// What was found first, then what each account came to, then what cannot be told.
pub(crate) fn told(audit: &Audit) -> String {
    let reports = &audit.reports;
    if reports.is_empty() {
        return "There is no account to look at.".into();
    }
    let mut blocks = vec![labelled("", &head(reports))];
    let found = || reports.iter().flat_map(|report| report.found.iter().map(move |found| (report, found)));
    if found().next().is_some() {
        let rows = found().map(|(report, found)| {
            let standing = standing(found.standing).to_owned();
            let cells = [found.incident.to_string(), found.kind.name().to_owned(), standing, report.account.clone()];
            (cells, found.what.clone())
        });
        blocks.push(entries(["incident", "", "", "account"], rows));
        let open = |kind| found().any(|(_, found)| found.kind == kind && found.standing != Standing::Closed);
        let remedies = IncidentKind::ALL.into_iter().filter(|kind| open(*kind));
        blocks.extend(
            remedies.map(|kind| labelled(&format!("{}: ", kind.name()), &audit::remedy(kind, "TARGET", "INCIDENT"))),
        );
    }
    let failed = reports.iter().filter_map(|report| Some((report, report.not_asked.as_ref()?)));
    blocks.extend(failed.map(|(report, why)| {
        let lines = [
            labelled("", &format!("{} could not be looked at: {}", report.account, harmless(&why.sentence))),
            labelled("  what to do  ", &why.remedy),
        ];
        lines.join("\n")
    }));
    let strange = reports.iter().filter_map(|report| Some((report, report.strange.as_ref()?)));
    blocks.extend(strange.map(|(report, why)| labelled("", &format!("{}: {}", report.account, harmless(why)))));
    blocks.push(table(["account", "there", "found"], reports.iter().map(line)));
    let untold: Vec<String> = reports
        .iter()
        .flat_map(|report| report.cannot_tell.iter().map(|why| format!("{}: {}", report.account, harmless(why))))
        .collect();
    if !untold.is_empty() {
        let lines = untold.iter().map(|why| labelled("  ", why));
        blocks.push(["What cannot be told:".to_owned()].into_iter().chain(lines).collect::<Vec<_>>().join("\n"));
    }
    blocks.join("\n\n")
}

fn head(reports: &[Report]) -> String {
    let looked: Vec<&Report> = reports.iter().filter(|report| report.listed.is_some()).collect();
    let there: usize = looked.iter().map(|report| report.there).sum();
    let of = |fits: &dyn Fn(&Found) -> bool| {
        reports.iter().flat_map(|report| &report.found).filter(|found| fits(found)).count()
    };
    let since = reports.iter().map(|report| report.since).min().map(instant).unwrap_or_default();
    let mut text = format!(
        "Looked at {} of {}, since {since}: {} of ours there, {}, {} vanished.",
        looked.len(),
        counted(reports.len(), "account"),
        counted(there, "post"),
        counted(of(&|found| found.kind == IncidentKind::Duplicate), "duplicate"),
        of(&|found| found.kind == IncidentKind::Vanished),
    );
    if of(&|_| true) > 0 {
        let (new, closed) =
            (of(&|found| found.standing == Standing::New), of(&|found| found.standing == Standing::Closed));
        text += &format!("\n{new} new, {closed} closed before.");
    }
    if looked.len() < reports.len() {
        text += "\nThe others could not be looked at: that is no all-clear for them.";
    }
    text
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::New => "new",
        Standing::Open => "open",
        Standing::Closed => "closed",
    }
}

fn line(report: &Report) -> [String; 3] {
    let there = match report.listed {
        Some(_) => counted(report.there, "post"),
        None => "cannot tell".into(),
    };
    let found = match (report.found.len(), &report.strange) {
        (_, Some(_)) => "look at it".into(),
        (0, None) if report.listed.is_none() => String::new(),
        (0, None) => "nothing".into(),
        (found, None) => counted(found, "incident"),
    };
    [report.account.clone(), there, found]
}
