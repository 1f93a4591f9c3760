"""A Django site with dj-rest-auth's JWT cookies behind gunicorn, one process for each processor.

    serve.py USERNAME PASSWORD

Its routes and its cookie are called as Hardtack's are, so that the same requests fit both. It says
where it listens as `hardtack serve --json` does.
"""

import json
import os
import socket
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

USERNAME, PASSWORD = sys.argv[1:]
FOLDER = tempfile.TemporaryDirectory(prefix="hardtack-bench-django-")

from django.conf import settings  # noqa: E402

settings.configure(
    SECRET_KEY="the key of a site that nobody keeps",
    ALLOWED_HOSTS=["app.example.com"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(Path(FOLDER.name) / "site.db"),
            # As a site is run that cares: Django would open it anew for each request.
            "CONN_MAX_AGE": None,
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework_simplejwt.token_blacklist",
        "dj_rest_auth",
    ],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": ["dj_rest_auth.jwt_auth.JWTCookieAuthentication"]},
    REST_AUTH={
        "USE_JWT": True,
        "SESSION_LOGIN": False,
        "TOKEN_MODEL": None,
        "JWT_AUTH_COOKIE": "access",
        "JWT_AUTH_REFRESH_COOKIE": "refresh",
    },
    SIMPLE_JWT={
        # As long as a run takes.
        "ACCESS_TOKEN_LIFETIME": timedelta(hours=1),
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
    },
    USE_TZ=True,
)

import django  # noqa: E402

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connections  # noqa: E402
from django.urls import include, path  # noqa: E402
from gunicorn.app.base import BaseApplication  # noqa: E402

urlpatterns = [path("api/auth/", include("dj_rest_auth.urls"))]


class Site(BaseApplication):
    """gunicorn, told by us and by no file."""

    def __init__(self, listener):
        host, port = listener.getsockname()
        self.url = f"http://{host}:{port}"
        # gunicorn takes the socket over.
        self.descriptor = listener.detach()
        super().__init__()

    def load_config(self):
        self.cfg.set("bind", f"fd://{self.descriptor}")
        self.cfg.set("workers", os.cpu_count())
        self.cfg.set("worker_class", "gthread")
        # A connection that stays open takes a thread, and a load may open them all in one process.
        self.cfg.set("threads", 64)
        self.cfg.set("keepalive", 75)
        self.cfg.set("loglevel", "error")
        self.cfg.set("when_ready", self.say)

    def say(self, _):
        print(json.dumps({"listening": self.url}), flush=True)

    def load(self):
        return get_wsgi_application()


call_command("migrate", verbosity=0)
get_user_model().objects.create_user(USERNAME, password=PASSWORD)
# What is open here must not be shared with the processes that serve.
connections.close_all()
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
listener.set_inheritable(True)
Site(listener).run()
