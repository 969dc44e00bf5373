//! Names of elements.

/// The longest name that is told apart, in bytes.
const LONGEST: usize = 16;

macro_rules! names {
    ($($variant:ident $text:literal)*) => {
        /// The name of an element, as far as it matters to somebody here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(in super::super) enum Name {
            $(#[doc = $text] $variant,)*
            /// Any other.
            Other,
        }

        #[expect(non_upper_case_globals, reason = "named as the variants are")]
        mod packed {
            $(pub(super) const $variant: u128 = super::pack($text.as_bytes());)*
        }

        impl Name {
            /// In any case.
            pub(super) fn of(name: &[u8]) -> Self {
                if name.len() > LONGEST {
                    return Self::Other;
                }
                match pack(name) {
                    $(packed::$variant => Self::$variant,)*
                    _ => Self::Other,
                }
            }

            /// In lower case.
            pub(super) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other => "",
                }
            }
        }
    };
}

names! {
    A "a" AnnotationXml "annotation-xml" Area "area" Article "article" Aside "aside" Audio "audio"
    B "b" Base "base" Big "big" Blockquote "blockquote" Body "body" Br "br" Button "button"
    Center "center" Code "code"
    Dd "dd" Desc "desc" Div "div" Dl "dl" Dt "dt"
    Em "em" Embed "embed"
    Feimage "feimage" Font "font" Footer "footer" ForeignObject "foreignobject" Form "form" Frame "frame"
    Frameset "frameset"
    H1 "h1" H2 "h2" H3 "h3" H4 "h4" H5 "h5" H6 "h6" Head "head" Header "header" Hr "hr" Html "html"
    I "i" Iframe "iframe" Image "image" Img "img" Input "input"
    Keygen "keygen"
    Label "label" Li "li" Link "link" Listing "listing"
    Main "main" Math "math" Menu "menu" Meta "meta" Mi "mi" Mn "mn" Mo "mo" Ms "ms" Mtext "mtext"
    Nav "nav" Nobr "nobr" Noembed "noembed" Noframes "noframes" Noscript "noscript"
    Object "object" Ol "ol"
    P "p" Plaintext "plaintext" Pre "pre"
    Ruby "ruby"
    S "s" Script "script" Section "section" Select "select" Small "small" Source "source" Span "span"
    Strike "strike" Strong "strong" Style "style" Sub "sub" Sup "sup" Svg "svg"
    Table "table" Tbody "tbody" Td "td" Template "template" Textarea "textarea" Tfoot "tfoot" Th "th"
    Thead "thead" Title "title" Tr "tr" Track "track" Tt "tt"
    U "u" Ul "ul" Use "use"
    Var "var" Video "video"
    Xmp "xmp"
}

/// A name in lower case as a number: no two names have the same.
const fn pack(name: &[u8]) -> u128 {
    let mut rest = name;
    let mut packed = 0_u128;
    while let [first, behind @ ..] = rest {
        packed = packed << 8 | first.to_ascii_lowercase() as u128;
        rest = behind;
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case_and_no_other_is_taken_for_one() {
        assert_eq!(Name::of(b"FoReignObject"), Name::ForeignObject);
        assert_eq!(Name::of(b"annotation-xml"), Name::AnnotationXml);
        for other in [&b"forms"[..], b"x-form", b"", b"form\0", b"annotation-xml-of-more-than-that"] {
            assert_eq!(Name::of(other), Name::Other);
        }
    }
}
