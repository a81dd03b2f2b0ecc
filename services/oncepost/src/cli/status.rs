//! One post or target, in full.

use console::api::Post;

use super::{
    Ended,
    client::Client,
    name::{self, Named},
    out::Out,
    text,
    trouble::Trouble,
};

/// Ends with [`Ended::Attention`] if a target needs a person.
pub(crate) async fn status(client: &Client, out: &mut Out, name: &str) -> Result<Ended, Trouble> {
    match name::post_or_target(client, name).await? {
        Named::Post(reply) => {
            out.answer(&reply.raw, || text::post::whole(&reply.value))?;
            Ok(ended(&reply.value))
        }
        Named::Target(reply) => {
            out.answer(&reply.raw, || text::target::whole(&reply.value))?;
            Ok(if reply.value.needs_person.is_some() { Ended::Attention } else { Ended::Well })
        }
    }
}

/// Whether a post's target needs a person.
pub(crate) fn ended(post: &Post) -> Ended {
    match post.targets.iter().any(|target| target.needs_person.is_some()) {
        true => Ended::Attention,
        false => Ended::Well,
    }
}
