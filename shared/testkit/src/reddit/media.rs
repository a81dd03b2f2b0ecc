//! Uploads: a lease from the API, then the file to a store that knows no tokens.

use axum::{
    body::Body,
    extract::{FromRequest, Multipart},
    http::{Request, header::CONTENT_TYPE},
};
use serde_json::json;

use super::Reddit;
use crate::fake::{Answer, Ask, lock};

/// Where files go.
pub(super) const PLACE: &str = "/media-store";

impl Reddit {
    /// `POST /api/media/asset.json`: where the file goes, and what must go with it.
    pub(super) fn lease(&self, ask: &Ask) -> Answer {
        let fields = ask.fields();
        let one = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
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
    pub(super) async fn take_file(&self, ask: &Ask) -> Answer {
        let Some((key, length)) = file(ask).await else {
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

/// The file's key and length. The file comes last.
async fn file(ask: &Ask) -> Option<(String, usize)> {
    let content_type = ask.header("content-type")?;
    let request = Request::post("/").header(CONTENT_TYPE, content_type).body(Body::from(ask.body.clone())).ok()?;
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    let mut key = None;
    while let Some(field) = form.next_field().await.ok()? {
        match field.name() {
            Some("key") => key = Some(field.text().await.ok()?),
            Some("file") => return Some((key?, field.bytes().await.ok()?.len())),
            _ => {}
        }
    }
    None
}
