//! Lists: posts, pauses.

use console::api;

use super::{Ended, Listing, client::Client, out::Out, text, trouble::Trouble};

pub(crate) async fn posts(client: &Client, out: &mut Out, listing: &Listing) -> Result<Ended, Trouble> {
    let reply = client.get::<api::Posts>(&["posts"], &query(listing, &listing.limit.to_string())).await?;
    out.answer(&reply.raw, || text::posts::list(&reply.value, is_filtered(listing)))?;
    Ok(Ended::Well)
}

pub(crate) async fn pauses(client: &Client, out: &mut Out) -> Result<Ended, Trouble> {
    let reply = client.get::<api::Pauses>(&["pauses"], &[]).await?;
    out.answer(&reply.raw, || text::world::pauses(&reply.value))?;
    Ok(Ended::Well)
}

fn query<'a>(listing: &'a Listing, limit: &'a str) -> Vec<(&'static str, &'a str)> {
    let given = [
        ("tenant", listing.tenant.as_deref()),
        ("channel", listing.channel.as_deref()),
        ("state", listing.state.as_deref()),
        ("after", listing.after.as_deref()),
        ("limit", Some(limit)),
    ];
    given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn is_filtered(listing: &Listing) -> bool {
    listing.tenant.is_some() || listing.channel.is_some() || listing.state.is_some() || listing.after.is_some()
}
