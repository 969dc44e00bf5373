//! The second step of a sign-in: a code of an app, a recovery code, or a passkey.

use askama::Template;
use http::StatusCode;
use portcullis::layers::caller::session::{Cookie, Factors};
use portcullis_store::{Standing, User};

use super::super::view::Frame;
use super::super::{Ask, Outside, Page, Pages, Seat};
use super::{Words, passkeys, recovery, totp};
use crate::accounts::{Code, Fault, Happened, Told, TriedCode};

/// What was known of the sign-in when its first step was done.
pub(super) struct Step {
    pub(super) user: User,
    pub(super) factors: Factors,
    pub(super) remember: Option<bool>,
    pub(super) outside: Option<Outside>,
    pub(super) return_to: String,
}

/// What can be shown for the second step.
struct Choice {
    app: bool,
    passkey: bool,
    recovery: bool,
}

#[derive(Template)]
#[template(path = "second.html")]
struct SecondPage<'a> {
    frame: Frame<'a>,
    means: &'static Words,
    choice: Choice,
    /// A recovery code is asked for instead.
    recovering: bool,
    problem: Option<String>,
}

impl Pages {
    /// The sign-in that waits for its second step in this browser.
    pub(super) async fn step(&self, ask: &Ask) -> Result<Option<Step>, Fault> {
        let Some(secret) = ask.presented.flow.as_deref() else { return Ok(None) };
        let Some(token) = self.accounts.step(secret, ask.visit.now).await? else { return Ok(None) };
        let Some(user) = self.accounts.user(token.user).await? else { return Ok(None) };
        if user.standing != Standing::Active {
            return Ok(None);
        }
        let mut parts = token.content.splitn(4, ' ');
        let (Some(factors), Some(remember), Some(outside), Some(to)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        let outside = self.open_outside(&user, outside)?;
        let Ok(factors) = factors.parse() else { return Ok(None) };
        let factors = Factors(factors);
        let remember = Some(remember == "1").filter(|_| remember != "-");
        Ok(Some(Step { user, factors, remember, outside, return_to: to.to_owned() }))
    }

    /// Nothing waits: from the beginning.
    pub(super) fn from_the_beginning() -> Page {
        Page::see("/.portcullis/sign-in")
    }

    pub(super) async fn second_page(&self, ask: &Ask) -> Result<Page, Fault> {
        match self.step(ask).await? {
            Some(step) => self.second_form(ask, &step, None).await,
            None => Ok(Self::from_the_beginning()),
        }
    }

    async fn second_form(&self, ask: &Ask, step: &Step, problem: Option<String>) -> Result<Page, Fault> {
        let people = self.means()?.people.as_ref();
        let choice = Choice {
            app: !totp::list(people, step.user.id).await?.is_empty(),
            passkey: !passkeys::list(people, step.user.id).await?.is_empty(),
            recovery: recovery::left(people, step.user.id).await? > 0,
        };
        let means = ask.means();
        let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let page = SecondPage {
            frame: Frame::new(ask, &self.brand, means.second_title),
            recovering: choice.recovery && ask.carried("with") == "recovery",
            means,
            choice,
            problem,
        };
        Ok(Page::of(status, page.render()).with_script())
    }

    pub(super) async fn second(&self, ask: &Ask) -> Result<Page, Fault> {
        let Some(step) = self.step(ask).await? else { return Ok(Self::from_the_beginning()) };
        let code = if ask.carried("with") == "recovery" {
            Code::Recovery(ask.field("code"))
        } else {
            Code::App(ask.field("code"))
        };
        let Told { outcome, notices } =
            self.accounts.try_code(self.means()?.ground(), &step.user, code, &ask.visit).await?;
        let means = ask.means();
        let mut page = match outcome {
            TriedCode::Right(factor) => self.second_done(ask, step, factor).await?,
            TriedCode::Wrong => self.second_form(ask, &step, Some(means.wrong_code.to_owned())).await?,
            TriedCode::Wait(wait) => {
                let time = ask.words.time(wait);
                let problem = super::super::fill(ask.words.wait, &[("time", &time)]);
                self.second_form(ask, &step, Some(problem))
                    .await?
                    .with_status(StatusCode::TOO_MANY_REQUESTS)
                    .retry_after(wait)
            }
        };
        page.notices.splice(0..0, notices);
        Ok(page)
    }

    /// The second step has come: signed in, unless another request was sooner.
    pub(super) async fn second_done(&self, ask: &Ask, step: Step, factor: Factors) -> Result<Page, Fault> {
        let secret = ask.presented.flow.as_deref().map(String::as_str).unwrap_or_default();
        if self.accounts.end_step(secret, ask.visit.now).await?.is_none() {
            return Ok(Self::from_the_beginning());
        }
        let Step { user, factors, remember, outside, return_to } = step;
        let (factors, how) = (factors | factor, Happened::SignedIn);
        let seat = Seat { factors, how, remember, outside, return_to: &return_to };
        let page = self.seat(ask, &user, seat).await?;
        Ok(page.cookies(Some(Cookie::Flow.clear(ask.visit.context.secure))))
    }
}
