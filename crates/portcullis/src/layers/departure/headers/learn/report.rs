//! Reports, in both forms: `application/csp-report` (CSP level 2) and `application/reports+json` (Reporting API,
//! CSP level 3 section 5.3).

use serde::Deserialize;
use url::Url;

use super::super::csp::Directive;
use crate::origin::Origin;

/// What one report tells: on this page, this kind of thing came from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The path of the page.
    pub page: String,
    /// The kind, as a directive of a suggestion: `script-src` for `script-src-elem` and so on.
    pub directive: Directive,
    /// The source that would have allowed it, as it is written in a policy; `inline` for what stands inline.
    pub source: String,
    /// The beginning of what stands inline, where the browser shows it.
    pub sample: String,
}

/// The most reports that are read from one body.
const MOST: usize = 100;
/// The longest page or sample that is kept.
const LONGEST: usize = 256;

#[derive(Deserialize)]
struct Old {
    #[serde(rename = "csp-report")]
    report: Fields,
}

#[derive(Deserialize)]
struct New {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    body: Option<Fields>,
}

/// The names of both forms.
#[derive(Deserialize)]
struct Fields {
    #[serde(alias = "document-uri", alias = "documentURL", default)]
    document: Option<String>,
    #[serde(alias = "blocked-uri", alias = "blockedURL", default)]
    blocked: Option<String>,
    #[serde(alias = "effective-directive", alias = "effectiveDirective", default)]
    effective: Option<String>,
    #[serde(alias = "violated-directive", default)]
    violated: Option<String>,
    #[serde(alias = "source-file", alias = "sourceFile", default)]
    file: Option<String>,
    #[serde(alias = "script-sample", default)]
    sample: Option<String>,
}

/// Reads a body of reports about pages of `own`. What cannot be read, speaks of other sites, or is the doing of
/// an extension is dropped: a browser waits for no answer.
#[must_use]
pub fn reports(body: &[u8], own: &Origin) -> Vec<Report> {
    let fields: Vec<Fields> = match serde_json::from_slice::<Vec<New>>(body) {
        Ok(many) => {
            let violations = many.into_iter().take(MOST).filter(|one| one.kind == "csp-violation");
            violations.filter_map(|one| one.body).collect()
        }
        Err(_) => serde_json::from_slice::<Old>(body).map(|old| vec![old.report]).unwrap_or_default(),
    };
    fields.iter().filter_map(|fields| read(fields, own)).collect()
}

fn read(fields: &Fields, own: &Origin) -> Option<Report> {
    let page = Url::parse(fields.document.as_deref()?).ok()?;
    if Origin::of(&page).as_ref() != Some(own) {
        return None;
    }
    if fields.file.as_deref().is_some_and(is_extension) {
        return None;
    }
    let named = fields.effective.as_deref().or(fields.violated.as_deref())?;
    // Old browsers write the whole directive.
    let directive = grouped(Directive::parse(named.split_ascii_whitespace().next()?)?)?;
    let source = source(fields.blocked.as_deref()?, own)?;
    let sample = fields.sample.as_deref().unwrap_or_default();
    Some(Report {
        page: page.path().chars().take(LONGEST).collect(),
        directive,
        source,
        sample: sample.chars().take(LONGEST).filter(|sign| !sign.is_control()).collect(),
    })
}

/// The directive that a suggestion has for it; `None` for what is not suggested from reports.
fn grouped(directive: Directive) -> Option<Directive> {
    use Directive as D;
    Some(match directive {
        D::ScriptSrc | D::ScriptSrcElem | D::ScriptSrcAttr => D::ScriptSrc,
        D::StyleSrc | D::StyleSrcElem | D::StyleSrcAttr => D::StyleSrc,
        D::ChildSrc | D::FrameSrc | D::FencedFrameSrc => D::FrameSrc,
        D::ImgSrc
        | D::FontSrc
        | D::MediaSrc
        | D::ConnectSrc
        | D::ObjectSrc
        | D::ManifestSrc
        | D::WorkerSrc => directive,
        D::BaseUri | D::FormAction => directive,
        D::DefaultSrc
        | D::FrameAncestors
        | D::Sandbox
        | D::RequireTrustedTypesFor
        | D::TrustedTypes
        | D::UpgradeInsecureRequests
        | D::ReportTo
        | D::ReportUri => return None,
    })
}

/// What was blocked, as a source.
fn source(blocked: &str, own: &Origin) -> Option<String> {
    match blocked {
        "inline" | "self" => return Some("inline".to_owned()),
        "eval" => return Some("'unsafe-eval'".to_owned()),
        "wasm-eval" => return Some("'wasm-unsafe-eval'".to_owned()),
        "data" | "blob" => return Some(format!("{blocked}:")),
        "" => return Some("inline".to_owned()),
        _ => {}
    }
    let url = Url::parse(blocked).ok()?;
    match url.scheme() {
        "data" | "blob" => Some(format!("{}:", url.scheme())),
        "http" | "https" | "ws" | "wss" => {
            let origin = Origin::of(&url)?;
            // A web socket to the page's own host is `'self'` to a browser (CSP level 3 section 6.7.2.8).
            let same = origin == *own || origin.is_socket_of(own);
            Some(if same { "'self'".to_owned() } else { origin.to_string() })
        }
        _ => None,
    }
}

/// Whether a script is not the page's but an extension's, or the browser's own.
fn is_extension(file: &str) -> bool {
    let scheme = file.split(':').next().unwrap_or_default();
    scheme.ends_with("-extension") || matches!(scheme, "about" | "chrome" | "resource" | "sandbox eval code")
}
