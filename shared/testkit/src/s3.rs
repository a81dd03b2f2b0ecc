//! An S3-compatible storage in memory: what clients of object storage use of it, and no more. Keys are not checked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use jiff::{Timestamp, fmt::rfc2822};
use sha2::{Digest, Sha256};

#[derive(Clone)]
struct Object {
    bytes: Bytes,
    at: Timestamp,
}

#[derive(Default)]
struct Objects {
    objects: BTreeMap<String, Object>,
    parts: BTreeMap<(String, u32), Bytes>,
    uploads: u32,
    calls: Vec<String>,
    /// What calls that are refused begin with.
    refused: Vec<String>,
}

/// The storage. Stops when dropped.
pub struct S3 {
    address: std::net::SocketAddr,
    objects: Arc<Mutex<Objects>>,
    task: tokio::task::JoinHandle<()>,
}

impl S3 {
    /// A storage without objects; every bucket exists.
    ///
    /// # Panics
    /// No port is to be had.
    pub async fn start() -> Self {
        let objects: Arc<Mutex<Objects>> = Arc::default();
        let router =
            Router::new().route("/{*path}", any(serve)).layer(DefaultBodyLimit::disable()).with_state(objects.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { address, objects, task }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts an object there.
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) {
        let object = Object { bytes: bytes.into(), at: now() };
        self.lock().objects.insert(format!("{bucket}/{key}"), object);
    }

    /// Where objects are, as `bucket/key`, and how long each is.
    pub fn objects(&self) -> Vec<(String, usize)> {
        self.lock().objects.iter().map(|(path, object)| (path.clone(), object.bytes.len())).collect()
    }

    /// Makes every object this much older.
    pub fn age(&self, by: std::time::Duration) {
        for object in self.lock().objects.values_mut() {
            object.at -= by;
        }
    }

    /// Loses everything.
    pub fn clear(&self) {
        self.lock().objects.clear();
    }

    /// Refuses, for want of rights, every call that begins like this, such as `PUT bucket/key`.
    pub fn refuse(&self, call: &str) {
        self.lock().refused.push(call.to_owned());
    }

    /// Refuses nothing any more.
    pub fn allow(&self) {
        self.lock().refused.clear();
    }

    /// The calls so far, as `PUT bucket/key`.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    State(objects): State<Arc<Mutex<Objects>>>,
    method: Method,
    Path(path): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut all = objects.lock().unwrap_or_else(PoisonError::into_inner);
    let call = format!("{method} {path}");
    all.calls.push(call.clone());
    if all.refused.iter().any(|refused| call.starts_with(refused)) {
        return refusal(StatusCode::FORBIDDEN, "AccessDenied");
    }
    let upload = query.get("uploadId").map(|id| format!("{path} {id}"));
    match (method.as_str(), upload) {
        ("GET", _) if query.contains_key("list-type") => list(&all, path.trim_end_matches('/'), &query),
        ("GET" | "HEAD", _) => match all.objects.get(&path) {
            Some(object) => show(object),
            None => refusal(StatusCode::NOT_FOUND, "NoSuchKey"),
        },
        ("POST", None) if query.contains_key("uploads") => {
            all.uploads += 1;
            xml(format!(
                "<InitiateMultipartUploadResult><UploadId>{}</UploadId></InitiateMultipartUploadResult>",
                all.uploads
            ))
        }
        ("PUT", Some(upload)) => {
            let number = query.get("partNumber").and_then(|number| number.parse().ok()).unwrap_or_default();
            let tag = tag(&body);
            all.parts.insert((upload, number), body);
            ([(header::ETAG, tag)], ()).into_response()
        }
        ("POST", Some(upload)) => {
            let (done, rest) = std::mem::take(&mut all.parts).into_iter().partition(|((of, _), _)| *of == upload);
            all.parts = rest;
            let parts: BTreeMap<(String, u32), Bytes> = done;
            let bytes: Bytes = parts.into_values().flatten().collect();
            let answer =
                format!("<CompleteMultipartUploadResult><ETag>{}</ETag></CompleteMultipartUploadResult>", tag(&bytes));
            all.objects.insert(path, Object { bytes, at: now() });
            xml(answer)
        }
        ("DELETE", Some(upload)) => {
            all.parts.retain(|(of, _), _| *of != upload);
            StatusCode::NO_CONTENT.into_response()
        }
        ("PUT", None) => {
            let only_new = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value == "*");
            if only_new && all.objects.contains_key(&path) {
                return refusal(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
            }
            let tag = tag(&body);
            all.objects.insert(path, Object { bytes: body, at: now() });
            ([(header::ETAG, tag)], ()).into_response()
        }
        ("DELETE", None) => {
            all.objects.remove(&path);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => refusal(StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
    }
}

fn list(all: &Objects, bucket: &str, query: &BTreeMap<String, String>) -> Response {
    let prefix = format!("{bucket}/{}", query.get("prefix").map(String::as_str).unwrap_or_default());
    let mut answer = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
    for (path, object) in all.objects.iter().filter(|(path, _)| path.starts_with(&prefix)) {
        let key = &path[bucket.len() + 1..];
        answer += &format!(
            "<Contents><Key>{key}</Key><LastModified>{}</LastModified><Size>{}</Size><ETag>{}</ETag></Contents>",
            object.at,
            object.bytes.len(),
            tag(&object.bytes),
        );
    }
    xml(answer + "</ListBucketResult>")
}

fn show(object: &Object) -> Response {
    let at = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&object.at).unwrap_or_default();
    let headers = [(header::ETAG, tag(&object.bytes)), (header::LAST_MODIFIED, at)];
    (headers, object.bytes.clone()).into_response()
}

fn refusal(status: StatusCode, code: &str) -> Response {
    (status, xml(format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>"))).into_response()
}

fn xml(body: String) -> Response {
    ([(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

fn tag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    format!("\"{}\"", digest[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
fn now() -> Timestamp {
    Timestamp::now()
}
