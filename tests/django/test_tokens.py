"""An unchanged Django back-end believes Hardtack's access tokens, and with a shared key the other way round."""

import base64
import json
import secrets
import tempfile
import unittest

from backend import USERS
from servers import Client, Django, Hardtack

NAMES = [username for _, username in USERS]
SHARED = secrets.token_urlsafe(48)


def segment(token, index):
    text = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


class PublishedKeys(unittest.TestCase):
    """ES256, the default: Django fetches the keys from Hardtack's JWKS and shares no secret."""

    @classmethod
    def setUpClass(cls):
        cls.hardtack = Hardtack(NAMES)
        cls.addClassCleanup(cls.hardtack.stop)
        cls.django = Django("--jwk-url", f"{cls.hardtack.url}/.well-known/jwks.json")
        cls.addClassCleanup(cls.django.stop)

    def setUp(self):
        self.client = Client()

    def test_simplejwt_takes_the_access_token_as_bearer(self):
        user = self.client.log_in(self.hardtack, "grace")
        access = self.client.cookie("access")
        self.assertEqual(segment(access, 0)["alg"], "ES256")

        answer = Client().request("GET", f"{self.django.url}/bearer/", bearer=access)
        self.assertEqual(answer, (200, {"pk": user["pk"], "username": "grace"}))

    def test_dj_rest_auth_takes_the_access_token_from_its_cookie(self):
        user = self.client.log_in(self.hardtack, "ada")
        answer = self.client.request("GET", f"{self.django.url}/cookie/")
        self.assertEqual(answer, (200, {"pk": user["pk"], "username": "ada"}))

    def test_a_renewed_access_token_is_taken_too(self):
        self.client.log_in(self.hardtack, "ada")
        first = self.client.cookie("access")
        status, _ = self.client.request("POST", f"{self.hardtack.url}/api/auth/token/refresh/")
        self.assertEqual(status, 200)
        self.assertNotEqual(self.client.cookie("access"), first)
        status, _ = self.client.request("GET", f"{self.django.url}/cookie/")
        self.assertEqual(status, 200)

    def test_without_a_token_nobody_is_let_in(self):
        for path in ("bearer", "cookie"):
            status, _ = self.client.request("GET", f"{self.django.url}/{path}/")
            self.assertEqual(status, 401)

    def test_a_token_with_another_user_in_it_is_refused(self):
        self.client.log_in(self.hardtack, "ada")
        header, claims, signature = self.client.cookie("access").split(".")
        changed = segment(f"{header}.{claims}", 1) | {"user_id": "2", "sub": "2"}
        claims = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
        status, answer = Client().request(
            "GET", f"{self.django.url}/bearer/", bearer=f"{header}.{claims}.{signature}"
        )
        self.assertEqual((status, answer["code"]), (401, "token_not_valid"))

    def test_a_refresh_token_is_no_access_token(self):
        self.client.log_in(self.hardtack, "ada")
        refresh = self.client.cookie("refresh")
        status, _ = Client().request("GET", f"{self.django.url}/bearer/", bearer=refresh)
        self.assertEqual(status, 401)


class SharedKey(unittest.TestCase):
    """HS256 with the key of an existing Django site, during a move."""

    @classmethod
    def setUpClass(cls):
        key_file = tempfile.NamedTemporaryFile(mode="w", suffix=".secret")
        cls.addClassCleanup(key_file.close)
        key_file.write(SHARED)
        key_file.flush()
        shared = {"tokens__algorithm": "HS256", "tokens__key_file": key_file.name}
        cls.hardtack = Hardtack(NAMES, **shared, tokens__accept_simplejwt="true")
        cls.addClassCleanup(cls.hardtack.stop)
        cls.strict = Hardtack(NAMES, **shared)
        cls.addClassCleanup(cls.strict.stop)
        cls.django = Django("--signing-key", SHARED)
        cls.addClassCleanup(cls.django.stop)

    def setUp(self):
        self.client = Client()

    def test_django_takes_hardtacks_token(self):
        user = self.client.log_in(self.hardtack, "grace")
        access = self.client.cookie("access")
        self.assertEqual(segment(access, 0)["alg"], "HS256")
        expected = (200, {"pk": user["pk"], "username": "grace"})
        self.assertEqual(Client().request("GET", f"{self.django.url}/bearer/", bearer=access), expected)
        self.assertEqual(self.client.request("GET", f"{self.django.url}/cookie/"), expected)

    def test_hardtack_takes_djangos_token(self):
        _, answer = self.client.request("GET", f"{self.django.url}/token/2/")
        status, user = self.client.request(
            "GET", f"{self.hardtack.url}/api/auth/user/", bearer=answer["access"]
        )
        self.assertEqual((status, user.get("pk"), user.get("username")), (200, 2, "grace"))

    def test_hardtack_refuses_djangos_token_unless_it_is_told_otherwise(self):
        _, answer = self.client.request("GET", f"{self.django.url}/token/2/")
        status, refused = self.client.request(
            "GET", f"{self.strict.url}/api/auth/user/", bearer=answer["access"]
        )
        self.assertEqual((status, refused["code"]), (401, "token_not_valid"))

    def test_a_shared_key_is_never_published(self):
        _, published = self.client.request("GET", f"{self.hardtack.url}/.well-known/jwks.json")
        self.assertEqual(published, {"keys": []})


if __name__ == "__main__":
    unittest.main()
