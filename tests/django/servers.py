"""Starts the two servers as processes of their own, and talks to them over HTTP."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

HERE = Path(__file__).parent
BINARY = os.environ.get("HARDTACK_BIN", str(HERE.parents[1] / "target/release/hardtack"))
PATIENCE = 30
PASSWORD = "a biscuit that keeps for years"


class Server:
    """A process that prints where it listens. Its output is read to the end, so it never blocks."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
        )
        self.output = ""
        self.url = None
        self._listening = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if not self._listening.wait(PATIENCE) or self.url is None:
            self.stop()
            raise AssertionError(f"{command[0]} did not say where it listens:\n{self.output}")

    def _read(self):
        for line in self.process.stdout:
            self.output += line
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found and self.url is None:
                self.url = found.group()
                self._listening.set()
        self._listening.set()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Hardtack(Server):
    """A server with fresh data, the users of the Django site, and `settings` by their keys."""

    def __init__(self, users, **settings):
        self.folder = tempfile.mkdtemp(prefix="hardtack-django-")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HARDTACK")}
        self.environment = {**inherited, **{f"HARDTACK__{key.upper()}": value for key, value in settings.items()}}
        # In the order of their numbers, before the demo user takes one.
        for username in users:
            self.command("user", "add", username, "--password-stdin")
        serve = ["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir", "data"]
        super().__init__([BINARY, *serve], cwd=self.folder, env=self.environment)

    def command(self, *arguments):
        command = [BINARY, *arguments, "--data-dir", "data"]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, input=PASSWORD, text=True, capture_output=True
        )
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder)


class Django(Server):
    """The site of backend.py."""

    def __init__(self, *arguments):
        super().__init__([sys.executable, str(HERE / "backend.py"), *arguments])


class Client:
    """A browser's cookie jar and nothing more. Cookies know no ports, so both servers get them."""

    def __init__(self):
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def request(self, method, url, body=None, bearer=None):
        """Returns the status and the JSON of the answer."""
        request = urllib.request.Request(url, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if bearer is not None:
            request.add_header("Authorization", f"Bearer {bearer}")
        try:
            with self.opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def log_in(self, hardtack, username):
        """Returns the user as Hardtack shows them."""
        credentials = {"username": username, "password": PASSWORD}
        status, answer = self.request("POST", f"{hardtack.url}/api/auth/login/", credentials)
        if status != 200:
            raise AssertionError(f"login answered {status}: {answer}")
        return answer["user"]

    def cookie(self, name):
        return next(cookie.value for cookie in self.jar if cookie.name == name)
