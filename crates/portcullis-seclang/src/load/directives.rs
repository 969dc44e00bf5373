//! Directives that set something, and the table of all directives.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ctl::{audit_mode, engine_mode, limit_action, on_off};
use crate::settings::{AuditParts, Settings, StatusSet};
use crate::source::Files;
use crate::transforms::UnicodeMap;

/// How a directive is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// It does what the reference manual says, or what `docs/seclang.md` says instead.
    Supported,
    /// It is read and changes nothing, because there is nothing it could change. Told as a note.
    Idle(&'static str),
    /// It is refused.
    Refused(&'static str),
}

use Take::{Idle, Refused, Supported};

const REWRITE: &str = "bodies are not rewritten by rules";
const HASH: &str = "links are not signed by rules";
const LINEAR: &str = "expressions run in linear time, so there is no limit to pass";
const MEMORY: &str = "bodies are kept in memory within their limits, never on disk";
const CONNECTIONS: &str = "connections are limited by the server, not by rules";
const STORE: &str = "collections are kept by whatever the caller hands in";

/// Every directive of the reference manual.
#[rustfmt::skip]
pub(crate) const DIRECTIVES: &[(&str, Take)] = &[
    ("Include", Supported),
    ("IncludeOptional", Supported),
    ("SecAction", Supported),
    ("SecArgumentSeparator", Supported),
    ("SecArgumentsLimit", Supported),
    ("SecAuditEngine", Supported),
    ("SecAuditLog", Supported),
    ("SecAuditLog2", Supported),
    ("SecAuditLogDirMode", Supported),
    ("SecAuditLogFileMode", Supported),
    ("SecAuditLogFormat", Supported),
    ("SecAuditLogParts", Supported),
    ("SecAuditLogRelevantStatus", Supported),
    ("SecAuditLogStorageDir", Supported),
    ("SecAuditLogType", Supported),
    ("SecCacheTransformations", Idle("transformed values are shared by all rules always")),
    ("SecChrootDir", Refused("a rule set does not confine the process")),
    ("SecCollectionTimeout", Supported),
    ("SecComponentSignature", Supported),
    ("SecConnEngine", Refused(CONNECTIONS)),
    ("SecConnReadStateLimit", Refused(CONNECTIONS)),
    ("SecConnWriteStateLimit", Refused(CONNECTIONS)),
    ("SecContentInjection", Refused(REWRITE)),
    ("SecCookieFormat", Supported),
    ("SecCookieV0Separator", Refused("cookies are separated by `;` (RFC 6265)")),
    ("SecDataDir", Idle(STORE)),
    ("SecDebugLog", Supported),
    ("SecDebugLogLevel", Supported),
    ("SecDefaultAction", Supported),
    ("SecDisableBackendCompression", Refused("headers are not rewritten by rules")),
    ("SecGeoLookupDb", Supported),
    ("SecGsbLookupDb", Refused("the service behind it was switched off")),
    ("SecGuardianLog", Refused("there is no program to write to")),
    ("SecHashEngine", Refused(HASH)),
    ("SecHashKey", Refused(HASH)),
    ("SecHashMethodPm", Refused(HASH)),
    ("SecHashMethodRx", Refused(HASH)),
    ("SecHashParam", Refused(HASH)),
    ("SecHttpBlKey", Refused("rules ask no name servers")),
    ("SecInterceptOnError", Refused("an error of a rule never lets a request pass unseen")),
    ("SecMarker", Supported),
    ("SecParseXmlIntoArgs", Refused("`XML:/*` and `XML://@*` have what is in the document")),
    ("SecPcreMatchLimit", Idle(LINEAR)),
    ("SecPcreMatchLimitRecursion", Idle(LINEAR)),
    ("SecPdfProtect", Refused("the flaw of PDF readers it is for is gone")),
    ("SecReadStateLimit", Refused(CONNECTIONS)),
    ("SecRemoteRules", Refused("rules are not fetched over the network")),
    ("SecRemoteRulesFailAction", Refused("rules are not fetched over the network")),
    ("SecRequestBodyAccess", Supported),
    ("SecRequestBodyInMemoryLimit", Idle(MEMORY)),
    ("SecRequestBodyJsonDepthLimit", Supported),
    ("SecRequestBodyLimit", Supported),
    ("SecRequestBodyLimitAction", Supported),
    ("SecRequestBodyNoFilesLimit", Supported),
    ("SecResponseBodyAccess", Supported),
    ("SecResponseBodyLimit", Supported),
    ("SecResponseBodyLimitAction", Supported),
    ("SecResponseBodyMimeType", Supported),
    ("SecResponseBodyMimeTypesClear", Supported),
    ("SecRule", Supported),
    ("SecRuleEngine", Supported),
    ("SecRuleInheritance", Refused("there are no nested contexts to inherit from")),
    ("SecRulePerfTime", Refused("phases are not timed rule by rule: the benchmark measures the engine")),
    ("SecRuleRemoveById", Supported),
    ("SecRuleRemoveByMsg", Supported),
    ("SecRuleRemoveByTag", Supported),
    ("SecRuleScript", Refused("rules run no scripts")),
    ("SecRuleUpdateActionById", Supported),
    ("SecRuleUpdateTargetById", Supported),
    ("SecRuleUpdateTargetByMsg", Supported),
    ("SecRuleUpdateTargetByTag", Supported),
    ("SecSensorId", Supported),
    ("SecServerSignature", Refused("headers are not rewritten by rules")),
    ("SecStatusEngine", Refused("nothing is reported to anyone outside")),
    ("SecStreamInBodyInspection", Refused(REWRITE)),
    ("SecStreamOutBodyInspection", Refused(REWRITE)),
    ("SecTmpDir", Idle(MEMORY)),
    ("SecUnicodeCodePage", Refused("the code page is named by `SecUnicodeMapFile`")),
    ("SecUnicodeMapFile", Supported),
    ("SecUploadDir", Idle(MEMORY)),
    ("SecUploadFileLimit", Supported),
    ("SecUploadFileMode", Idle(MEMORY)),
    ("SecUploadKeepFiles", Supported),
    ("SecWebAppId", Supported),
    ("SecWriteStateLimit", Refused(CONNECTIONS)),
    ("SecXmlExternalEntity", Supported),
];

/// The directive of that name, as the manual spells it.
pub(crate) fn find(name: &str) -> Option<(&'static str, Take)> {
    DIRECTIVES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).copied()
}

/// Takes a directive that sets something. `None`: it is not one of these.
pub(crate) fn set(
    settings: &mut Settings,
    name: &str,
    arguments: &[&str],
    files: &dyn Files,
    beside: &Path,
) -> Option<Result<(), String>> {
    if name == "SecResponseBodyMimeTypesClear" {
        settings.response_body_mime_types.clear();
        let none = arguments.is_empty();
        return Some(none.then_some(()).ok_or_else(|| format!("`{name}` takes no value")));
    }
    let Some(first) = arguments.first() else { return Some(Err(format!("`{name}` needs a value"))) };
    Some(apply(settings, name, first, arguments, files, beside)?.and_then(|most| {
        if arguments.len() <= most {
            return Ok(());
        }
        let s = if most == 1 { "" } else { "s" };
        Err(format!("`{name}` takes {most} value{s}, not {}", arguments.len()))
    }))
}

/// Gives back how many arguments the directive takes at most.
fn apply(
    settings: &mut Settings,
    name: &str,
    value: &str,
    arguments: &[&str],
    files: &dyn Files,
    beside: &Path,
) -> Option<Result<usize, String>> {
    let bytes = || -> Result<u64, String> {
        value.parse().map_err(|_| format!("`{name}` takes a number of bytes, not `{value}`"))
    };
    let count = || -> Result<usize, String> {
        value.parse().map_err(|_| format!("`{name}` takes a number, not `{value}`"))
    };
    let switch = || on_off(value).ok_or_else(|| format!("`{name}` is `On` or `Off`, not `{value}`"));
    let mode =
        || u32::from_str_radix(value, 8).map_err(|_| format!("`{name}` takes an octal mode, not `{value}`"));
    let path = || Some(PathBuf::from(value));
    let audit = &mut settings.audit;
    let set = match name {
        "SecArgumentSeparator" => match value.as_bytes() {
            [byte] => {
                settings.argument_separator = *byte;
                Ok(())
            }
            _ => Err(format!("`{name}` takes one byte, not `{value}`")),
        },
        "SecArgumentsLimit" => count().map(|limit| settings.arguments_limit = limit),
        "SecAuditEngine" => audit_mode(value).map(|mode| audit.mode = mode),
        "SecAuditLog" => {
            audit.log = path();
            Ok(())
        }
        "SecAuditLog2" => {
            audit.log2 = path();
            Ok(())
        }
        "SecAuditLogDirMode" if value.eq_ignore_ascii_case("default") => {
            audit.dir_mode = 0o750;
            Ok(())
        }
        "SecAuditLogDirMode" => mode().map(|mode| audit.dir_mode = mode),
        "SecAuditLogFileMode" if value.eq_ignore_ascii_case("default") => {
            audit.file_mode = 0o640;
            Ok(())
        }
        "SecAuditLogFileMode" => mode().map(|mode| audit.file_mode = mode),
        "SecAuditLogFormat" => match value.to_ascii_lowercase().as_str() {
            "json" => {
                audit.json = true;
                Ok(())
            }
            "native" => {
                audit.json = false;
                Ok(())
            }
            _ => Err(format!("`{name}` is `JSON` or `Native`, not `{value}`")),
        },
        "SecAuditLogParts" => AuditParts::parse(&value.to_ascii_uppercase())
            .map(|parts| audit.parts = parts)
            .ok_or_else(|| format!("`{name}` takes letters from A to K and Z, not `{value}`")),
        "SecAuditLogRelevantStatus" => {
            StatusSet::parse(value).map(|statuses| audit.relevant_status = Some(statuses))
        }
        "SecAuditLogStorageDir" => {
            audit.storage_dir = path();
            Ok(())
        }
        "SecAuditLogType" => match value.to_ascii_lowercase().as_str() {
            "serial" => {
                audit.concurrent = false;
                Ok(())
            }
            "concurrent" => {
                audit.concurrent = true;
                Ok(())
            }
            _ => Err(format!(
                "`{name}` is `Serial` or `Concurrent`, not `{value}`: records are not sent anywhere"
            )),
        },
        "SecCollectionTimeout" => count().map(|seconds| settings.collection_timeout = seconds as u64),
        "SecComponentSignature" => {
            settings.component_signatures.push(value.to_owned());
            Ok(())
        }
        "SecCookieFormat" => match value {
            "0" => Ok(()),
            _ => Err("cookies are of format 0 (RFC 6265): format 1 (RFC 2109) is not supported".to_owned()),
        },
        "SecDebugLog" => {
            settings.debug_log = path();
            Ok(())
        }
        "SecDebugLogLevel" => value
            .parse()
            .ok()
            .filter(|level| *level < 10)
            .map(|level| settings.debug_log_level = level)
            .ok_or_else(|| format!("`{name}` takes 0 to 9, not `{value}`")),
        "SecRequestBodyAccess" => switch().map(|on| settings.request_body_access = on),
        "SecRequestBodyJsonDepthLimit" => count().map(|depth| settings.json_depth_limit = depth),
        "SecRequestBodyLimit" => bytes().map(|limit| settings.request_body_limit = limit),
        "SecRequestBodyLimitAction" => {
            limit_action(value).map(|action| settings.request_body_limit_action = action)
        }
        "SecRequestBodyNoFilesLimit" => bytes().map(|limit| settings.request_body_no_files_limit = limit),
        "SecResponseBodyAccess" => switch().map(|on| settings.response_body_access = on),
        "SecResponseBodyLimit" => bytes().map(|limit| settings.response_body_limit = limit),
        "SecResponseBodyLimitAction" => {
            limit_action(value).map(|action| settings.response_body_limit_action = action)
        }
        "SecResponseBodyMimeType" => {
            settings.response_body_mime_types = arguments
                .iter()
                .flat_map(|word| word.split_whitespace())
                .map(str::to_ascii_lowercase)
                .collect();
            return Some(Ok(usize::MAX));
        }
        "SecRuleEngine" => engine_mode(value).map(|mode| settings.engine = mode),
        "SecSensorId" => {
            value.clone_into(&mut settings.sensor_id);
            Ok(())
        }
        "SecUnicodeMapFile" => {
            return Some(unicode_map(arguments, files, beside).map(|map| {
                settings.unicode_map = Some(map);
                2
            }));
        }
        "SecUploadFileLimit" => count().map(|limit| settings.upload_file_limit = limit),
        "SecUploadKeepFiles" => match value.to_ascii_lowercase().as_str() {
            "off" => Ok(()),
            _ => Err("uploads are not written to disk, so none can be kept".to_owned()),
        },
        "SecWebAppId" => {
            value.clone_into(&mut settings.web_app_id);
            Ok(())
        }
        "SecXmlExternalEntity" => match on_off(value) {
            Some(false) => Ok(()),
            _ => Err("external entities of XML are never read: only `Off` can be meant".to_owned()),
        },
        _ => return None,
    };
    Some(set.map(|()| 1))
}

/// `SecUnicodeMapFile file [code page]`.
fn unicode_map(arguments: &[&str], files: &dyn Files, beside: &Path) -> Result<Arc<UnicodeMap>, String> {
    let (Some(file), page) = (arguments.first(), arguments.get(1).copied().unwrap_or("20127")) else {
        return Err("`SecUnicodeMapFile` needs a file".to_owned());
    };
    let page = page.parse().map_err(|_| format!("`{page}` is no number of a code page"))?;
    let path = beside.join(file);
    let content =
        files.read(&path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    UnicodeMap::parse(&String::from_utf8_lossy(&content), page)
        .map(Arc::new)
        .map_err(|error| error.to_string())
}
