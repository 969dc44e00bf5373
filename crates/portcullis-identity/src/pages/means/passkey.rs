//! What the script of passkeys asks for, as JSON.

use bytes::Bytes;
use http::{Method, StatusCode};
use portcullis::layers::caller::session::{Cookie, Factors, Notice};
use portcullis_store::{Standing, User};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{Ask, Page, Pages, Seat, local};
use super::Words;
use crate::accounts::{Fault, Happened};
use crate::passkeys::{Answered, Passkeys, Purpose, Refused};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sent {
    conditional: bool,
    sealed: String,
    credential: Value,
    label: String,
    remember: bool,
    return_to: String,
}

impl Pages {
    /// `enrol`, `sign-in`, `second` or `again`, each `/begin` and `/finish`.
    pub(super) async fn passkey(&self, ask: &Ask, what: &str) -> Result<Page, Fault> {
        let means = ask.means();
        let refused = |status, problem| Ok(told(status, &json!({ "problem": problem })));
        if ask.method != Method::POST {
            return refused(StatusCode::METHOD_NOT_ALLOWED, means.needs_script);
        }
        let Ok(sent) = serde_json::from_slice::<Sent>(&ask.json) else {
            return refused(StatusCode::BAD_REQUEST, means.passkey_wrong);
        };
        let Ok(passkeys) = Passkeys::new(&ask.visit.origin, &self.brand.app) else {
            return refused(StatusCode::NOT_FOUND, means.passkey_no_host);
        };
        match what {
            "enrol/begin" | "enrol/finish" | "again/begin" | "again/finish" => {
                let Some(user) = self.owner(ask).await? else {
                    return refused(StatusCode::UNAUTHORIZED, means.signed_out);
                };
                match what {
                    "again/begin" => self.begin_proof(ask, &passkeys, Purpose::Again, &user).await,
                    "again/finish" => self.again_by_passkey(ask, &passkeys, &user, sent).await,
                    _ if !self.is_fresh(ask) => refused(StatusCode::FORBIDDEN, ask.words.again_lead),
                    "enrol/begin" => {
                        let begun = passkeys
                            .begin_enrolment(self.means()?.ground(), &user, &bound(ask), ask.visit.now)
                            .await?;
                        Ok(started(begun))
                    }
                    _ => self.enrol_passkey(ask, &passkeys, &user, sent).await,
                }
            }
            "second/begin" => match self.step(ask).await? {
                Some(step) => self.begin_proof(ask, &passkeys, Purpose::SecondStep, &step.user).await,
                None => refused(StatusCode::UNAUTHORIZED, means.signed_out),
            },
            "second/finish" => self.second_by_passkey(ask, &passkeys, sent).await,
            "sign-in/begin" => {
                // Binds the challenge to this browser, where nothing does yet.
                let (bound, cookie) = self.browser(ask)?;
                let begun = passkeys.begin_sign_in(
                    self.means()?.ground(),
                    &bound,
                    sent.conditional,
                    ask.visit.now,
                )?;
                Ok(started(begun).cookies(cookie))
            }
            "sign-in/finish" => self.sign_in_by_passkey(ask, &passkeys, sent).await,
            _ => refused(StatusCode::NOT_FOUND, means.passkey_wrong),
        }
    }

    async fn begin_proof(
        &self,
        ask: &Ask,
        passkeys: &Passkeys,
        purpose: Purpose,
        user: &User,
    ) -> Result<Page, Fault> {
        let begun = passkeys
            .begin_proof(self.means()?.ground(), purpose, user.id, &bound(ask), ask.visit.now)
            .await?;
        Ok(match begun {
            Some(begun) => started(begun),
            None => told(StatusCode::NOT_FOUND, &json!({ "problem": ask.means().passkey_none })),
        })
    }

    async fn enrol_passkey(
        &self,
        ask: &Ask,
        passkeys: &Passkeys,
        user: &User,
        sent: Sent,
    ) -> Result<Page, Fault> {
        let json = sent.credential.to_string();
        let bound = bound(ask);
        let answered = Answered { sealed: &sent.sealed, bound: &bound, json: json.as_bytes() };
        let label = if sent.label.trim().is_empty() {
            crate::sessions::describe(&ask.visit.context.agent)
        } else {
            sent.label
        };
        let made = passkeys
            .finish_enrolment(self.means()?.ground(), user.id, answered, &label, ask.visit.now)
            .await?;
        if let Err(refused) = made {
            return Ok(refusal(ask.means(), refused));
        }
        self.accounts.happened(user.id, Happened::FactorsChanged, &ask.visit);
        let cookies = self.changed(ask, user, Factors::NONE).await?;
        Ok(onward("/.portcullis/account/factors?done=yes").cookies(cookies).notice(Notice {
            code: "account.factor_added",
            user: Some(user.id.to_string()),
            detail: "`passkey`".to_owned(),
        }))
    }

    async fn sign_in_by_passkey(&self, ask: &Ask, passkeys: &Passkeys, sent: Sent) -> Result<Page, Fault> {
        let means = ask.means();
        let json = sent.credential.to_string();
        let bound =
            ask.presented.attempt.as_deref().map(|bound| bound.as_bytes().to_vec()).unwrap_or_default();
        let answered = Answered { sealed: &sent.sealed, bound: &bound, json: json.as_bytes() };
        let shown = passkeys.finish_sign_in(self.means()?.ground(), answered, ask.visit.now).await?;
        let shown = match shown {
            Ok(shown) => shown,
            Err(refused) => return Ok(refusal(means, refused)),
        };
        let user = self.accounts.user(shown.user).await?.filter(|user| user.standing == Standing::Active);
        let Some(user) = user else { return Ok(refusal(means, Refused::Unknown)) };
        let (factors, how, return_to) = (Factors::PASSKEY, Happened::SignedIn, sent.return_to.as_str());
        let remember = Some(sent.remember);
        let page = self.seat(ask, &user, Seat { factors, how, remember, outside: None, return_to }).await?;
        Ok(page.told())
    }

    async fn second_by_passkey(&self, ask: &Ask, passkeys: &Passkeys, sent: Sent) -> Result<Page, Fault> {
        let means = ask.means();
        let Some(step) = self.step(ask).await? else {
            return Ok(told(StatusCode::UNAUTHORIZED, &json!({ "problem": means.signed_out })));
        };
        let json = sent.credential.to_string();
        let bound = bound(ask);
        let answered = Answered { sealed: &sent.sealed, bound: &bound, json: json.as_bytes() };
        let ground = self.means()?.ground();
        let shown =
            passkeys.finish_proof(ground, Purpose::SecondStep, step.user.id, answered, ask.visit.now).await?;
        if let Err(refused) = shown {
            return Ok(refusal(means, refused));
        }
        let page = self.second_done(ask, step, Factors::PASSKEY).await?;
        Ok(page.told())
    }

    async fn again_by_passkey(
        &self,
        ask: &Ask,
        passkeys: &Passkeys,
        user: &User,
        sent: Sent,
    ) -> Result<Page, Fault> {
        let means = ask.means();
        let json = sent.credential.to_string();
        let bound = bound(ask);
        let answered = Answered { sealed: &sent.sealed, bound: &bound, json: json.as_bytes() };
        let ground = self.means()?.ground();
        let shown = passkeys.finish_proof(ground, Purpose::Again, user.id, answered, ask.visit.now).await?;
        if let Err(refused) = shown {
            return Ok(refusal(means, refused));
        }
        let begin = ask.begin(user, Factors::PASSKEY, false);
        let Some(begun) = self.sessions.prove(begin).await? else {
            return Ok(told(StatusCode::UNAUTHORIZED, &json!({ "problem": means.signed_out })));
        };
        let to = local(&ask.visit.origin, &sent.return_to).unwrap_or_else(|| "/".to_owned());
        Ok(onward(&to).cookies(begun.cookies))
    }

    /// What binds what was begun to this browser, and the cookie for it where it has none.
    pub(super) fn browser(&self, ask: &Ask) -> Result<(Vec<u8>, Option<http::HeaderValue>), Fault> {
        if let Some(bound) = &ask.presented.attempt {
            return Ok((bound.as_bytes().to_vec(), None));
        }
        let drawn = crate::sessions::draw()?;
        let cookie = Cookie::Attempt.set(&drawn, ask.visit.context.secure, None);
        Ok((drawn.as_bytes().to_vec(), cookie))
    }
}

/// The session, or the sign-in that waits for its second step.
fn bound(ask: &Ask) -> Vec<u8> {
    match (ask.session_key(), &ask.presented.flow) {
        (Some(key), _) => key.0.to_vec(),
        (None, Some(flow)) => flow.as_bytes().to_vec(),
        (None, None) => Vec::new(),
    }
}

fn told(status: StatusCode, value: &Value) -> Page {
    Page::new(status, Bytes::from(value.to_string()), "application/json")
}

fn onward(to: &str) -> Page {
    told(StatusCode::OK, &json!({ "to": to }))
}

fn started(begun: crate::passkeys::Begun) -> Page {
    told(StatusCode::OK, &json!({ "options": begun.options, "sealed": begun.sealed }))
}

fn refusal(means: &Words, refused: Refused) -> Page {
    let (problem, user) = match refused {
        Refused::Over => (means.passkey_over, None),
        Refused::Unverified => (means.passkey_unverified, None),
        Refused::Unknown => (means.passkey_unknown, None),
        Refused::Known => (means.passkey_known, None),
        Refused::TooMany => (means.passkey_many, None),
        Refused::Copied(user) => (means.passkey_wrong, Some(user)),
        Refused::Unreadable | Refused::Foreign | Refused::Wrong => (means.passkey_wrong, None),
    };
    let (code, detail) = match refused {
        Refused::Copied(_) => {
            ("account.passkey_copied", "the counter of a passkey went back: there may be a copy")
        }
        Refused::Foreign => ("account.passkey_refused", "a passkey was shown to another site"),
        _ => ("account.passkey_refused", "a passkey was not taken"),
    };
    told(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "problem": problem })).notice(Notice {
        code,
        user: user.map(|user| user.to_string()),
        detail: detail.to_owned(),
    })
}
