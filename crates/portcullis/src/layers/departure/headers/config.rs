//! Settings: `[headers]`.

use std::collections::BTreeMap;

use http::header::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;

use super::csp::{Csp, Directive, RawCsp, Source};
use super::fixed::SETTABLE;
use crate::policy::{Faults, Pattern};
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`; only with `enforce` headers are edited.
    pub mode: Option<Mode>,
    /// Headers that the gate's value replaces although the app sent its own, as in `["x-frame-options"]`.
    /// Without this what the app sent stays.
    pub force: Vec<String>,
    /// Banners that are left in place, as in `["server"]`; they tell an attacker which holes to look for.
    pub keep: Vec<String>,
    /// Who may show the app's pages in a frame (clickjacking): `same_origin` (the default), `nobody` or
    /// `dangerous_anybody`.
    pub frames: Option<Frames>,
    /// `Referrer-Policy`: how much of an address other sites learn of where a visitor came from;
    /// `strict-origin-when-cross-origin` by default: the origin alone, and nothing over plain HTTP.
    pub referrer_policy: Option<ReferrerPolicy>,
    /// `Cross-Origin-Opener-Policy`: whether a page that opened this one may hold on to its window;
    /// `same-origin-allow-popups` by default, so that sign-in in a pop-up keeps working.
    pub opener_policy: Option<OpenerPolicy>,
    /// `Cross-Origin-Resource-Policy`: whose pages may load what the app serves; `same-site` by default, and
    /// not set on responses with `Access-Control-Allow-Origin`.
    pub resource_policy: Option<ResourcePolicy>,
    /// `Cross-Origin-Embedder-Policy`: not set by default, because it stops every foreign image that does
    /// not opt in.
    pub embedder_policy: Option<EmbedderPolicy>,
    /// `Permissions-Policy`, feature by feature, as in `{ camera = ["self", "https://meet.example"],
    /// usb = [] }`: who may use it. Laid over the default, which keeps devices from foreign frames.
    pub permissions: BTreeMap<String, Vec<String>>,
    /// `Origin-Agent-Cluster: ?1`, which keeps the app's pages in a process of their own; `true` by default.
    pub origin_agent_cluster: Option<bool>,
    /// `Cache-Control: no-store` on pages and JSON of visitors with cookies, where the app says nothing;
    /// `true` by default.
    pub no_store: Option<bool>,
    /// Paths at which a visitor logs out, as in `["/logout"]`: the answer tells the browser to forget cookies,
    /// storage and cached pages. Well-known paths such as `/logout` clear cached pages without being listed.
    pub logout_paths: Vec<String>,
    /// The content security policy that is enforced, directive by directive:
    /// `default-src = ["'self'"]`, `script-src = ["'self'", "'nonce'"]`. `'nonce'` becomes each response's own.
    pub csp: RawCsp,
    /// A policy that only reports, beside the enforced one.
    pub csp_report_only: RawCsp,
    /// Fit a policy to pages for which nobody wrote one; `true` by default.
    pub csp_fitted: Option<bool>,
    /// Learn a policy from traffic, for `portcullis csp suggest`: browsers are asked to report what pages load
    /// beyond their markup, and say so in their consoles; `false` by default.
    pub csp_learn: Option<bool>,
    /// `Reporting-Endpoints`: names for `report-to`, as in `{ csp = "https://reports.example/csp" }`.
    pub reporting_endpoints: BTreeMap<String, String>,
}

/// Who may show a page in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Frames {
    /// The app's own pages.
    #[default]
    SameOrigin,
    /// Nobody.
    Nobody,
    /// Everybody: a foreign page can lay itself over the app's and catch clicks.
    DangerousAnybody,
}

macro_rules! keyword {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] #[serde(rename = $text)] $variant),+
        }

        impl $name {
            pub(super) const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

keyword! {
    /// Values of `Referrer-Policy` (Referrer Policy section 3).
    ReferrerPolicy {
        NoReferrer => "no-referrer",
        SameOrigin => "same-origin",
        StrictOrigin => "strict-origin",
        StrictOriginWhenCrossOrigin => "strict-origin-when-cross-origin",
        Origin => "origin",
        OriginWhenCrossOrigin => "origin-when-cross-origin",
        NoReferrerWhenDowngrade => "no-referrer-when-downgrade",
        UnsafeUrl => "unsafe-url",
    }
}

keyword! {
    /// Values of `Cross-Origin-Opener-Policy` (HTML section 7.1.3).
    OpenerPolicy {
        SameOrigin => "same-origin",
        SameOriginAllowPopups => "same-origin-allow-popups",
        NoopenerAllowPopups => "noopener-allow-popups",
        UnsafeNone => "unsafe-none",
    }
}

keyword! {
    /// Values of `Cross-Origin-Resource-Policy` (Fetch section 3.7).
    ResourcePolicy {
        SameOrigin => "same-origin",
        SameSite => "same-site",
        CrossOrigin => "cross-origin",
    }
}

keyword! {
    /// Values of `Cross-Origin-Embedder-Policy` (HTML section 7.1.4).
    EmbedderPolicy {
        RequireCorp => "require-corp",
        Credentialless => "credentialless",
        UnsafeNone => "unsafe-none",
    }
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether headers are edited.
    pub mode: Mode,
    pub(super) force: Vec<HeaderName>,
    pub(super) keep: Vec<HeaderName>,
    pub(super) frames: Frames,
    pub(super) referrer_policy: ReferrerPolicy,
    pub(super) opener_policy: OpenerPolicy,
    pub(super) resource_policy: ResourcePolicy,
    pub(super) embedder_policy: Option<EmbedderPolicy>,
    /// The allowlist of each feature, as it stands in the header.
    pub(super) permissions: Vec<(String, String)>,
    pub(super) origin_agent_cluster: bool,
    pub(super) no_store: bool,
    pub(super) logout_paths: Vec<Pattern>,
    pub(super) csp: Csp,
    pub(super) csp_report_only: Csp,
    pub(super) csp_fitted: bool,
    /// Whether a policy is learned from traffic.
    pub csp_learn: bool,
    pub(super) reporting_endpoints: Option<String>,
    /// Where the fitted policy reports to: the first end point.
    pub(super) first_endpoint: Option<String>,
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        let csp = Csp::check(&raw.csp, "csp", faults);
        let csp_report_only = Csp::check(&raw.csp_report_only, "csp_report_only", faults);
        for (key, policy) in [("csp", &csp), ("csp_report_only", &csp_report_only)] {
            for source in policy.sources(Directive::ReportTo).unwrap_or_default() {
                if let Source::Token(name) = source
                    && !raw.reporting_endpoints.contains_key(name)
                {
                    faults.at(
                        &format!("{key}.report-to"),
                        format!("`{name}` is not among `headers.reporting_endpoints`"),
                        format!("add `reporting_endpoints = {{ {name} = \"https://…\" }}`"),
                    );
                }
            }
        }
        Self {
            mode: raw.mode.unwrap_or_default(),
            force: names(&raw.force, "force", faults),
            keep: names(&raw.keep, "keep", faults),
            frames: raw.frames.unwrap_or_default(),
            referrer_policy: raw.referrer_policy.unwrap_or(ReferrerPolicy::StrictOriginWhenCrossOrigin),
            opener_policy: raw.opener_policy.unwrap_or(OpenerPolicy::SameOriginAllowPopups),
            resource_policy: raw.resource_policy.unwrap_or(ResourcePolicy::SameSite),
            embedder_policy: raw.embedder_policy,
            permissions: permissions(&raw.permissions, faults),
            origin_agent_cluster: raw.origin_agent_cluster.unwrap_or(true),
            no_store: raw.no_store.unwrap_or(true),
            logout_paths: paths(&raw.logout_paths, faults),
            csp,
            csp_report_only,
            csp_fitted: raw.csp_fitted.unwrap_or(true),
            csp_learn: raw.csp_learn.unwrap_or(false),
            reporting_endpoints: endpoints(&raw.reporting_endpoints, faults),
            first_endpoint: raw.reporting_endpoints.keys().next().cloned(),
        }
    }
}

fn names(written: &[String], key: &str, faults: &mut Faults<'_>) -> Vec<HeaderName> {
    let mut names = Vec::new();
    for (index, text) in written.iter().enumerate() {
        match HeaderName::from_bytes(text.as_bytes()) {
            Ok(name) if key != "force" || SETTABLE.contains(&name.as_str()) => names.push(name),
            Ok(name) => faults.at(
                &format!("{key}[{index}]"),
                format!("the gate never sets `{name}`, so there is nothing to force"),
                format!("known: {}", SETTABLE.join(", ")),
            ),
            Err(_) => faults.at(
                &format!("{key}[{index}]"),
                format!("`{text}` is not the name of a header"),
                "as in `[\"x-frame-options\"]`",
            ),
        }
    }
    names
}

fn paths(written: &[String], faults: &mut Faults<'_>) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for (index, text) in written.iter().enumerate() {
        match Pattern::parse(text) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => {
                faults.at(&format!("logout_paths[{index}]"), error.to_string(), "as in `[\"/logout\"]`");
            }
        }
    }
    patterns
}

/// Structured fields (RFC 9651): a feature is a key, an origin a string, `self` and `*` are tokens.
fn permissions(raw: &BTreeMap<String, Vec<String>>, faults: &mut Faults<'_>) -> Vec<(String, String)> {
    let mut list = Vec::new();
    for (feature, allowed) in raw {
        let key = format!("permissions.{feature}");
        let named =
            feature.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !named || feature.is_empty() {
            faults.at(&key, format!("`{feature}` is not a feature"), "as in `camera` or `display-capture`");
            continue;
        }
        let mut items = Vec::new();
        for (index, who) in allowed.iter().enumerate() {
            let origin = crate::origin::Origin::parse(who);
            match (who.as_str(), origin) {
                ("self" | "'self'", _) => items.push("self".to_owned()),
                ("*", _) => items.push("*".to_owned()),
                (_, Some(origin)) => items.push(format!("\"{origin}\"")),
                _ => faults.at(
                    &format!("{key}[{index}]"),
                    format!("`{who}` is nobody who could be allowed"),
                    "write `self`, `*` or an origin such as `https://meet.example`; an empty list allows nobody",
                ),
            }
        }
        list.push((feature.clone(), format!("({})", items.join(" "))));
    }
    list
}

fn endpoints(raw: &BTreeMap<String, String>, faults: &mut Faults<'_>) -> Option<String> {
    let mut items = Vec::new();
    for (name, url) in raw {
        let named = !name.is_empty()
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
        let leads = url.starts_with('/') && !url.starts_with("//")
            || url::Url::parse(url).is_ok_and(|url| url.scheme() == "https");
        if !named || !leads || url.contains(['"', '\\']) || !url.bytes().all(|b| b.is_ascii_graphic()) {
            faults.at(
                &format!("reporting_endpoints.{name}"),
                format!("`{name}` and `{url}` are not a name and an address for reports"),
                "as in `{ csp = \"https://reports.example/csp\" }`, or a path of this site",
            );
            continue;
        }
        items.push(format!("{name}=\"{url}\""));
    }
    (!items.is_empty()).then(|| items.join(", "))
}
