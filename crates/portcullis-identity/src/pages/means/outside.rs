//! What a session keeps of the provider that it came from, and signing out there, too.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use portcullis::layers::caller::session::Notice;
use portcullis::policy::identity::ProviderSignOut;
use portcullis::seal;
use portcullis_store::{Key, User};
use zeroize::Zeroizing;

use super::super::words::fill;
use super::super::{Ask, Outside, Pages};
use crate::Unavailable;
use crate::accounts::Fault;
use crate::oidc::{Granted, signed_out_at};
use crate::random::random;

const SEALED: &str = "oidc second step";

/// How long the provider is asked for its page, where that is not known: somebody waits for it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whose session it was that ended, and what was granted with it.
pub(in crate::pages) struct Left {
    provider: String,
    granted: Option<Granted>,
}

/// The way to sign out at a provider.
pub(in crate::pages) struct There {
    /// Where.
    pub(in crate::pages) url: String,
    /// What the link says.
    pub(in crate::pages) says: String,
    /// Whether the browser is sent there unasked.
    pub(in crate::pages) at_once: bool,
    /// Binds the way back to this browser.
    pub(in crate::pages) cookie: Option<HeaderValue>,
}

impl Pages {
    /// What a sign-in at a provider waits in until its second step: it holds tokens, and is sealed.
    pub(in crate::pages) fn close_outside(&self, user: &User, outside: &Outside) -> Result<String, Fault> {
        let written = Zeroizing::new(serde_json::to_vec(outside).map_err(|_| Unavailable::Unreadable)?);
        let nonce = random().map_err(Unavailable::from)?;
        let sealed = seal::close(SEALED, &user.id.0, &written, nonce, &self.means()?.keys);
        Ok(URL_SAFE_NO_PAD.encode(sealed.ok_or(Unavailable::NoRandomness)?))
    }

    /// What waited.
    pub(super) fn open_outside(&self, user: &User, waited: &str) -> Result<Option<Outside>, Fault> {
        if waited == "-" {
            return Ok(None);
        }
        let keys = &self.means()?.keys;
        let sealed = URL_SAFE_NO_PAD.decode(waited).map_err(|_| Unavailable::Unreadable)?;
        let written = seal::open(SEALED, &user.id.0, &sealed, keys).map(Zeroizing::new);
        let written = written.ok_or(Unavailable::Unreadable)?;
        Ok(Some(serde_json::from_slice(&written).map_err(|_| Unavailable::Unreadable)?))
    }

    /// Keeps what was granted with a session. Where that fails the session holds all the same: the provider then asks
    /// at sign-out who is there, and the app gets no token.
    pub(in crate::pages) async fn keep_grant(&self, session: Key, outside: &Outside) {
        let Some(means) = &self.means else { return };
        let id = Key(outside.grant);
        if let Some(sealed) = outside.granted.close(id, &means.keys) {
            let _ = means.sessions.keep_grant(session, id, sealed).await;
        }
    }

    /// What must be known of a session to sign out where it came from; to be asked before it ends.
    pub(in crate::pages) async fn left(&self, ask: &Ask) -> Result<Option<Left>, Fault> {
        let (Some(means), Some(key)) = (&self.means, ask.session_key()) else { return Ok(None) };
        let Some(external) = self.sessions.external(key, ask.visit.now).await? else { return Ok(None) };
        let provider = means.provider(&external.provider);
        if provider.is_none_or(|one| one.sign_out == ProviderSignOut::Never) {
            return Ok(None);
        }
        let grant = means.sessions.grant(external.grant).await?;
        let granted = grant.and_then(|grant| Granted::open(&grant.content, external.grant, &means.keys));
        Ok(Some(Left { provider: external.provider, granted }))
    }

    /// How to sign out there. `None` where there is no way: the provider has no such page, or is away.
    pub(in crate::pages) async fn there(
        &self,
        ask: &Ask,
        left: Left,
    ) -> Result<(Option<There>, Vec<Notice>), Fault> {
        let means = self.means()?;
        let Some(provider) = means.provider(&left.provider) else { return Ok((None, Vec::new())) };
        let (bound, cookie) = self.browser(ask)?;
        let return_to = format!("{}/.portcullis/sign-out", ask.visit.origin);
        let hint = left.granted.as_ref().map(Granted::id_token);
        let (ground, now) = (means.ground(), ask.visit.now);
        let asked = provider.relying.sign_out_url(ground, hint, &return_to, &bound, now);
        let failed = |detail: String| {
            let detail = format!("`{}`: {detail}", provider.relying.name());
            Ok((None, vec![Notice { code: "account.provider_sign_out_failed", user: None, detail }]))
        };
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(None)) => Ok((None, Vec::new())),
            Ok(Ok(Some(url))) => {
                let says = fill(ask.means().sign_out_there, &[("provider", &provider.label)]);
                let at_once = provider.sign_out == ProviderSignOut::Always;
                Ok((Some(There { url, says, at_once, cookie }), Vec::new()))
            }
            Ok(Err(error)) => failed(error.to_string()),
            Err(_) => failed(format!("no answer in {} seconds", PATIENCE.as_secs())),
        }
    }

    /// What a browser is told that comes back from signing out there.
    pub(in crate::pages) fn back_from_there(&self, ask: &Ask) -> Option<String> {
        let means = self.means.as_ref()?;
        let bound = ask.presented.attempt.as_deref().map(|bound| bound.as_bytes()).unwrap_or_default();
        let name = signed_out_at(means.ground(), ask.carried("state"), bound, ask.visit.now)?;
        let provider = means.provider(&name)?;
        Some(fill(ask.means().signed_out_there, &[("provider", &provider.label)]))
    }
}
