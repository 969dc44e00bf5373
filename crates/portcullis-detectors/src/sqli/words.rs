//! The words that the grammar turns on, and the functions by which an attack acts.
//!
//! None of these lists decides by itself: a keyword only matters where the grammar lets it stand, and a
//! function only as a call in a place that the input has broken out of, or that takes a bare expression.

macro_rules! words {
    ($($text:literal => $name:ident,)*) => {
        /// A keyword.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Word {
            $(#[doc = $text] $name,)*
        }

        /// In the order of their text, to be searched by halves.
        const WORDS: &[(&str, Word)] = &[$(($text, Word::$name),)*];
    };
}

words! {
    "all" => All,
    "alter" => Alter,
    "analyze" => Analyze,
    "and" => And,
    "any" => Any,
    "apply" => Apply,
    "as" => As,
    "asc" => Asc,
    "attach" => Attach,
    "backup" => Backup,
    "begin" => Begin,
    "between" => Between,
    "binary" => Binary,
    "bulk" => Bulk,
    "by" => By,
    "call" => Call,
    "case" => Case,
    "collate" => Collate,
    "commit" => Commit,
    "conflict" => Conflict,
    "copy" => Copy,
    "create" => Create,
    "cross" => Cross,
    "database" => Database,
    "dbcc" => Dbcc,
    "declare" => Declare,
    "default" => Default,
    "delay" => Delay,
    "delete" => Delete,
    "desc" => Desc,
    "describe" => Describe,
    "detach" => Detach,
    "distinct" => Distinct,
    "distinctrow" => Distinctrow,
    "div" => Div,
    "do" => Do,
    "drop" => Drop,
    "dumpfile" => Dumpfile,
    "duplicate" => Duplicate,
    "else" => Else,
    "end" => End,
    "escape" => Escape,
    "except" => Except,
    "exec" => Exec,
    "execute" => Execute,
    "exists" => Exists,
    "explain" => Explain,
    "false" => False,
    "fetch" => Fetch,
    "first" => First,
    "flush" => Flush,
    "for" => For,
    "from" => From,
    "full" => Full,
    "function" => Function,
    "glob" => Glob,
    "go" => Go,
    "grant" => Grant,
    "group" => Group,
    "handler" => Handler,
    "having" => Having,
    "if" => If,
    "ignore" => Ignore,
    "ilike" => Ilike,
    "in" => In,
    "index" => Index,
    "inner" => Inner,
    "insert" => Insert,
    "intersect" => Intersect,
    "interval" => Interval,
    "into" => Into,
    "is" => Is,
    "isnull" => Isnull,
    "join" => Join,
    "key" => Key,
    "kill" => Kill,
    "lateral" => Lateral,
    "left" => Left,
    "like" => Like,
    "limit" => Limit,
    "load" => Load,
    "lock" => Lock,
    "login" => Login,
    "match" => Match,
    "merge" => Merge,
    "minus" => Minus,
    "mod" => Mod,
    "natural" => Natural,
    "next" => Next,
    "not" => Not,
    "notnull" => Notnull,
    "null" => Null,
    "nulls" => Nulls,
    "offset" => Offset,
    "on" => On,
    "only" => Only,
    "openrowset" => Openrowset,
    "optimize" => Optimize,
    "or" => Or,
    "order" => Order,
    "outer" => Outer,
    "outfile" => Outfile,
    "over" => Over,
    "partition" => Partition,
    "pragma" => Pragma,
    "prepare" => Prepare,
    "print" => Print,
    "procedure" => Procedure,
    "raiserror" => Raiserror,
    "reconfigure" => Reconfigure,
    "recursive" => Recursive,
    "regexp" => Regexp,
    "rename" => Rename,
    "repair" => Repair,
    "replace" => Replace,
    "restore" => Restore,
    "returning" => Returning,
    "revoke" => Revoke,
    "right" => Right,
    "rlike" => Rlike,
    "role" => Role,
    "rollback" => Rollback,
    "row" => Row,
    "rows" => Rows,
    "schema" => Schema,
    "select" => Select,
    "separator" => Separator,
    "sequence" => Sequence,
    "set" => Set,
    "show" => Show,
    "shutdown" => Shutdown,
    "similar" => Similar,
    "some" => Some,
    "sounds" => Sounds,
    "straight_join" => StraightJoin,
    "table" => Table,
    "then" => Then,
    "time" => Time,
    "top" => Top,
    "trigger" => Trigger,
    "true" => True,
    "truncate" => Truncate,
    "union" => Union,
    "unlock" => Unlock,
    "update" => Update,
    "use" => Use,
    "user" => User,
    "using" => Using,
    "vacuum" => Vacuum,
    "values" => Values,
    "view" => View,
    "waitfor" => Waitfor,
    "when" => When,
    "where" => Where,
    "while" => While,
    "window" => Window,
    "with" => With,
    "xor" => Xor,
}

impl Word {
    /// The keyword that these bytes are, in any case.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let mut buffer = [0_u8; 16];
        let word = lower(bytes, &mut buffer)?;
        let found = WORDS.binary_search_by(|(text, _)| text.as_bytes().cmp(word)).ok()?;
        WORDS.get(found).map(|(_, word)| *word)
    }

    /// Databases that cut a number before a letter cut it before these.
    pub(super) fn glues(self) -> bool {
        use Word::{
            And, As, Asc, Between, Collate, Desc, Div, Else, End, Escape, Except, For, From, Group, Having,
            In, Intersect, Into, Is, Isnull, Like, Limit, Minus, Mod, Not, Notnull, On, Or, Order, Procedure,
            Regexp, Rlike, Select, Then, Union, Using, When, Where, Xor,
        };
        matches!(
            self,
            And | As
                | Asc
                | Between
                | Collate
                | Desc
                | Div
                | Else
                | End
                | Escape
                | Except
                | For
                | From
                | Group
                | Having
                | In
                | Intersect
                | Into
                | Is
                | Isnull
                | Like
                | Limit
                | Minus
                | Mod
                | Not
                | Notnull
                | On
                | Or
                | Order
                | Procedure
                | Regexp
                | Rlike
                | Select
                | Then
                | Union
                | Using
                | When
                | Where
                | Xor
        )
    }
}

/// The bytes in lower case, where they fit the buffer.
fn lower<'b>(bytes: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let target = buffer.get_mut(..bytes.len())?;
    for (to, from) in target.iter_mut().zip(bytes) {
        *to = from.to_ascii_lowercase();
    }
    Some(target)
}

fn is_in(list: &[&str], bytes: &[u8]) -> bool {
    let mut buffer = [0_u8; 64];
    lower(bytes, &mut buffer)
        .is_some_and(|word| list.binary_search_by(|entry| entry.as_bytes().cmp(word)).is_ok())
}

/// Functions that wait, read files, reach the network or put data into an error: no page asks for them.
const ACTS: &[&str] = &[
    "analyse",
    "benchmark",
    "ctxsys.drithsx.sn",
    "database_to_xml",
    "dblink",
    "dblink_connect",
    "dbms_java.runjava",
    "dbms_java_test.funcall",
    "dbms_ldap.init",
    "dbms_lock.sleep",
    "dbms_pipe.receive_message",
    "dbms_session.sleep",
    "dbms_utility.exec_ddl_statement",
    "dbms_utility.sqlid_to_sqlhash",
    "dbms_xmlgen.getxml",
    "dbms_xmlquery.getxml",
    "dbms_xslprocessor.read2clob",
    "extractvalue",
    "fn_get_audit_file",
    "fn_my_permissions",
    "fn_trace_gettable",
    "fn_xe_file_target_read_file",
    "get_lock",
    "gtid_subset",
    "gtid_subtract",
    "has_dbaccess",
    "httpuritype",
    "is_member",
    "is_srvrolemember",
    "lo_export",
    "lo_get",
    "lo_import",
    "load_extension",
    "load_file",
    "master_pos_wait",
    "name_const",
    "opendatasource",
    "openquery",
    "openrowset",
    "ordsys.ord_dicom.getmappingxpath",
    "pg_ls_dir",
    "pg_read_binary_file",
    "pg_read_file",
    "pg_sleep",
    "pg_sleep_for",
    "pg_sleep_until",
    "query_to_xml",
    "randomblob",
    "release_lock",
    "sleep",
    "source_pos_wait",
    "sqlite_compileoption_get",
    "st_latfromgeohash",
    "st_longfromgeohash",
    "st_pointfromgeohash",
    "sys.dbms_export_extension.get_domain_index_tables",
    "sys.xmltype",
    "sys_context",
    "sys_eval",
    "sys_exec",
    "updatexml",
    "user_lock.sleep",
    "utl_http.request",
    "utl_inaddr.get_host_address",
    "utl_inaddr.get_host_name",
    "utl_tcp.open_connection",
    "wait_for_executed_gtid_set",
    "xmltype",
    "xp_cmdshell",
    "xp_dirtree",
    "xp_fileexist",
    "xp_regread",
    "xp_servicecontrol",
    "xp_subdirs",
    "zeroblob",
];

/// Functions, with or without parentheses, that tell about the database itself.
const TELLS: &[&str] = &[
    "app_name",
    "banner",
    "col_name",
    "connection_id",
    "current_database",
    "current_query",
    "current_schema",
    "current_setting",
    "current_user",
    "database",
    "db_id",
    "db_name",
    "found_rows",
    "host_name",
    "inet_client_addr",
    "inet_server_addr",
    "last_insert_id",
    "object_id",
    "object_name",
    "ora_database_name",
    "ora_login_user",
    "original_login",
    "pg_backend_pid",
    "pg_current_logfile",
    "row_count",
    "schema",
    "schema_name",
    "servername",
    "serverproperty",
    "session_user",
    "sqlite_version",
    "suser_id",
    "suser_name",
    "suser_sid",
    "suser_sname",
    "system_user",
    "user",
    "user_id",
    "user_name",
    "version",
];

/// Names after `@@` that tell about the server.
const SYSTEM: &[&str] = &[
    "basedir",
    "connections",
    "cpu_busy",
    "datadir",
    "dbts",
    "error",
    "fetch_status",
    "general_log_file",
    "global",
    "have_ssl",
    "hostname",
    "identity",
    "innodb_version",
    "langid",
    "language",
    "license",
    "lock_timeout",
    "log_error",
    "max_connections",
    "microsoftversion",
    "nestlevel",
    "options",
    "pid_file",
    "plugin_dir",
    "port",
    "procid",
    "protocol_version",
    "rowcount",
    "secure_file_priv",
    "server_id",
    "server_uuid",
    "servername",
    "servicename",
    "session",
    "socket",
    "spid",
    "sql_mode",
    "tmpdir",
    "trancount",
    "version",
    "version_comment",
    "version_compile_machine",
    "version_compile_os",
];

/// Functions that choose by a condition, by which a blind injection asks its question.
const CHOOSES: &[&str] = &[
    "case", "choose", "coalesce", "decode", "elt", "greatest", "if", "ifnull", "iif", "isnull", "least",
    "make_set", "nullif", "nvl2", "rlike",
];

/// A call of this function is an attack in itself.
pub(super) fn acts(name: &[u8]) -> bool {
    is_in(ACTS, name) || package_acts(name)
}

/// A procedure of SQL Server that reaches outside, or a package of Oracle, under any schema.
fn package_acts(name: &[u8]) -> bool {
    let last = name.rsplit(|b| *b == b'.').next().unwrap_or_default();
    last.len() < name.len()
        && is_in(ACTS, last)
        && (starts(name, b"sys") || starts(name, b"pg_") || starts(name, b"master"))
        || starts(last, b"xp_")
        || starts(name, b"utl_") && name.contains(&b'.')
        || starts(name, b"dbms_") && name.contains(&b'.')
}

fn starts(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// This function tells about the database itself.
pub(super) fn tells(name: &[u8]) -> bool {
    is_in(TELLS, name)
}

/// This function chooses by a condition.
pub(super) fn chooses(name: &[u8]) -> bool {
    is_in(CHOOSES, name)
}

/// `@@name` of a server.
pub(super) fn is_system_variable(text: &[u8]) -> bool {
    let Some(name) = text.strip_prefix(b"@@") else { return false };
    let name = name.rsplit(|b| *b == b'.').next().unwrap_or_default();
    is_in(SYSTEM, name) || text.contains(&b'.')
}

/// A name in the schemas of a catalog, which no program has for its own.
pub(super) fn is_catalog(path: &[u8]) -> bool {
    [&b"information_schema."[..], b"mysql.", b"pg_catalog.", b"performance_schema."]
        .iter()
        .any(|schema| starts(path, schema))
}

/// A table in which a database keeps what it knows about itself.
pub(super) fn is_system_table(path: &[u8]) -> bool {
    const SCHEMAS: &[&[u8]] = &[
        b"information_schema",
        b"pg_catalog",
        b"mysql.",
        b"sys.",
        b"sysibm.",
        b"syscat.",
        b"performance_schema",
        b"master.",
        b"msdb.",
        b"tempdb.",
        b"pg_",
        b"sysobjects",
        b"syscolumns",
        b"sysusers",
        b"sysdatabases",
        b"sqlite_",
        b"all_tab",
        b"all_users",
        b"user_tab",
        b"dba_",
        b"v$",
        b"gv$",
        b"msys",
        b"dual",
        b"rdb$",
        b"sysmaster",
        b"systables",
    ];
    SCHEMAS.iter().any(|schema| starts(path, schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_so_that_they_can_be_searched() {
        assert!(WORDS.is_sorted_by_key(|(text, _)| *text));
        for list in [ACTS, TELLS, SYSTEM, CHOOSES] {
            assert!(list.is_sorted(), "{list:?}");
            assert!(list.iter().all(|word| word.len() <= 64));
        }
    }

    #[test]
    fn keywords_are_known_in_any_case() {
        assert_eq!(Word::of(b"UnIoN"), Some(Word::Union));
        assert_eq!(Word::of(b"unions"), None);
        assert_eq!(Word::of(b"a-name-longer-than-any-keyword"), None);
    }
}
