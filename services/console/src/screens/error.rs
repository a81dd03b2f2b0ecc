//! The page of a failure's code, and finding things by what people have of them.

use axum::{
    Router,
    extract::{Path, Query},
    response::Response,
    routing::get,
};
use domain::{Code, CodeKind as Kind, Page, PostId, TargetId};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Desk,
    door::see,
    parts::{Row, prose, query, table},
    post::encoded,
    visit::Visit,
};
use crate::{Problem, api};

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/errors", get(list)).route("/errors/{code}", get(show)).route("/find", get(find))
}

/// All codes: what each is, whose fault, what to do.
async fn list(visit: Visit) -> Response {
    let line = |(code, page): (&Code, Page)| {
        let first =
            |heading: &str| page.section(heading).and_then(|text| text.split("\n\n").next()).unwrap_or_default();
        Row::new([
            html! { a.code href=(format!("/errors/{code}")) data-open { (code.to_string()) } " " (page.title) },
            prose(first("Whose fault")),
            prose(first("What to do")),
        ])
    };
    let body = html! {
        p.crumbs { a href="/" { "Needs attention" } }
        h1 { "What can go wrong" }
        p { "Every failure has a code, and every code a page." }
        @for kind in Kind::ALL {
            h2 { (kind.title()) }
            (table(kind.title(), &["What", "Whose fault", "What to do"], kind.codes().filter_map(|code| Some((code, code.page()?))).map(line).collect()))
        }
    };
    visit.page("What can go wrong", Ok(body))
}

async fn show(visit: Visit, Path(code): Path<String>) -> Response {
    let page = code.parse::<Code>().ok().and_then(Code::page);
    match page {
        Some(page) => visit.page(page.title, Ok(written(page.text))),
        None => visit.refuse(&Problem::not_found(format!("failure {code}"))),
    }
}

/// A page as its file has it: headings, paragraphs, lists.
fn written(text: &str) -> Markup {
    html! {
        article.prose {
            p.crumbs { a href="/" { "Needs attention" } " › " a href="/errors" { "What can go wrong" } }
            @for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
                @if let Some(title) = block.strip_prefix("# ") { h1 { (prose(title)) } }
                @else if let Some(rest) = block.strip_prefix("## ") {
                    @let (title, rest) = rest.split_once('\n').unwrap_or((rest, ""));
                    h2 { (prose(title)) }
                    @if !rest.is_empty() { p { (prose(rest)) } }
                }
                @else if block.starts_with("- ") {
                    ul { @for line in block.split("\n- ") { li { (prose(line.trim_start_matches("- "))) } } }
                }
                @else { p { (prose(block)) } }
            }
        }
    }
}

#[derive(Deserialize)]
struct Sought {
    #[serde(default)]
    q: String,
}

/// Goes to whatever `q` names: a code, an id of a target or post, an account, or a post's key. What names nothing is looked for in what
/// posts say.
async fn find(visit: Visit, Query(Sought { q }): Query<Sought>) -> Response {
    let sought = q.trim();
    if let Ok(code) = sought.to_uppercase().parse::<Code>()
        && code.page().is_some()
    {
        return see(&format!("/errors/{code}"));
    }
    if sought.parse::<TargetId>().is_ok() && visit.get::<api::Target>(&format!("/v1/targets/{sought}")).await.is_ok() {
        return see(&format!("/targets/{sought}"));
    }
    if sought.parse::<PostId>().is_ok() && visit.get::<api::Post>(&format!("/v1/posts/{sought}")).await.is_ok() {
        return see(&format!("/posts/{sought}"));
    }
    if let Some(path) = named(&visit, sought).await {
        return see(&path);
    }
    if is_wording(sought) {
        return see(&query("/posts", &[("q", sought)]));
    }
    let shown: String = sought.chars().take(80).collect();
    let remedy = "Give a post's or target's id, a code such as OP-2102, an account such as acme/mastodon/main, a post's \
        idempotency key (with several tenants: TENANT/KEY), or words that posts say.";
    visit.refuse(&Problem { remedy: remedy.into(), ..Problem::not_found(format!("\"{shown}\"")) })
}

/// Whether a post may say it: it is no id, code or account that there is none of.
fn is_wording(sought: &str) -> bool {
    let is_account = sought.split('/').count() == 3 && !sought.contains(char::is_whitespace);
    let is_code = sought.to_uppercase().strip_prefix("OP-").is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()));
    !sought.is_empty() && sought.parse::<TargetId>().is_err() && !is_code && !is_account
}

/// An account, or a post's key: of the caller's tenant, of the one that stands before it, or of each that has accounts.
async fn named(visit: &Visit, sought: &str) -> Option<String> {
    if sought.is_empty() {
        return None;
    }
    if sought.split('/').count() == 3 {
        let path = sought.split('/').map(encoded).collect::<Vec<_>>().join("/");
        if visit.get::<api::Account>(&format!("/v1/accounts/{path}")).await.is_ok() {
            return Some(format!("/accounts/{path}"));
        }
    }
    let mut tried: Vec<(String, &str)> = [' ', '/']
        .into_iter()
        .filter_map(|mark| sought.split_once(mark))
        .map(|(tenant, key)| (tenant.to_owned(), key.trim()))
        .collect();
    match &visit.session.caller.tenant {
        Some(tenant) => tried.push((tenant.to_string(), sought)),
        None => {
            let mut tenants: Vec<_> =
                visit.desk.console.accounts.all().iter().map(|card| card.tenant.to_string()).collect();
            tenants.sort_unstable();
            tenants.dedup();
            tried.extend(tenants.into_iter().take(50).map(|tenant| (tenant, sought)));
        }
    }
    for (tenant, key) in tried {
        let path = format!("/v1/posts/by-key/{}/{}", encoded(&tenant), encoded(key));
        if let Ok(post) = visit.get::<api::Post>(&path).await {
            return Some(format!("/posts/{}", post.id));
        }
    }
    None
}
