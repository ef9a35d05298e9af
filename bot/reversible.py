"""What a release says of itself in `release.yaml`: whether an older one can take its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import BotError
from bot.own_files import mapping, text_of

if TYPE_CHECKING:
    from bot.ports import Objects

FILE = "release.yaml"  # of an app's folder; most releases have none, and can be reversed
KEYS = ("reversible", "reason")
HINT = "write `reversible: false` and `reason: ...`, or remove the file"


def irreversible(objects: Objects, tree: str) -> str | None:
    """Why a release cannot be reversed; None when it can. A file that cannot be read is taken for such a reason."""
    text = objects.read(tree, [FILE]).get(FILE)
    if text is None:
        return None
    try:
        return parse_reversible(text, file=FILE)
    except BotError as error:
        return error.message


def parse_reversible(text: str, *, file: str) -> str | None:
    """The reason in the file, None where it says `reversible: true`; BotError names the file and what is wrong."""
    found = mapping(text, file, keys=KEYS, hint=HINT)
    if not isinstance(found["reversible"], bool):
        raise BotError(f"{file}: reversible is neither true nor false", HINT)
    return None if found["reversible"] else text_of(found, "reason", file=file)
