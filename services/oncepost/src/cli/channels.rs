//! The channels: those of this program, or those of a running oncepost and how they are doing.

use ::channels::{Registry, Sheet};
use console::api;
use serde_json::json;

use super::{Ended, client::Client, out::Out, text, trouble::Trouble};

/// What the program's own channels say of themselves.
pub(crate) fn of_program(registry: &Registry, out: &mut Out, name: Option<&str>) -> Result<Ended, Trouble> {
    let sheets: Vec<_> = registry.iter().map(|channel| Sheet::of(&**channel)).collect();
    match name {
        None => out.answer(&json!({ "channels": sheets }).to_string(), || text::channels::list(&sheets))?,
        Some(name) => {
            let sheet = sheets
                .iter()
                .find(|sheet| sheet.name.eq_ignore_ascii_case(name))
                .ok_or_else(|| unknown(name, registry.names()))?;
            out.answer(&json!(sheet).to_string(), || text::channels::whole(sheet))?;
        }
    }
    Ok(Ended::Well)
}

/// What a running oncepost says of its channels.
///
/// `all`: those that nobody uses as well.
pub(crate) async fn of_server(client: &Client, out: &mut Out, name: Option<&str>, all: bool) -> Result<Ended, Trouble> {
    let reply = client.get::<api::Channels>(&["channels"], &[]).await?;
    let Some(name) = name else {
        out.answer(&reply.raw, || text::world::channels(&reply.value, |channel| all || is_used(channel)))?;
        return Ok(Ended::Well);
    };
    let api::Channels { mut channels, broker_answers } = reply.value;
    let names: Vec<_> = channels.iter().map(|channel| channel.name.clone()).collect();
    channels.retain(|channel| channel.name.eq_ignore_ascii_case(name));
    let only = channels.first().ok_or_else(|| unknown(name, names))?;
    out.answer(&json!(only).to_string(), || {
        text::world::channels(&api::Channels { channels: vec![only.clone()], broker_answers }, |_| true)
    })?;
    Ok(Ended::Well)
}

/// Whether anything goes out on it, or may have to.
pub(crate) fn is_used(channel: &api::Channel) -> bool {
    let holds = |queue: Option<api::Queue>| queue.is_some_and(|queue| queue.ready > 0);
    channel.accounts > 0 || channel.paused || holds(channel.queue) || holds(channel.dead)
}

fn unknown(name: &str, known: Vec<impl AsRef<str>>) -> Trouble {
    let known: Vec<_> = known.iter().map(AsRef::as_ref).collect();
    Trouble::usage(format!("There is no channel \"{name}\"."), format!("There are: {}.", known.join(", ")))
}
