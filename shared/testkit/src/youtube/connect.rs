//! Connecting by a link.

use super::YouTube;
use crate::fake::{Answer, Ask, lock};

const SCOPES: &[&str] = &["https://www.googleapis.com/auth/youtube", "https://www.googleapis.com/auth/youtube.upload"];

impl YouTube {
    pub(super) fn connect(&self, ask: &Ask) -> Option<Answer> {
        let knobs = lock(&self.knobs).clone();
        self.access.connect(&self.codes, ask, SCOPES, &knobs.consent, knobs.token_life_s)
    }
}
