//! A call's fields and files, however they are written: JSON, a form, or a form of several parts.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{FromRequest, Multipart},
    http::{Request, header::CONTENT_TYPE},
};
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
    /// How many bytes it has.
    pub size: usize,
}

impl Form {
    /// Reads a call's query and body.
    ///
    /// # Errors
    /// A form of several parts that is broken.
    pub async fn read(ask: &Ask) -> Result<Self, String> {
        let mut form = Self::default();
        form.fields.extend(ask.query.iter().cloned());
        let kind = ask.header("content-type").unwrap_or_default();
        if kind.starts_with("application/json") {
            for (name, value) in ask.json().as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                form.fields.insert(name.clone(), text);
            }
        } else if kind.starts_with("multipart/form-data") {
            form.parts(ask, kind).await.map_err(|error| error.to_string())?;
        } else {
            form.fields.extend(url::form_urlencoded::parse(&ask.body).into_owned());
        }
        Ok(form)
    }

    async fn parts(&mut self, ask: &Ask, kind: &str) -> Result<(), axum::Error> {
        let request = Request::post("/").header(CONTENT_TYPE, kind).body(Body::from(ask.body.clone()));
        let request = request.map_err(axum::Error::new)?;
        let mut parts = Multipart::from_request(request, &()).await.map_err(axum::Error::new)?;
        while let Some(part) = parts.next_field().await.map_err(axum::Error::new)? {
            let field = part.name().unwrap_or_default().to_owned();
            let file = part.file_name().map(str::to_owned);
            let kind = part.content_type().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(axum::Error::new)?;
            match file {
                Some(name) => {
                    self.files.insert(field, Upload { name, kind, size: bytes.len() });
                }
                None => {
                    self.fields.insert(field, String::from_utf8_lossy(&bytes).into_owned());
                }
            }
        }
        Ok(())
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
