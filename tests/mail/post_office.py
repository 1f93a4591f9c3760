"""Mail servers of several characters, on free ports of this machine."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
import threading
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, SECRET = b"hardtack", b"a secret for the post office"


class Letters:
    """Takes mails, once it has answered what it was told to answer first."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.arrived = []
        self.tries = 0
        self._changed = threading.Condition()

    async def handle_DATA(self, server, session, envelope):
        with self._changed:
            self.tries += 1
            answer = self.answers.pop(0) if self.answers else None
            self._changed.notify_all()
        if answer == "hang":
            await asyncio.sleep(3600)
        if answer is not None:
            return answer
        letter = message_from_bytes(envelope.content, policy=policy.default)
        letter.recipients = envelope.rcpt_tos
        letter.encrypted = server.transport.get_extra_info("ssl_object") is not None
        letter.authenticated = session.authenticated
        with self._changed:
            self.arrived.append(letter)
            self._changed.notify_all()
        return "250 OK"

    def wait(self, what, seconds=60):
        """Waits until `what(self)` is something, and gives it."""
        with self._changed:
            if not self._changed.wait_for(lambda: what(self), seconds):
                raise AssertionError(f"after {seconds} s: {len(self.arrived)} arrived in {self.tries} tries")
            return what(self)

    def about(self, to, subject, seconds=60):
        """The last letter to that address whose subject has these words."""

        def found(letters):
            fitting = [one for one in letters.arrived if one.recipients == [to] and subject in one["Subject"]]
            return fitting[-1] if fitting else None

        return self.wait(found, seconds)


def authenticate(server, session, envelope, mechanism, data):
    # Not handled: the server itself is to answer 535.
    return AuthResult(success=(data.login, data.password) == (USER, SECRET), handled=False)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostOffice(Controller):
    """A real SMTP server. `security` is what Hardtack is told: `none`, `starttls` or `tls`."""

    def __init__(self, letters, security="none", certificate=None, port=None):
        options = {}
        if security == "starttls":
            options = {
                "tls_context": certificate.context(),
                "require_starttls": True,
                "auth_required": True,
                "authenticator": authenticate,
            }
        if security == "tls":
            options = {"ssl_context": certificate.context()}
        self.letters = letters
        super().__init__(letters, hostname="127.0.0.1", port=port or free_port(), **options)
        self.start()


class DeadEnd:
    """Takes the connection, and never says a word."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.callers = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                self.callers.append(self.socket.accept()[0])
            except OSError:
                return

    def stop(self):
        # Closing alone does not wake whoever waits in it, and the port stays taken.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for caller in self.callers:
            caller.close()


class Certificate:
    """An authority, and a certificate of it for this machine."""

    def __init__(self, folder):
        now = datetime.datetime.now(datetime.timezone.utc)
        authority_key = ec.generate_private_key(ec.SECP256R1())
        authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Post office tests")])
        key = ec.generate_private_key(ec.SECP256R1())

        def signed(subject, public_key, extension, critical):
            builder = x509.CertificateBuilder(
                authority, subject, public_key, x509.random_serial_number(),
                now - datetime.timedelta(days=1), now + datetime.timedelta(days=30),
            )
            return builder.add_extension(extension, critical).sign(authority_key, hashes.SHA256())

        root = signed(authority, authority_key.public_key(), x509.BasicConstraints(True, None), True)
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        leaf = signed(x509.Name([]), key.public_key(), x509.SubjectAlternativeName(names), True)
        pem = serialization.Encoding.PEM
        self.authority_file = Path(folder, "authority.pem")
        self.authority_file.write_bytes(root.public_bytes(pem))
        self.file = Path(folder, "post-office.pem")
        clear = serialization.NoEncryption()
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, clear)
        self.file.write_bytes(leaf.public_bytes(pem) + private)

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context
