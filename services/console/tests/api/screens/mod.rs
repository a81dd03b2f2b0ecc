//! The screens, as a browser without scripts sees them.

mod attention;
mod door;
mod forms;
mod guide;
mod hooks;
mod operations;
mod pages;
mod roles;
mod sign_on;
mod tenants;
mod unreachable;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, header},
};
use tower::ServiceExt;

use crate::world::World;

pub const HOST: &str = "127.0.0.1:8380";

/// A browser with its cookies.
pub struct Browser<'w> {
    world: &'w World,
    pub cookies: Vec<(String, String)>,
    /// What a form of the page says of where it comes from.
    pub origin: Option<String>,
}

/// A page, and what came with it.
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The page, after a check of its status.
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.text);
        self
    }

    /// The page without its markup, its spaces in one.
    pub fn words(&self) -> String {
        let mut words = String::new();
        let mut is_tag = false;
        for letter in self.text.chars() {
            match letter {
                '<' => is_tag = true,
                '>' => {
                    is_tag = false;
                    words.push(' ');
                }
                letter if !is_tag => words.push(letter),
                _ => {}
            }
        }
        let words = words.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub fn says(&self, words: &str) {
        assert!(self.words().contains(words), "\"{words}\" is not in: {}", self.words());
    }

    pub fn is_silent_of(&self, words: &str) {
        assert!(!self.text.contains(words), "\"{words}\" is in: {}", self.words());
    }

    /// The value of the first field of this name.
    pub fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let at = self.text.find(&mark).unwrap_or_else(|| panic!("no field {name}: {}", self.text)) + mark.len();
        self.text[at..].split('"').next().unwrap().to_owned()
    }
}

impl<'w> Browser<'w> {
    pub fn new(world: &'w World) -> Self {
        Self { world, cookies: Vec::new(), origin: Some(format!("http://{HOST}")) }
    }

    /// One that has logged in with a token.
    pub async fn with(world: &'w World, token: &str) -> Self {
        let mut browser = Self::new(world);
        let page = browser.send("POST", "/login", &[("token", token)]).await;
        assert_eq!((page.status, page.header("location")), (303, "/"), "{}", page.text);
        browser
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, &[]).await
    }

    /// Sends the form of the page at `of`, and follows where it leads.
    pub async fn fill(&mut self, of: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let stamp = self.get(of).await.ok().field("stamp");
        let fields = [fields, &[("stamp", &stamp)]].concat();
        let page = self.send("POST", action, &fields).await;
        match page.status {
            303 => {
                let next = page.header("location").to_owned();
                self.get(&next).await
            }
            _ => page,
        }
    }

    pub async fn send(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        request = request.header(header::ACCEPT, "text/html,application/xhtml+xml");
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        let mut body = Body::empty();
        if method == "POST" {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            if let Some(origin) = &self.origin {
                request = request.header(header::ORIGIN, origin);
            }
            body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into();
        }
        let response = self.world.router().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.into(), value.into()));
            }
        }
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Page { status: parts.status.as_u16(), headers: parts.headers, text }
    }
}
