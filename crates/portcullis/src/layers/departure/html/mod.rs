//! Tokens into forms, and what a page contains that a policy must speak of.
//!
//! Two attacks are met with what this layer does: cross-site request forgery (CWE-352), by a token in each
//! form for browsers that send neither `Sec-Fetch-Site` nor `Origin`; and injected script (CWE-79), by the
//! [`Findings`] that the layer `headers` fits a content security policy to.
//!
//! One pass of [`markup`], while the page streams. It only reads: it tells where the tokens go, and they
//! are put between the app's own bytes. So a page leaves as the app wrote it, byte for byte, but for the
//! tokens; and when the parser gives up (ambiguous markup, memory) the rest passes as it is, with an event.
//!
//! A form gets a token, as its first child, when:
//! 1. its method is `post` (what is neither `post` nor `dialog` is GET, and a token would stand in the URL);
//! 2. its action, resolved against `<base>` and the page, is of the page's own origin: a token must not
//!    leave for another one;
//! 3. no button of it, seen in the same part of the page, sends it elsewhere by `formaction`;
//! 4. it is not inside of another form whose destination is foreign or that is sent by GET: browsers ignore
//!    the inner one, and the token would go with the outer one;
//! 5. it does not have one already;
//! 6. neither it nor a button of it sends plain text, from which the token could not be taken out again.
//!
//! What this does not do: forms that scripts build (they send `Origin`), forms in `<noscript>` (a text for
//! the parser), forms of GET with a button of `formmethod=post`, pages in UTF-16 or ISO-2022-JP. A
//! `<base>` or a foreign button that comes after its form in a later part of a page that streams is not
//! seen in time.
//!
//! The operator must ensure: nothing. Pages are only read as HTML when their `Content-Type` says so.

mod address;
mod charset;
mod config;
mod findings;
mod markup;
mod references;
mod rewrite;
mod search;

pub use config::{Config, Raw};
pub use findings::{Findings, Hash, Listed, Sources};
pub(crate) use rewrite::{Kind, Rewriter};

#[cfg(test)]
mod tests;
