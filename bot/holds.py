"""Holds: `environments/<env>/holds/<id>.yaml`, a quarantined release or a freeze; text to value and back."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.model import BotError, Freeze, Hold
from bot.own_files import MOST_KNOWN, is_utc, mapping, quoted, refuse, text_of
from bot.references import DIGEST
from bot.releases import PLACE, SHA

if TYPE_CHECKING:
    from collections.abc import Iterable

HOLD_FILE = re.compile(r"environments/([^/]+)/holds/([^/]+)\.ya?ml")
MOST_CHARACTERS = 2000  # of who or why: a hold that is too large to be read would stop every promotion
QUARANTINE_KEYS = ("kind", "app", "tree", "digests", "who", "when", "why")
FREEZE_KEYS = ("kind", "apps", "until", "who", "when", "why")
UNTIL_LIFTED = "lifted"
HINT = "bot alone writes holds: restore the file from main, or lift the hold with `bot unquarantine` or `bot unfreeze`"
KIND = re.compile(r"^kind: freeze$", re.MULTILINE)


def hold_path(hold: Hold | Freeze) -> str:
    """Where a hold's file lies."""
    return f"environments/{hold.environment}/holds/{hold.id}.yaml"


def stops(hold: Hold | Freeze) -> Hold | Freeze:
    """What a hold stops, whoever made it, when and why."""
    return replace(hold, who="", when="", why="")


def hold_text(hold: Hold | Freeze) -> str:
    """The hold's file; what people wrote stays on one quoted line, whatever it holds."""
    for words in (hold.who, hold.why):
        if len(words) > MOST_CHARACTERS:
            raise BotError(f"the reason is longer than {MOST_CHARACTERS} characters", "say it shorter, with a link", usage=True)
    if isinstance(hold, Freeze):
        fields = {"kind": "freeze", "apps": _list(hold.apps), "until": quoted(hold.until or UNTIL_LIFTED)}
    else:
        fields = {"kind": "quarantine", "app": quoted(hold.app), "tree": quoted(hold.tree), "digests": _list(hold.digests)}
    fields |= {"who": quoted(hold.who), "when": quoted(hold.when), "why": quoted(hold.why)}
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def _list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(quoted(each) for each in texts) + "]"


@lru_cache(maxsize=MOST_KNOWN)
def parse_hold(text: str, *, file: str) -> Hold | Freeze:
    """The hold in a file, its name and environment from the path; BotError names the file and what is wrong."""
    path = HOLD_FILE.fullmatch(file)
    if path is None:
        raise BotError(f"{file} is not where a hold lies", "holds lie in environments/<env>/holds/<id>.yaml")
    return _freeze(text, file, *path.groups()) if KIND.search(text) else _quarantine(text, file, *path.groups())


def _quarantine(text: str, file: str, environment: str, name: str) -> Hold:
    found = mapping(text, file, keys=QUARANTINE_KEYS, hint=HINT)
    digests = found["digests"]
    words = {key: text_of(found, key, file=file) for key in QUARANTINE_KEYS if key != "digests"}
    wrong = {
        "kind": words["kind"] != "quarantine",
        "app": not PLACE.fullmatch(words["app"]),
        "tree": not SHA.fullmatch(words["tree"]),
        "when": not is_utc(words["when"]),
        "digests": not (isinstance(digests, list) and all(isinstance(each, str) and DIGEST.fullmatch(each) for each in digests)),
    }
    refuse(wrong, file, hint=HINT)
    return Hold(name, environment, words["app"], words["tree"], tuple(digests), words["who"], words["when"], words["why"])


def _freeze(text: str, file: str, environment: str, name: str) -> Freeze:
    found = mapping(text, file, keys=FREEZE_KEYS, hint=HINT)
    apps = found["apps"]
    words = {key: text_of(found, key, file=file) for key in FREEZE_KEYS if key != "apps"}
    wrong = {
        "kind": words["kind"] != "freeze",
        "apps": not (isinstance(apps, list) and all(isinstance(each, str) and PLACE.fullmatch(each) for each in apps)),
        "until": words["until"] != UNTIL_LIFTED and not is_utc(words["until"]),
        "when": not is_utc(words["when"]),
    }
    refuse(wrong, file, hint=HINT)
    until = None if words["until"] == UNTIL_LIFTED else words["until"]
    return Freeze(name, environment, tuple(apps), until, words["who"], words["when"], words["why"])
