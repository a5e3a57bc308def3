"""A mail server for the checks of mail.py: aiosmtpd, which knows nothing of AllIN, made to be what a case needs, and
keeping every byte that it was sent. And the certificates of such servers."""

import asyncio
import dataclasses
import datetime
import socket
import ssl
import time

import trustme
from aiosmtpd import smtp


@dataclasses.dataclass
class Mail:
    sender: str
    recipients: list
    options: list
    content: bytes
    at: float
    encrypted: bool
    user: str | None


@dataclasses.dataclass
class Connection:
    """What came in; the handshake and what TLS hides are not in `clear`."""

    clear: bytearray = dataclasses.field(default_factory=bytearray)
    inside: bytearray = dataclasses.field(default_factory=bytearray)

    @property
    def all(self):
        return bytes(self.clear + self.inside)


class Protocol(smtp.SMTP):
    """aiosmtpd's, with ears. What a case changes is asked of `server`."""

    def __init__(self, server, *arguments, **options):
        self.server = server
        self.kept = Connection()
        self.greeted = False
        super().__init__(*arguments, **options)

    def connection_made(self, transport):
        if self._original_transport is None:
            self.server.connections.append(self.kept)
        super().connection_made(transport)

    def data_received(self, data):
        hidden = self.server.security == "tls" or self._tls_protocol is not None
        (self.kept.inside if hidden else self.kept.clear).extend(data)
        super().data_received(data)

    async def push(self, status):
        if not self.greeted:
            self.greeted = True
            refusal = self.server.next("greeting")
            if refusal:
                await super().push(refusal)
                self.transport.close()
                return
        await super().push(status)

    async def smtp_STARTTLS(self, arg):
        if self.server.next("starttls"):
            await self.push("454 4.7.0 TLS not available due to a temporary reason")
            return
        await super().smtp_STARTTLS(arg)

    # How aiosmtpd documents a command and when it offers it.
    smtp_STARTTLS.__smtp_syntax__ = smtp.SMTP.smtp_STARTTLS.__smtp_syntax__
    smtp_STARTTLS.__smtp_syntax_extended__ = smtp.SMTP.smtp_STARTTLS.__smtp_syntax_extended__
    smtp_STARTTLS.__smtp_syntax_when__ = smtp.SMTP.smtp_STARTTLS.__smtp_syntax_when__


class Server:
    """`security` is plain, starttls or tls. `plan` says, for a place in the conversation (greeting, starttls, sender,
    recipient, data, quit), how the next ones are answered; "drop" after the data breaks the connection before an answer.
    """

    def __init__(self, security, certificate=None, login=None, without=(), plan=None):
        self.security = security
        self.certificate = certificate
        self.login = login
        self.without = list(without)
        self.plan = {place: list(answers) for place, answers in (plan or {}).items()}
        self.connections = []
        self.mails = []
        self.logins = []
        self.port = None
        self._server = None

    def next(self, place):
        answers = self.plan.get(place)
        return answers.pop(0) if answers else None

    async def start(self, host):
        context = None
        if self.certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.certificate.configure_cert(context)

        def protocol():
            return Protocol(
                self,
                self,
                hostname="mail.test",
                enable_SMTPUTF8=False,
                tls_context=context if self.security == "starttls" else None,
                require_starttls=self.security == "starttls",
                authenticator=self.authenticate if self.login else None,
                auth_required=self.login is not None,
                auth_require_tls=self.security == "starttls",
                auth_exclude_mechanism=self.without,
                loop=loop,
            )

        loop = asyncio.get_running_loop()
        implicit = context if self.security == "tls" else None
        self._server = await loop.create_server(protocol, host, 0, ssl=implicit)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def stop(self):
        self._server.close()

    def authenticate(self, _server, _session, _envelope, mechanism, data):
        good = (data.login, data.password) == tuple(word.encode() for word in self.login)
        self.logins.append((mechanism, good))
        # Not handled: aiosmtpd answers by itself, as it would anybody.
        return smtp.AuthResult(success=good, handled=False, auth_data=data.login.decode())

    async def handle_MAIL(self, _server, _session, envelope, address, options):
        refusal = self.next("sender")
        if refusal:
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        refusal = self.next("recipient")
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_QUIT(self, _server, _session, _envelope):
        if self.next("quit"):
            await asyncio.Event().wait()
        return "221 2.0.0 Bye"

    async def handle_DATA(self, server, session, envelope):
        answer = self.next("data")
        if answer and answer != "drop":
            return answer
        self.mails.append(
            Mail(
                sender=envelope.mail_from,
                recipients=list(envelope.rcpt_tos),
                options=list(envelope.mail_options),
                content=envelope.original_content,
                at=time.monotonic(),
                encrypted=self.security == "tls" or session.ssl is not None,
                user=session.auth_data,
            )
        )
        if answer == "drop":
            server.transport.abort()
            # Nothing may be answered any more.
            await asyncio.Event().wait()
        return "250 2.0.0 taken"


def other_name():
    """A name and address of this machine that is not called loopback: for AllIN a server elsewhere, which needs TLS."""
    name = socket.gethostname()
    try:
        return name, socket.getaddrinfo(name, None, socket.AF_INET)[0][4][0]
    except OSError:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            # Nothing is sent: it only asks which of this machine's addresses would be used.
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        return address, address


class Certificates:
    """An authority as a company has one, and what can be wrong with a certificate."""

    def __init__(self, folder, names):
        authority = trustme.CA()
        self.file = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.file)
        yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
        self.good = authority.issue_cert(*names)
        self.of_another_name = authority.issue_cert("other.example.com")
        self.expired = authority.issue_cert(*names, not_after=yesterday)
        self.of_a_stranger = trustme.CA().issue_cert(*names)
