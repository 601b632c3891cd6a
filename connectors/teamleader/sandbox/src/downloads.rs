//! Temporary locations of files and documents: known without a token, dead after a while.

use std::collections::HashMap;

use axum::http::Method;

use crate::clock::Millis;
use crate::random::Random;
use crate::reply::Reply;
use crate::request::Request;

const FOLDER: &str = "/download/";

/// What can be fetched at a location.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) name: String,
    pub(crate) mime_type: String,
    /// The number of bytes.
    pub(crate) size: usize,
}

#[derive(Debug)]
pub(crate) struct Downloads {
    /// Where the sandbox itself is found.
    pub(crate) origin: String,
    offered: HashMap<String, (Content, Millis)>,
    random: Random,
}

impl Downloads {
    pub(crate) fn new(seed: u64) -> Self {
        Self { origin: String::new(), offered: HashMap::new(), random: Random::new(seed ^ 6) }
    }

    /// The address at which the content lies until it expires.
    pub(crate) fn offer(&mut self, content: Content, expires: Millis) -> String {
        let key = format!("{:016x}{:016x}", self.random.next(), self.random.next());
        let location = format!("{}{FOLDER}{key}", self.origin);
        self.offered.insert(key, (content, expires));
        location
    }

    /// The answer to a request that is for a location; `None` when it is not.
    pub(crate) fn fetch(&self, request: &Request, now: Millis) -> Option<Reply> {
        let key = request.path.strip_prefix(FOLDER)?;
        if request.method != Method::GET {
            return Some(Reply::error(405, "Method not allowed"));
        }
        Some(match self.offered.get(key) {
            None => Reply::error(404, "Not found"),
            Some((_, expires)) if *expires <= now => Reply::error(403, "Request has expired"),
            Some((content, _)) => content.reply(),
        })
    }
}

impl Content {
    fn reply(&self) -> Reply {
        let name = self.name.replace(|character: char| !character.is_ascii() || character == '"', "_");
        Reply::new(200, &self.mime_type, self.bytes())
            .header("content-disposition", format!("attachment; filename=\"{name}\""))
    }

    /// Begins as such a file does; the rest is filling.
    fn bytes(&self) -> Vec<u8> {
        let beginning: &[u8] = match self.mime_type.as_str() {
            "application/pdf" => b"%PDF-1.7\n",
            "image/png" => b"\x89PNG\r\n\x1a\n",
            "image/jpeg" => b"\xff\xd8\xff\xe0",
            "application/xml" => b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
            _ => b"",
        };
        let filling = self.name.bytes().chain([b'\n']).cycle();
        beginning.iter().copied().chain(filling).take(self.size).collect()
    }
}
