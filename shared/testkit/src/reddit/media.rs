//! Uploads: a lease from the API, then the file to a store that knows no tokens.

use serde_json::json;

use super::Reddit;
use crate::fake::{Answer, Ask, lock, parts};

/// Where files go.
pub(super) const PLACE: &str = "/media-store";

impl Reddit {
    /// `POST /api/media/asset.json`: where the file goes, and what must go with it.
    pub(super) fn lease(&self, ask: &Ask) -> Answer {
        let one = |name: &str| ask.field(name).unwrap_or_default();
        if one("filepath").is_empty() || !one("mimetype").starts_with("image/") {
            return Answer::json(400, &json!({"message": "Bad Request", "error": 400}));
        }
        let id = self.new_id();
        let key = format!("rte_images/{id}");
        let fields = json!([
            {"name": "acl", "value": "private"},
            {"name": "key", "value": key},
            {"name": "Content-Type", "value": one("mimetype")},
        ]);
        let action = format!("//{}{PLACE}", ask.header("host").unwrap_or_default());
        let asset = json!({"asset_id": id, "processing_state": "incomplete", "websocket_url": format!("wss://ws.reddit.test/{id}")});
        Answer::json(200, &json!({"args": {"action": action, "fields": fields}, "asset": asset}))
    }

    /// The store: XML, as it is.
    pub(super) fn take_file(&self, ask: &Ask) -> Answer {
        let Some((key, length)) = file(ask) else {
            return Answer::text(400, "application/xml", "<Error><Code>InvalidArgument</Code></Error>");
        };
        if length > lock(&self.knobs).max_upload_bytes {
            return Answer::text(400, "application/xml", "<Error><Code>EntityTooLarge</Code></Error>");
        }
        let address = format!("http://{}{PLACE}/{key}", ask.header("host").unwrap_or_default());
        let body = format!("<PostResponse><Location>{address}</Location><Key>{key}</Key></PostResponse>");
        lock(&self.files).insert(address);
        Answer::text(201, "application/xml", body)
    }
}

/// The file's key and length. The store reads no further than the file: what comes behind it does not count.
fn file(ask: &Ask) -> Option<(String, usize)> {
    let parts = parts(ask).ok()?;
    let (fields, rest) = parts.split_at(parts.iter().position(|part| part.field == "file")?);
    let key = fields.iter().rfind(|part| part.field == "key")?;
    Some((key.text(), rest[0].bytes.len()))
}
