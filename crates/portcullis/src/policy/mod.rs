//! The policy: `portcullis.toml`, checked once into a type that cannot be wrong.
//!
//! The text becomes [`raw::File`] (as written), then [`Policy`] (checked). Every fault has a place in the
//! file and a suggestion; all are told at once, save that what cannot be read at all (no TOML, a value of the
//! wrong type or unit) hides what could only be found after it. Each `[[route]]` is laid over the site's
//! settings when the policy is loaded, so that a request meets one complete [`Rules`].

mod faults;
pub mod identity;
pub mod raw;
mod route;
pub mod units;
mod unknown;

use std::sync::Arc;

use crate::layers::arrival::{client, framing, host, limits, transport};
use crate::layers::caller::{access, rate, session};
use crate::layers::content::{csrf, gate};
use crate::layers::departure::{cookies, headers, html, leak, redirect};
use crate::layers::record::event;
use crate::verdict::{Layer, Mode};

pub use identity::Identity;

pub use faults::{Faults, Part, PolicyError, PolicyFault};
pub use route::{Pattern, PatternError};

/// The checked policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The rules where no route says otherwise.
    site: Arc<Rules>,
    /// In the order of the file; the first that matches holds.
    routes: Vec<Route>,
}

/// One `[[route]]`, complete.
#[derive(Debug, Clone)]
pub struct Route {
    /// Which paths.
    pub pattern: Pattern,
    /// Which methods; empty means every one.
    pub methods: Vec<http::Method>,
    /// The site's rules with this route's settings laid over them.
    pub rules: Arc<Rules>,
}

/// The settings of every layer for one place.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The route that these hold for; `None` for the site.
    pub route: Option<Pattern>,
    /// arrival/framing
    pub framing: framing::Config,
    /// arrival/limits
    pub limits: limits::Config,
    /// arrival/client
    pub client: client::Config,
    /// arrival/host
    pub host: host::Config,
    /// arrival/transport
    pub transport: transport::Config,
    /// caller/rate
    pub rate: rate::Config,
    /// caller/session
    pub session: session::Config,
    /// caller/access
    pub access: access::Config,
    /// content/csrf
    pub csrf: csrf::Config,
    /// content/gate
    pub gate: gate::Config,
    /// departure/cookies
    pub cookies: cookies::Config,
    /// departure/headers
    pub headers: headers::Config,
    /// departure/leak
    pub leak: leak::Config,
    /// departure/redirect
    pub redirect: redirect::Config,
    /// departure/html
    pub html: html::Config,
    /// record/event
    pub event: event::Config,
    /// How people sign in; `None` where they don't. The same for the whole site.
    pub identity: Option<Arc<Identity>>,
}

impl Rules {
    /// What becomes of a denial by `layer`.
    #[must_use]
    pub fn mode(&self, layer: Layer) -> Mode {
        match layer {
            Layer::Framing => self.framing.mode,
            Layer::Limits => self.limits.mode,
            Layer::Client => self.client.mode,
            Layer::Host => self.host.mode,
            Layer::Transport => self.transport.mode,
            Layer::Rate => self.rate.mode,
            Layer::Session => self.session.mode,
            Layer::Access => self.access.mode,
            Layer::Csrf => self.csrf.mode,
            Layer::Gate => self.gate.mode,
            Layer::Cookies => self.cookies.mode,
            Layer::Headers => self.headers.mode,
            Layer::Leak => self.leak.mode,
            Layer::Redirect => self.redirect.mode,
            Layer::Html => self.html.mode,
            Layer::Event => self.event.mode,
        }
    }

    fn check(raw: &raw::Layers, identity: Option<Arc<Identity>>, faults: &mut Faults) -> Self {
        Self {
            route: None,
            framing: framing::Config::check(&raw.framing, &mut faults.section("framing")),
            limits: limits::Config::check(&raw.limits, &mut faults.section("limits")),
            client: client::Config::check(&raw.client, &mut faults.section("client")),
            host: host::Config::check(&raw.host, &mut faults.section("host")),
            transport: transport::Config::check(&raw.transport, &mut faults.section("transport")),
            rate: rate::Config::check(&raw.rate, &mut faults.section("rate")),
            session: session::Config::check(&raw.session, &mut faults.section("session")),
            access: access::Config::check(&raw.access, identity.is_some(), &mut faults.section("access")),
            csrf: csrf::Config::check(&raw.csrf, &mut faults.section("csrf")),
            gate: gate::Config::check(&raw.gate, &mut faults.section("gate")),
            cookies: cookies::Config::check(&raw.cookies, &mut faults.section("cookies")),
            headers: headers::Config::check(&raw.headers, &mut faults.section("headers")),
            leak: leak::Config::check(&raw.leak, &mut faults.section("leak")),
            redirect: redirect::Config::check(&raw.redirect, &mut faults.section("redirect")),
            html: html::Config::check(&raw.html, &mut faults.section("html")),
            event: event::Config::check(&raw.event, &mut faults.section("event")),
            identity,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        let mut faults = Faults::new();
        Self { site: Arc::new(Rules::check(&raw::Layers::default(), None, &mut faults)), routes: Vec::new() }
    }
}

impl Policy {
    /// Reads and checks a policy; `file` is only used to name the place of a fault.
    ///
    /// # Errors
    /// Every syntax error, unknown key, value that does not fit and route that can never match, each with
    /// its place and a suggestion.
    pub fn parse(file: &str, text: &str) -> Result<(Self, raw::File), PolicyError> {
        let document: toml::Table = text.parse().map_err(|error| PolicyError::syntax(file, text, &error))?;
        let (document, unknown) = unknown::taken_out(document);
        let read = if unknown.is_empty() {
            // From the text, for the place of a value of the wrong type.
            toml::from_str(text).map_err(|error| PolicyError::syntax(file, text, &error))
        } else {
            document.clone().try_into().map_err(|_| PolicyError::new(file, text, unknown.clone()))
        };
        let written: raw::File = read?;

        let mut faults = Faults::new();
        let identity = written.identity.as_ref().map(|raw| {
            let name = written.host.names.iter().flatten().next().map(String::as_str);
            Arc::new(Identity::check(raw, name, &mut faults.section("identity")))
        });
        written.access.contradictions(&mut faults.section("access"));
        let site = Arc::new(Rules::check(&written.layers(), identity.clone(), &mut faults));
        let mut routes: Vec<Route> = Vec::new();
        for (index, route) in written.route.iter().enumerate() {
            let mut here = faults.section(&format!("route[{index}]"));
            if let Some(checked) = check_route(route, &document, index, &routes, identity.clone(), &mut here)
            {
                routes.push(checked);
            }
        }
        written.gateway_faults(&mut faults);
        let mut list = unknown;
        list.extend(told_once(faults.into_list()));
        if list.is_empty() {
            Ok((Self { site, routes }, written))
        } else {
            Err(PolicyError::new(file, text, list))
        }
    }

    /// The rules for a request: `path` in normal form.
    #[must_use]
    pub fn rules(&self, method: &http::Method, path: &str) -> &Arc<Rules> {
        self.routes
            .iter()
            .find(|route| route.holds_for(method) && route.pattern.matches(path))
            .map_or(&self.site, |route| &route.rules)
    }

    /// The rules where no route says otherwise.
    #[must_use]
    pub fn site(&self) -> &Arc<Rules> {
        &self.site
    }

    /// Changes the rules of the site and of every route, each told with the prefix of its keys.
    pub(crate) fn each_rules<E>(
        &mut self,
        mut change: impl FnMut(&mut Rules, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        change(Arc::make_mut(&mut self.site), "")?;
        for (index, route) in self.routes.iter_mut().enumerate() {
            change(Arc::make_mut(&mut route.rules), &format!("route[{index}]."))?;
        }
        Ok(())
    }

    /// How people sign in; `None` where they don't.
    #[must_use]
    pub fn identity(&self) -> Option<&Arc<Identity>> {
        self.site.identity.as_ref()
    }

    /// The routes, in the order of the file.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The JSON Schema of the policy file, for editors.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        let mut schema = schemars::schema_for!(raw::File).to_value();
        // Otherwise what else is in the build would decide on the order of keys (`serde_json/preserve_order`).
        schema.sort_all_objects();
        schema
    }
}

impl Route {
    fn holds_for(&self, method: &http::Method) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }

    /// Whether every request that `later` could take is taken by this one.
    fn shadows(&self, later: &Pattern, methods: &[http::Method]) -> bool {
        let methods_covered = self.methods.is_empty()
            || (!methods.is_empty() && methods.iter().all(|m| self.methods.contains(m)));
        methods_covered && self.pattern.covers(later)
    }
}

/// A route is checked with the site's settings below its own: what is wrong with those is not told again
/// for each route.
fn told_once(list: Vec<PolicyFault>) -> Vec<PolicyFault> {
    let inherited = |fault: &PolicyFault| {
        let below = fault.key.strip_prefix("route[").and_then(|rest| rest.split_once("]."));
        below.is_some_and(|(_, key)| list.iter().any(|one| one.key == key && one.message == fault.message))
    };
    list.iter().filter(|fault| !inherited(fault)).cloned().collect()
}

fn check_route(
    route: &raw::Route,
    document: &toml::Table,
    index: usize,
    before: &[Route],
    identity: Option<Arc<Identity>>,
    faults: &mut Faults,
) -> Option<Route> {
    let pattern = match Pattern::parse(&route.path) {
        Ok(pattern) => pattern,
        Err(error) => {
            faults.at(
                "path",
                error.to_string(),
                "a path is `/exact`, `/with/{segment}` or `/everything/below/*`",
            );
            return None;
        }
    };
    let mut methods = Vec::new();
    for (position, method) in route.methods.iter().enumerate() {
        match http::Method::from_bytes(method.to_ascii_uppercase().as_bytes()) {
            Ok(method) => methods.push(method),
            Err(_) => faults.at(
                &format!("methods[{position}]"),
                format!("`{method}` is not an HTTP method"),
                "as in `methods = [\"GET\", \"POST\"]`",
            ),
        }
    }
    for key in route.framing.site_wide_keys() {
        faults.at(
            &format!("framing.{key}"),
            format!("`{key}` is needed before the route is known, so that it can only be set for the site"),
            "write it below `[framing]`; `[limits]` has bounds by route",
        );
    }
    for key in route.event.site_wide_keys() {
        faults.at(
            &format!("event.{key}"),
            format!("`{key}` holds for the whole site: there is one log"),
            "write it below `[event]`",
        );
    }
    for key in route.rate.site_wide_keys() {
        faults.at(
            &format!("rate.{key}"),
            format!("`{key}` holds for the whole site: there is one store"),
            "write it below `[rate]`",
        );
    }
    route.access.contradictions(&mut faults.section("access"));
    for key in route.access.site_wide_keys() {
        faults.at(
            &format!("access.{key}"),
            format!("`{key}` holds for the whole site: there is one set of policies"),
            "write it below `[access]`; a policy names a route by `resource == Route::\"/admin/*\"`",
        );
    }
    for key in route.session.site_wide_keys() {
        faults.at(
            &format!("session.{key}"),
            format!("`{key}` holds for the whole site: a session is one wherever it is used"),
            "write it below `[session]`",
        );
    }
    for key in route.gate.site_wide_keys() {
        faults.at(
            &format!("gate.{key}"),
            format!("`{key}` holds for the whole site: there is one set of rules"),
            "write it below `[gate]`; a route has `mode`, `body`, `beyond` and `exclude`",
        );
    }
    if let Some(earlier) = before.iter().find(|earlier| earlier.shadows(&pattern, &methods)) {
        faults.at(
            "path",
            format!("this route can never match: `{}` above takes every request it could", earlier.pattern),
            "move the narrower route above the wider one",
        );
    }
    let merged = raw::Layers::overlay(document, index, faults)?;
    let rules = Rules { route: Some(pattern.clone()), ..Rules::check(&merged, identity, faults) };
    Some(Route { pattern, methods, rules: Arc::new(rules) })
}

#[cfg(test)]
mod tests;
