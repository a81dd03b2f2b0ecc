//! The control interface under `/_control/`, for tests in other processes and for the demo.
//!
//! | call | does |
//! |---|---|
//! | `GET calls`, `GET posts`, `GET duplicates` | the truth as JSON lists |
//! | `GET count?marker=m` | `{"count": n}` visible posts that contain `m` |
//! | `POST cues` with a cue or a list of them | adds to the script |
//! | `DELETE cues` | empties the script |
//! | `POST release` | lets held calls go on |
//! | `POST advance {"seconds": n}` | moves the platform's clock |
//! | `POST skew {"seconds": n}` | the platform's clock is wrong by so much, below zero too |
//! | `POST listing {"late_ms": n}` | makes all listings lag |
//! | `POST seed {"seed": n}` | starts the generator behind `probability` anew |
//! | `GET knobs`, `POST knobs {…}` | shows the platform's knobs; changes those that are named |
//! | `POST expire {"account": name}` | the account's token is past its time |
//! | `POST remove {"id": id}` | the post is taken down, as by its owner |
//! | `POST copy {"id": id}` | what the post says is posted once more, as by hand |
//! | `POST restore {"account": name}` | the account's first token works again |
//! | `POST outage {"for_ms": n}` | unreachable for a while, this interface too |

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Answer, Ask, Cue, Inner, Platform, lock, perform};

pub(crate) fn answer<P: Platform>(inner: &Arc<Inner<P>>, path: &str, ask: &Ask) -> Answer {
    let stage = &inner.stage;
    let answered = match (ask.method.as_str(), path) {
        ("GET", "calls") => shown(&stage.calls()),
        ("GET", "posts") => shown(&stage.posts()),
        ("GET", "duplicates") => shown(&stage.duplicates()),
        ("GET", "count") => Ok(json!({"count": stage.count_of(ask.param("marker").unwrap_or_default())})),
        ("GET", "knobs") => shown(&*lock(inner.platform.knobs())),
        _ => change(inner, path, ask).map(|()| json!({"ok": true})),
    };
    match answered {
        Ok(body) => Answer::json(200, &body),
        Err(error) => Answer::json(400, &json!({"error": error})),
    }
}

fn change<P: Platform>(inner: &Arc<Inner<P>>, path: &str, ask: &Ask) -> Result<(), String> {
    let stage = &inner.stage;
    let body = ask.json();
    let number = |name: &str| body[name].as_u64().ok_or_else(|| format!("'{name}' must be a whole number"));
    let post = || body["id"].as_str().ok_or_else(|| "'id' must be a post's id".to_owned());
    let account = || body["account"].as_str().ok_or_else(|| "'account' must be a name".to_owned());
    match (ask.method.as_str(), path) {
        ("POST", "cues") => add_cues(inner, body.clone())?,
        ("DELETE", "cues") => stage.clear_cues(),
        ("POST", "release") => stage.release(),
        ("POST", "advance") => stage.advance(Duration::from_secs(number("seconds")?)),
        ("POST", "skew") => {
            let seconds = body["seconds"].as_i64().ok_or("'seconds' must be a whole number")?;
            stage.skew(SignedDuration::from_secs(seconds));
        }
        ("POST", "listing") => stage.list_late(Duration::from_millis(number("late_ms")?)),
        ("POST", "seed") => stage.seed(number("seed")?),
        ("POST", "knobs") => turn(&mut *lock(inner.platform.knobs()), &body)?,
        ("POST", "expire") => inner.platform.expire(account()?),
        ("POST", "restore") => inner.platform.restore(account()?),
        ("POST", "remove") => drop(stage.delete(post()?).ok_or("there is no such post")?),
        ("POST", "copy") => drop(stage.copy(post()?).ok_or("there is no such post")?),
        ("POST", "outage") => go_dark(inner.clone(), Duration::from_millis(number("for_ms")?)),
        _ => return Err(format!("no control {} {path}", ask.method)),
    }
    Ok(())
}

fn shown(value: &impl Serialize) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}

fn add_cues<P: Platform>(inner: &Inner<P>, body: Value) -> Result<(), String> {
    let cues = if body.is_array() { body } else { json!([body]) };
    let cues: Vec<Cue> = serde_json::from_value(cues).map_err(|error| error.to_string())?;
    cues.into_iter().for_each(|cue| inner.stage.cue(cue));
    Ok(())
}

/// Overlays the named knobs.
fn turn<K: Serialize + DeserializeOwned>(knobs: &mut K, named: &Value) -> Result<(), String> {
    let mut all = shown(knobs)?;
    for (name, value) in named.as_object().into_iter().flatten() {
        match all.get_mut(name) {
            Some(place) => *place = value.clone(),
            None => return Err(format!("no knob '{name}'")),
        }
    }
    *knobs = serde_json::from_value(all).map_err(|error| error.to_string())?;
    Ok(())
}

fn go_dark<P: Platform>(inner: Arc<Inner<P>>, span: Duration) {
    tokio::spawn(async move {
        // After the answer to this very call has had its chance.
        tokio::time::sleep(Duration::from_millis(20)).await;
        inner.door.shut().await;
        tokio::time::sleep(span).await;
        if let Err(error) = perform::open(&inner) {
            tracing::error!(%error, "fake.reopen_failed");
        }
    });
}
