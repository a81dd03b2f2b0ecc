//! What is asked for: every address of the API that can be got, as its own description has them, and the screens.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reader::Reader;
use crate::{Done, api::text};

/// A big tenant of `lists.sql`, a small one, and one that has nothing.
const TENANTS: [&str; 3] = ["tenant-00", "tenant-35", "tenant-none"];

/// The screens.
const SCREENS: [&str; 16] = [
    "/",
    "/posts",
    "/posts?state=failed",
    "/posts?tenant=tenant-35&state=held",
    "/schedule",
    "/dead-letters",
    "/channels",
    "/accounts",
    "/scorecard",
    "/incidents",
    "/jobs",
    "/audit-log",
    "/system",
    "/forecast",
    "/posts/{post}",
    "/targets/{target}",
];

/// What is narrowed how. A list that is not named here is asked for as it is.
const NARROWED: [(&str, &[&str]); 12] = [
    (
        "/v1/posts",
        &[
            "limit=500",
            "after={old}",
            "state=published&after={old}",
            "tenant={big}&after={old}",
            "q=zanzibar&after={old}",
            "state=published",
            "state=failed",
            "state=publishing",
            "state=held&limit=500",
            "channel=slack",
            "channel=nostr",
            "channel=slack&state=cancelled",
            "tenant={big}&state=scheduled",
            "tenant={small}&channel=mastodon&state=in_doubt",
            "q=harbour",
            "q=zanzibar",
            "q=no-such-word",
            "q=coffee+theatre&tenant={small}",
            "q=no-such-word&tenant={big}",
            "q=harbour&state=failed",
        ],
    ),
    (
        "/v1/failures",
        &["channel=slack", "state=in_doubt", "group=OP-2102/account/E0", "account={big}/slack/account-0", "limit=500"],
    ),
    ("/v1/failures/groups", &["channel=slack", "account={big}/slack/account-0"]),
    ("/v1/schedule", &["limit=500", "account={big}/slack/account-0", "from={later}"]),
    ("/v1/scorecard", &["week=last", "earlier=0"]),
    (
        "/v1/scorecard/targets",
        &["figure=due", "figure=failed", "figure=late&week=last", "figure=asked", "figure=resolved"],
    ),
    ("/v1/incidents", &["state=open", "kind=duplicate", "limit=500"]),
    ("/v1/jobs", &["limit=500", "target={target}"]),
    ("/v1/audit-log", &["after={old}", "who=person-7", "who=nobody", "subject=target+{target}", "limit=500"]),
    ("/v1/deliveries", &["state=waiting", "state=given_up", "post={post}", "limit=500"]),
    ("/v1/accounts", &["channel=slack"]),
    ("/v1/notes", &["on=code:OP-1001"]),
];

/// Which lists can be narrowed to a tenant.
const BY_TENANT: [&str; 9] = [
    "/v1/posts",
    "/v1/failures",
    "/v1/failures/groups",
    "/v1/schedule",
    "/v1/incidents",
    "/v1/audit-log",
    "/v1/accounts",
    "/v1/scorecard",
    "/v1/forecast",
];

/// What counts every row of a span, and is no list.
const REPORTS: [&str; 3] = ["/v1/scorecard", "/scorecard", "/v1/census"];

/// Whether this address is one of a report.
pub fn is_report(path: &str) -> bool {
    REPORTS.contains(&path.split('?').next().unwrap_or_default())
}

/// What stands for itself in an address.
pub type Names = BTreeMap<&'static str, String>;

/// Things to ask for by name: the newest post, a target of the list, a job.
///
/// # Errors
/// A list does not answer, or holds nothing.
pub async fn names(reader: &Reader) -> Done<Names> {
    let first = |answer: &Value, list: &str, field: &str| match &answer[list][0][field] {
        Value::Null => Err(format!("there are no {list}: the ledger is not filled")),
        name => Ok(text(name)),
    };
    let posts = reader.json("/v1/posts?limit=1&state=failed").await?;
    let failures = reader.json("/v1/failures?limit=1").await?;
    let jobs = reader.json("/v1/jobs?limit=1").await?;
    let incidents = reader.json("/v1/incidents?limit=1").await?;
    // An id of five weeks ago, as one of time: what is older than that is far down in every list.
    let old = jiff::Timestamp::now().checked_sub(jiff::Span::new().hours(24 * 35))?.as_millisecond();
    let old = format!("{:08x}-{:04x}-7000-8000-000000000000", old >> 16, old & 0xffff);
    let later = jiff::Timestamp::now().checked_add(jiff::Span::new().hours(24 * 10))?;
    Ok([
        ("{post}", first(&posts, "posts", "id")?),
        ("{target}", first(&failures, "targets", "id")?),
        ("{job}", first(&jobs, "jobs", "id")?),
        ("{incident}", first(&incidents, "incidents", "id")?),
        ("{big}", TENANTS[0].into()),
        ("{small}", TENANTS[1].into()),
        ("{later}", later.to_string()),
        ("{old}", old),
        ("{channel}", "slack".into()),
        ("{tenant}", first(&posts, "posts", "tenant")?),
        ("{account}", "account-0".into()),
        ("{code}", "OP-2102".into()),
    ]
    .into())
}

/// The addresses to ask for, of the API's own description; and those that it has and that cannot be asked for here, with why.
///
/// # Errors
/// The API does not describe itself.
pub async fn all(reader: &Reader, names: &Names) -> Done<(Vec<String>, Vec<String>)> {
    let description = reader.json("/v1/openapi.json").await?;
    let paths = description["paths"].as_object().ok_or("the API describes no paths")?;
    let (mut asks, mut left_out) = (Vec::new(), Vec::new());
    for path in paths.iter().filter(|(_, methods)| methods.get("get").is_some()).map(|(path, _)| path) {
        let own = match path.split('/').nth(2) {
            Some("posts") => path.replace("{id}", "{post}"),
            Some("targets") => path.replace("{id}", "{target}"),
            Some("jobs") => path.replace("{id}", "{job}"),
            Some("incidents") => path.replace("{id}", "{incident}"),
            _ => path.clone(),
        };
        // A key is found by its digest, which no plain SQL makes.
        if path.contains("/by-key/") {
            left_out.push(format!("{path}: what is filled in by SQL cannot be found by its key"));
            continue;
        }
        let filled = fill(&own, names);
        if filled.contains('{') {
            left_out.push(format!("{path}: there is none of it here"));
            continue;
        }
        let needs = path == "/v1/scorecard/targets";
        if !needs {
            asks.push(filled.clone());
        }
        let narrowed = NARROWED.iter().find(|(of, _)| of == path).map_or(&[][..], |(_, narrowed)| narrowed);
        asks.extend(narrowed.iter().map(|query| format!("{filled}?{}", fill(query, names))));
        if BY_TENANT.contains(&path.as_str()) {
            asks.extend(TENANTS.iter().map(|tenant| format!("{filled}?tenant={tenant}")));
        }
    }
    asks.extend(SCREENS.iter().map(|path| fill(path, names)));
    Ok((asks, left_out))
}

fn fill(path: &str, names: &Names) -> String {
    names.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value))
}
