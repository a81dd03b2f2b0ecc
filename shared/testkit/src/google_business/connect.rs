//! Connecting by a link.

use super::GoogleBusiness;
use crate::fake::{Answer, Ask, lock};

const SCOPES: &[&str] = &[super::SCOPES];

impl GoogleBusiness {
    pub(super) fn connect(&self, ask: &Ask) -> Option<Answer> {
        let knobs = lock(&self.knobs).clone();
        self.access.connect(&self.codes, ask, SCOPES, &knobs.consent, knobs.token_life_s)
    }
}
