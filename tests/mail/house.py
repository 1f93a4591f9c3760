"""The binary as an operator runs it, and browsers as far as cookies go."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
BINARY = os.environ.get("HARDTACK_BIN", str(HERE.parents[1] / "target/release/hardtack"))
PUBLIC_URL = "https://app.example.com"
PASSWORD = "a biscuit that keeps for years"
PATIENCE = 60

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


class House:
    """A folder with data and settings; servers and commands run in it."""

    def __init__(self, **settings):
        self.folder = Path(tempfile.mkdtemp(prefix="hardtack-mail-"))
        self.settings = {"server__public_url": PUBLIC_URL, **settings}
        self.server = None
        self.log = ""

    def environment(self):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HARDTACK")}
        return {**inherited, **{f"HARDTACK__{key.upper()}": value for key, value in self.settings.items()}}

    def secret(self, name, text):
        path = self.folder / "data" / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)

    def run(self, *arguments, given=""):
        command = [BINARY, *arguments, "--data-dir", "data"]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment(), input=given, text=True, capture_output=True
        )

    def command(self, *arguments, given=""):
        done = self.run(*arguments, given=given)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: {done.stderr}")
        return done.stdout

    def add_user(self, name):
        self.command("user", "add", name, "--email", f"{name}@example.net", "--password-stdin", given=PASSWORD)

    def queue(self):
        return json.loads(self.command("mail", "queue", "--json"))

    def start(self, *options):
        serve = ["serve", "--json", "--listen", "127.0.0.1:0", "--data-dir", "data", *options]
        self.server = subprocess.Popen(
            [BINARY, *serve], cwd=self.folder, env=self.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self._reader = threading.Thread(target=self._read_log, args=(self.server,), daemon=True)
        self._reader.start()
        said = self.server.stdout.readline()
        if not said:
            self._reader.join(PATIENCE)
            raise AssertionError(self.log)
        self.url = json.loads(said)["listening"]

    def _read_log(self, server):
        for line in server.stderr:
            self.log += line

    def stop(self, how=signal.SIGTERM):
        if self.server is None:
            return
        self.server.send_signal(how)
        self.server.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.server.stdout.close()
        self.server.stderr.close()
        self.server = None

    def close(self):
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder)


class Browser:
    """Keeps cookies and sends them back, as if the connection were the TLS that ends in front."""

    def __init__(self, house, user_agent=FIREFOX, language="en"):
        self.house = house
        self.headers = {"User-Agent": user_agent, "Accept-Language": language, "Origin": PUBLIC_URL}
        self.cookies = {}

    def request(self, method, path, body=None):
        """Returns the status and the JSON of the answer."""
        request = urllib.request.Request(f"{self.house.url}/api/auth/{path}", method=method, headers=self.headers)
        if self.cookies:
            request.add_header("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            for line in answer.headers.get_all("Set-Cookie") or []:
                name, value = re.match(r"([^=]+)=([^;]*)", line).groups()
                self.cookies[name] = value
                if "Max-Age=0" in line:
                    del self.cookies[name]
            text = answer.read()
            return answer.status, json.loads(text) if text else None

    def post(self, path, **body):
        return self.request("POST", path, body)

    def log_in(self, name, password=PASSWORD):
        return self.post("login/", username=name, password=password)


def link(letter):
    """The first link of a letter's text."""
    text = letter.get_body(("plain",)).get_content().replace("\r", "")
    return re.search(rf"^{re.escape(PUBLIC_URL)}/\S+$", text, re.MULTILINE).group().removeprefix(PUBLIC_URL)


def eventually(what, seconds=PATIENCE):
    """Asks until it is so, and gives what it was."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)
    return found
