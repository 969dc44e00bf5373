//! What a word in the place of a command would run, and what it would need to be of use to an attacker.

/// What kind of command a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Tells or does something by itself, and is no word of any language: `whoami`.
    Alone,
    /// Short and said in passing too, but tells something by itself: `id`.
    Short,
    /// Does something only with arguments: `curl`.
    Tool,
    /// An English word that is a command too: `cat`, `sleep`.
    Word,
}

/// The kind of the command that `name` runs, if it is one that an attacker has a use for.
///
/// Unix names are lower case; those of Windows are taken in any case.
pub(super) fn kind(name: &[u8]) -> Option<Kind> {
    let windows = name.to_ascii_lowercase();
    let windows = windows.strip_suffix(b".exe").unwrap_or(&windows);
    if let Some(kind) = on_windows(windows) {
        // `Type` and `Copy` at the head of a sentence are words.
        let sentence = kind == Kind::Word
            && name.first().is_some_and(u8::is_ascii_uppercase)
            && name.iter().any(u8::is_ascii_lowercase);
        return (!sentence).then_some(kind);
    }
    on_unix(name)
}

fn on_unix(name: &[u8]) -> Option<Kind> {
    Some(match name {
        b"whoami" | b"uptime" | b"uname" | b"ifconfig" | b"ls" | b"pwd" | b"ps" | b"printenv" | b"lsof"
        | b"df" | b"lscpu" | b"lsblk" | b"hostid" | b"logname" | b"dmesg" | b"lsb_release" | b"arch"
        | b"nproc" | b"ss" => Kind::Alone,
        b"id" | b"env" | b"w" | b"who" | b"users" | b"groups" | b"last" | b"set" | b"reboot"
        | b"poweroff" | b"halt" | b"date" | b"history" | b"mount" | b"du" | b"top" | b"locale" | b"jobs" => {
            Kind::Short
        }
        b"curl" | b"wget" | b"nc" | b"ncat" | b"netcat" | b"socat" | b"telnet" | b"tftp" | b"ssh"
        | b"scp" | b"sftp" | b"rsync" | b"lynx" | b"links" | b"nslookup" | b"dig" | b"traceroute"
        | b"nmap" | b"arp" | b"route" | b"ip" | b"iptables" | b"tcpdump" | b"bash" | b"sh" | b"zsh"
        | b"ksh" | b"dash" | b"csh" | b"tcsh" | b"fish" | b"ash" | b"busybox" | b"perl" | b"python"
        | b"python2" | b"python3" | b"ruby" | b"php" | b"node" | b"lua" | b"awk" | b"gawk" | b"mawk"
        | b"nawk" | b"sed" | b"grep" | b"egrep" | b"fgrep" | b"zgrep" | b"tac" | b"nl" | b"od" | b"xxd"
        | b"hexdump" | b"base64" | b"base32" | b"rev" | b"tee" | b"printf" | b"echo" | b"rm" | b"mv"
        | b"cp" | b"ln" | b"dd" | b"chmod" | b"chown" | b"mkfifo" | b"mknod" | b"mkdir" | b"rmdir"
        | b"stat" | b"readlink" | b"realpath" | b"getent" | b"crontab" | b"useradd" | b"usermod"
        | b"adduser" | b"userdel" | b"passwd" | b"chpasswd" | b"systemctl" | b"sysctl" | b"gcc" | b"gdb"
        | b"strace" | b"md5sum" | b"sha1sum" | b"sha256sum" | b"wc" | b"uniq" | b"xargs" | b"tar"
        | b"gzip" | b"gunzip" | b"unzip" | b"zip" | b"mysql" | b"mysqldump" | b"psql" | b"pg_dump"
        | b"sqlite3" | b"redis-cli" | b"vim" | b"vi" | b"nano" | b"openssl" | b"nohup" | b"setsid"
        | b"unlink" | b"zcat" | b"bzcat" | b"xzcat" | b"pr" | b"fmt" | b"strings" | b"pkill" | b"kill"
        | b"killall" | b"expr" | b"seq" | b"tcl" | b"expect" | b"jrunscript" | b"jjs" | b"java" | b"mail"
        | b"sendmail" | b"logger" | b"mktemp" | b"ed" | b"basename" | b"dirname" | b"su" | b"chsh"
        | b"cpulimit" | b"flock" | b"unxz" | b"zstdcat" | b"irb" | b"tclsh" | b"bsdtar" | b"ionice"
        | b"unshare" | b"chroot" | b"nsenter" => Kind::Tool,
        b"cat" | b"head" | b"tail" | b"less" | b"more" | b"sort" | b"find" | b"file" | b"time" | b"sleep"
        | b"ping" | b"ping6" | b"host" | b"test" | b"touch" | b"cut" | b"diff" | b"comm" | b"paste"
        | b"split" | b"join" | b"fold" | b"shutdown" | b"eval" | b"exec" | b"source" | b"read"
        | b"locate" | b"which" | b"whereis" | b"finger" | b"write" | b"wall" | b"script" | b"watch"
        | b"yes" | b"export" | b"alias" | b"man" | b"tr" | b"look" | b"install" | b"column" | b"trap" => {
            Kind::Word
        }
        _ => return None,
    })
}

fn on_windows(name: &[u8]) -> Option<Kind> {
    Some(match name {
        b"ipconfig" | b"systeminfo" | b"tasklist" | b"whoami" | b"netstat" | b"quser" | b"qwinsta"
        | b"dir" | b"hostname" | b"gpresult" | b"driverquery" | b"getmac" => Kind::Alone,
        b"ver" | b"vol" => Kind::Short,
        b"powershell" | b"pwsh" | b"cmd" | b"certutil" | b"bitsadmin" | b"wmic" | b"cscript" | b"wscript"
        | b"mshta" | b"rundll32" | b"regsvr32" | b"schtasks" | b"attrib" | b"icacls" | b"nltest"
        | b"findstr" | b"taskkill" | b"xcopy" | b"robocopy" | b"tracert" | b"nbtstat" | b"netsh"
        | b"msiexec" | b"iex" | b"iwr" | b"gci" | b"gwmi" | b"csc" | b"vssadmin" | b"bcdedit"
        | b"wevtutil" | b"fsutil" | b"dsquery" | b"cacls" | b"takeown" | b"invoke-expression"
        | b"invoke-webrequest" | b"invoke-restmethod" | b"invoke-command" | b"get-content"
        | b"set-content" | b"add-content" | b"new-object" | b"start-process" | b"out-file"
        | b"get-wmiobject" | b"get-ciminstance" | b"remove-item" | b"copy-item" | b"test-connection"
        | b"start-sleep" | b"write-output" | b"write-host" | b"invoke-wmimethod" => Kind::Tool,
        b"get-process" | b"get-childitem" | b"get-service" | b"get-date" | b"get-host" | b"get-location"
        | b"get-localuser" | b"get-computerinfo" | b"get-netipaddress" | b"get-item" => Kind::Alone,
        b"net" | b"reg" | b"sc" | b"type" | b"copy" | b"move" | b"del" | b"erase" | b"ren" | b"start"
        | b"at" | b"tree" | b"timeout" | b"call" => Kind::Word,
        _ => return None,
    })
}

/// Programs that developers run: text that begins with one of them is a command line that is shown.
pub(super) fn of_developers(name: &[u8]) -> bool {
    matches!(
        name,
        b"git"
            | b"npm"
            | b"npx"
            | b"yarn"
            | b"pnpm"
            | b"cargo"
            | b"rustup"
            | b"make"
            | b"cmake"
            | b"docker"
            | b"docker-compose"
            | b"podman"
            | b"kubectl"
            | b"helm"
            | b"pip"
            | b"pip3"
            | b"apt"
            | b"apt-get"
            | b"brew"
            | b"dnf"
            | b"yum"
            | b"pacman"
            | b"apk"
            | b"go"
            | b"mvn"
            | b"gradle"
            | b"cd"
            | b"sudo"
            | b"terraform"
            | b"ansible"
            | b"conda"
            | b"virtualenv"
            | b"pytest"
            | b"composer"
            | b"bundle"
            | b"gem"
            | b"rails"
            | b"rake"
            | b"dotnet"
            | b"code"
            | b"javac"
            | b"rustc"
            | b"ninja"
            | b"meson"
            | b"bazel"
            | b"service"
            | b"journalctl"
            | b"snap"
            | b"flatpak"
            | b"ffmpeg"
            | b"convert"
            | b"jq"
            | b"aws"
            | b"gcloud"
            | b"az"
            | b"vagrant"
            | b"pipenv"
            | b"poetry"
            | b"uv"
            | b"deno"
            | b"bun"
            | b"tsc"
            | b"eslint"
            | b"jest"
            | b"pushd"
            | b"popd"
            | b"set"
            | b"if"
            | b"for"
            | b"while"
            | b"#!/bin/bash"
            | b"#!/bin/sh"
            | b"function"
            | b"adb"
            | b"heroku"
            | b"dpkg"
            | b"rpm"
            | b"clang"
            | b"g++"
            | b"env"
            | b"./configure"
            | b"."
            | b"wp"
            | b"artisan"
            | b"tmux"
            | b"screen"
            | b"exa"
            | b"export"
            | b"alias"
            | b"local"
            | b"done"
            | b"else"
            | b"fi"
            | b"elif"
            | b"case"
            | b"esac"
            | b"declare"
            | b"readonly"
            | b"unset"
            | b"fd"
            | b"rg"
            | b"fzf"
            | b"then"
            | b"do"
    )
}

/// Of these, the names that are no words of a sentence.
pub(super) fn is_only_a_program(name: &[u8]) -> bool {
    matches!(
        name,
        b"git"
            | b"npm"
            | b"npx"
            | b"yarn"
            | b"pnpm"
            | b"cargo"
            | b"cmake"
            | b"docker"
            | b"docker-compose"
            | b"kubectl"
            | b"pip"
            | b"pip3"
            | b"apt-get"
            | b"pytest"
            | b"sudo"
            | b"mvn"
            | b"./configure"
    )
}

/// Words that only pass on to the command after them.
pub(super) fn passes_on(name: &[u8]) -> bool {
    matches!(
        name,
        b"sudo"
            | b"nohup"
            | b"command"
            | b"builtin"
            | b"nice"
            | b"xargs"
            | b"then"
            | b"do"
            | b"else"
            | b"if"
            | b"while"
            | b"doas"
            | b"setsid"
            | b"busybox"
            | b"exec"
            | b"time"
            | b"!"
            | b"{"
            | b"@"
            | b"env"
            | b"eval"
            | b"call"
            | b"timeout"
    )
}

/// Interpreters, with the flag that makes them run their argument.
pub(super) fn runs_argument(name: &[u8], flag: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(b".exe").unwrap_or(&name);
    let lower = flag.to_ascii_lowercase();
    match name {
        b"sh" | b"bash" | b"zsh" | b"ksh" | b"dash" | b"ash" | b"csh" => {
            flag.starts_with(b"-")
                && !flag.starts_with(b"--")
                && flag.iter().any(|&byte| matches!(byte, b'c' | b'i'))
        }
        b"python" | b"python2" | b"python3" => flag == b"-c",
        b"perl" | b"ruby" => flag.starts_with(b"-e") || flag == b"-MIO" || flag == b"-rsocket",
        b"php" => flag == b"-r",
        b"node" => flag == b"-e",
        b"cmd" => matches!(lower.as_slice(), b"/c" | b"/k" | b"/r"),
        b"powershell" | b"pwsh" => {
            [&b"-e"[..], b"-c", b"-nop", b"-w", b"-noni", b"-ep", b"-ex", b"-noe", b"/e", b"/c", b"iex"]
                .iter()
                .any(|known| lower.starts_with(known))
        }
        _ => false,
    }
}
