//! Who calls, by name and application password, and what the user may do.

use std::{collections::HashSet, sync::Mutex};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::WordPress;
use crate::fake::{Ask, lock};

/// Users whose password was taken back, and users who may not publish.
#[derive(Default)]
pub(super) struct Access {
    revoked: Mutex<HashSet<String>>,
    contributors: Mutex<HashSet<String>>,
}

impl Access {
    pub(super) fn revoke(&self, name: &str) {
        lock(&self.revoked).insert(name.to_owned());
    }

    pub(super) fn demote(&self, name: &str) {
        lock(&self.contributors).insert(name.to_owned());
    }

    pub(super) fn may_publish(&self, name: &str) -> bool {
        !lock(&self.contributors).contains(name)
    }

    /// The user, if the password is right. Without one the call goes on as a stranger's.
    pub(super) fn user(&self, ask: &Ask) -> Option<String> {
        let (name, password) = named(ask)?;
        let bare = |text: &str| text.replace(' ', "");
        let right = bare(&password) == bare(&WordPress::password(&name)) && !lock(&self.revoked).contains(&name);
        right.then_some(name)
    }
}

/// The name and password that a call carries, right or wrong.
pub(super) fn named(ask: &Ask) -> Option<(String, String)> {
    let basic = STANDARD.decode(ask.header("authorization")?.strip_prefix("Basic ")?).ok()?;
    let (name, password) = std::str::from_utf8(&basic).ok()?.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}
