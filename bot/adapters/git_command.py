"""Running git through GitPython: one environment that no user's configuration changes, time limits, named errors."""

from __future__ import annotations

import base64
import os
import re
import tempfile
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from git import Git
from git.exc import GitCommandError, GitCommandNotFound

from bot.model import BotError
from bot.setup import Program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import BinaryIO

LOCAL_SECONDS = 120
NETWORK_SECONDS = 300
KILLED = -9
LEAST_GIT = (2, 38)  # merge-tree that writes trees

# Our own settings alone: a user's aliases, hooks, signing keys or insteadOf rules must not change what is written.
ISOLATED = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}


def program() -> Program:
    """Git on this machine."""
    try:
        major, minor, *_ = (*Git().version_info, 0, 0)
    except (GitCommandError, GitCommandNotFound) as error:
        raise BotError("there is no git", "install git 2.38 or later") from error
    return Program("git", (major, minor), LEAST_GIT)


@dataclass(frozen=True)
class GitRunner:
    """Runs git in one repository."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    subject: str = ""  # what it talks to, for messages: a remote's address without credentials

    def run(self, *arguments: str, stdin: bytes | None = None, seconds: int = LOCAL_SECONDS, index: Path | None = None) -> bytes:
        """Standard output of a git command; a BotError with git's own words when it fails."""
        extra = {} if index is None else {"GIT_INDEX_FILE": str(index)}
        git = Git(self.folder)
        try:
            output: bytes = git.execute(
                ["git", *arguments],
                istream=None if stdin is None else _pipe(stdin),
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                kill_after_timeout=seconds,
                env={**ISOLATED, **self.environment, **extra},
            )
        except GitCommandNotFound as error:
            raise BotError("git is not installed", "install git 2.38 or later") from error
        except GitCommandError as error:
            raise self._named(error, arguments[0], seconds=seconds) from None
        except KeyboardInterrupt:
            _end_time_limits()
            raise
        return output

    def text(self, *arguments: str, stdin: bytes | None = None, seconds: int = LOCAL_SECONDS, index: Path | None = None) -> str:
        """The same as text without the last newline; odd bytes are replaced."""
        return self.run(*arguments, stdin=stdin, seconds=seconds, index=index).decode("utf-8", errors="replace").rstrip("\n")

    def _named(self, error: GitCommandError, verb: str, *, seconds: int) -> BotError:
        words = _words(error, self.secrets)
        for pattern, message, hint in KNOWN:
            if re.search(pattern, words):
                return GitError(f"{self.subject}: {message}" if self.subject else message, hint, words)
        if "Timeout" in words or error.status == KILLED:
            return GitError(f"git {verb} took longer than {seconds} s", "try again; is the server slow?", words)
        return GitError(f"git {verb} failed: {words}", "see the message of git", words)


class GitError(BotError):
    """A git command that failed; `words` is what git said, without secrets."""

    def __init__(self, message: str, hint: str, words: str) -> None:
        super().__init__(message, hint)
        self.words = words


KNOWN = (
    (r"Authentication failed|could not read Username|returned error: 40[13]|terminal prompts disabled",
     "git was not allowed in", "the token has expired or may not do this: see BOT_GITHUB_TOKEN_FILE"),
    (r"repository .* not found|returned error: 404|does not appear to be a git repository|No such file or directory",
     "no such repository", "check the origin, or name it with --repo"),
    (r"Could not resolve host|Failed to connect|Connection refused|Connection timed out|Network is unreachable",
     "the repository cannot be reached", "check the network and the address of the origin"),
)  # fmt: skip


def _end_time_limits() -> None:
    """GitPython leaves its timer running when Ctrl-C ends a command, and Python waits for threads: for minutes, of a fetch."""
    for each in threading.enumerate():
        if isinstance(each, threading.Timer):
            each.cancel()


def _pipe(content: bytes) -> BinaryIO:
    """A file object with a descriptor, as subprocess wants it."""
    found = tempfile.TemporaryFile()  # noqa: SIM115 - git reads it; it closes with its last reference
    found.write(content)
    found.seek(0)
    return found


def _words(error: GitCommandError, secrets: tuple[str, ...]) -> str:
    stderr = error.stderr if isinstance(error.stderr, str) else (error.stderr or b"").decode("utf-8", errors="replace")
    words = " ".join(stderr.replace("stderr:", "").split()).strip(" '") or f"exit {error.status}"
    for secret in secrets:
        words = words.replace(secret, "***")
    return re.sub(r"://[^/@\s]+@", "://***@", words)[:600]


def credentials(url: str, token: str | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """Environment that sends a token to the host of this URL alone, never on a command line or in a file."""
    if not token or not url.startswith(("http://", "https://")):
        return {}, ()
    parts = urlsplit(url)
    encoded = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    header = f"http.{parts.scheme}://{parts.netloc}/.extraHeader"
    environment = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": header, "GIT_CONFIG_VALUE_0": f"Authorization: Basic {encoded}"}
    return environment, (token, encoded)
