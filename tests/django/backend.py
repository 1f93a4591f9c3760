"""A Django site as somebody else wrote it: nothing in it knows of Hardtack but one URL or one key.

    python backend.py --jwk-url http://127.0.0.1:8000/.well-known/jwks.json
    python backend.py --signing-key "the secret that both sides share"

It prints the address it listens on, then serves until it is told to stop.
"""

import argparse
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings

USERS = [(1, "ada"), (2, "grace"), (3, "margaret")]


def configure(simple_jwt):
    settings.configure(
        SECRET_KEY="of no interest to anybody here",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "rest_framework",
            "dj_rest_auth",
        ],
        # As the guides print them. TOKEN_MODEL must be None, or Django does not start.
        REST_AUTH={"USE_JWT": True, "JWT_AUTH_COOKIE": "access", "TOKEN_MODEL": None},
        SIMPLE_JWT=simple_jwt,
    )
    django.setup()


def urls():
    """Views can only be made once Django is set up."""
    from dj_rest_auth.jwt_auth import JWTCookieAuthentication
    from django.contrib.auth.models import User
    from django.urls import path
    from rest_framework.permissions import IsAuthenticated
    from rest_framework.response import Response
    from rest_framework.views import APIView
    from rest_framework_simplejwt.authentication import JWTAuthentication
    from rest_framework_simplejwt.tokens import AccessToken

    class WhoAmI(APIView):
        permission_classes = [IsAuthenticated]

        def get(self, request):
            return Response({"pk": request.user.pk, "username": request.user.username})

    class Token(APIView):
        """An access token of this site's own."""

        authentication_classes = []
        permission_classes = []

        def get(self, request, pk):
            return Response({"access": str(AccessToken.for_user(User.objects.get(pk=pk)))})

    return [
        path("bearer/", WhoAmI.as_view(authentication_classes=[JWTAuthentication])),
        path("cookie/", WhoAmI.as_view(authentication_classes=[JWTCookieAuthentication])),
        path("token/<int:pk>/", Token.as_view()),
    ]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    key = parser.add_mutually_exclusive_group(required=True)
    key.add_argument("--jwk-url")
    key.add_argument("--signing-key")
    arguments = parser.parse_args()
    if arguments.jwk_url:
        configure({"ALGORITHM": "ES256", "JWK_URL": arguments.jwk_url})
    else:
        configure({"ALGORITHM": "HS256", "SIGNING_KEY": arguments.signing_key})

    global urlpatterns
    urlpatterns = urls()

    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", verbosity=0)
    for pk, username in USERS:
        User.objects.create(pk=pk, username=username)

    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
