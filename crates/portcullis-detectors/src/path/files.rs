//! Which files nobody outside should get, and which are parts of a page.

use crate::text::{at, before, begins, rest};

/// Whether the path, without leading slashes and with its dots walked, names a secret file.
///
/// `far` says that it starts at a root or climbs out: then files of the system count, not only those that an
/// app keeps beside its pages.
pub(super) fn is_secret(path: &[u8], far: bool) -> bool {
    let lower = path.to_ascii_lowercase();
    let path = lower.strip_prefix(b"~/").unwrap_or(&lower);
    let path = strip_drive(path);
    let path = path.strip_suffix(b"::$data").unwrap_or(path);
    if far && of_the_system(path) {
        return true;
    }
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    let parent = path.rsplit(|&byte| byte == b'/').nth(1).unwrap_or_default();
    let control = matches!(parent, b".git" | b".svn" | b".hg" | b".bzr")
        && matches!(
            name,
            b"config"
                | b"head"
                | b"index"
                | b"entries"
                | b"wc.db"
                | b"hgrc"
                | b"logs"
                | b"packed-refs"
                | b"store"
                | b"description"
                | b"commit_editmsg"
        )
        || path.ends_with(b".git/logs/head")
        || path.ends_with(b".git/refs/heads/master")
        || path.ends_with(b".git/refs/heads/main");
    let keys = matches!(parent, b".ssh" | b".aws" | b".docker" | b".kube" | b".gnupg" | b".azure")
        && matches!(
            name,
            b"id_rsa"
                | b"id_dsa"
                | b"id_ecdsa"
                | b"id_ed25519"
                | b"authorized_keys"
                | b"known_hosts"
                | b"config"
                | b"credentials"
                | b"config.json"
        );
    control
        || keys
        || (path.starts_with(b"web-inf/") || path.contains_slashed(b"/web-inf/"))
        || path.starts_with(b"meta-inf/") && name != b"manifest.mf"
        || is_environment(name)
        || is_backup(name)
        || matches!(
            name,
            b".htpasswd"
                | b".htaccess"
                | b"web.config"
                | b"wp-config.php"
                | b".bash_history"
                | b".mysql_history"
                | b".pgpass"
                | b".my.cnf"
                | b".netrc"
                | b".npmrc"
                | b".pypirc"
                | b".git-credentials"
                | b"id_rsa"
                | b"id_ed25519"
                | b"wp-config.php.bak"
                | b"wp-config.php~"
                | b".zsh_history"
                | b".psql_history"
                | b"win.ini"
                | b"boot.ini"
                | b"machine.config"
                | b"applicationhost.config"
                | b"unattend.xml"
                | b"sysprep.inf"
                | b"tomcat-users.xml"
                | b".dockercfg"
                | b"localsettings.php"
                | b"secrets.yml"
                | b"master.key"
                | b"credentials.json"
        )
        || path.ends_with(b"config/database.yml")
}

/// `config.php.bak`, `index.php~`: a program of the server under a name that it does not run.
fn is_backup(name: &[u8]) -> bool {
    [&b".bak"[..], b".old", b".orig", b".save", b".swp", b".swo", b"~", b".copy", b".tmp"]
        .iter()
        .any(|ending| name.strip_suffix(*ending).is_some_and(is_program))
}

/// A program, its settings, its keys or its log: what lies beside pages and is none.
pub(super) fn is_program(path: &[u8]) -> bool {
    const ENDINGS: &[&[u8]] = &[
        b"php",
        b"phtml",
        b"php5",
        b"php7",
        b"inc",
        b"jsp",
        b"jspx",
        b"asp",
        b"aspx",
        b"ashx",
        b"cgi",
        b"ini",
        b"conf",
        b"log",
        b"sql",
        b"bak",
        b"key",
        b"pem",
        b"sqlite",
        b"sqlite3",
        b"properties",
        b"env",
        b"pfx",
        b"p12",
    ];
    let ending =
        path.iter().rposition(|&byte| byte == b'.').map(|dot| rest(path, dot + 1).to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_slice()))
}

/// `.env`, `.env.production`; not `.envrc.example`.
fn is_environment(name: &[u8]) -> bool {
    name.strip_prefix(b".env").is_some_and(|more| {
        more.is_empty()
            || matches!(
                more,
                b".local"
                    | b".production"
                    | b".prod"
                    | b".bak"
                    | b".old"
                    | b".dev"
                    | b".development"
                    | b".staging"
                    | b".backup"
                    | b".save"
                    | b"~"
            )
    })
}

trait Slashed {
    fn contains_slashed(&self, part: &[u8]) -> bool;
}

impl Slashed for &[u8] {
    fn contains_slashed(&self, part: &[u8]) -> bool {
        memchr::memmem::find(self, part).is_some()
    }
}

fn of_the_system(path: &[u8]) -> bool {
    const FILES: &[&[u8]] = &[
        b"etc/passwd",
        b"etc/shadow",
        b"etc/group",
        b"etc/gshadow",
        b"etc/hosts",
        b"etc/issue",
        b"etc/fstab",
        b"etc/crontab",
        b"etc/sudoers",
        b"etc/motd",
        b"etc/hostname",
        b"etc/resolv.conf",
        b"etc/mysql/",
        b"etc/my.cnf",
        b"etc/ssh/",
        b"etc/ssl/private",
        b"etc/master.passwd",
        b"etc/security/",
        b"etc/openldap/",
        b"etc/os-release",
        b"etc/ldap.conf",
        b"etc/exports",
        b"etc/kubernetes/",
        b"etc/apache2/",
        b"etc/httpd/",
        b"etc/nginx/",
        b"etc/php",
        b"etc/environment",
        b"etc/profile",
        b"etc/inetd.conf",
        b"etc/services",
        b"etc/postgresql/",
        b"etc/redis",
        b"etc/vsftpd",
        b"etc/proftpd",
        b"etc/samba/",
        b"etc/shells",
        b"etc/networks",
        b"etc/network/",
        b"etc/cron.",
        b"etc/tomcat",
        b"etc/rc.",
        b"etc/login.defs",
        b"etc/pam.d/",
        b"etc/aliases",
        b"etc/at.allow",
        b"etc/squid",
        b"etc/chrootusers",
        b"etc/krb5.",
        b"proc/self/",
        b"proc/version",
        b"proc/cpuinfo",
        b"proc/mounts",
        b"proc/net/",
        b"proc/cmdline",
        b"proc/sched_debug",
        b"proc/1/",
        b"proc/modules",
        b"proc/meminfo",
        b"proc/thread-self",
        b"dev/fd/",
        b"dev/tcp/",
        b"dev/mem",
        b"dev/random",
        b"dev/zero",
        b"sys/class/",
        b"sys/kernel/",
        b"root/",
        b"var/log/",
        b"var/run/secrets/",
        b"run/secrets/",
        b"var/run/docker.sock",
        b"run/docker.sock",
        b"var/lib/mysql/",
        b"var/lib/mlocate",
        b"var/spool/",
        b"var/mail/",
        b"var/lib/php/sess",
        b"tmp/sess_",
        b"var/lib/postgresql",
        b"var/db/",
        b"var/www/html/wp-config.php",
        b"usr/local/apache",
        b"usr/local/etc/",
        b"usr/local/nginx/",
        b"opt/lampp/etc",
        b"opt/lampp/logs",
        b"private/etc/",
        b"boot/grub/",
        b"opt/bitnami/",
        b"var/adm/",
        b"windows/win.ini",
        b"windows/system.ini",
        b"windows/system32/",
        b"windows/repair/",
        b"windows/panther",
        b"windows/debug/",
        b"winnt/",
        b"boot.ini",
        b"inetpub/",
        b"windows/php.ini",
        b"windows/my.ini",
        b"xampp/",
        b"autoexec.bat",
        b"windows/explorer.exe",
        b"windows/iis",
        b"windows/windowsupdate.log",
        b"program files/mysql",
        b"program files/apache",
        b"php/php.ini",
        b"mysql/data",
        b"wamp/",
        b"sysprep",
        b"users/administrator/",
        b"documents and settings/administrator/",
        b"documents and settings/all users/",
        b"programdata/",
        b"pagefile.sys",
        b"ntuser.dat",
        b"system volume information",
        b"windows/inf/",
        b"windows/microsoft.net/",
    ];
    let logs = path.starts_with(b"var/log/");
    // Where a program's log is, people say.
    let said = logs && matches!(rest(path, 8), b"syslog" | b"messages" | b"" | b"nginx" | b"nginx/");
    // Whatever lies in `/etc` is of the system's administrator.
    let settings = path
        .strip_prefix(b"etc/")
        .is_some_and(|name| name.first().is_some_and(u8::is_ascii_alphanumeric) && !name.ends_with(b"/"));
    !said
        && (settings
            || FILES.iter().any(|file| {
                path.strip_prefix(*file).is_some_and(|more| {
                    file.ends_with(b"/")
                        || file.ends_with(b"_")
                        || file.ends_with(b".")
                        || more.is_empty()
                        || matches!(
                            more.first(),
                            Some(
                                b'/' | b'.'
                                    | b'-'
                                    | b'~'
                                    | b':'
                                    | b'_'
                                    | b'#'
                                    | b'5'
                                    | b'7'
                                    | b'8'
                                    | b'd'
                                    | b'i'
                                    | b'3'
                                    | b'6'
                                    | b'9'
                            )
                        )
                })
            }))
        && !names_only_a_folder(path)
        || path.starts_with(b"proc/") && matches!(at(path, 5), b'0'..=b'9' | b'*')
}

/// `/etc/nginx/`, `/var/log/`: said in documentation, and no file.
fn names_only_a_folder(path: &[u8]) -> bool {
    matches!(
        path,
        b"root"
            | b"var/log"
            | b"root/"
            | b"inetpub"
            | b"etc/nginx"
            | b"etc/apache2"
            | b"etc/ssh"
            | b"xampp"
            | b"programdata"
    )
}

/// Whether a path that climbs names something of the system: a folder that stands at a root.
pub(super) fn is_system(path: &[u8]) -> bool {
    let path = strip_drive(path);
    let first = before(path, path.iter().position(|&byte| byte == b'/').unwrap_or(path.len()));
    let lower = first.to_ascii_lowercase();
    matches!(
        lower.as_slice(),
        b"etc"
            | b"proc"
            | b"var"
            | b"root"
            | b"usr"
            | b"windows"
            | b"winnt"
            | b"boot"
            | b"boot.ini"
            | b"inetpub"
            | b"sys"
            | b"dev"
            | b"web-inf"
            | b"meta-inf"
            | b"win.ini"
            | b"home"
            | b"program files"
            | b"tmp"
            | b"opt"
            | b"cgi-bin"
            | b".ssh"
            | b".aws"
            | b".git"
    )
}

/// A part of a page, a document or a source, as links and imports name them.
pub(super) fn is_asset(path: &[u8]) -> bool {
    const ENDINGS: &[&[u8]] = &[
        b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"ico", b"css", b"scss", b"less", b"js", b"mjs",
        b"ts", b"tsx", b"jsx", b"vue", b"html", b"htm", b"md", b"rst", b"pdf", b"woff", b"woff2", b"ttf",
        b"mp4", b"mp3", b"rs", b"py", b"go", b"c", b"h", b"cpp", b"hpp", b"java", b"kt", b"rb", b"swift",
        b"map", b"wasm", b"txt", b"toml", b"json", b"csv", b"proto", b"tex", b"bib", b"patch", b"diff",
        b"lock", b"sh", b"cs", b"adoc", b"po",
    ];
    const FOLDERS: &[&[u8]] = &[
        b"components",
        b"src",
        b"lib",
        b"libs",
        b"utils",
        b"util",
        b"assets",
        b"images",
        b"img",
        b"css",
        b"styles",
        b"static",
        b"public",
        b"docs",
        b"test",
        b"tests",
        b"node_modules",
        b"packages",
        b"shared",
        b"common",
        b"helpers",
        b"hooks",
        b"store",
        b"types",
        b"models",
        b"services",
        b"api",
        b"core",
        b"include",
        b"modules",
        b"pages",
        b"views",
        b"fonts",
        b"media",
        b"config",
        b"constants",
        b"context",
        b"examples",
        b"scripts",
        b"build",
        b"dist",
        b"target",
        b"vendor",
        b"app",
        b"internal",
        b"cmd",
        b"pkg",
    ];
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    let ending =
        name.iter().rposition(|&byte| byte == b'.').map(|dot| rest(name, dot + 1).to_ascii_lowercase());
    match ending {
        Some(ending) if !matches!(name.first(), Some(b'.')) => ENDINGS.contains(&ending.as_slice()),
        _ => {
            let first = before(path, path.iter().position(|&byte| byte == b'/').unwrap_or(path.len()));
            FOLDERS.contains(&first)
        }
    }
}

/// `C:/` or `C:\`, or the share of a Windows machine.
pub(super) fn has_drive(path: &[u8]) -> bool {
    path.first().is_some_and(u8::is_ascii_alphabetic)
        && at(path, 1) == b':'
        && matches!(at(path, 2), b'/' | b'\\')
}

/// A name with an ending before the null byte.
pub(super) fn has_extension(path: &[u8]) -> bool {
    path.iter().rposition(|&byte| byte == b'.').is_some_and(|dot| {
        let ending = rest(path, dot + 1);
        dot > 0 && (2..=5).contains(&ending.len()) && ending.iter().all(u8::is_ascii_alphanumeric)
    })
}

fn strip_drive(path: &[u8]) -> &[u8] {
    let known = path.first().is_some_and(u8::is_ascii_alphabetic) && begins(rest(path, 1), b":");
    if known { rest(path, 2).strip_prefix(b"/").unwrap_or(rest(path, 2)) } else { path }
}
