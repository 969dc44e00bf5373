//! The handlers and the one page.

use askama::Template;
use axum::Form;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use portcullis::layers::content::csrf::{FIELD, FormTokens};
use portcullis::layers::departure::headers::Nonce;
use portcullis_tower::Facts;
use serde::Deserialize;

use crate::notes::{LONGEST, Note, Notes};

#[derive(Template)]
#[template(path = "notes.html")]
struct ListPage<'a> {
    notes: Vec<Note>,
    nonce: &'a str,
    tokens: &'a FormTokens,
    field: &'static str,
    longest: usize,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Written {
    text: String,
}

/// The gate gives each request its facts and a nonce; the policy's `'nonce'` stands for the same one.
pub(crate) async fn list(
    State(notes): State<Notes>,
    Extension(facts): Extension<Facts>,
    Extension(nonce): Extension<Nonce>,
) -> Response {
    let page = ListPage {
        notes: notes.all(),
        nonce: nonce.as_str(),
        tokens: &facts.form_tokens,
        field: FIELD,
        longest: LONGEST,
    };
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(crate) async fn add(State(notes): State<Notes>, Form(written): Form<Written>) -> Redirect {
    notes.add(&written.text);
    Redirect::to("/")
}

pub(crate) async fn delete(State(notes): State<Notes>, Path(id): Path<u64>) -> Redirect {
    notes.delete(id);
    Redirect::to("/")
}
