"""What git prints, as values, and files written from it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.model import BotError, RenderError
from bot.ports import FOLDER, LINK, Commit, Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FORMAT = "--format=%H%x00%P%x00%ae%x00%ct%x00%s%x00%b%x00%x01"
FIELDS = 6
SHA_LENGTH, HASH_BYTES = 40, 20
MOST_TREES = 1024
FORBIDDEN = {"", ".", ".."}


def write_entry(into: Path, entry: Entry, content: bytes) -> None:
    """Writes one file; links come last, so that nothing is written through one."""
    destination = into / entry.path
    destination.parent.mkdir(parents=True, exist_ok=True)
    if entry.mode != LINK:
        destination.write_bytes(content)
        return
    points_to = (destination.parent / content.decode("utf-8", errors="surrogateescape")).resolve()
    if not points_to.is_relative_to(into.resolve()):
        raise RenderError(f"{entry.path} is a link that leads out of the repository", "remove it")
    destination.symlink_to(content.decode("utf-8", errors="surrogateescape"))


@lru_cache(maxsize=MOST_TREES)
def parsed_tree(content: bytes) -> Mapping[str, Entry]:
    """The entries of a tree object by name; a command looks into the same few trees for every path."""
    return MappingProxyType({entry.path: entry for entry in _entries(content)})


def _entries(content: bytes) -> Iterator[Entry]:
    """Mode, name, and a hash of 20 bytes each."""
    while content:
        head, _, rest = content.partition(b"\0")
        mode, _, raw = head.partition(b" ")
        name = raw.decode("utf-8", errors="surrogateescape")
        # git itself makes no such entry, a hostile client may: it leads elsewhere
        if name in FORBIDDEN or name.casefold() == ".git" or "/" in name:
            raise BotError(f"a folder of this commit holds an entry named {name!r}", "nothing of it is read or written: remove the commit")
        yield Entry(name, mode.decode().zfill(6), rest[:HASH_BYTES].hex())
        content = rest[HASH_BYTES:]


def written_tree(entries: Iterable[Entry]) -> bytes:
    """A tree object; a folder is sorted as if its name ended in a slash (git's base_name_compare)."""
    named = ((entry.path.encode("utf-8", errors="surrogateescape"), entry) for entry in entries)
    ordered = sorted(named, key=lambda each: each[0] + b"/" * (each[1].mode == FOLDER))
    return b"".join(entry.mode.lstrip("0").encode() + b" " + name + b"\0" + bytes.fromhex(entry.sha) for name, entry in ordered)


def parsed_commit(record: str) -> Commit:
    """A commit in the form of FORMAT."""
    parts = record.lstrip("\n").split("\0")
    sha, parents, email, time, subject, body = parts[:FIELDS]
    return Commit(sha, tuple(parents.split()), email, datetime.fromtimestamp(int(time), UTC), subject, body.strip())


def utf8_text(content: bytes, path: str) -> str:
    """The text of a file; BotError names one that is not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BotError(f"{path} is not UTF-8 text", "save it as UTF-8") from error
