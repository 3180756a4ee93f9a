import smtplib
import ssl
from email.message import EmailMessage
from typing import Any, Self

import pytest

from app.mail import Mail, deliverer


class Server:
    """What smtplib was told, instead of a connection."""

    said: list[Any]

    def __init__(self, host: str, port: int, **_: Any) -> None:
        Server.said = [type(self).__name__, host, port]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def starttls(self, context: ssl.SSLContext) -> None:
        assert context.verify_mode == ssl.CERT_REQUIRED
        Server.said.append("starttls")

    def login(self, user: str, password: str) -> None:
        Server.said.append((user, password))

    def send_message(self, message: EmailMessage) -> None:
        Server.said.append(message["To"])


class TlsServer(Server):
    pass


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("smtp://mail", ["Server", "mail", 25, "you@example.com"]),
        (
            "smtp+tls://me:p%40ss@mail",
            ["Server", "mail", 587, "starttls", ("me", "p@ss"), "you@example.com"],
        ),
        ("smtps://me:x@mail:1465", ["TlsServer", "mail", 1465, ("me", "x"), "you@example.com"]),
    ],
)
async def test_mail_goes_to_the_server_that_is_set(
    monkeypatch: pytest.MonkeyPatch, url: str, said: list[Any]
) -> None:
    monkeypatch.setattr(smtplib, "SMTP", Server)
    monkeypatch.setattr(smtplib, "SMTP_SSL", TlsServer)
    await Mail(deliverer(url), "me@example.com").send("you@example.com", "subject", "text")
    assert Server.said == said


async def test_in_development_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    token = "x" * 200
    await Mail(deliverer("console:"), "me@example.com").send("you@example.com", "subject", token)
    printed = capsys.readouterr().err.splitlines()
    assert {"To: you@example.com", "Subject: subject", token} <= {*printed}


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("away"),
        smtplib.SMTPRecipientsRefused({"you@example.com": (550, b"no such mailbox")}),
    ],
)
async def test_what_cannot_be_sent_is_logged_and_nothing_of_whose_it_is(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def failing(_: EmailMessage) -> None:
        raise error

    await Mail(failing, "me@example.com").send("you@example.com", "Join Acme", "a token")
    assert f"a mail was not sent: {type(error).__name__}" in caplog.text
    for private in ("you@example.com", "Acme", "a token"):
        assert private not in caplog.text


@pytest.mark.parametrize("url", ["", "http://mail", "smtp://", "smtp:mail"])
def test_what_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be such as"):
        deliverer(url)


def test_a_message_takes_no_second_header() -> None:
    with pytest.raises(ValueError, match=r"linefeed|newline"):
        EmailMessage()["To"] = "you@example.com\nBcc: all@example.com"
