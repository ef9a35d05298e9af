"""The record beside a release: text to value and back, and what it says."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.model import Origin, Record
from bot.own_files import MOST_KNOWN, mapping, refuse, text_of, word
from bot.references import TAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Image, Release

SHA = re.compile(r"[0-9a-f]{40}")
PLACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
VERSION_DIGITS = 12
RECORD_KEYS = ("tree", "version", "from", "number")
RECORD_HINT = "bot alone writes records: restore the file from main, or promote"


def version_of(images: Iterable[Image], tree: str) -> str:
    """What people call a release: the tag of its first image; without images the tree's first 12 digits."""
    return next((image.tag for image in images), tree[:VERSION_DIGITS])


def unpinned(release: Release) -> tuple[str, ...]:
    """The images of a release that have no digest: a cluster that requires digests refuses their Pods."""
    return tuple(image.reference for image in release.images if image.digest is None)


def record_text(record: Record) -> str:
    """The record's file."""
    fields = {"tree": word(record.tree), "version": word(record.version), "from": str(record.origin), "number": str(record.number)}
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


@lru_cache(maxsize=MOST_KNOWN)
def parse_record(text: str, *, file: str) -> Record:
    """The record in a file; BotError names the file and what is wrong."""
    found = mapping(text, file, keys=RECORD_KEYS, hint=RECORD_HINT)
    place, _, commit = text_of(found, "from", file=file).partition("@")
    number = found["number"]
    wrong = {
        "tree": not SHA.fullmatch(text_of(found, "tree", file=file)),
        "version": not TAG.fullmatch(text_of(found, "version", file=file)),
        "from": not (PLACE.fullmatch(place) and SHA.fullmatch(commit)),
        "number": not isinstance(number, int) or isinstance(number, bool) or number < 1,
    }
    refuse(wrong, file, hint=RECORD_HINT)
    return Record(found["tree"], found["version"], Origin(place, commit), number)
