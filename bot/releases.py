"""The files that bot writes about releases: records beside them, and holds on them; text to values and back."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bot.model import BotError, Hold, Origin, Record
from bot.references import DIGEST, TAG
from bot.simple_yaml import load_simple, readable, reads_as_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Image, Release

SHA = re.compile(r"[0-9a-f]{40}")
PLACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
HOLD_FILE = re.compile(r"environments/([^/]+)/holds/([^/]+)\.ya?ml")
VERSION_DIGITS = 12
MOST_KNOWN = 1024  # files that were read before: every command reads all of them, some again and again
MOST_CHARACTERS = 2000  # of who or why: a hold that is too large to be read would stop every promotion
RECORD_KEYS = ("tree", "version", "from", "number")
HOLD_KEYS = ("kind", "app", "tree", "digests", "who", "when", "why")
RECORD_HINT = "bot alone writes records: restore the file from main, or promote"
HOLD_HINT = "bot alone writes holds: restore the file from main, or lift the hold with `bot unquarantine`"


def version_of(images: Iterable[Image], tree: str) -> str:
    """What people call a release: the tag of its first image; without images the tree's first 12 digits."""
    return next((image.tag for image in images), tree[:VERSION_DIGITS])


def unpinned(release: Release) -> tuple[str, ...]:
    """The images of a release that have no digest: a cluster that requires digests refuses their Pods."""
    return tuple(image.reference for image in release.images if image.digest is None)


def record_text(record: Record) -> str:
    """The record's file."""
    fields = {"tree": _word(record.tree), "version": _word(record.version), "from": str(record.origin), "number": str(record.number)}
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


@lru_cache(maxsize=MOST_KNOWN)
def parse_record(text: str, *, file: str) -> Record:
    """The record in a file; BotError names the file and what is wrong."""
    found = _mapping(text, file, keys=RECORD_KEYS, hint=RECORD_HINT)
    place, _, commit = _text(found, "from", file=file).partition("@")
    number = found["number"]
    wrong = {
        "tree": not SHA.fullmatch(_text(found, "tree", file=file)),
        "version": not TAG.fullmatch(_text(found, "version", file=file)),
        "from": not (PLACE.fullmatch(place) and SHA.fullmatch(commit)),
        "number": not isinstance(number, int) or isinstance(number, bool) or number < 1,
    }
    _refuse(wrong, file, hint=RECORD_HINT)
    return Record(found["tree"], found["version"], Origin(place, commit), number)


def hold_text(hold: Hold) -> str:
    """The hold's file; what people wrote stays on one quoted line, whatever it holds."""
    for words in (hold.who, hold.why):
        if len(words) > MOST_CHARACTERS:
            raise BotError(f"the reason is longer than {MOST_CHARACTERS} characters", "say it shorter, with a link", usage=True)
    digests = "[" + ", ".join(_quoted(digest) for digest in hold.digests) + "]"
    fields = {"kind": "quarantine", "app": _quoted(hold.app), "tree": _quoted(hold.tree), "digests": digests}
    fields |= {"who": _quoted(hold.who), "when": _quoted(hold.when), "why": _quoted(hold.why)}
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


@lru_cache(maxsize=MOST_KNOWN)
def parse_hold(text: str, *, file: str) -> Hold:
    """The hold in a file, its name and environment from the path; BotError names the file and what is wrong."""
    path = HOLD_FILE.fullmatch(file)
    if path is None:
        raise BotError(f"{file} is not where a hold lies", "holds lie in environments/<env>/holds/<id>.yaml")
    found = _mapping(text, file, keys=HOLD_KEYS, hint=HOLD_HINT)
    digests = found["digests"]
    words = {key: _text(found, key, file=file) for key in HOLD_KEYS if key != "digests"}
    wrong = {
        "kind": words["kind"] != "quarantine",
        "app": not PLACE.fullmatch(words["app"]),
        "tree": not SHA.fullmatch(words["tree"]),
        "when": not _is_utc(words["when"]),
        "digests": not (isinstance(digests, list) and all(isinstance(each, str) and DIGEST.fullmatch(each) for each in digests)),
    }
    _refuse(wrong, file, hint=HOLD_HINT)
    return Hold(path[2], path[1], words["app"], words["tree"], tuple(digests), words["who"], words["when"], words["why"])


def _word(text: str) -> str:
    return text if reads_as_text(text) else _quoted(text)


def _quoted(text: str) -> str:
    """A YAML string in double quotes; JSON's escapes would not do: YAML does not join surrogates."""
    return '"' + "".join(_sign(each) for each in text) + '"'


def _sign(each: str) -> str:
    if each in '"\\':
        return f"\\{each}"
    return each if each.isprintable() else f"\\U{ord(each):08x}"


def _mapping(text: str, file: str, *, keys: tuple[str, ...], hint: str) -> dict[str, Any]:
    with readable(file):
        found = load_simple(text)
    if not isinstance(found, dict):
        raise BotError(f"{file} is not a mapping of keys", hint)
    for key in (*found, *keys):
        if key not in keys:
            raise BotError(f"{file}: unknown key {str(key)[:80]!r}", hint)
        if key not in found:
            raise BotError(f"{file}: {key} is missing", hint)
    return found


def _text(found: dict[str, Any], key: str, *, file: str) -> str:
    value = found[key]
    if not isinstance(value, str):
        raise BotError(f"{file}: {key} is not text", "quote it")
    return value


def _is_utc(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).utcoffset() == timedelta()
    except ValueError:
        return False


def _refuse(wrong: dict[str, bool], file: str, *, hint: str) -> None:
    for key, is_wrong in wrong.items():
        if is_wrong:
            raise BotError(f"{file}: {key} is not what bot writes", hint)
