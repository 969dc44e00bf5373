//! The app behind the gate in the suite: what albedo, the suite's own backend, does.
//!
//! Every request is answered by an empty 200, but `POST /reflect`, which answers with the status, the
//! headers and the body that the JSON in the request's body asks for.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// An answer, before any server has added to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reflection {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
    #[serde(rename = "encodedBody")]
    encoded_body: String,
}

/// Answers a request.
#[must_use]
pub fn answer(method: &str, path: &str, body: &[u8]) -> Answer {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    if method == "POST" && (path == "/reflect" || path.starts_with("/reflect/")) {
        return reflect(body);
    }
    Answer { status: 200, headers: Vec::new(), body: Vec::new() }
}

fn reflect(body: &[u8]) -> Answer {
    let Ok(asked) = serde_json::from_slice::<Reflection>(body) else {
        return plain(400, "Invalid JSON in request body");
    };
    let status = match asked.status {
        0 => 200,
        status @ 100..600 => status,
        status => return plain(400, &format!("Invalid status code: {status}")),
    };
    let decoded = if asked.body.is_empty() {
        STANDARD.decode(&asked.encoded_body)
    } else {
        Ok(asked.body.into_bytes())
    };
    let Ok(body) = decoded else { return plain(400, "invalid base64 encoding of response body") };
    let mut headers: Vec<(String, String)> = asked.headers.into_iter().collect();
    let is_typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !is_typed && !body.is_empty() {
        // Go's server looks at the body where no type is given; what the suite reflects is text.
        headers.push(("Content-Type".to_owned(), sniffed(&body).to_owned()));
    }
    Answer { status, headers, body }
}

fn plain(status: u16, text: &str) -> Answer {
    let headers = vec![("Content-Type".to_owned(), "text/plain; charset=utf-8".to_owned())];
    Answer { status, headers, body: text.as_bytes().to_vec() }
}

/// The type that Go's `http.DetectContentType` tells for texts, pages and XML; bytes for all else.
fn sniffed(body: &[u8]) -> &'static str {
    const TAGS: [&[u8]; 17] = [
        b"<!doctype html",
        b"<html",
        b"<head",
        b"<script",
        b"<iframe",
        b"<h1",
        b"<div",
        b"<font",
        b"<table",
        b"<a",
        b"<style",
        b"<title",
        b"<b",
        b"<body",
        b"<br",
        b"<p",
        b"<!--",
    ];
    let text = body.get(..body.len().min(512)).unwrap_or_default();
    let start = text.trim_ascii_start().to_ascii_lowercase();
    let is_tag = |tag: &&[u8]| {
        let after = start.get(tag.len());
        start.starts_with(tag) && (**tag == *b"<!--" || matches!(after, Some(b' ' | b'>')))
    };
    if TAGS.iter().any(is_tag) {
        return "text/html; charset=utf-8";
    }
    if start.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    let is_binary = |byte: &u8| matches!(byte, 0..=8 | 0x0B | 0x0E..=0x1A | 0x1C..=0x1F);
    if text.iter().any(is_binary) { "application/octet-stream" } else { "text/plain; charset=utf-8" }
}
