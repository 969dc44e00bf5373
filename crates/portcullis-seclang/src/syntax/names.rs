//! The variables: which there are, and which are refused and why.

/// A variable of the rule language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each variant is the name of the reference manual; `docs/seclang.md` describes them")]
#[rustfmt::skip]
pub enum Variable {
    Args, ArgsCombinedSize, ArgsGet, ArgsGetNames, ArgsNames, ArgsPost, ArgsPostNames, AuthType, Duration,
    Env, Files, FilesCombinedSize, FilesNames, FilesSizes, FilesTmpContent, FullRequest,
    FullRequestLength, Geo, Global, HighestSeverity, InboundDataError, Ip, MatchedVar, MatchedVarName,
    MatchedVars, MatchedVarsNames, ModsecBuild, MscPcreError, MscPcreLimitsExceeded, MultipartBoundaryQuoted,
    MultipartBoundaryWhitespace, MultipartCrlfLfLines, MultipartDataAfter, MultipartDataBefore,
    MultipartFileLimitExceeded, MultipartFilename, MultipartHeaderFolding, MultipartInvalidHeaderFolding,
    MultipartInvalidPart, MultipartInvalidQuoting, MultipartLfLine, MultipartMissingSemicolon, MultipartName,
    MultipartPartHeaders, MultipartStrictError, MultipartUnmatchedBoundary, OutboundDataError, PathInfo,
    QueryString, RemoteAddr, RemoteHost, RemotePort, RemoteUser, ReqbodyError, ReqbodyErrorMsg,
    ReqbodyProcessor, ReqbodyProcessorError, ReqbodyProcessorErrorMsg, RequestBasename, RequestBody,
    RequestBodyLength, RequestCookies, RequestCookiesNames, RequestFilename, RequestHeaders,
    RequestHeadersNames, RequestLine, RequestMethod, RequestProtocol, RequestUri, RequestUriRaw, Resource,
    ResponseBody, ResponseContentLength, ResponseContentType, ResponseHeaders, ResponseHeadersNames,
    ResponseProtocol, ResponseStatus, Rule, ServerAddr, ServerName, ServerPort, Session, Sessionid,
    StatusLine, Time, TimeDay, TimeEpoch, TimeHour, TimeMin, TimeMon, TimeSec, TimeWday, TimeYear, Tx,
    UniqueId, UrlencodedError, User, UseragentIp, Userid, Webappid, Xml,
}

/// What a variable is made of, which tells whether it takes a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One value.
    Scalar,
    /// Values with names.
    Collection,
}

use Shape::{Collection, Scalar};

/// Every supported variable: its name, itself, its shape.
#[rustfmt::skip]
pub(crate) const VARIABLES: &[(&str, Variable, Shape)] = &[
    ("ARGS", Variable::Args, Collection),
    ("ARGS_COMBINED_SIZE", Variable::ArgsCombinedSize, Scalar),
    ("ARGS_GET", Variable::ArgsGet, Collection),
    ("ARGS_GET_NAMES", Variable::ArgsGetNames, Collection),
    ("ARGS_NAMES", Variable::ArgsNames, Collection),
    ("ARGS_POST", Variable::ArgsPost, Collection),
    ("ARGS_POST_NAMES", Variable::ArgsPostNames, Collection),
    ("AUTH_TYPE", Variable::AuthType, Scalar),
    ("DURATION", Variable::Duration, Scalar),
    ("ENV", Variable::Env, Collection),
    ("FILES", Variable::Files, Collection),
    ("FILES_COMBINED_SIZE", Variable::FilesCombinedSize, Scalar),
    ("FILES_NAMES", Variable::FilesNames, Collection),
    ("FILES_SIZES", Variable::FilesSizes, Collection),
    ("FILES_TMP_CONTENT", Variable::FilesTmpContent, Collection),
    ("FULL_REQUEST", Variable::FullRequest, Scalar),
    ("FULL_REQUEST_LENGTH", Variable::FullRequestLength, Scalar),
    ("GEO", Variable::Geo, Collection),
    ("GLOBAL", Variable::Global, Collection),
    ("HIGHEST_SEVERITY", Variable::HighestSeverity, Scalar),
    ("INBOUND_DATA_ERROR", Variable::InboundDataError, Scalar),
    ("IP", Variable::Ip, Collection),
    ("MATCHED_VAR", Variable::MatchedVar, Scalar),
    ("MATCHED_VAR_NAME", Variable::MatchedVarName, Scalar),
    ("MATCHED_VARS", Variable::MatchedVars, Collection),
    ("MATCHED_VARS_NAMES", Variable::MatchedVarsNames, Collection),
    ("MODSEC_BUILD", Variable::ModsecBuild, Scalar),
    ("MSC_PCRE_ERROR", Variable::MscPcreError, Scalar),
    ("MSC_PCRE_LIMITS_EXCEEDED", Variable::MscPcreLimitsExceeded, Scalar),
    ("MULTIPART_BOUNDARY_QUOTED", Variable::MultipartBoundaryQuoted, Scalar),
    ("MULTIPART_BOUNDARY_WHITESPACE", Variable::MultipartBoundaryWhitespace, Scalar),
    ("MULTIPART_CRLF_LF_LINES", Variable::MultipartCrlfLfLines, Scalar),
    ("MULTIPART_DATA_AFTER", Variable::MultipartDataAfter, Scalar),
    ("MULTIPART_DATA_BEFORE", Variable::MultipartDataBefore, Scalar),
    ("MULTIPART_FILE_LIMIT_EXCEEDED", Variable::MultipartFileLimitExceeded, Scalar),
    ("MULTIPART_FILENAME", Variable::MultipartFilename, Collection),
    ("MULTIPART_HEADER_FOLDING", Variable::MultipartHeaderFolding, Scalar),
    ("MULTIPART_INVALID_HEADER_FOLDING", Variable::MultipartInvalidHeaderFolding, Scalar),
    ("MULTIPART_INVALID_PART", Variable::MultipartInvalidPart, Scalar),
    ("MULTIPART_INVALID_QUOTING", Variable::MultipartInvalidQuoting, Scalar),
    ("MULTIPART_LF_LINE", Variable::MultipartLfLine, Scalar),
    ("MULTIPART_MISSING_SEMICOLON", Variable::MultipartMissingSemicolon, Scalar),
    ("MULTIPART_SEMICOLON_MISSING", Variable::MultipartMissingSemicolon, Scalar),
    ("MULTIPART_NAME", Variable::MultipartName, Collection),
    ("MULTIPART_PART_HEADERS", Variable::MultipartPartHeaders, Collection),
    ("MULTIPART_STRICT_ERROR", Variable::MultipartStrictError, Scalar),
    ("MULTIPART_UNMATCHED_BOUNDARY", Variable::MultipartUnmatchedBoundary, Scalar),
    ("OUTBOUND_DATA_ERROR", Variable::OutboundDataError, Scalar),
    ("PATH_INFO", Variable::PathInfo, Scalar),
    ("QUERY_STRING", Variable::QueryString, Scalar),
    ("REMOTE_ADDR", Variable::RemoteAddr, Scalar),
    ("REMOTE_HOST", Variable::RemoteHost, Scalar),
    ("REMOTE_PORT", Variable::RemotePort, Scalar),
    ("REMOTE_USER", Variable::RemoteUser, Scalar),
    ("REQBODY_ERROR", Variable::ReqbodyError, Scalar),
    ("REQBODY_ERROR_MSG", Variable::ReqbodyErrorMsg, Scalar),
    ("REQBODY_PROCESSOR", Variable::ReqbodyProcessor, Scalar),
    ("REQBODY_PROCESSOR_ERROR", Variable::ReqbodyProcessorError, Scalar),
    ("REQBODY_PROCESSOR_ERROR_MSG", Variable::ReqbodyProcessorErrorMsg, Scalar),
    ("REQUEST_BASENAME", Variable::RequestBasename, Scalar),
    ("REQUEST_BODY", Variable::RequestBody, Scalar),
    ("REQUEST_BODY_LENGTH", Variable::RequestBodyLength, Scalar),
    ("REQUEST_COOKIES", Variable::RequestCookies, Collection),
    ("REQUEST_COOKIES_NAMES", Variable::RequestCookiesNames, Collection),
    ("REQUEST_FILENAME", Variable::RequestFilename, Scalar),
    ("REQUEST_HEADERS", Variable::RequestHeaders, Collection),
    ("REQUEST_HEADERS_NAMES", Variable::RequestHeadersNames, Collection),
    ("REQUEST_LINE", Variable::RequestLine, Scalar),
    ("REQUEST_METHOD", Variable::RequestMethod, Scalar),
    ("REQUEST_PROTOCOL", Variable::RequestProtocol, Scalar),
    ("REQUEST_URI", Variable::RequestUri, Scalar),
    ("REQUEST_URI_RAW", Variable::RequestUriRaw, Scalar),
    ("RESOURCE", Variable::Resource, Collection),
    ("RESPONSE_BODY", Variable::ResponseBody, Scalar),
    ("RESPONSE_CONTENT_LENGTH", Variable::ResponseContentLength, Scalar),
    ("RESPONSE_CONTENT_TYPE", Variable::ResponseContentType, Scalar),
    ("RESPONSE_HEADERS", Variable::ResponseHeaders, Collection),
    ("RESPONSE_HEADERS_NAMES", Variable::ResponseHeadersNames, Collection),
    ("RESPONSE_PROTOCOL", Variable::ResponseProtocol, Scalar),
    ("RESPONSE_STATUS", Variable::ResponseStatus, Scalar),
    ("RULE", Variable::Rule, Collection),
    ("SERVER_ADDR", Variable::ServerAddr, Scalar),
    ("SERVER_NAME", Variable::ServerName, Scalar),
    ("SERVER_PORT", Variable::ServerPort, Scalar),
    ("SESSION", Variable::Session, Collection),
    ("SESSIONID", Variable::Sessionid, Scalar),
    ("STATUS_LINE", Variable::StatusLine, Scalar),
    ("TIME", Variable::Time, Scalar),
    ("TIME_DAY", Variable::TimeDay, Scalar),
    ("TIME_EPOCH", Variable::TimeEpoch, Scalar),
    ("TIME_HOUR", Variable::TimeHour, Scalar),
    ("TIME_MIN", Variable::TimeMin, Scalar),
    ("TIME_MON", Variable::TimeMon, Scalar),
    ("TIME_SEC", Variable::TimeSec, Scalar),
    ("TIME_WDAY", Variable::TimeWday, Scalar),
    ("TIME_YEAR", Variable::TimeYear, Scalar),
    ("TX", Variable::Tx, Collection),
    ("UNIQUE_ID", Variable::UniqueId, Scalar),
    ("URLENCODED_ERROR", Variable::UrlencodedError, Scalar),
    ("USER", Variable::User, Collection),
    ("USERAGENT_IP", Variable::UseragentIp, Scalar),
    ("USERID", Variable::Userid, Scalar),
    ("WEBAPPID", Variable::Webappid, Scalar),
    ("XML", Variable::Xml, Collection),
];

const NO_DISK: &str = "uploads are not written to disk: `FILES_TMP_CONTENT` has their bytes";
const APACHE: &str = "it describes a script run by Apache httpd";
const PERF: &str = "phases are not timed rule by rule: the benchmark measures the engine";

/// Variables of the reference manual that are refused, and why.
pub(crate) const REFUSED_VARIABLES: &[(&str, &str)] = &[
    ("FILES_TMPNAMES", NO_DISK),
    ("PERF_ALL", PERF),
    ("PERF_COMBINED", PERF),
    ("PERF_GC", PERF),
    ("PERF_LOGGING", PERF),
    ("PERF_PHASE1", PERF),
    ("PERF_PHASE2", PERF),
    ("PERF_PHASE3", PERF),
    ("PERF_PHASE4", PERF),
    ("PERF_PHASE5", PERF),
    ("PERF_RULES", PERF),
    ("PERF_SREAD", PERF),
    ("PERF_SWRITE", PERF),
    ("SCRIPT_BASENAME", APACHE),
    ("SCRIPT_FILENAME", APACHE),
    ("SCRIPT_GID", APACHE),
    ("SCRIPT_GROUPNAME", APACHE),
    ("SCRIPT_MODE", APACHE),
    ("SCRIPT_UID", APACHE),
    ("SCRIPT_USERNAME", APACHE),
    ("SDBM_DELETE_ERROR", "there is no SDBM: collections are kept by whatever the caller hands in"),
    ("STREAM_INPUT_BODY", "bodies are not rewritten by rules: use `REQUEST_BODY`"),
    ("STREAM_OUTPUT_BODY", "bodies are not rewritten by rules: use `RESPONSE_BODY`"),
    ("WEBSERVER_ERROR_LOG", "it is the error log of Apache httpd"),
];

impl Variable {
    /// The variable of that name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        VARIABLES
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(name))
            .map(|(_, variable, _)| *variable)
    }

    /// The name, in upper case, as log lines show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        VARIABLES.iter().find(|(_, known, _)| *known == self).map_or("", |(name, ..)| name)
    }

    /// Whether it has values with names.
    pub(crate) fn is_collection(self) -> bool {
        VARIABLES.iter().any(|(_, known, shape)| *known == self && *shape == Collection)
    }

    /// Whether it is kept from one transaction to the next.
    pub(crate) fn is_persistent(self) -> bool {
        matches!(self, Self::Global | Self::Ip | Self::Session | Self::User | Self::Resource)
    }
}
