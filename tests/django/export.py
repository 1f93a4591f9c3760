"""A Django site with users of every kind, written out the ways that a site can be.

    python export.py directory

It makes dumpdata.json (`manage.py dumpdata auth.user`), users.jsonl (the same, a line each) and
users.csv (the table as it is in the database), and prints the users' names, one a line.
"""

import csv
import sys
from datetime import datetime, timezone
from pathlib import Path

import django
from django.conf import settings

PASSWORD = "a biscuit that keeps for years"
# As a keyboard of another make spells it: the accent apart from its letter.
DECOMPOSED = "cafe\u0301 au lait at four"
# In whole milliseconds: Django's JSON has no more.
JOINED = datetime(2019, 5, 1, 10, 0, 0, 250_000, tzinfo=timezone.utc)
HASHERS = ["PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt"]


def password_of(name):
    return DECOMPOSED if name.endswith("_decomposed") else PASSWORD


def configure():
    settings.configure(
        SECRET_KEY="of no interest to anybody here",
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        # Django's own, at Django's own cost.
        PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{hasher}PasswordHasher" for hasher in HASHERS],
    )
    django.setup()


def make_users():
    """Two users for each hasher, and one who has no password. Returns the names of the former."""
    from django.contrib.auth.hashers import get_hashers, make_password
    from django.contrib.auth.models import User

    names = []
    for hasher in get_hashers():
        for ending in ("", "_decomposed"):
            name = hasher.algorithm + ending
            # Numbers with gaps, as a table has them after some years.
            user = User(id=1000 + 7 * len(names), username=name, email=f"{name}@Example.com", first_name="Zoë")
            user.date_joined = JOINED
            user.password = make_password(password_of(name), hasher=hasher.algorithm)
            user.save()
            names.append(name)
    nobody = User(id=3, username="nobody", date_joined=JOINED)
    nobody.set_unusable_password()
    nobody.save()
    gone = User(id=4, username="gone", date_joined=JOINED, is_active=False)
    gone.password = make_password(PASSWORD)
    gone.save()
    return names


def write_table(path):
    from django.db import connection

    with connection.cursor() as cursor, path.open("w", newline="") as file:
        cursor.execute("SELECT * FROM auth_user ORDER BY username")
        writer = csv.writer(file)
        writer.writerow(column[0] for column in cursor.description)
        writer.writerows(cursor.fetchall())


def main():
    directory = Path(sys.argv[1])
    configure()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    names = make_users()
    call_command("dumpdata", "auth.user", indent=2, output=str(directory / "dumpdata.json"), verbosity=0)
    call_command("dumpdata", "auth", format="jsonl", output=str(directory / "users.jsonl"), verbosity=0)
    write_table(directory / "users.csv")
    print("\n".join(names))


if __name__ == "__main__":
    main()
