//! The directives of a policy (CSP level 3 section 6, Trusted Types, Upgrade Insecure Requests).

/// What a directive takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Places and keywords; none means `'none'`.
    Sources,
    /// Words of its own, such as names of end points.
    Tokens,
    /// Nothing.
    None,
}

macro_rules! directives {
    ($($variant:ident => $name:literal, $values:ident, $doc:literal;)+) => {
        /// A directive, in the order in which policies are written.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Directive {
            $(#[doc = $doc] $variant),+
        }

        impl Directive {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As written in the header.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it takes.
            #[must_use]
            pub const fn values(self) -> Values {
                match self { $(Self::$variant => Values::$values),+ }
            }
        }
    };
}

directives! {
    DefaultSrc => "default-src", Sources, "What holds for every kind without a directive of its own.";
    ScriptSrc => "script-src", Sources, "Scripts.";
    ScriptSrcElem => "script-src-elem", Sources, "Script elements.";
    ScriptSrcAttr => "script-src-attr", Sources, "Event handlers.";
    StyleSrc => "style-src", Sources, "Styles.";
    StyleSrcElem => "style-src-elem", Sources, "Style elements and sheets.";
    StyleSrcAttr => "style-src-attr", Sources, "Style attributes.";
    ImgSrc => "img-src", Sources, "Images.";
    FontSrc => "font-src", Sources, "Fonts.";
    MediaSrc => "media-src", Sources, "Sound and video.";
    ConnectSrc => "connect-src", Sources, "Where scripts may connect to.";
    ObjectSrc => "object-src", Sources, "Embedded objects.";
    ManifestSrc => "manifest-src", Sources, "App manifests.";
    WorkerSrc => "worker-src", Sources, "Workers.";
    ChildSrc => "child-src", Sources, "Workers and frames.";
    FrameSrc => "frame-src", Sources, "Frames in the page.";
    FencedFrameSrc => "fenced-frame-src", Sources, "Fenced frames.";
    BaseUri => "base-uri", Sources, "What `<base>` may name.";
    FormAction => "form-action", Sources, "Where forms may be sent.";
    FrameAncestors => "frame-ancestors", Sources, "Who may put the page into a frame.";
    Sandbox => "sandbox", Tokens, "Takes everything from the page but what is listed.";
    RequireTrustedTypesFor => "require-trusted-types-for", Tokens, "Sinks that take no strings.";
    TrustedTypes => "trusted-types", Tokens, "Which Trusted Types policies may be made.";
    UpgradeInsecureRequests => "upgrade-insecure-requests", None, "Load `http:` over HTTPS.";
    ReportTo => "report-to", Tokens, "The end point for reports.";
    ReportUri => "report-uri", Tokens, "The same for old browsers.";
}

impl Directive {
    /// Reads a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|directive| directive.name() == name)
    }

    pub(super) fn nearest(name: &str) -> String {
        let written = name.replace('_', "-").to_ascii_lowercase();
        let near = Self::ALL.iter().map(|directive| directive.name()).find(|known| {
            *known == written
                || known.strip_suffix("-src") == Some(written.as_str())
                || known.starts_with(&written)
        });
        match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let names: Vec<&str> = Self::ALL.iter().map(|directive| directive.name()).collect();
                format!("known: {}", names.join(", "))
            }
        }
    }
}
