//! Who calls, by name and application password, and what the user may do.

use std::{collections::HashSet, sync::Mutex};

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

    pub(super) fn restore(&self, name: &str) {
        lock(&self.revoked).remove(name);
        lock(&self.contributors).remove(name);
    }

    pub(super) fn demote(&self, name: &str) {
        lock(&self.contributors).insert(name.to_owned());
    }

    pub(super) fn may_publish(&self, name: &str) -> bool {
        !lock(&self.contributors).contains(name)
    }

    /// The user, if the password is right. Without one the call goes on as a stranger's.
    pub(super) fn user(&self, ask: &Ask) -> Option<String> {
        let (name, password) = ask.basic()?;
        let bare = |text: &str| text.replace(' ', "");
        let right = bare(&password) == bare(&WordPress::password(&name)) && !lock(&self.revoked).contains(&name);
        right.then_some(name)
    }
}
