//! Lists: posts, pauses.

use console::api;

use super::{Ended, Listing, client::Client, out::Out, text, trouble::Trouble};

pub(crate) async fn posts(client: &Client, out: &mut Out, listing: &Listing) -> Result<Ended, Trouble> {
    let (limit, words) = (listing.limit.to_string(), listing.words.join(" "));
    let mut after = listing.after.clone();
    let reply = loop {
        let given = [
            ("tenant", listing.tenant.as_deref()),
            ("channel", listing.channel.as_deref()),
            ("state", listing.state.as_deref()),
            ("q", Some(words.as_str()).filter(|words| !words.is_empty())),
            ("after", after.as_deref()),
            ("limit", Some(limit.as_str())),
        ];
        let asked: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let reply = client.get::<api::Posts>(&["posts"], &asked).await?;
        // A search reads so many posts for each answer: where nothing was found there may be older ones.
        match &reply.value.next {
            Some(next) if reply.value.posts.is_empty() => after = Some(next.clone()),
            _ => break reply,
        }
    };
    out.answer(&reply.raw, || text::posts::list(&reply.value, is_filtered(listing)))?;
    Ok(Ended::Well)
}

pub(crate) async fn pauses(client: &Client, out: &mut Out) -> Result<Ended, Trouble> {
    let reply = client.get::<api::Pauses>(&["pauses"], &[]).await?;
    out.answer(&reply.raw, || text::world::pauses(&reply.value))?;
    Ok(Ended::Well)
}

fn is_filtered(listing: &Listing) -> bool {
    !listing.words.is_empty()
        || listing.tenant.is_some()
        || listing.channel.is_some()
        || listing.state.is_some()
        || listing.after.is_some()
}
