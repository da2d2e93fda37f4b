"""Who has logged in: tokens that a restart of the server survives and that logging out ends.

A browser holds a random token in a cookie; the server holds its SHA-256 beside the name that the person
chose, in a file that nobody else on the computer may read. Another password ends all of them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from maxstim_core.errors import MaxstimError
from maxstim_core.storage.atomic import aside

LASTS = 7 * 24 * 3600.0
"""Seconds that a login lasts."""

SHORTEST_PASSWORD = 8
"""Characters that a password has at least."""

NAME_LENGTH = 40
"""Characters of a person's name that are kept."""

_KEPT = 1000
"""Logins that are remembered at most; the oldest end first."""


@dataclass(frozen=True)
class Login:
    """One browser that has logged in.

    Attributes:
        id: What tells it from others; it opens nothing.
        name: What the person wants to be called, perhaps nothing.
        until: When it ends, in seconds since 1970.
    """

    id: str
    name: str
    until: float


class Logins:
    """The browsers that have logged in with the password of this server.

    Args:
        password: What visitors must know, or None where nobody needs to log in.
        file: Where logins outlast the server.

    Raises:
        MaxstimError: if the password is too short.

    Attributes:
        required: Whether visitors must log in.
        secret: What the server signs its pages' sessions with, as hexadecimal digits.
    """

    def __init__(self, password: str | None, file: Path) -> None:
        if password is not None and len(password) < SHORTEST_PASSWORD:
            raise MaxstimError(f"The password must have at least {SHORTEST_PASSWORD} characters.")
        self.required = password is not None
        self._password = _digest(password or "")
        self._file = file
        self._logins: dict[str, Login] = {}
        self.secret = secrets.token_hex(32)
        known = self._read(password or "")
        self._proof = _proof(password or "", self.secret)
        if not known:
            self._write()

    def open(self, password: str, name: str) -> str | None:
        """Return the token of a new login, or None if the password is wrong."""
        right = hmac.compare_digest(_digest(password), self._password)
        if not right or not self.required:
            return None
        token = secrets.token_urlsafe(32)
        key = _digest(token)
        self._logins[key] = Login(key[:32], clean_name(name), time.time() + LASTS)
        self._write()
        return token

    def find(self, token: str) -> Login | None:
        """Return the login of a token, or None if it has none or it has ended."""
        login = self._logins.get(_digest(token)) if token else None
        return login if login is not None and login.until > time.time() else None

    def close(self, token: str) -> None:
        """End a login; its token opens nothing any more."""
        if self._logins.pop(_digest(token), None) is not None:
            self._write()

    def _read(self, password: str) -> bool:
        """Take up what an earlier server with this password left; tell whether there was any."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            if not hmac.compare_digest(kept["proof"], _proof(password, kept["secret"])):
                return False
            logins = {key: Login(**values) for key, values in kept["logins"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return False  # none yet, or damaged: everybody logs in once more
        self.secret, self._logins = kept["secret"], logins
        return True

    def _write(self) -> None:
        now = time.time()
        living = [(key, login) for key, login in self._logins.items() if login.until > now]
        self._logins = dict(living[-_KEPT:])
        kept = {
            "secret": self.secret,
            "proof": self._proof,
            "logins": {key: asdict(login) for key, login in self._logins.items()},
        }
        with suppress(OSError):  # a full disk: logins then end with the server
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with aside(self._file.parent) as part:
                with open(os.open(part, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                    json.dump(kept, file)
                os.replace(part, self._file)


def clean_name(text: str) -> str:
    """Return a person's name as it is shown: one line, no control characters, not too long."""
    kept = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(kept.split())[:NAME_LENGTH]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _proof(password: str, secret: str) -> str:
    """Return what tells that a password is still the same, and is slow to guess it from."""
    salt = bytes.fromhex(secret)
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1).hex()
