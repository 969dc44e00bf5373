//! The product, top to bottom: one request from its head to the record.
//!
//! A door calls, in this order: [`Engine::receive`] with the head, [`Engine::identify`] with what
//! [`Received::needs`] asked it to look up, [`Identified::inspector`] for the body, [`Engine::admit`], then the
//! app with what [`Admitted::depart`] gives, [`Engine::release`] with the response head. Each step consumes the one before, so that there is no way to the app but through all
//! of them.

use std::ops::ControlFlow;
use std::sync::Arc;

use http::{request, response};
use zeroize::Zeroizing;

use crate::body::Inspector;
use crate::exchange::{Exchange, ExchangeId};
use crate::gate::{self, Refusal, settle};
use crate::keys::Keyring;
use crate::layers::arrival::framing::{self, Wire};
use crate::layers::arrival::{client, host, limits, transport};
use crate::layers::caller::session::{self, Context, Presented, Visitor};
use crate::layers::caller::{Lent, Needs, access, rate};
use crate::layers::content::csrf::{self, FormTokens, Intent};
use crate::layers::content::gate as rules;
use crate::layers::departure::cookies;
use crate::layers::departure::headers::learn::{self, Report};
use crate::layers::departure::redirect::{self, Onward};
use crate::layers::record::event::{self, Event, RequestFacts};
use crate::origin::Origin;
use crate::own::Own;
use crate::policy::Policy;
use crate::request::{Moment, Peer};
use crate::response::{self as leaving, Outstanding, Release};
use crate::verdict::{Layer, Mode};

/// The engine: a checked policy and the keys. Immutable; share it by `Arc`, swap it whole.
pub struct Engine {
    policy: Policy,
    keys: Keyring,
    /// For the keys of allowances and bans.
    rate: Arc<Zeroizing<[u8; 32]>>,
}

/// A request that has arrived; who sends it, and how often, has not been looked at.
#[must_use]
pub struct Received {
    head: request::Parts,
    /// The head as sent, for rules that look at it.
    wire: Option<Wire>,
    exchange: Box<Exchange>,
    needs: Needs,
}

/// A request whose head may pass; its body has not been seen.
#[must_use]
pub struct Identified {
    head: request::Parts,
    exchange: Box<Exchange>,
    intent: Intent,
}

/// A request that may go to the app. There is no other way to get one than [`Engine::admit`].
#[must_use]
pub struct Admitted {
    head: request::Parts,
    exchange: Box<Exchange>,
}

impl Engine {
    /// An engine for `policy`, with `keys` for what it signs and seals.
    #[must_use]
    pub fn new(mut policy: Policy, keys: Keyring) -> Self {
        policy.load_builtin();
        let rate = Arc::new(keys.newest("rate"));
        Self { policy, keys, rate }
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// arrival.
    ///
    /// `wire` is the evidence of the strict reader: the head as sent and the faults it saw. Doors that
    /// have no raw bytes pass `None`.
    ///
    /// # Errors
    /// Breaks with the refusal to answer with.
    pub fn receive(
        &self,
        mut head: request::Parts,
        wire: Option<&Wire>,
        peer: &Peer,
        moment: Moment,
    ) -> ControlFlow<Box<Refusal>, Received> {
        if let Some(unreadable) = wire.filter(|wire| !wire.readable()) {
            // Nobody can say where such a request ends: no mode lets it through.
            return ControlFlow::Break(self.refuse_malformed(unreadable, peer, moment));
        }
        session::strip_claims(&mut head.headers);
        let path = framing::normal_path(head.uri.path());
        let rules = self.policy.rules(&head.method, &path).clone();
        let mut exchange = Exchange::begin(moment, peer, rules, RequestFacts::of(&head, wire), path);
        exchange.secret = Some(self.rate.clone());
        let here = &mut *exchange;

        settle(here, Layer::Framing, |x| framing::judge(&head, wire, &x.rules.framing), |_| ())?;
        settle(here, Layer::Limits, |x| limits::judge_head(&head, &x.rules.limits), |_| ())?;
        here.client = settle(
            here,
            Layer::Client,
            |x| client::judge(&x.peer, &head.headers, &x.rules.client),
            |x| client::Client::connected(&x.peer),
        )?;
        rate::meet(&head, here);
        here.site = settle(
            here,
            Layer::Host,
            |x| host::judge(&head, &x.client, &x.peer, &x.rules.host),
            |x| host::Site::as_asked(&head, &x.client),
        )?;
        here.scheme = settle(
            here,
            Layer::Transport,
            |x| transport::judge(&head, &x.peer, &x.client, &x.site, &x.rules.transport),
            |x| transport::Scheme::seen(&x.peer, &x.client),
        )?;
        here.own = Own::asked(&head, &here.path, &here.rules);
        if let Some(reason) = framing::reserved(&here.path).filter(|_| here.own.is_none()) {
            return ControlFlow::Break(gate::refuse(here, Layer::Framing, reason.into()));
        }
        cookies::arrive(&mut head.headers, here, &self.keys);
        session::take_key(&mut head, here);
        let needs = Needs { rate: rate::needs(&head, here), session: session::asking(here) };
        let wire = wire.filter(|_| exchange.rules.gate.mode != Mode::Off).cloned();
        ControlFlow::Continue(Received { head, wire, exchange, needs })
    }

    /// caller, and what content can tell from the head alone. `lent` is what the door found for
    /// [`Received::needs`].
    ///
    /// # Errors
    /// Breaks with the refusal to answer with.
    pub fn identify(&self, received: Received, lent: Lent) -> ControlFlow<Box<Refusal>, Identified> {
        let Received { mut head, wire, mut exchange, needs } = received;
        let here = &mut exchange;
        let Needs { rate, session } = needs;
        settle(here, Layer::Rate, |x| rate::judge(&rate, &lent.rate, x), |_| ())?;
        settle(here, Layer::Session, |x| session::judge(session, lent.found, x), |_| ())?;
        if here.own.is_none() {
            settle(here, Layer::Access, |x| access::judge(&head, x), |_| ())?;
        }
        let intent = match here.own {
            Some(own) if own.is_called_by_browsers() => Intent::Unasked,
            _ => settle(here, Layer::Csrf, |x| csrf::judge_head(&head, x, &self.keys), |_| Intent::Unasked)?,
        };
        if here.rules.gate.mode != Mode::Off {
            rules::combine_types(&mut head.headers);
        }
        settle(here, Layer::Gate, |x| rules::judge_head(&head, wire.as_ref(), x), |_| ())?;
        ControlFlow::Continue(Identified { head, exchange, intent })
    }

    /// content: what the body told.
    ///
    /// # Errors
    /// Breaks with the refusal to answer with.
    pub fn admit(
        &self,
        identified: Identified,
        inspector: &mut Inspector,
    ) -> ControlFlow<Box<Refusal>, Admitted> {
        let Identified { mut head, mut exchange, intent } = identified;
        settle(&mut exchange, Layer::Limits, |x| limits::judge_body(inspector, &x.rules.limits), |_| ())?;
        settle(&mut exchange, Layer::Csrf, |x| csrf::judge_body(&intent, inspector, x, &self.keys), |_| ())?;
        if !exchange.own.is_some_and(Own::is_of_people) {
            settle(&mut exchange, Layer::Gate, |x| rules::judge_body(&mut *inspector, x), |_| ())?;
        }
        csrf::prepare_for_app(&intent, &mut head.headers, inspector, &exchange.rules.csrf);
        exchange.told = redirect::Told::by(&head, inspector, &exchange);
        ControlFlow::Continue(Admitted { head, exchange })
    }

    /// departure: the response head, and what must happen to the body.
    pub fn release(&self, outstanding: Outstanding, mut head: response::Parts) -> Release {
        let (mut exchange, asked) = outstanding.into_parts();
        for reason in exchange.observed_late.take() {
            gate::observe(&mut exchange, Layer::Gate, &reason.into());
        }
        if let ControlFlow::Break(refusal) =
            settle(&mut exchange, Layer::Gate, |x| rules::judge_response_head(&head, x), |_| ())
        {
            return Release::refused(*refusal, &mut exchange);
        }
        let judged = if exchange.own.is_some_and(Own::is_of_people) {
            // A way to a provider, which the policy names.
            ControlFlow::Continue(Onward::AsWritten)
        } else {
            settle(&mut exchange, Layer::Redirect, |x| redirect::judge(&head, x), |_| Onward::AsWritten)
        };
        match judged {
            ControlFlow::Break(refusal) => Release::refused(*refusal, &mut exchange),
            ControlFlow::Continue(onward) => {
                redirect::apply(onward, &mut head.headers);
                if let Some(tokens) = exchange.form_tokens.take() {
                    tokens.settle(&mut exchange, &mut head.headers);
                }
                let sample = event::sample_pass(&mut exchange, head.status);
                exchange.events.extend(sample);
                leaving::release(exchange, asked, head, &self.keys)
            }
        }
    }

    /// Tokens for an app that writes its own forms; one page asks once.
    pub fn form_tokens(&self, admitted: &mut Admitted) -> FormTokens {
        let exchange = &mut *admitted.exchange;
        if let Some(tokens) = &exchange.form_tokens {
            return tokens.clone();
        }
        let tokens = FormTokens::for_exchange(exchange, &self.keys);
        exchange.form_tokens = Some(tokens.clone());
        tokens
    }

    /// A request that never became one: the strict reader could not read it.
    pub fn refuse_malformed(&self, wire: &Wire, peer: &Peer, moment: Moment) -> Box<Refusal> {
        let rules = self.policy.site().clone();
        let facts = RequestFacts::of_wire(wire);
        let mut exchange = Exchange::begin(moment, peer, rules, facts, String::new());
        exchange.secret = Some(self.rate.clone());
        let reason = wire.fatal();
        gate::refuse(&mut exchange, Layer::Framing, reason.into())
    }
}

impl Received {
    /// What the door must look up before [`Engine::identify`].
    #[must_use]
    pub fn needs(&self) -> &Needs {
        &self.needs
    }
}

impl Identified {
    /// The inspector that the body must go through before [`Engine::admit`].
    pub fn inspector(&self) -> Inspector {
        let inspector = Inspector::new(&self.head, &self.exchange.rules.limits);
        // A password may look like anything, and our own pages build no query of it.
        let of_people = self.exchange.own.is_some_and(Own::is_of_people);
        if !of_people && rules::reads_body(&self.exchange) {
            return inspector.held_to(self.exchange.rules.gate.body);
        }
        inspector
    }

    /// The body could not be read to its end: the reader saw a fault in it, or it took too long.
    pub fn refuse_body(mut self, reason: framing::Reason) -> Box<Refusal> {
        gate::refuse(&mut self.exchange, Layer::Framing, reason.into())
    }
}

impl Admitted {
    /// The head for the app, and what is owed when it answers. Its extensions hold the response's
    /// [`Nonce`](crate::layers::departure::headers::Nonce), for an app in the same process.
    pub fn depart(mut self) -> (request::Parts, Outstanding) {
        let asked = leaving::Asked::of(&self.head);
        self.head.extensions.insert(self.exchange.nonce.clone());
        access::claims(&mut self.head.headers, &self.exchange);
        (self.head, Outstanding::new(self.exchange, asked))
    }

    /// Names this exchange, on pages and in the log.
    #[must_use]
    pub fn id(&self) -> &ExchangeId {
        &self.exchange.id
    }

    /// Who is calling, behind which proxies.
    #[must_use]
    pub fn client(&self) -> &client::Client {
        &self.exchange.client
    }

    /// The name and port that were asked for.
    #[must_use]
    pub fn site(&self) -> &host::Site {
        &self.exchange.site
    }

    /// HTTPS or, where the operator allowed it, plain HTTP.
    #[must_use]
    pub fn scheme(&self) -> transport::Scheme {
        self.exchange.scheme
    }

    /// The page of our own that was asked for: the door answers it, and asks no app.
    #[must_use]
    pub fn own(&self) -> Option<Own> {
        self.exchange.own
    }

    /// Who is calling.
    #[must_use]
    pub fn visitor(&self) -> &Visitor {
        &self.exchange.visitor
    }

    /// What was presented to say so: for our own pages, which change it.
    #[must_use]
    pub fn take_presented(&mut self) -> Presented {
        self.exchange.take_presented()
    }

    /// From where and with what the request comes.
    #[must_use]
    pub fn context(&self) -> Context {
        self.exchange.context()
    }

    /// The reports in a body that was sent to [`Own::CspReport`].
    #[must_use]
    pub fn reports(&self, body: &[u8]) -> Vec<Report> {
        learn::reports(body, &Origin::ours(self.exchange.scheme, &self.exchange.site))
    }

    /// What was only observed so far; the door records it.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.exchange.take_events()
    }
}
