"""Mail by `EMAIL_URL`: smtp:// in the clear, smtp+tls:// by STARTTLS, smtps:// by TLS.

console: prints it, which is for development alone.
"""

import asyncio
import logging
import smtplib
import ssl
import sys
from collections.abc import Callable
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

logger = logging.getLogger(__name__)

PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
TIMEOUT = 10.0  # seconds, of each exchange with the server

type Deliver = Callable[[EmailMessage], None]


def deliverer(url: str) -> Deliver:
    """What sends one message, blocking. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme == "console":
        return printed
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("must be such as smtp+tls://USER:PASSWORD@HOST, or console:")
    return lambda message: _deliver(parts, message)


class Mail:
    """Sends from one address. A message that cannot be sent is logged, without whose it is or what
    it says, which the error holds, too: its request is answered."""

    def __init__(self, deliver: Deliver, sender: str) -> None:
        self._deliver = deliver
        self._sender = sender

    async def send(self, to: str, subject: str, text: str) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message.set_content(text)
        try:
            await asyncio.to_thread(self._deliver, message)
        except (OSError, smtplib.SMTPException) as error:
            logger.error("a mail was not sent: %s", type(error).__name__)


def printed(message: EmailMessage) -> None:
    """As it is read: how a long line is sent is no way to copy a token from it."""
    sys.stderr.write(f"To: {message['To']}\nSubject: {message['Subject']}\n\n")
    sys.stderr.write(f"{message.get_content()}\n")


def _deliver(server: SplitResult, message: EmailMessage) -> None:
    host, port = server.hostname or "", server.port or PORTS[server.scheme]
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
    else:
        connection = smtplib.SMTP(host, port, timeout=TIMEOUT)
    with connection:
        if server.scheme == "smtp+tls":
            connection.starttls(context=context)
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)
