//! What a post or target is called on the command line: an id, or TENANT/KEY.

use console::api::{Post, Target};
use uuid::Uuid;

use super::{
    client::{Client, Reply},
    trouble::Trouble,
};

/// What an argument names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// A post's or target's id.
    Id(String),
    /// A tenant, and the upstream's idempotency key.
    Key(String, String),
}

/// What an argument turned out to be.
pub(crate) enum Named {
    /// A post.
    Post(Box<Reply<Post>>),
    /// A target.
    Target(Box<Reply<Target>>),
}

impl Name {
    /// Reads an argument.
    pub fn read(text: &str) -> Result<Self, Trouble> {
        if let Ok(id) = text.parse::<Uuid>() {
            return Ok(Name::Id(id.to_string()));
        }
        match text.split_once('/') {
            Some((tenant, key)) if !tenant.is_empty() && !key.is_empty() => Ok(Name::Key(tenant.into(), key.into())),
            _ => Err(Trouble::usage(
                format!("\"{text}\" is neither an id nor TENANT/KEY."),
                "Give the id that `oncepost schedule` printed, or the tenant and the idempotency key, as acme/campaign-7.",
            )),
        }
    }
}

/// The post of that name.
pub(crate) async fn post(client: &Client, text: &str) -> Result<Reply<Post>, Trouble> {
    let query = [("attempts", "true")];
    match Name::read(text)? {
        Name::Id(id) => client.get(&["posts", &id], &query).await,
        Name::Key(tenant, key) => client.get(&["posts", "by-key", &tenant, &key], &query).await,
    }
}

/// The post, or else the target, of that name.
pub(crate) async fn post_or_target(client: &Client, text: &str) -> Result<Named, Trouble> {
    match post(client, text).await {
        Ok(post) => Ok(Named::Post(Box::new(post))),
        Err(trouble) if trouble.is_not_found() => {
            let Name::Id(id) = Name::read(text)? else { return Err(trouble) };
            match client.get(&["targets", &id], &[]).await {
                Ok(target) => Ok(Named::Target(Box::new(target))),
                // Neither: the first answer names the thing that was meant in most cases.
                Err(other) if other.is_not_found() => Err(trouble),
                Err(other) => Err(other),
            }
        }
        Err(trouble) => Err(trouble),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_keys_are_told_apart() {
        let id = "018f4a2e-7c5b-7abc-8def-0123456789ab";
        assert_eq!(Name::read(id).unwrap(), Name::Id(id.into()));
        assert_eq!(Name::read("acme/campaign-7/post-1").unwrap(), Name::Key("acme".into(), "campaign-7/post-1".into()));
        for wrong in ["", "acme", "acme/", "/key"] {
            assert_eq!(Name::read(wrong).unwrap_err().exit_code(), 2, "{wrong}");
        }
    }
}
