"""A mail server that keeps what it is sent: one JSON object a line in `letters.jsonl`, with the decoded parts."""

import asyncio
import json
import sys
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.smtp import SMTP

letters = Path(sys.argv[2]) / "letters.jsonl"


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
        }
        with letters.open("a") as file:
            file.write(json.dumps(letter) + "\n")
        return "250 taken"


async def serve():
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Keep(), enable_SMTPUTF8=True, hostname="mail.test")  # noqa: E731
    server = await loop.create_server(make, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(serve())
