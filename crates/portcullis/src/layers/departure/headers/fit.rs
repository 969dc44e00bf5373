//! A policy for a page that nobody wrote one for.
//!
//! A page that was seen whole and has nothing that executes gets an enforced policy that lets nothing
//! execute. Images, styles, frames and the like stay as wide as `https:`, because a picture of the app's own
//! may redirect to anywhere and a style sheet may import from anywhere (CSP follows redirects); kinds that
//! the page does not have are closed.
//!
//! A page with scripts gets an enforced policy only of what its own content fits, and a report-only policy
//! for its scripts: the hashes of what stands inline and the origins of what is loaded.
//!
//! `form-action` is set only on pages without a form: browsers hold the redirect that follows a form to it
//! too, and a login that goes on to an identity provider would break.
//!
//! An app that speaks plain HTTP to the gate may write `http:` and `ws:` into its pages, whether or not it
//! knows better from `X-Forwarded-Proto`. Over HTTPS a browser blocks those as mixed content, so it is told to
//! upgrade them.

use super::config::Frames;
use super::csp::{Csp, Directive, Source};
use crate::layers::arrival::host::Site;
use crate::layers::arrival::transport::Scheme;
use crate::layers::departure::html::{Findings, Sources};

/// What is enforced and what only reports.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fitted {
    pub(super) enforced: Csp,
    pub(super) report_only: Option<Csp>,
}

/// The policy for a page of `site`. `ancestors` is who may frame it.
pub(super) fn page(
    findings: Option<&Findings>,
    scheme: Scheme,
    site: &Site,
    ancestors: Option<Frames>,
) -> Fitted {
    let base = Csp::default();
    let Some(findings) = findings else {
        return Fitted { enforced: framed(base, ancestors), report_only: None };
    };
    let mut fitted = content(findings, scheme, ancestors);
    if scheme == Scheme::Https && !findings.meta_policy && !plain_elsewhere(findings, site) {
        fitted.enforced = fitted.enforced.with(Directive::UpgradeInsecureRequests, []);
    }
    fitted
}

/// Whether the page names another host by `http:` where browsers would not upgrade it by themselves: a
/// picture of a device in the local network, or a form to a site without HTTPS.
fn plain_elsewhere(findings: &Findings, site: &Site) -> bool {
    let elsewhere = |origin: &String| {
        origin.strip_prefix("http://").is_some_and(|host| {
            let port = host.strip_prefix(site.name.as_str());
            !port.is_some_and(|port| port.is_empty() || port.starts_with(':'))
        })
    };
    [&findings.images, &findings.media, &findings.forms]
        .iter()
        .any(|sources| sources.origins.overflowed() || sources.origins.iter().any(elsewhere))
}

fn content(findings: &Findings, scheme: Scheme, ancestors: Option<Frames>) -> Fitted {
    let base = Csp::default();
    if findings.meta_policy {
        return Fitted { enforced: framed(base, ancestors), report_only: None };
    }
    if !findings.partial && !findings.any_script && !findings.srcdoc {
        return Fitted { enforced: framed(scriptless(findings, scheme), ancestors), report_only: None };
    }
    let enforced = if findings.partial { base } else { baseline(findings, scheme) };
    Fitted { enforced: framed(enforced, ancestors), report_only: scripts(findings) }
}

/// For documents that are no pages: JSON is never more than text, and script in a picture that is opened by
/// itself runs in the app's origin.
pub(super) fn document(kind: &str, ancestors: Option<Frames>) -> Csp {
    let json = kind == "application/json" || kind.ends_with("+json");
    let base = Csp::default();
    if json {
        // A browser shows JSON as a page with a style attribute of its own, and asks for the site's icon.
        let shown = base
            .with(Directive::DefaultSrc, [Source::NoneAtAll])
            .with(Directive::StyleSrc, [Source::UnsafeInline])
            .with(Directive::ImgSrc, [Source::Own]);
        return framed(shown, ancestors);
    }
    if kind == "image/svg+xml" {
        let still = base
            .with(Directive::ScriptSrc, [Source::NoneAtAll])
            .with(Directive::ObjectSrc, [Source::NoneAtAll]);
        return framed(still, ancestors);
    }
    base
}

fn framed(csp: Csp, ancestors: Option<Frames>) -> Csp {
    match ancestors {
        Some(Frames::SameOrigin) => csp.with(Directive::FrameAncestors, [Source::Own]),
        Some(Frames::Nobody) => csp.with(Directive::FrameAncestors, [Source::NoneAtAll]),
        Some(Frames::DangerousAnybody) | None => csp,
    }
}

fn scriptless(findings: &Findings, scheme: Scheme) -> Csp {
    let wide = || wide(scheme);
    let none = || vec![Source::NoneAtAll];
    let any_style = !findings.styles.is_empty()
        || !findings.inline_styles.is_empty()
        || !findings.style_attributes.is_empty();
    let own_and_data = || vec![Source::Own, Source::scheme("data")];
    let passive = |sources: &Sources| if sources.is_empty() && !any_style { own_and_data() } else { wide() };
    let used = |sources: &Sources| if sources.is_empty() { none() } else { wide() };

    let mut csp = Csp::default()
        .with(Directive::DefaultSrc, wide())
        .with(Directive::ScriptSrc, none())
        .with(Directive::StyleSrc, styles(findings, scheme))
        .with(Directive::ImgSrc, passive(&findings.images))
        .with(Directive::FontSrc, passive(&findings.fonts))
        .with(Directive::MediaSrc, used(&findings.media))
        .with(Directive::ObjectSrc, used(&findings.objects))
        .with(Directive::WorkerSrc, none())
        .with(Directive::FrameSrc, if findings.objects.is_empty() { used(&findings.frames) } else { wide() })
        .with(Directive::BaseUri, if findings.bases.is_empty() { none() } else { listed(&findings.bases) });
    if findings.forms.is_empty() {
        csp = csp.with(Directive::FormAction, none());
    }
    csp
}

/// Styles by their hashes where all are known and none is loaded; else as wide as an import may reach.
fn styles(findings: &Findings, scheme: Scheme) -> Vec<Source> {
    if !findings.styles.is_empty() {
        let mut sources = wide(scheme);
        sources.push(Source::UnsafeInline);
        return sources;
    }
    let listable = !findings.inline_styles.overflowed() && !findings.style_attributes.overflowed();
    if !listable {
        let mut sources = wide(scheme);
        sources.push(Source::UnsafeInline);
        return sources;
    }
    if findings.inline_styles.is_empty() && findings.style_attributes.is_empty() {
        return vec![Source::Own];
    }
    // A style element may import sheets; an attribute may not.
    let mut sources = if findings.inline_styles.is_empty() { vec![Source::Own] } else { wide(scheme) };
    if !findings.style_attributes.is_empty() {
        sources.push(Source::UnsafeHashes);
    }
    sources.extend(findings.inline_styles.iter().chain(findings.style_attributes.iter()).map(Source::sha256));
    sources
}

/// What can be enforced on a page with scripts: what they may add by themselves stays possible.
fn baseline(findings: &Findings, scheme: Scheme) -> Csp {
    let objects =
        if findings.objects.is_empty() { vec![Source::Own, Source::scheme("blob")] } else { wide(scheme) };
    Csp::default().with(Directive::ObjectSrc, objects).with(Directive::BaseUri, listed(&findings.bases))
}

/// Report-only: scripts by their hashes and origins. Silent on everything that the markup itself holds.
fn scripts(findings: &Findings) -> Option<Csp> {
    let lists = [&findings.inline_scripts, &findings.handlers, &findings.javascript_urls];
    if findings.partial || findings.srcdoc || lists.iter().any(|list| list.overflowed()) {
        return None;
    }
    if findings.scripts.origins.overflowed() {
        return None;
    }
    let mut sources = listed(&findings.scripts);
    // What a script makes of text cannot be seen in the markup.
    sources.push(Source::UnsafeEval);
    if findings.scripts.is_empty() && !findings.inline_scripts.is_empty() {
        sources.push(Source::StrictDynamic);
    }
    if !findings.handlers.is_empty() || !findings.javascript_urls.is_empty() {
        sources.push(Source::UnsafeHashes);
    }
    sources.extend(lists.iter().flat_map(|list| list.iter()).map(Source::sha256));
    let workers = vec![Source::Own, Source::scheme("blob"), Source::scheme("data"), Source::scheme("https")];
    Some(Csp::default().with(Directive::ScriptSrc, sources).with(Directive::WorkerSrc, workers))
}

/// The page's own origin and those that were found.
pub(super) fn listed(found: &Sources) -> Vec<Source> {
    let mut sources = vec![Source::Own];
    if found.data {
        sources.push(Source::scheme("data"));
    }
    if found.blob {
        sources.push(Source::scheme("blob"));
    }
    let directive = Directive::ScriptSrc;
    sources.extend(found.origins.iter().filter_map(|origin| Source::parse(origin, directive).ok()));
    sources
}

fn wide(scheme: Scheme) -> Vec<Source> {
    let mut sources =
        vec![Source::Own, Source::scheme("https"), Source::scheme("data"), Source::scheme("blob")];
    if scheme == Scheme::Http {
        sources.push(Source::scheme("http"));
    }
    sources
}
