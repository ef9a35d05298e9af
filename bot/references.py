"""The grammar of image references: tags, digests, repositories."""

from __future__ import annotations

import re

TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
HOST = r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?"
REPOSITORY = re.compile(rf"(?:{HOST}/)?{PART}(?:/{PART})*")
MOST_CHARACTERS = 255  # of a repository
SHOWN_CHARACTERS = 80  # of a wrong value, in a message


def tag_and_digest(text: str) -> tuple[str, str | None]:
    """The parts of `v1.5.0` or `v1.5.0@sha256:…`; ValueError says what is wrong."""
    tag, at, written = text.partition("@")
    if not TAG.fullmatch(tag):
        raise ValueError(f"{shown(tag)} is not a tag")
    if tag == "latest":
        raise ValueError("latest is not a tag that names a version")
    return tag, digest(written) if at else None


def digest(text: str) -> str:
    """The digest itself; ValueError when it is none."""
    if not DIGEST.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a digest")
    return text


def repository(text: str) -> str:
    """The repository itself, without tag and digest; ValueError when it is none."""
    if len(text) > MOST_CHARACTERS or not REPOSITORY.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a repository")
    return text


def shown(value: str) -> str:
    """A foreign value for a message: quoted, escaped and short."""
    return repr(value if len(value) <= SHOWN_CHARACTERS else f"{value[:SHOWN_CHARACTERS]}…")
