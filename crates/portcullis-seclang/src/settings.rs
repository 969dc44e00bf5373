//! What directives other than rules set, checked.

use std::path::PathBuf;
use std::sync::Arc;

use crate::source::Location;
use crate::transforms::UnicodeMap;

/// `SecRuleEngine`: what becomes of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineMode {
    /// Rules run and may stop the exchange.
    On,
    /// Rules run and are recorded; nothing is stopped.
    DetectionOnly,
    /// Rules do not run.
    Off,
}

/// What happens to a body beyond its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitAction {
    /// The exchange is stopped (413 for requests, 500 for responses).
    Reject,
    /// What fits is looked at.
    ProcessPartial,
}

/// `SecAuditEngine`: which exchanges are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditMode {
    /// All.
    On,
    /// None.
    Off,
    /// Those with a match that asks for it, or with a status of `SecAuditLogRelevantStatus`.
    RelevantOnly,
}

/// The parts of an audit record, as letters of `SecAuditLogParts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditParts(u32);

impl AuditParts {
    /// Reads letters `A` to `K` and `Z`; `A` and `Z` are always in.
    #[must_use]
    pub fn parse(letters: &str) -> Option<Self> {
        let mut parts = Self(0).with(b'A').with(b'Z');
        for letter in letters.bytes() {
            if !matches!(letter, b'A'..=b'K' | b'Z') {
                return None;
            }
            parts = parts.with(letter);
        }
        Some(parts)
    }

    /// By bits: the lowest is `A`. `A` and `Z` are always in.
    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits | 1 | 1 << 25)
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// Whether the part of that letter is in.
    #[must_use]
    pub const fn has(self, letter: u8) -> bool {
        self.0 & (1 << (letter.wrapping_sub(b'A') & 31)) != 0
    }

    /// With one more part.
    #[must_use]
    pub const fn with(self, letter: u8) -> Self {
        Self(self.0 | 1 << (letter.wrapping_sub(b'A') & 31))
    }

    /// Without a part.
    #[must_use]
    pub const fn without(self, letter: u8) -> Self {
        Self(self.0 & !(1 << (letter.wrapping_sub(b'A') & 31)))
    }
}

/// Statuses, as `SecAuditLogRelevantStatus` names them by an expression.
///
/// The expression is asked about every status once, when it is loaded. So it may look ahead, as that of the
/// recommended configuration does, at no cost afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSet(Vec<u16>);

impl StatusSet {
    /// The statuses from 100 to 999 that the expression finds.
    pub(crate) fn parse(expression: &str) -> Result<Self, String> {
        let regex = fancy_regex::Regex::new(expression)
            .map_err(|error| format!("`{expression}` is no regular expression: {error}"))?;
        Ok(Self(
            (100..1000).filter(|status: &u16| regex.is_match(&status.to_string()).unwrap_or(true)).collect(),
        ))
    }

    /// Whether the status is one of them.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        self.0.binary_search(&status).is_ok()
    }
}

/// Where and how audit records are to be written. The crate renders them; the caller writes.
#[derive(Clone, Debug)]
pub struct Audit {
    /// `SecAuditEngine`
    pub mode: AuditMode,
    /// `SecAuditLogParts`
    pub parts: AuditParts,
    /// `SecAuditLogRelevantStatus`
    pub relevant_status: Option<StatusSet>,
    /// `SecAuditLogFormat JSON`; else the native form.
    pub json: bool,
    /// `SecAuditLogType Concurrent`: one file an exchange below the storage directory.
    pub concurrent: bool,
    /// `SecAuditLog`
    pub log: Option<PathBuf>,
    /// `SecAuditLog2`
    pub log2: Option<PathBuf>,
    /// `SecAuditLogStorageDir`
    pub storage_dir: Option<PathBuf>,
    /// `SecAuditLogDirMode`, in octal as for `chmod`.
    pub dir_mode: u32,
    /// `SecAuditLogFileMode`
    pub file_mode: u32,
}

/// Everything that directives other than rules set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `SecRuleEngine`
    pub engine: EngineMode,
    /// `SecRequestBodyAccess`
    pub request_body_access: bool,
    /// `SecRequestBodyLimit`, in bytes.
    pub request_body_limit: u64,
    /// `SecRequestBodyNoFilesLimit`, in bytes: of a body less the files in it.
    pub request_body_no_files_limit: u64,
    /// `SecRequestBodyLimitAction`
    pub request_body_limit_action: LimitAction,
    /// `SecRequestBodyJsonDepthLimit`
    pub json_depth_limit: usize,
    /// `SecArgumentsLimit`: of names and values taken from one request.
    pub arguments_limit: usize,
    /// `SecUploadFileLimit`: of files in one multipart body.
    pub upload_file_limit: usize,
    /// `SecResponseBodyAccess`
    pub response_body_access: bool,
    /// `SecResponseBodyLimit`, in bytes.
    pub response_body_limit: u64,
    /// `SecResponseBodyLimitAction`
    pub response_body_limit_action: LimitAction,
    /// `SecResponseBodyMimeType`, in lower case.
    pub response_body_mime_types: Vec<String>,
    /// `SecArgumentSeparator`
    pub argument_separator: u8,
    /// `SecUnicodeMapFile`
    pub unicode_map: Option<Arc<UnicodeMap>>,
    /// `SecCollectionTimeout`, in seconds.
    pub collection_timeout: u64,
    /// `SecWebAppId`
    pub web_app_id: String,
    /// `SecSensorId`
    pub sensor_id: String,
    /// `SecComponentSignature`, in order.
    pub component_signatures: Vec<String>,
    /// `SecDebugLog`, for the caller, and `SecDebugLogLevel`.
    pub debug_log: Option<PathBuf>,
    /// `SecDebugLogLevel`, 0 to 9.
    pub debug_log_level: u8,
    /// The audit log.
    pub audit: Audit,
    /// Where each setting that was written stands, for those who explain.
    pub written: Vec<(String, Location)>,
}

impl Default for Settings {
    /// What the reference manual and the recommended configuration of ModSecurity v3 say, but for
    /// `SecRuleEngine`, which is `On`: a set that does not say so means its rules.
    fn default() -> Self {
        Self {
            engine: EngineMode::On,
            request_body_access: true,
            request_body_limit: 13_107_200,
            request_body_no_files_limit: 1_048_576,
            request_body_limit_action: LimitAction::Reject,
            json_depth_limit: 512,
            arguments_limit: 1000,
            upload_file_limit: 100,
            response_body_access: false,
            response_body_limit: 524_288,
            response_body_limit_action: LimitAction::ProcessPartial,
            response_body_mime_types: ["text/plain", "text/html", "text/xml"].map(str::to_owned).to_vec(),
            argument_separator: b'&',
            unicode_map: None,
            collection_timeout: 3600,
            web_app_id: "default".to_owned(),
            sensor_id: String::new(),
            component_signatures: Vec::new(),
            debug_log: None,
            debug_log_level: 0,
            audit: Audit {
                mode: AuditMode::Off,
                parts: AuditParts(0).with(b'A').with(b'B').with(b'C').with(b'F').with(b'H').with(b'Z'),
                relevant_status: None,
                json: false,
                concurrent: false,
                log: None,
                log2: None,
                storage_dir: None,
                dir_mode: 0o750,
                file_mode: 0o640,
            },
            written: Vec::new(),
        }
    }
}
