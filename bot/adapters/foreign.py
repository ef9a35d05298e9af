"""Replies of servers that may be anything: how they are shown, and the commonest wrong one."""

from __future__ import annotations

QUOTED_CHARACTERS = 200  # of a foreign reply, in a message


def quoted(body: bytes) -> str:
    """The beginning of a foreign reply, printable on one line."""
    return printable(body[: 4 * QUOTED_CHARACTERS].decode(errors="replace"))


def printable(text: str) -> str:
    """The beginning of a foreign text, on one line."""
    line = " ".join(text.split())
    return "".join(character if character.isprintable() else "?" for character in line)[:QUOTED_CHARACTERS]


def is_web_page(content_type: str, body: bytes) -> bool:
    """Whether a reply is a page for people, as a login in front of a server gives."""
    return "html" in content_type or body.lstrip()[:1] == b"<"
