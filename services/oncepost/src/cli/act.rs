//! Changes: cancel, reschedule, resolve, pause, resume.

use console::api::{ChangedPost, Failures, Pause, PauseAsk, Proof, Resolution, Resumed, Target};
use reqwest::{Method, StatusCode};
use runtime::Runtime;
use serde_json::{Value, json};

use super::{
    Ended,
    client::Client,
    name::{self, Name, Named},
    out::Out,
    text,
    trouble::Trouble,
};

pub(crate) async fn cancel(client: &Client, out: &mut Out, name: &str) -> Result<Ended, Trouble> {
    match name::post_or_target(client, name).await? {
        Named::Post(post) => {
            let (id, seen) = (post.value.id.to_string(), json!({ "revision": post.value.revision }));
            let reply = client.call::<ChangedPost>(Method::POST, &["posts", &id, "cancel"], &[], &seen).await?;
            out.answer(&reply.raw, || text::act::changed("Cancelled", &reply.value))?;
        }
        Named::Target(target) => {
            let id = target.value.id.to_string();
            let reply = client.call::<Target>(Method::POST, &["targets", &id, "cancel"], &[], &json!({})).await?;
            out.answer(&reply.raw, || text::act::target("Cancelled", &reply.value))?;
        }
    }
    Ok(Ended::Well)
}

pub(crate) async fn reschedule(
    client: &Client,
    out: &mut Out,
    name: &str,
    time: &str,
    deadline: Option<&str>,
) -> Result<Ended, Trouble> {
    let mut change = json!({ "publish_at": when(time)? });
    if let Some(deadline) = deadline {
        change["deadline"] = when(deadline)?;
    }
    let post = name::post(client, name).await?.value;
    change["revision"] = post.revision.into();
    let reply = client.call::<ChangedPost>(Method::PATCH, &["posts", &post.id.to_string()], &[], &change).await?;
    out.answer(&reply.raw, || text::act::changed("Rescheduled", &reply.value))?;
    Ok(Ended::Well)
}

/// A time as a schedule message has it. Whether it makes sense is for oncepost to say.
pub(super) fn when(text: &str) -> Result<Value, Trouble> {
    if text == "now" {
        return Ok(Runtime::system().now().to_string().into());
    }
    if let Some((local, zone)) = text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        return Ok(json!({ "local": local, "zone": zone }));
    }
    let remedy = "Write 2026-12-01T09:00:00Z, 2026-12-01T09:00[Europe/Berlin], or now.";
    match text.parse::<jiff::Timestamp>() {
        Ok(_) => Ok(text.into()),
        Err(_) => Err(Trouble::usage(format!("\"{text}\" is not a time with a zone."), remedy)),
    }
}

/// A person's word on a target in doubt.
pub(crate) struct Word {
    /// Where it is out.
    pub url: Option<String>,
    /// The platform's id of it.
    pub id: Option<String>,
    /// That post is another target's as well.
    pub shared: bool,
    /// It is a post of the target's account.
    pub of_account: bool,
    /// It is not out.
    pub send_again: bool,
    /// The newest attempt that was looked for.
    pub attempt: Option<u32>,
    /// How they know.
    pub note: Option<String>,
}

/// The id of one target, as what is called `what` takes it.
pub(super) fn one(name: &str, what: &str) -> Result<String, Trouble> {
    match Name::read(name)? {
        Name::Id(id) => Ok(id),
        Name::Key(..) => {
            let remedy = "`oncepost status` shows the ids of a post's targets.";
            Err(Trouble::usage(format!("{what} takes the id of one target."), remedy))
        }
    }
}

/// The doubts of a cause, with what settles each. They are not settled all at once, `is_word` or not: of those with one cause some may be out,
/// and others not.
pub(crate) async fn doubts(client: &Client, out: &mut Out, group: &str, is_word: bool) -> Result<Ended, Trouble> {
    let why = format!(
        "Each doubt of {group} takes a look of its own: some may be out and others not, and what is sent again without a look goes out twice."
    );
    if is_word {
        let remedy = format!("`oncepost resolve --group {group}` lists them, and says what settles each.");
        return Err(Trouble::usage(why, remedy));
    }
    let query = [("group", group), ("state", "in_doubt"), ("limit", "500")];
    let reply = client.get::<Failures>(&["failures"], &query).await?;
    let is_empty = reply.value.targets.is_empty();
    out.answer(&reply.raw, || text::act::doubts(group, &why, &reply.value))?;
    Ok(if is_empty { Ended::Well } else { Ended::Attention })
}

pub(crate) async fn resolve(client: &Client, out: &mut Out, name: &str, word: Word) -> Result<Ended, Trouble> {
    let id = one(name, "Resolve")?;
    if word.send_again && word.attempt.is_none() {
        let reply = client.call::<Target>(Method::GET, &["targets", &id], &[], &json!({})).await?;
        let newest = reply.value.attempt;
        let why = format!("Which attempt did you look for on the platform? The newest of {id} is {newest}.");
        let remedy = format!(
            "If nothing that was sent up to then is there: `oncepost resolve {id} --send-again --attempt {newest}`. Of two people who say so one is heard."
        );
        return Err(Trouble::usage(why, remedy));
    }
    let published = (!word.send_again).then_some(Proof { url: word.url, id: word.id });
    let Word { shared, of_account, send_again, attempt, note, .. } = word;
    let resolution = Resolution { published, shared, of_account, send_again, attempt, note };
    let reply = client.call::<Target>(Method::POST, &["targets", &id, "resolve"], &[], &resolution).await?;
    out.answer(&reply.raw, || text::act::target("Settled", &reply.value))?;
    Ok(Ended::Well)
}

pub(crate) async fn pause(client: &Client, out: &mut Out, scope: &str, reason: &str) -> Result<Ended, Trouble> {
    let ask = PauseAsk { scope: scope.into(), reason: reason.into() };
    let reply = client.call::<Pause>(Method::POST, &["pauses"], &[], &ask).await?;
    out.answer(&reply.raw, || text::act::paused(&reply.value, reply.status == StatusCode::CREATED))?;
    Ok(Ended::Well)
}

pub(crate) async fn resume(client: &Client, out: &mut Out, scope: &str) -> Result<Ended, Trouble> {
    let reply = client.call::<Resumed>(Method::DELETE, &["pauses"], &[("scope", scope)], &json!({})).await?;
    out.answer(&reply.raw, || text::act::resumed(&reply.value))?;
    Ok(Ended::Well)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_taken_in_three_forms() {
        assert_eq!(when("2026-12-01T09:00:00Z").unwrap(), json!("2026-12-01T09:00:00Z"));
        let local = json!({ "local": "2026-12-01T09:00", "zone": "Europe/Berlin" });
        assert_eq!(when("2026-12-01T09:00[Europe/Berlin]").unwrap(), local);
        assert!(when("now").unwrap().as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
        assert_eq!(when("tomorrow").unwrap_err().exit_code(), 2);
        assert_eq!(when("2026-12-01T09:00:00").unwrap_err().exit_code(), 2, "s03: no zone is guessed");
    }
}
