//! Files: taken as they come, and named by an address of their own.

use std::sync::atomic::Ordering::SeqCst;

use serde_json::json;

use super::{Matrix, error, json as answer};
use crate::fake::{Answer, Ask};

impl Matrix {
    pub(super) fn upload(&self, ask: &Ask, name: &str, most: usize) -> Result<Answer, Answer> {
        if ask.body.len() > most {
            return Err(error(413, "M_TOO_LARGE", "Upload request body is too large"));
        }
        if ask.header("content-length").is_none() {
            return Err(error(400, "M_UNKNOWN", "Request must specify a Content-Length"));
        }
        let number = self.files.fetch_add(1, SeqCst);
        Ok(answer(200, &json!({ "content_uri": format!("mxc://matrix.test/{name}{number}") })))
    }
}
