//! What will fail, or may.

use console::api::Forecast;
use forecast::{AtStake, Cause, Verdict};

use super::{counted, entries, harmless, instant, labelled, short};

/// How many accounts of a cause are named.
const NAMED: usize = 5;

/// By cause, then target by target.
pub(crate) fn told(forecast: &Forecast) -> String {
    let report = &forecast.report;
    let mut blocks = vec![head(forecast)];
    blocks.extend(report.causes.iter().map(cause));
    if !report.targets.is_empty() {
        let rows = report.targets.iter().map(|target| {
            let place = format!("{}/{}/{}", target.tenant, target.channel, target.account);
            ([target.target.to_string(), place, instant(target.goes_at), verdict(target.verdict).into()], why(target))
        });
        blocks.push(entries(["target", "account", "goes out", ""], rows));
    }
    if forecast.not_listed > 0 {
        blocks.push(format!("{} more are not listed: --limit.", forecast.not_listed));
    }
    blocks.join("\n\n")
}

fn head(forecast: &Forecast) -> String {
    let report = &forecast.report;
    let looked = counted(usize::try_from(report.looked_at).unwrap_or(usize::MAX), "target");
    let until = instant(report.until);
    let mut text = match (report.will_fail, report.at_risk) {
        (0, 0) => format!("Nothing is expected to fail until {until} ({looked})."),
        (fail, risk) => format!("Until {until}, of {looked}: {fail} will fail, {risk} at risk."),
    };
    if report.held > 0 {
        text += &format!(" A pause holds {} of them.", report.held);
    }
    if report.not_looked_at > 0 {
        text += &format!(" At least {} more, which come later, were not looked at.", report.not_looked_at);
    }
    match report.media {
        Some(media) if media.not_asked > 0 => {
            text += &format!(" There was no time to ask for {} of the files.", media.not_asked);
        }
        _ => {}
    }
    labelled("", &text)
}

fn cause(cause: &Cause) -> String {
    let code = cause.risk.code.map(|code| format!("{code} ")).unwrap_or_default();
    let count = counted(usize::try_from(cause.targets).unwrap_or(usize::MAX), "target");
    let head = format!("{count} {}: {code}{}", verdict(cause.risk.verdict), harmless(&cause.risk.title));
    let about = cause.risk.about.as_ref().map(|about| labelled("  about         ", &harmless(about)));
    let named = cause.accounts.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = cause.accounts.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let lines = [
        labelled("  accounts      ", &format!("{named}{more}")),
        labelled("  first         ", &instant(cause.first)),
        labelled("  whose matter  ", &cause.risk.whose),
        labelled("  what to do    ", &format!("By {}: {}", instant(cause.risk.by), harmless(&cause.risk.remedy))),
    ];
    [labelled("", &head)].into_iter().chain(about).chain(lines).collect::<Vec<_>>().join("\n")
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::WillFail => "will fail",
        Verdict::AtRisk => "at risk",
    }
}

/// The surest of its risks, and how many others there are.
fn why(target: &AtStake) -> String {
    let Some(first) = target.risks.first() else { return String::new() };
    let more = match target.risks.len() {
        1 => String::new(),
        more => format!(" (and {} more)", more - 1),
    };
    format!("{}{more}", short(&first.sentence, 500))
}
