"""An account's whole life, over HTTP and a real mail server."""

import unittest

from house import CHROME, FIREFOX, PASSWORD, Browser, House, link
from post_office import Letters, PostOffice

FORGOTTEN, FOUND = PASSWORD, "ship's biscuit, baked twice"

HOST_HEADERS = [
    "Host", "X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix",
    "X-Host", "X-HTTP-Host-Override", "X-Original-Host", "X-Original-URL", "X-Rewrite-URL", "X-Real-Host",
    "X-URL-Scheme", "Forwarded",
]


class Life(unittest.TestCase):
    def test_register_verify_forget_reset_change_export_delete(self):
        letters = Letters()
        office = PostOffice(letters)
        self.addCleanup(office.stop)
        house = House(
            registration__email_verification="mandatory",
            mail__transport="smtp",
            mail__from="no-reply@example.com",
            mail__smtp_host="127.0.0.1",
            mail__smtp_port=str(office.port),
            mail__smtp_security="none",
        )
        self.addCleanup(house.close)
        house.start()
        first, second = Browser(house, FIREFOX, "es"), Browser(house, CHROME, "es")

        # Register, and verify before anything else.
        status, answer = first.post(
            "registration/", username="ada", email="Ada@Example.net", password1=FORGOTTEN, password2=FORGOTTEN
        )
        self.assertEqual((status, answer), (201, {"detail": "Verification e-mail sent."}))
        self.assertEqual(first.log_in("ada", FORGOTTEN)[0], 400)
        letter = letters.about("ada@example.net", "Confirma tu dirección")
        self.assertTrue(letter.get_body(("plain",)).get_content().startswith("Hola:"), "no name yet")
        key = link(letter).split("/")[-2]
        self.assertEqual(first.post("registration/verify-email/", key=key), (200, {"detail": "ok"}))
        self.assertEqual(first.post("registration/verify-email/", key=key)[0], 404, "once")

        # Two devices; the second is told of.
        self.assertEqual(first.log_in("ada", FORGOTTEN)[0], 200)
        self.assertEqual(second.log_in("ada", FORGOTTEN)[0], 200)
        letter = letters.about("ada@example.net", "Nuevo inicio de sesión")
        self.assertIn("Hola, ada:", letter.get_body(("plain",)).get_content())

        # Forget, and reset: nobody is logged in any more, and the answer tells nothing. No header
        # steers the link (GHSA-3529-5m8x-rpv3): it would be at another address otherwise.
        second.headers |= dict.fromkeys(HOST_HEADERS, "evil.example")
        known = second.post("password/reset/", email="ada@example.net")
        unknown = second.post("password/reset/", email="nobody@example.net")
        self.assertEqual(known, (200, {"detail": "Password reset e-mail has been sent."}))
        self.assertEqual(unknown, known)
        uid, token = link(letters.about("ada@example.net", "Elige una contraseña")).split("/")[-3:-1]
        reset = {"uid": uid, "token": token, "new_password1": FOUND, "new_password2": FOUND}
        self.assertEqual(second.post("password/reset/confirm/", **reset)[0], 200)
        self.assertEqual(second.post("password/reset/confirm/", **reset)[0], 400, "once")
        letters.about("ada@example.net", "Tu contraseña ha cambiado")
        for letter in letters.arrived:
            self.assertNotIn("evil", letter.as_string())
        for browser in [first, second]:
            self.assertEqual(browser.request("GET", "user/")[0], 401)
            self.assertEqual(browser.post("token/refresh/")[0], 401)
        self.assertEqual(Browser(house).log_in("ada", FORGOTTEN)[0], 400)

        # Another address, with a way back at the old one.
        self.assertEqual(first.log_in("ada", FOUND)[0], 200)
        self.assertEqual(first.post("email/change/", email="ada@example.org", password=FOUND)[0], 200)
        key = link(letters.about("ada@example.org", "Confirma tu nueva dirección")).split("/")[-2]
        self.assertEqual(Browser(house).post("email/change/confirm/", key=key)[0], 200)
        letter = letters.about("ada@example.net", "Tu dirección de correo ha cambiado")
        self.assertIn("a***@example.org", letter.get_body(("plain",)).get_content())
        self.assertRegex(link(letter), r"^/account/email/revert/[\w-]+/$")
        self.assertEqual(first.request("GET", "user/")[1]["email"], "ada@example.org")

        # All that is held; then nothing is.
        status, held = first.request("GET", "user/export/")
        self.assertEqual((status, held["user"]["email"]), (200, "ada@example.org"))
        status, _ = first.request("DELETE", "user/", {"password": FOUND})
        self.assertEqual(status, 200)
        self.assertEqual(first.log_in("ada", FOUND)[0], 400)
        self.assertEqual(house.queue(), [])

        # Nothing of it is in the log: no address, no code, no password.
        house.stop()
        for secret in ["example.net", "example.org", token, key, FOUND, FORGOTTEN]:
            self.assertNotIn(secret, house.log)


if __name__ == "__main__":
    unittest.main()
