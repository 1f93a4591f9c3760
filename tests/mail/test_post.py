"""Mails on their way through real mail servers, good ones and bad ones."""

import signal
import time
import unittest

from house import CHROME, FIREFOX, Browser, House, eventually
from post_office import SECRET, USER, Certificate, DeadEnd, Letters, PostOffice

NEW_LOGIN = "New login"


class Posts(unittest.TestCase):
    def house(self, port, security="none", **settings):
        settings = {
            "mail__transport": "smtp",
            "mail__from": "Example <no-reply@example.com>",
            "mail__smtp_host": "localhost" if security != "none" else "127.0.0.1",
            "mail__smtp_port": str(port),
            "mail__smtp_security": security,
            **settings,
        }
        house = House(**settings)
        self.addCleanup(house.close)
        return house

    def office(self, letters, *arguments, **options):
        office = PostOffice(letters, *arguments, **options)
        self.addCleanup(office.stop)
        return office

    def two_logins(self, house, name="ada"):
        """The second, on another device, is told of by mail. Gives how long it took, in seconds."""
        self.assertEqual(Browser(house, FIREFOX).log_in(name)[0], 200)
        began = time.monotonic()
        self.assertEqual(Browser(house, CHROME).log_in(name)[0], 200)
        return time.monotonic() - began

    def certificate(self, house):
        certificate = Certificate(house.folder)
        house.settings["mail__smtp_ca_file"] = str(certificate.authority_file)
        return certificate

    def test_a_mail_goes_encrypted_and_authenticated(self):
        letters = Letters()
        house = self.house(0, "starttls", mail__smtp_user=USER.decode(), mail__smtp_password_file="smtp-password")
        office = self.office(letters, "starttls", self.certificate(house))
        house.settings["mail__smtp_port"] = str(office.port)
        house.secret("smtp-password", SECRET.decode() + "\n")
        house.command("config", "check")
        house.command("mail", "test", "ada@example.net", "--language", "fa")
        house.add_user("ada")
        house.start()
        self.two_logins(house)
        letter = letters.about("ada@example.net", NEW_LOGIN)
        self.assertTrue(letter.encrypted and letter.authenticated)
        self.assertEqual(letter["From"], "Example <no-reply@example.com>")
        self.assertEqual(letter["To"], "ada@example.net")
        self.assertEqual(letter["Auto-Submitted"], "auto-generated")
        self.assertRegex(letter["Message-ID"], r"^<[0-9a-f]{32}@example\.com>$")
        self.assertTrue(letter["Date"] and letter["MIME-Version"])
        kinds = [part.get_content_type() for part in letter.iter_parts()]
        self.assertEqual(kinds, ["text/plain", "text/html"])
        self.assertIn("Chrome on Windows", letter.get_body(("plain",)).get_content())
        self.assertEqual(house.queue(), [])

        test = letters.arrived[0]
        self.assertIn("آزمایشی", test.get_body(("plain",)).get_content())
        self.assertIn('dir="rtl"', test.get_body(("html",)).get_content())
        self.assertEqual(test["Content-Language"], "fa")
        self.assertIn("app.example.com", test["Subject"])

        # The password is wrong: the operator's to mend, and no mail is lost by it.
        house.stop()
        house.secret("smtp-password", "another\n")
        self.assertIn("535", house.run("mail", "test", "ada@example.net").stderr)

    def test_a_mail_goes_over_tls_from_the_first_byte_and_to_nobody_else(self):
        letters = Letters()
        house = self.house(0, "tls")
        office = self.office(letters, "tls", self.certificate(house))
        house.settings["mail__smtp_port"] = str(office.port)
        house.command("mail", "test", "ada@example.net")
        self.assertTrue(letters.arrived[0].encrypted)
        del house.settings["mail__smtp_ca_file"]
        refused = house.run("mail", "test", "ada@example.net")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("certificate", refused.stderr.lower())

    def test_a_server_without_encryption_is_not_trusted_with_a_mail(self):
        """Whoever sits on the way takes STARTTLS out of the greeting (RFC 3207, section 6)."""
        letters = Letters()
        house = self.house(self.office(letters).port, "starttls")
        refused = house.run("mail", "test", "ada@example.net")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("STARTTLS", refused.stderr.upper())
        self.assertEqual(letters.tries, 0)

    def test_a_busy_server_is_asked_again_and_a_refusing_one_is_not(self):
        letters = Letters("451 4.7.1 come back later", None, "550 5.1.1 no such user")
        house = self.house(self.office(letters).port)
        for name in ["ada", "grace"]:
            house.add_user(name)
        house.start()
        self.two_logins(house)
        waiting = eventually(lambda: [mail for mail in house.queue() if mail["last_error"]])
        self.assertIn("come back later", waiting[0]["last_error"])
        self.assertIsNone(waiting[0]["given_up_at"])
        letters.about("ada@example.net", NEW_LOGIN)
        self.two_logins(house, "grace")
        given_up = eventually(lambda: [mail for mail in house.queue() if mail["given_up_at"]])
        self.assertIn("no such user", given_up[0]["last_error"])
        self.assertIn("mail_given_up", house.log)
        self.assertNotIn("example.net", house.log)
        eventually(lambda: "mail_given_up" in house.command("audit", "list"))

    def test_a_server_that_hangs_delays_no_answer_and_loses_no_mail(self):
        dead_end = DeadEnd()
        house = self.house(dead_end.port, mail__timeout="3s")
        house.add_user("ada")
        house.start()
        took = self.two_logins(house)
        eventually(lambda: dead_end.callers)
        self.assertLess(took, 3)
        waiting = eventually(lambda: [mail for mail in house.queue() if mail["last_error"]])
        self.assertIsNone(waiting[0]["given_up_at"])
        began = time.monotonic()
        house.stop()
        self.assertLess(time.monotonic() - began, 30)
        dead_end.stop()

        # The same place, with somebody in it.
        letters = Letters("hang")
        self.office(letters, port=dead_end.port)
        house.start()
        letters.about("ada@example.net", NEW_LOGIN, 90)
        self.assertGreaterEqual(letters.tries, 2)
        self.assertEqual(eventually(lambda: house.queue() == []), True)

    def test_a_process_that_is_killed_in_the_middle_sends_at_most_twice_and_never_not_at_all(self):
        letters = Letters("hang")
        house = self.house(self.office(letters).port, mail__timeout="5s")
        house.add_user("ada")
        house.start()
        self.two_logins(house)
        letters.wait(lambda letters: letters.tries == 1)
        house.stop(signal.SIGKILL)
        house.start()
        letters.about("ada@example.net", NEW_LOGIN, 90)
        eventually(lambda: house.queue() == [])
        self.assertEqual((letters.tries, len(letters.arrived)), (2, 1))


if __name__ == "__main__":
    unittest.main()
