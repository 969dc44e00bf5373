//! The report-only policy of a page while the gate learns.

use super::super::csp::{Csp, Directive, Source};
use super::super::fit::listed;
use super::{ENDPOINT, REPORTS};
use crate::layers::departure::html::{Findings, Listed, Sources};

/// What a kind of thing is called in a policy, with where the page has it from. Addresses within styles may be
/// pictures or fonts.
pub(super) fn kinds(findings: &Findings) -> [(Directive, Vec<&Sources>); 11] {
    let only = |directive, sources| (directive, vec![sources]);
    [
        only(Directive::ScriptSrc, &findings.scripts),
        only(Directive::StyleSrc, &findings.styles),
        (Directive::ImgSrc, vec![&findings.images, &findings.css]),
        (Directive::FontSrc, vec![&findings.fonts, &findings.css]),
        only(Directive::MediaSrc, &findings.media),
        only(Directive::FrameSrc, &findings.frames),
        only(Directive::ObjectSrc, &findings.objects),
        only(Directive::ConnectSrc, &findings.connects),
        only(Directive::FormAction, &findings.forms),
        only(Directive::ManifestSrc, &findings.manifests),
        only(Directive::BaseUri, &findings.bases),
    ]
}

/// What stands inline: its directive, whether its hash needs `'unsafe-hashes'`, and the hashes.
pub(super) fn inline(findings: &Findings) -> [(Directive, bool, &Listed<[u8; 32]>); 5] {
    [
        (Directive::ScriptSrc, false, &findings.inline_scripts),
        (Directive::ScriptSrc, true, &findings.handlers),
        (Directive::ScriptSrc, true, &findings.javascript_urls),
        (Directive::StyleSrc, false, &findings.inline_styles),
        (Directive::StyleSrc, true, &findings.style_attributes),
    ]
}

/// A policy that allows what the markup holds and reports the rest to us.
pub(crate) fn watched(findings: &Findings) -> Csp {
    let mut csp = Csp::default().with(Directive::DefaultSrc, [Source::NoneAtAll]);
    for (directive, sources) in kinds(findings) {
        let mut allowed = Vec::new();
        for found in sources.into_iter().filter(|found| !found.is_empty()) {
            allowed.extend(listed(found).into_iter().filter(|source| found.own || *source != Source::Own));
        }
        let mut hashed = false;
        for (_, needs_keyword, hashes) in inline(findings).into_iter().filter(|(of, ..)| *of == directive) {
            hashed |= needs_keyword && !hashes.is_empty();
            allowed.extend(hashes.iter().map(Source::sha256));
        }
        if hashed {
            allowed.push(Source::UnsafeHashes);
        }
        if matches!(directive, Directive::ScriptSrc | Directive::StyleSrc) {
            allowed.push(Source::ReportSample);
        }
        allowed.dedup();
        csp = csp.with(directive, allowed);
    }
    csp.with(Directive::ReportUri, [Source::Token(REPORTS.to_owned())])
        .with(Directive::ReportTo, [Source::Token(ENDPOINT.to_owned())])
}
