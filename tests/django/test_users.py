"""Users of a real Django site move in with their numbers and their old passwords."""

import json
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from export import password_of
from servers import Client, Hardtack, HERE


class MovingIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="hardtack-export-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = Path(directory.name)
        command = [sys.executable, str(HERE / "export.py"), str(cls.directory)]
        exported = subprocess.run(command, capture_output=True, text=True, check=True)
        cls.names = exported.stdout.split()

    def move_in(self, file):
        """A server whose users come from `file`."""
        # One hash at a time is enough, and these are of every cost.
        hardtack = Hardtack([], rate_limit__login_per_address="1000")
        self.addCleanup(hardtack.stop)
        told = json.loads(hardtack.command("user", "import", str(self.directory / file), "--json"))
        self.assertEqual(told["added"], len(self.names) + 2, told)
        self.assertEqual(told["refused"], [])
        return hardtack

    def hashes(self, hardtack):
        path = f"{hardtack.folder}/data/hardtack.db"
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        with database:
            rows = dict(database.execute("SELECT username, password_hash FROM users"))
        database.close()
        return rows

    def log_in(self, hardtack, username, password):
        credentials = {"username": username, "password": password}
        return Client().request("POST", f"{hardtack.url}/api/auth/login/", credentials)

    def test_everybody_logs_in_with_the_old_password_and_has_a_new_hash(self):
        self.assertEqual(len(self.names), 12)
        hardtack = self.move_in("dumpdata.json")
        before = self.hashes(hardtack)
        for index, name in enumerate(self.names):
            with self.subTest(name):
                self.assertFalse(before[name].startswith("$argon2id$"), before[name])
                self.assertEqual(self.log_in(hardtack, name, "another")[0], 400)
                status, answer = self.log_in(hardtack, name, password_of(name))
                self.assertEqual(status, 200, answer)
                self.assertEqual(answer["user"]["pk"], 1000 + 7 * index)
                self.assertEqual(answer["user"]["first_name"], "Zoë")
                self.assertRegex(self.hashes(hardtack)[name], r"^\$argon2id\$v=19\$m=19456,t=2,p=1\$")
                # The new hash is over the composed form, so either keyboard will do.
                self.assertEqual(self.log_in(hardtack, name, password_of(name))[0], 200)
        self.assertEqual(self.log_in(hardtack, "nobody", "")[0], 400)
        self.assertEqual(self.log_in(hardtack, "gone", password_of("gone"))[0], 400)

    def test_the_table_and_json_lines_bring_the_same_users(self):
        users = []
        for file in ("dumpdata.json", "users.jsonl", "users.csv"):
            hardtack = self.move_in(file)
            listed = json.loads(hardtack.command("user", "list", "--json"))
            users.append([user for user in listed if user["username"] != "demo"])
        self.assertEqual(users[0], users[1])
        self.assertEqual(users[0], users[2])
        self.assertEqual([user["id"] for user in users[0][:2]], [3, 4])
        self.assertEqual(users[0][1]["state"], "disabled")


if __name__ == "__main__":
    unittest.main()
