//! One request and its response, on their way: what the layers found out so far.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use zeroize::Zeroizing;

use crate::layers::arrival::client::Client;
use crate::layers::arrival::host::Site;
use crate::layers::arrival::transport::Scheme;
use crate::layers::caller::rate::{Allowance, Guest, Limit};
use crate::layers::caller::session::{Presented, Visitor};
use crate::layers::content::{csrf, gate};
use crate::layers::departure::headers::Nonce;
use crate::layers::departure::headers::learn::Sighting;
use crate::layers::departure::redirect;
use crate::layers::record::event::{self, Event};
use crate::own::Own;
use crate::policy::Rules;
use crate::request::{Moment, Peer};
use crate::verdict::{Layer, Mode, Place};

/// Names one exchange: shown to the visitor, found in the log. 80 random bits in Crockford's base 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExchangeId([u8; 16]);

impl ExchangeId {
    fn draw(random: &mut StdRng) -> Self {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let mut bits = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
        let mut text = [b'0'; 16];
        for place in &mut text {
            let digit = usize::try_from(bits & 31).unwrap_or(0);
            *place = DIGITS.get(digit).copied().unwrap_or(b'0');
            bits >>= 5;
        }
        Self(text)
    }

    /// The id as text: 16 letters and digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for ExchangeId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// What is known of an exchange. Grows on the way; nothing in it is ever taken back.
pub(crate) struct Exchange {
    pub(crate) id: ExchangeId,
    pub(crate) moment: Moment,
    pub(crate) random: StdRng,
    pub(crate) peer: Peer,
    pub(crate) rules: Arc<Rules>,
    /// What rules found behind the window and were to watch only.
    pub(crate) observed_late: crate::layers::content::gate::Observed,
    pub(crate) request: event::RequestFacts,
    /// The path in normal form: what routes are compared with.
    pub(crate) path: String,
    pub(crate) client: Client,
    pub(crate) site: Site,
    pub(crate) scheme: Scheme,
    /// For keys of allowances and bans; without it nobody is counted.
    pub(crate) secret: Option<Arc<Zeroizing<[u8; 32]>>>,
    /// Whose refusals are counted.
    pub(crate) guest: Option<Guest>,
    /// What limits of rate said.
    pub(crate) allowances: Vec<(Arc<Limit>, Allowance)>,
    /// What the request presents to say who it is, taken out of its head.
    pub(crate) presented: Presented,
    /// Who is calling, once the door has looked it up.
    pub(crate) visitor: Visitor,
    /// The store that should know who is calling did not answer.
    pub(crate) away: bool,
    /// `Set-Cookie` that must go with the answer, whatever it is.
    pub(crate) cookies: Vec<HeaderValue>,
    /// The cookie that CSRF tokens are bound to.
    pub(crate) anchor: csrf::Anchor,
    /// Handed to the app, for forms that it writes itself.
    pub(crate) form_tokens: Option<csrf::FormTokens>,
    /// A form to offer again on the refusal's page.
    pub(crate) resubmit: Option<csrf::Resubmit>,
    /// What the request told that a redirect could be made of.
    pub(crate) told: redirect::Told,
    /// What the page held, while a policy is learned.
    pub(crate) sighting: Option<Box<Sighting>>,
    /// A page of our own that was asked for, which no app sees.
    pub(crate) own: Option<Own>,
    /// For scripts and styles of this response.
    pub(crate) nonce: Nonce,
    /// The rules at work on this exchange; none before they are asked and once they are done.
    pub(crate) inspection: Option<Box<gate::Inspection>>,
    pub(crate) events: Vec<Event>,
    /// Layers whose denial was only observed, so that it is not told twice.
    pub(crate) observed: Vec<Layer>,
}

impl Exchange {
    pub(crate) fn begin(
        moment: Moment,
        peer: &Peer,
        rules: Arc<Rules>,
        request: event::RequestFacts,
        path: String,
    ) -> Box<Self> {
        let mut random = StdRng::from_seed(moment.entropy);
        let client = Client::connected(peer);
        let id = ExchangeId::draw(&mut random);
        let mut nonce = [0; 18];
        random.fill_bytes(&mut nonce);
        // It is passed on at every step: on the heap, so that each costs a word.
        Box::new(Self {
            id,
            nonce: Nonce::of(nonce),
            moment,
            random,
            scheme: Scheme::seen(peer, &client),
            client,
            peer: peer.clone(),
            rules,
            observed_late: crate::layers::content::gate::Observed::default(),
            request,
            path,
            site: Site::unknown(),
            secret: None,
            guest: None,
            allowances: Vec::new(),
            presented: Presented::default(),
            visitor: Visitor::Nobody,
            away: false,
            cookies: Vec::new(),
            anchor: csrf::Anchor::Absent,
            form_tokens: None,
            resubmit: None,
            told: redirect::Told::default(),
            inspection: None,
            sighting: None,
            own: None,
            events: Vec::new(),
            observed: Vec::new(),
        })
    }

    /// Goes on under the id of an earlier exchange, whose event tells why this one is refused.
    /// What is no id leaves this one's own.
    pub(crate) fn rename(&mut self, earlier: &str) {
        if let Ok(earlier) = earlier.as_bytes().try_into() {
            self.id = ExchangeId(earlier);
        }
    }

    /// The events so far, for the door; none where the policy keeps no log.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        let events = std::mem::take(&mut self.events);
        if self.rules.event.mode != Mode::Off {
            return events;
        }
        // The log of the rules is the operator's own, whatever becomes of ours.
        events.into_iter().filter_map(Event::into_rule_log_alone).collect()
    }

    /// 32 fresh random bytes.
    pub(crate) fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    pub(crate) fn place(&self) -> Place<'_> {
        Place { method: self.request.method.as_str(), path: &self.path, host: &self.site.name }
    }
}
