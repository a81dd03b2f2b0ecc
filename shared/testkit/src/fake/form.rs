//! A call's fields and files, however they are written: JSON, a form, or a form of several parts.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart},
    http::{Request, header::CONTENT_TYPE},
};
use bytes::Bytes;
use futures::FutureExt;
use serde_json::Value;

use super::Ask;

/// What a call carries.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Fields by name. Of a JSON body, what is no text stands here as JSON.
    pub fields: BTreeMap<String, String>,
    /// Files by the name of their field.
    pub files: BTreeMap<String, Upload>,
}

/// A file in a form.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its name.
    pub name: String,
    /// Its type, as the caller says.
    pub kind: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// One part of a form of several parts.
#[derive(Clone, Debug)]
pub struct Part {
    /// The name of the field.
    pub field: String,
    /// The file's name; a part without one is no file.
    pub name: Option<String>,
    /// Its type, as the caller says.
    pub kind: String,
    /// What is in it.
    pub bytes: Bytes,
}

impl Part {
    /// What is in it, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Form {
    /// Reads a call's query and body.
    ///
    /// # Errors
    /// A form of several parts that is broken.
    pub fn read(ask: &Ask) -> Result<Self, String> {
        let mut form = Self::default();
        form.fields.extend(ask.query.iter().cloned());
        let kind = ask.header("content-type").unwrap_or_default();
        if kind.starts_with("application/json") {
            for (name, value) in ask.json().as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                form.fields.insert(name.clone(), text);
            }
        } else if has_parts(kind) {
            for part in parts(ask)? {
                form.take(part);
            }
        } else {
            form.fields.extend(url::form_urlencoded::parse(&ask.body).into_owned());
        }
        Ok(form)
    }

    fn take(&mut self, part: Part) {
        match part.name {
            Some(name) => {
                self.files.insert(part.field, Upload { name, kind: part.kind, bytes: part.bytes });
            }
            None => {
                let text = part.text();
                self.fields.insert(part.field, text);
            }
        }
    }

    /// A field that is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A field that holds JSON; `Null` if it is none.
    pub fn json(&self, name: &str) -> Value {
        self.get(name).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

/// The parts of a form of several parts, in their order, of whatever size. Any other body has none.
///
/// # Errors
/// A form that is broken.
pub fn parts(ask: &Ask) -> Result<Vec<Part>, String> {
    let kind = ask.header("content-type").filter(|kind| has_parts(kind));
    let Some(kind) = kind else { return Ok(Vec::new()) };
    // The whole body is here already, so there is nothing to wait for.
    let read = split(kind, ask.body.clone()).now_or_never().ok_or("the form does not end")?;
    read.map_err(|error| error.to_string())
}

fn has_parts(kind: &str) -> bool {
    kind.starts_with("multipart/form-data")
}

async fn split(kind: &str, body: Bytes) -> Result<Vec<Part>, axum::Error> {
    let request = Request::post("/").header(CONTENT_TYPE, kind).body(Body::from(body));
    let mut request = request.map_err(axum::Error::new)?;
    // How much is too much is each platform's own to say.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Multipart::from_request(request, &()).await.map_err(axum::Error::new)?;
    let mut parts = Vec::new();
    while let Some(part) = form.next_field().await.map_err(axum::Error::new)? {
        parts.push(Part {
            field: part.name().unwrap_or_default().to_owned(),
            name: part.file_name().map(str::to_owned),
            kind: part.content_type().unwrap_or_default().to_owned(),
            bytes: part.bytes().await.map_err(axum::Error::new)?,
        });
    }
    Ok(parts)
}
