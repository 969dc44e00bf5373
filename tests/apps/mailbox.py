"""A mail server that keeps what it is sent: one JSON object a line in `letters.jsonl`, with the decoded parts.

mailbox.py PORT FOLDER [--tls starttls|tls] [--certificate FILE --key FILE] [--user NAME --password WORD]

Without `--tls` it does not offer STARTTLS.
"""

import argparse
import asyncio
import json
import ssl
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

arguments = argparse.ArgumentParser()
arguments.add_argument("port", type=int)
arguments.add_argument("folder", type=Path)
arguments.add_argument("--tls", choices=["starttls", "tls"])
arguments.add_argument("--certificate")
arguments.add_argument("--key")
arguments.add_argument("--user")
arguments.add_argument("--password")
asked = arguments.parse_args()
letters = asked.folder / "letters.jsonl"


class Keep:
    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        letter = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in message.items()],
            "subject": message["subject"],
            "text": parts.get("text/plain", ""),
            "html": parts.get("text/html", ""),
            "tls": session.ssl is not None or asked.tls == "tls",
            "user": session.auth_data.decode() if session.auth_data else None,
        }
        with letters.open("a") as file:
            file.write(json.dumps(letter) + "\n")
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    name, word = data.login.decode(), data.password.decode()
    good = (name, word) == (asked.user, asked.password)
    return AuthResult(success=good, auth_data=data.login if good else None, handled=False)


async def serve():
    loop = asyncio.get_running_loop()
    context = None
    if asked.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(asked.certificate, asked.key)
    starttls = context if asked.tls == "starttls" else None

    def make():
        return SMTP(
            Keep(),
            enable_SMTPUTF8=True,
            hostname="mail.test",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=authenticate if asked.user else None,
            auth_required=asked.user is not None,
            auth_require_tls=starttls is not None,
            loop=loop,
        )

    implicit = context if asked.tls == "tls" else None
    server = await loop.create_server(make, "127.0.0.1", asked.port, ssl=implicit)
    await server.serve_forever()


asyncio.run(serve())
