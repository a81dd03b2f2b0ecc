//! Posts coming in: one, many, or only to be checked.

use axum::{
    Json,
    extract::{Request as HttpRequest, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contract::{Answer, Reading};
use domain::Code;
use intake::{Request, Verdict};
use serde_json::value::RawValue;

use crate::{
    Console, Problem,
    access::Caller,
    api, audited,
    extract::{Body, arrived},
    openapi::{Operation, operation},
    traced,
};

/// Tells a repeat from a first acceptance.
const REPLAY: HeaderName = HeaderName::from_static("idempotent-replay");

/// 202 when it is stored, 200 for a repeat of what was stored before.
pub(super) async fn submit(
    State(console): State<Console>,
    caller: Caller,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Problem> {
    own(&caller, &body)?;
    let verdict = console.intake.accept(request(&caller, &headers, &body)).await?;
    told(&console, &caller, &verdict);
    if let Verdict::Refused { answer, .. } = &verdict {
        return Err(refusal(answer));
    }
    let status = status(&verdict);
    let mut response = (status, verdict.body()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::OK {
        headers.insert(REPLAY, HeaderValue::from_static("true"));
    }
    if let Some(place) = verdict.post().and_then(|post| HeaderValue::try_from(format!("/v1/posts/{post}")).ok()) {
        headers.insert(header::LOCATION, place);
    }
    Ok(response)
}

/// 200 if it would be accepted, else what would be answered.
pub(super) async fn validate(
    State(console): State<Console>,
    caller: Caller,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<api::Checked>, Problem> {
    own(&caller, &body)?;
    let preview = console.intake.validate(&request(&caller, &headers, &body)).await.map_err(Problem::unfit)?;
    Ok(Json(preview.into()))
}

/// 202 if all are stored, 200 if all were stored before, 207 if some are refused, 422 if all are.
pub(super) async fn batch(
    State(console): State<Console>,
    caller: Caller,
    headers: HeaderMap,
    http: HttpRequest,
) -> Result<Response, Problem> {
    let body = arrived(http, &console, console.options.batch_limit).await?;
    let items = items(&body, console.options.batch_items)?;
    let mut answers: Vec<Option<api::BatchItem>> = Vec::with_capacity(items.len());
    let mut requests = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match own(&caller, item) {
            Ok(()) => {
                requests.push(request(&caller, &headers, item));
                answers.push(None);
            }
            Err(problem) => answers.push(Some(refused(index, problem))),
        }
    }
    let verdicts = console.intake.accept_many(&requests).await?;
    for verdict in &verdicts {
        told(&console, &caller, verdict);
    }
    let open = answers.iter_mut().enumerate().filter(|(_, answer)| answer.is_none());
    for ((index, answer), verdict) in open.zip(verdicts) {
        *answer = Some(item(index, &verdict));
    }
    let items: Vec<_> = answers.into_iter().flatten().collect();
    let refused = items.iter().filter(|item| item.problem.is_some()).count();
    let repeated = items.iter().filter(|item| item.status == 200).count();
    let accepted = items.len() - refused;
    let status = match (accepted, refused) {
        (0, _) => StatusCode::UNPROCESSABLE_ENTITY,
        (_, 0) if repeated == accepted => StatusCode::OK,
        (_, 0) => StatusCode::ACCEPTED,
        _ => StatusCode::MULTI_STATUS,
    };
    Ok((status, Json(api::BatchAnswer { accepted, repeated, refused, items })).into_response())
}

/// The posts of a batch, each as it was written: an array, or one per line.
fn items(body: &[u8], most: usize) -> Result<Vec<Vec<u8>>, Problem> {
    let malformed = |why: String| Problem::field("$", Code::MALFORMED, why);
    let is_array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let items: Vec<Vec<u8>> = if is_array {
        let items: Vec<Box<RawValue>> =
            serde_json::from_slice(body).map_err(|error| malformed(format!("cannot be read as JSON: {error}")))?;
        items.into_iter().map(|item| item.get().as_bytes().to_vec()).collect()
    } else {
        let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
    };
    match items.len() {
        0 => Err(malformed("holds no message; send an array of schedule messages, or one per line".into())),
        count if count > most => Err(Problem::field(
            "$",
            Code::TOO_LARGE,
            format!("holds {count} messages; at most {most} are taken at once"),
        )),
        _ => Ok(items),
    }
}

fn item(index: usize, verdict: &Verdict) -> api::BatchItem {
    let accepted = |answer: &serde_json::Value| serde_json::from_value(answer.clone()).ok();
    let answer = match verdict {
        Verdict::New { answer: Answer::Accepted(accepted), .. } => Some(accepted.clone()),
        Verdict::New { .. } => None,
        Verdict::Same { answer, .. } => accepted(answer),
        Verdict::Refused { answer, .. } => return refused(index, refusal(answer)),
    };
    api::BatchItem { index, status: status(verdict).as_u16(), answer, problem: None }
}

fn refused(index: usize, problem: Problem) -> api::BatchItem {
    api::BatchItem { index, status: problem.status, answer: None, problem: Some(problem) }
}

fn status(verdict: &Verdict) -> StatusCode {
    match verdict {
        Verdict::New { .. } => StatusCode::ACCEPTED,
        Verdict::Same { .. } => StatusCode::OK,
        Verdict::Refused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn refusal(answer: &Answer) -> Problem {
    match answer {
        Answer::Conflict(conflict) => {
            Problem { problems: conflict.problems.clone(), ..Problem::key_reused(conflict.post) }
        }
        answer => Problem::unfit(answer.problems().to_vec()),
    }
}

/// Records and tells what was stored.
fn told(console: &Console, caller: &Caller, verdict: &Verdict) {
    if let Verdict::New { event, .. } = verdict {
        audited::done(caller, "schedule post", &event.post, None);
        console.outbox.tell(vec![event.clone()]);
    }
}

fn request<'a>(caller: &Caller, headers: &HeaderMap, body: &'a [u8]) -> Request<'a> {
    let header = headers.get(spans::TRACEPARENT).and_then(|value| value.to_str().ok());
    Request { body, tenant: caller.tenant.clone(), trace: traced::goes_on_in(body, header) }
}

/// Turns a bound caller away from other tenants before anything is looked up: even "there is such a key" is not theirs to know.
fn own(caller: &Caller, body: &[u8]) -> Result<(), Problem> {
    if caller.tenant.is_none() {
        return Ok(());
    }
    match Reading::of(body).tenant {
        Some(tenant) if !caller.owns(&tenant) => {
            Err(Problem::forbidden(format!("You are not let in for tenant {tenant}.")))
        }
        _ => Ok(()),
    }
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("schedule_post", "POST", "/v1/posts", "Schedule a post")
            .body::<contract::Schedule>()
            .answers::<Answer>(202, "It is stored and will go out")
            .header(&[("Location", "The post's address")])
            .answers::<Answer>(200, "The same request was stored before: its first answer again")
            .header(&[("Location", "The post's address"), ("Idempotent-Replay", "Always true")])
            .fails(409, "The idempotency key belongs to another request (OP-1011); `post` names it"),
        operation(
            "validate_post",
            "POST",
            "/v1/posts:validate",
            "Tell what scheduling a post would answer; store nothing",
        )
        .body::<contract::Schedule>()
        .answers::<api::Checked>(200, "It would be accepted"),
        operation(
            "schedule_batch",
            "POST",
            "/v1/posts:batch",
            "Schedule many posts, each accepted or refused by itself",
        )
        .body::<Vec<contract::Schedule>>()
        .body_of::<String>("application/x-ndjson")
        .answers::<api::BatchAnswer>(202, "All are stored")
        .answers::<api::BatchAnswer>(200, "All were stored before")
        .answers::<api::BatchAnswer>(207, "Some are refused")
        .answers::<api::BatchAnswer>(422, "All are refused")
        .fails(422, "All are refused"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str) -> Vec<String> {
        items(body.as_bytes(), 3).unwrap().into_iter().map(|item| String::from_utf8(item).unwrap()).collect()
    }

    #[test]
    fn a_batch_is_an_array_or_lines_and_keeps_each_item_as_written() {
        assert_eq!(texts(" [{\"a\": 1}, 7]"), ["{\"a\": 1}", "7"]);
        assert_eq!(texts("{\"a\":1}\r\n\n{\"b\":\n"), ["{\"a\":1}", "{\"b\":"]);
    }

    #[test]
    fn empty_broken_and_overlong_batches_are_refused() {
        for (body, status) in [("", 400), (" \n", 400), ("[]", 400), ("[1,", 400), ("1\n2\n3\n4", 413)] {
            assert_eq!(items(body.as_bytes(), 3).unwrap_err().status, status, "{body:?}");
        }
    }
}
