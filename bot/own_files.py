"""The small YAML files that bot alone writes: exactly these keys, one line each, read back strictly."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.model import BotError
from bot.simple_yaml import load_simple, readable, reads_as_text

MOST_KNOWN = 1024  # files that were read before: every command reads all of them, some again and again


def word(text: str) -> str:
    """A text as YAML writes it: quoted where it would be read as something else."""
    return text if reads_as_text(text) else quoted(text)


def quoted(text: str) -> str:
    """A YAML string in double quotes; JSON's escapes would not do: YAML does not join surrogates."""
    return '"' + "".join(_sign(each) for each in text) + '"'


def _sign(each: str) -> str:
    if each in '"\\':
        return f"\\{each}"
    return each if each.isprintable() else f"\\U{ord(each):08x}"


def mapping(text: str, file: str, *, keys: tuple[str, ...], hint: str) -> dict[str, Any]:
    """The keys of a file, exactly these; BotError names the file and what is wrong."""
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


def text_of(found: dict[str, Any], key: str, *, file: str) -> str:
    """A value that is text; BotError when it is not."""
    value = found[key]
    if not isinstance(value, str):
        raise BotError(f"{file}: {key} is not text", "quote it")
    return value


def is_utc(text: str) -> bool:
    """Whether a text is a time in UTC, with its offset."""
    try:
        return datetime.fromisoformat(text).utcoffset() == timedelta()
    except ValueError:
        return False


def refuse(wrong: dict[str, bool], file: str, *, hint: str) -> None:
    """BotError for the first key that is wrong."""
    for key, is_wrong in wrong.items():
        if is_wrong:
            raise BotError(f"{file}: {key} is not what bot writes", hint)
