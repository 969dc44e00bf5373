//! Every way in which a message can be malformed or ambiguous: one table of codes and words.

use http::StatusCode;

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    // The request line.
    /// More empty lines before the request line than RFC 9112 section 2.2 has a use for.
    LeadingBlankLines,
    /// The request line begins with white space.
    LeadingWhitespace,
    /// The first byte is that of a TLS handshake.
    TlsHandshake,
    /// The request line is longer than allowed.
    RequestLineLong,
    /// The request line has not the three parts method, target and version.
    RequestLineShape,
    /// The parts of the request line are not parted by single spaces.
    RequestLineSpaces,
    /// The method is not a token.
    MethodInvalid,
    /// The method is longer than any in use.
    MethodLong,
    /// `CONNECT`: a gate is not a forward proxy.
    ConnectMethod,
    /// No version: HTTP/0.9.
    VersionMissing,
    /// The version is not written as `HTTP/1.1`.
    VersionInvalid,
    /// A version that is not spoken on this wire.
    VersionUnsupported,
    /// The target holds a byte over 0x7F.
    TargetEightBit,
    /// The target holds a control byte.
    TargetControl,
    /// The target holds a space.
    TargetSpace,
    /// The target holds a byte that a URL must not hold raw.
    TargetByte,
    /// The target has a fragment.
    TargetFragment,
    /// The target is none of the forms of RFC 9112 section 3.2.
    TargetForm,
    /// The target is an absolute URL of another scheme.
    TargetScheme,
    /// The target is an absolute URL with credentials.
    TargetUserinfo,
    /// The target is an absolute URL whose authority is no host and port.
    TargetAuthority,
    /// `*` with another method than `OPTIONS`.
    TargetAsterisk,

    // Lines and header fields.
    /// A carriage return without a line feed.
    BareCarriageReturn,
    /// A line feed without a carriage return.
    BareLineFeed,
    /// A header line is longer than allowed.
    HeaderLineLong,
    /// The head is longer than allowed.
    HeadLong,
    /// More header fields than allowed.
    HeadersMany,
    /// A header field is folded over two lines.
    FoldedLine,
    /// A header line without a colon.
    ColonMissing,
    /// White space between a field's name and its colon.
    SpaceBeforeColon,
    /// A field without a name.
    NameEmpty,
    /// A field name that is not a token.
    NameInvalid,
    /// A field name that many app servers read as a field the gate relies on.
    NameDisguised,
    /// A control byte in a field value.
    ValueControl,

    // Who is asked.
    /// No `Host`.
    HostMissing,
    /// An empty `Host`.
    HostEmpty,
    /// More than one `Host`.
    HostRepeated,
    /// A `Host` that is no host and port.
    HostInvalid,
    /// `Host` and the target name different hosts.
    HostDiffers,

    // Where the body ends.
    /// `Content-Length` beside `Transfer-Encoding`.
    LengthWithCoding,
    /// `Content-Length` more than once.
    LengthRepeated,
    /// `Content-Length` more than once, with different values.
    LengthDiffers,
    /// A list in `Content-Length`.
    LengthList,
    /// An empty `Content-Length`.
    LengthEmpty,
    /// A sign in `Content-Length`.
    LengthSigned,
    /// A `Content-Length` that is not a decimal number.
    LengthInvalid,
    /// A `Content-Length` beyond any number of bytes there can be.
    LengthHuge,
    /// `Transfer-Encoding` in HTTP/1.0.
    CodingInOldVersion,
    /// `Transfer-Encoding` more than once.
    CodingRepeated,
    /// An empty `Transfer-Encoding`.
    CodingEmpty,
    /// `identity` as a transfer coding.
    CodingIdentity,
    /// `chunked` more than once.
    ChunkedRepeated,
    /// `chunked` is not the last coding.
    ChunkedNotFinal,
    /// Something that looks like `chunked` and is not.
    ChunkedDisguised,
    /// A transfer coding that is not understood.
    CodingUnknown,

    // Hop by hop.
    /// `Connection` names a field that must reach the app.
    ConnectionNamesField,
    /// An `Expect` other than `100-continue`.
    ExpectUnknown,
    /// A connection-specific field in HTTP/2.
    ConnectionFieldInHttp2,
    /// `TE` with another value than `trailers` in HTTP/2.
    TeInHttp2,

    // The body.
    /// A chunk without a size.
    ChunkSizeEmpty,
    /// A chunk size that is not a hexadecimal number.
    ChunkSizeInvalid,
    /// White space around a chunk size.
    ChunkSizeSpace,
    /// A chunk size with too many digits.
    ChunkSizeHuge,
    /// A chunk's line does not end in CRLF.
    ChunkLineEnd,
    /// Chunk extensions longer than allowed.
    ChunkExtensionLong,
    /// A control byte in a chunk extension.
    ChunkExtensionInvalid,
    /// A chunk's data is not followed by CRLF.
    ChunkEnd,
    /// More trailer fields than allowed.
    TrailersMany,
    /// Trailers longer than allowed.
    TrailersLong,
    /// A trailer field that decides about framing, routing or identity.
    TrailerForbidden,

    // The path.
    /// A `.` or `..` segment.
    PathDotSegment,
    /// A `.` or `..` segment, percent-encoded.
    PathDotSegmentEncoded,
    /// A `..` segment, percent-encoded twice.
    PathDotSegmentDoublyEncoded,
    /// `%2F` in the path.
    PathEncodedSlash,
    /// A backslash in the path.
    PathBackslash,
    /// `%5C` in the path.
    PathEncodedBackslash,
    /// `%00` in the path.
    PathNul,
    /// A path that the gate keeps for itself.
    PathReserved,
    /// A percent-encoded control byte in the path.
    PathControl,
    /// `%` without two hexadecimal digits in the path.
    PathPercentInvalid,
    /// An overlong UTF-8 sequence in the path.
    PathOverlong,
    /// The path, decoded, is not UTF-8.
    PathNotUtf8,

    // Time.
    /// The head took too long to arrive.
    HeadSlow,
    /// The body took too long to arrive.
    BodySlow,
}

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const URI_LONG: StatusCode = StatusCode::URI_TOO_LONG;
const HEAD_LARGE: StatusCode = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;

const SMUGGLING: &str = "two parties that disagree where a request ends let an attacker hide a second one \
                         in it: request smuggling (CWE-444, RFC 9112 section 11.2)";
const SPLITTING: &str = "parties disagree on what ends a line, so that a header of the attacker's can be \
                         born or vanish between them (CWE-444, RFC 9112 section 2.2)";
const GRAMMAR: &str = "what is not well-formed is read differently by every party that reads it \
                       (CWE-436, RFC 9112 section 3)";
const ROUTING: &str = "the party that routes and the party that serves must agree on the host, or a request \
                       reaches, or poisons the cache of, a site it was not checked for (CWE-444, RFC 9112 \
                       section 3.2)";
const TARGET: &str = "the rules were judged on this path and the app might serve another \
                      (CWE-436, RFC 9112 section 3.2)";
const TRAVERSAL: &str = "the app or a server behind it may resolve the path to another than the one that \
                         the rules were judged on: path traversal (CWE-22, RFC 3986 section 6.2.2)";
const TRAILERS: &str = "a party that merges trailers into the headers would take framing, routing or \
                        identity from bytes that came after the decision (CWE-444, RFC 9110 section 6.5.1)";
const EXHAUSTION: &str = "what an attacker may make us keep has a bound (CWE-770)";
const SLOW: &str = "connections held open by dribbling bytes exhaust a server: slowloris (CWE-400)";
const HOP: &str = "a field that belongs to the connection can hide another from the app or change the \
                   framing behind us (CWE-444, RFC 9110 section 7.6.1, RFC 9113 section 8.2.2)";

/// One row of the table: the code, the status, why it matters, and what was seen.
type Row = (&'static str, StatusCode, &'static str, &'static str);

impl Fault {
    /// A stable name, as in `framing.length_with_coding`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().0
    }

    pub(super) fn status(self) -> StatusCode {
        self.row().1
    }

    pub(super) fn why(self) -> &'static str {
        self.row().2
    }

    pub(super) fn seen(self) -> &'static str {
        self.row().3
    }

    /// The knob that lets this one pass, where there is one.
    pub(super) fn knob(self) -> Option<&'static str> {
        match self {
            Self::PathDotSegment | Self::PathDotSegmentEncoded | Self::PathDotSegmentDoublyEncoded => {
                Some("dangerous_allow_dot_segments")
            }
            Self::PathEncodedSlash => Some("dangerous_allow_encoded_slash"),
            Self::PathBackslash | Self::PathEncodedBackslash => Some("dangerous_allow_backslash"),
            Self::PathControl => Some("dangerous_allow_encoded_control"),
            Self::PathPercentInvalid => Some("dangerous_allow_invalid_percent"),
            Self::PathNotUtf8 => Some("dangerous_allow_non_utf8"),
            Self::NameDisguised => Some("dangerous_allow_disguised_names"),
            _ => None,
        }
    }

    fn row(self) -> Row {
        match self {
            Self::LeadingBlankLines
            | Self::LeadingWhitespace
            | Self::TlsHandshake
            | Self::RequestLineLong
            | Self::RequestLineShape
            | Self::RequestLineSpaces
            | Self::MethodInvalid
            | Self::MethodLong
            | Self::ConnectMethod
            | Self::VersionMissing
            | Self::VersionInvalid
            | Self::VersionUnsupported
            | Self::TargetEightBit
            | Self::TargetControl
            | Self::TargetSpace
            | Self::TargetByte
            | Self::TargetFragment
            | Self::TargetForm
            | Self::TargetScheme
            | Self::TargetUserinfo
            | Self::TargetAuthority
            | Self::TargetAsterisk => self.request_line(),
            Self::BareCarriageReturn
            | Self::BareLineFeed
            | Self::HeaderLineLong
            | Self::HeadLong
            | Self::HeadersMany
            | Self::FoldedLine
            | Self::ColonMissing
            | Self::SpaceBeforeColon
            | Self::NameEmpty
            | Self::NameInvalid
            | Self::NameDisguised
            | Self::ValueControl
            | Self::HostMissing
            | Self::HostEmpty
            | Self::HostRepeated
            | Self::HostInvalid
            | Self::HostDiffers
            | Self::ConnectionNamesField
            | Self::ExpectUnknown
            | Self::ConnectionFieldInHttp2
            | Self::TeInHttp2 => self.fields(),
            _ => self.body_or_path(),
        }
    }

    fn request_line(self) -> Row {
        match self {
            Self::LeadingBlankLines => {
                ("framing.leading_blank_lines", BAD, GRAMMAR, "too many empty lines before the request line")
            }
            Self::LeadingWhitespace => {
                ("framing.leading_whitespace", BAD, GRAMMAR, "the request line begins with white space")
            }
            Self::TlsHandshake => {
                ("framing.tls_handshake", BAD, GRAMMAR, "the client speaks TLS where plain HTTP is served")
            }
            Self::RequestLineLong => {
                ("framing.request_line_long", URI_LONG, EXHAUSTION, "the request line is too long")
            }
            Self::RequestLineSpaces => (
                "framing.request_line_spaces",
                BAD,
                GRAMMAR,
                "the request line's parts are not parted by single spaces",
            ),
            Self::MethodInvalid => ("framing.method_invalid", BAD, GRAMMAR, "the method is not a token"),
            Self::MethodLong => ("framing.method_long", BAD, EXHAUSTION, "the method is too long"),
            Self::ConnectMethod => (
                "framing.connect_method",
                StatusCode::METHOD_NOT_ALLOWED,
                "a gate that opens tunnels is an open proxy (CWE-441, RFC 9110 section 9.3.6)",
                "`CONNECT` asks for a tunnel",
            ),
            Self::VersionMissing => {
                ("framing.version_missing", BAD, GRAMMAR, "the request line has no version (HTTP/0.9)")
            }
            Self::VersionInvalid => {
                ("framing.version_invalid", BAD, GRAMMAR, "the version is not written as `HTTP/1.1`")
            }
            Self::VersionUnsupported => (
                "framing.version_unsupported",
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                GRAMMAR,
                "the version is not spoken here",
            ),
            Self::TargetEightBit => {
                ("framing.target_eight_bit", BAD, TARGET, "the target holds a raw byte over 0x7F")
            }
            Self::TargetControl => {
                ("framing.target_control", BAD, TARGET, "the target holds a raw control byte")
            }
            Self::TargetSpace => ("framing.target_space", BAD, TARGET, "the target holds a raw space"),
            Self::TargetByte => {
                ("framing.target_byte", BAD, TARGET, "the target holds a raw byte that a URL must not hold")
            }
            Self::TargetFragment => ("framing.target_fragment", BAD, TARGET, "the target has a fragment"),
            Self::TargetScheme => {
                ("framing.target_scheme", BAD, ROUTING, "the target is a URL of another scheme")
            }
            Self::TargetUserinfo => {
                ("framing.target_userinfo", BAD, ROUTING, "the target is a URL with credentials")
            }
            Self::TargetAuthority => {
                ("framing.target_authority", BAD, ROUTING, "the target is a URL without a proper host")
            }
            Self::TargetAsterisk => {
                ("framing.target_asterisk", BAD, TARGET, "the target `*` belongs to `OPTIONS` alone")
            }
            Self::TargetForm => {
                ("framing.target_form", BAD, TARGET, "the target is neither a path nor an absolute URL")
            }
            _ => (
                "framing.request_line_shape",
                BAD,
                GRAMMAR,
                "the request line is not a method, a target and a version",
            ),
        }
    }

    fn fields(self) -> Row {
        match self {
            Self::BareCarriageReturn => {
                ("framing.bare_cr", BAD, SPLITTING, "a carriage return stands without a line feed")
            }
            Self::BareLineFeed => {
                ("framing.bare_lf", BAD, SPLITTING, "a line feed stands without a carriage return")
            }
            Self::HeaderLineLong => {
                ("framing.header_line_long", HEAD_LARGE, EXHAUSTION, "a header line is too long")
            }
            Self::HeadLong => ("framing.head_long", HEAD_LARGE, EXHAUSTION, "the head is too long"),
            Self::HeadersMany => {
                ("framing.headers_many", HEAD_LARGE, EXHAUSTION, "there are too many header fields")
            }
            Self::FoldedLine => ("framing.obs_fold", BAD, SPLITTING, "a header field is folded over lines"),
            Self::ColonMissing => ("framing.colon_missing", BAD, SPLITTING, "a header line has no colon"),
            Self::SpaceBeforeColon => {
                ("framing.space_before_colon", BAD, SMUGGLING, "white space stands before a header's colon")
            }
            Self::NameEmpty => ("framing.name_empty", BAD, GRAMMAR, "a header field has no name"),
            Self::NameInvalid => {
                ("framing.name_invalid", BAD, SMUGGLING, "a header field's name is not a token")
            }
            Self::NameDisguised => (
                "framing.name_disguised",
                BAD,
                "app servers that turn `-` and other marks into `_` (CGI, WSGI, PHP) read it as the field \
                 that the gate checks or sets itself (CWE-444)",
                "a header field's name is another's with `_`, `.` or another mark for `-`",
            ),
            Self::ValueControl => {
                ("framing.value_control", BAD, SPLITTING, "a header field's value holds a control byte")
            }
            Self::HostMissing => ("framing.host_missing", BAD, ROUTING, "the request names no host"),
            Self::HostEmpty => ("framing.host_empty", BAD, ROUTING, "`Host` is empty"),
            Self::HostRepeated => ("framing.host_repeated", BAD, ROUTING, "`Host` is given more than once"),
            Self::HostInvalid => ("framing.host_invalid", BAD, ROUTING, "`Host` is not a host and port"),
            Self::HostDiffers => {
                ("framing.host_differs", BAD, ROUTING, "the target names another host than `Host`")
            }
            Self::ConnectionNamesField => (
                "framing.connection_names_field",
                BAD,
                HOP,
                "`Connection` names a field that must reach the app",
            ),
            Self::ExpectUnknown => (
                "framing.expect_unknown",
                StatusCode::EXPECTATION_FAILED,
                SMUGGLING,
                "`Expect` is not `100-continue`",
            ),
            Self::ConnectionFieldInHttp2 => (
                "framing.connection_field_in_http2",
                BAD,
                HOP,
                "a connection-specific field stands in an HTTP/2 request",
            ),
            _ => ("framing.te_in_http2", BAD, HOP, "`TE` in HTTP/2 is not `trailers`"),
        }
    }

    fn body_or_path(self) -> Row {
        match self {
            Self::LengthWithCoding => (
                "framing.length_with_coding",
                BAD,
                SMUGGLING,
                "both `Content-Length` and `Transfer-Encoding` are given",
            ),
            Self::LengthRepeated => {
                ("framing.length_repeated", BAD, SMUGGLING, "`Content-Length` is given more than once")
            }
            Self::LengthDiffers => {
                ("framing.length_differs", BAD, SMUGGLING, "`Content-Length` is given with different values")
            }
            Self::LengthList => ("framing.length_list", BAD, SMUGGLING, "`Content-Length` is a list"),
            Self::LengthEmpty => ("framing.length_empty", BAD, SMUGGLING, "`Content-Length` is empty"),
            Self::LengthSigned => ("framing.length_signed", BAD, SMUGGLING, "`Content-Length` has a sign"),
            Self::LengthInvalid => {
                ("framing.length_invalid", BAD, SMUGGLING, "`Content-Length` is not a decimal number")
            }
            Self::LengthHuge => ("framing.length_huge", BAD, SMUGGLING, "`Content-Length` is beyond measure"),
            Self::CodingInOldVersion => (
                "framing.coding_in_old_version",
                BAD,
                SMUGGLING,
                "`Transfer-Encoding` stands in an HTTP/1.0 request",
            ),
            Self::CodingRepeated => {
                ("framing.coding_repeated", BAD, SMUGGLING, "`Transfer-Encoding` is given more than once")
            }
            Self::CodingEmpty => ("framing.coding_empty", BAD, SMUGGLING, "`Transfer-Encoding` is empty"),
            Self::CodingIdentity => {
                ("framing.coding_identity", BAD, SMUGGLING, "the transfer coding `identity` is obsolete")
            }
            Self::ChunkedRepeated => {
                ("framing.chunked_repeated", BAD, SMUGGLING, "`chunked` is applied more than once")
            }
            Self::ChunkedNotFinal => {
                ("framing.chunked_not_final", BAD, SMUGGLING, "`chunked` is not the last transfer coding")
            }
            Self::ChunkedDisguised => {
                ("framing.chunked_disguised", BAD, SMUGGLING, "a transfer coding only looks like `chunked`")
            }
            Self::CodingUnknown => (
                "framing.coding_unknown",
                StatusCode::NOT_IMPLEMENTED,
                SMUGGLING,
                "the transfer coding is not understood",
            ),
            Self::ChunkSizeEmpty => ("framing.chunk_size_empty", BAD, SMUGGLING, "a chunk has no size"),
            Self::ChunkSizeInvalid => {
                ("framing.chunk_size_invalid", BAD, SMUGGLING, "a chunk's size is not hexadecimal")
            }
            Self::ChunkSizeSpace => {
                ("framing.chunk_size_space", BAD, SMUGGLING, "white space stands at a chunk's size")
            }
            Self::ChunkSizeHuge => {
                ("framing.chunk_size_huge", BAD, SMUGGLING, "a chunk's size is beyond measure")
            }
            Self::ChunkLineEnd => {
                ("framing.chunk_line_end", BAD, SMUGGLING, "a chunk's size line does not end in CRLF")
            }
            Self::ChunkExtensionLong => {
                ("framing.chunk_extension_long", BAD, EXHAUSTION, "the chunk extensions are too long")
            }
            Self::ChunkExtensionInvalid => {
                ("framing.chunk_extension_invalid", BAD, SMUGGLING, "a chunk extension holds a control byte")
            }
            Self::ChunkEnd => ("framing.chunk_end", BAD, SMUGGLING, "a chunk's data does not end in CRLF"),
            Self::TrailersMany => {
                ("framing.trailers_many", HEAD_LARGE, EXHAUSTION, "there are too many trailer fields")
            }
            Self::TrailersLong => {
                ("framing.trailers_long", HEAD_LARGE, EXHAUSTION, "the trailers are too long")
            }
            Self::TrailerForbidden => {
                ("framing.trailer_forbidden", BAD, TRAILERS, "a field stands in the trailers that must not")
            }
            Self::HeadSlow => {
                ("framing.head_slow", StatusCode::REQUEST_TIMEOUT, SLOW, "the head took too long to arrive")
            }
            Self::BodySlow => {
                ("framing.body_slow", StatusCode::REQUEST_TIMEOUT, SLOW, "the body took too long to arrive")
            }
            _ => self.path(),
        }
    }

    fn path(self) -> Row {
        match self {
            Self::PathDotSegmentEncoded => {
                ("framing.path_dot_segment_encoded", BAD, TRAVERSAL, "the path holds an encoded dot segment")
            }
            Self::PathDotSegmentDoublyEncoded => (
                "framing.path_dot_segment_doubly_encoded",
                BAD,
                TRAVERSAL,
                "the path holds a dot segment that was encoded twice",
            ),
            Self::PathEncodedSlash => {
                ("framing.path_encoded_slash", BAD, TRAVERSAL, "the path holds an encoded slash")
            }
            Self::PathBackslash => ("framing.path_backslash", BAD, TRAVERSAL, "the path holds a backslash"),
            Self::PathEncodedBackslash => {
                ("framing.path_encoded_backslash", BAD, TRAVERSAL, "the path holds an encoded backslash")
            }
            Self::PathNul => (
                "framing.path_nul",
                BAD,
                "what follows a NUL byte vanishes in C: null byte injection (CWE-158)",
                "the path holds an encoded NUL byte",
            ),
            Self::PathReserved => (
                "framing.path_reserved",
                StatusCode::NOT_FOUND,
                "an app that answered there could speak in the gate's name (CWE-441)",
                "the path is kept for the gate's own pages",
            ),
            Self::PathControl => {
                ("framing.path_control", BAD, TARGET, "the path holds an encoded control byte")
            }
            Self::PathPercentInvalid => {
                ("framing.path_percent_invalid", BAD, TARGET, "the path holds a broken percent-encoding")
            }
            Self::PathOverlong => (
                "framing.path_overlong",
                BAD,
                "an overlong form hides a byte such as `/` from the rules (CWE-176, RFC 3629 section 10)",
                "the path holds an overlong UTF-8 sequence",
            ),
            Self::PathNotUtf8 => ("framing.path_not_utf8", BAD, TARGET, "the path is not UTF-8"),
            _ => ("framing.path_dot_segment", BAD, TRAVERSAL, "the path holds a dot segment"),
        }
    }
}
