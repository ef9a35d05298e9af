"""Replies of servers that may be anything: how they are shown, and the commonest wrong one."""

from __future__ import annotations

from dataclasses import dataclass

QUOTED_CHARACTERS = 200  # of a foreign reply, in a message


@dataclass(frozen=True)
class Answer:
    """A 2xx reply, read in full."""

    path: str
    status: int
    content_type: str
    body: bytes

    @property
    def is_html(self) -> bool:
        """Whether it is a page for people, as a login in front of a server gives, or Argo CD itself below its real URL."""
        return "html" in self.content_type or self.body.lstrip()[:1] == b"<"


def quoted(body: bytes) -> str:
    """The beginning of a foreign reply, printable on one line."""
    return printable(body[: 4 * QUOTED_CHARACTERS].decode(errors="replace"))


def printable(text: str) -> str:
    """The beginning of a foreign text, on one line."""
    line = " ".join(text.split())
    return "".join(character if character.isprintable() else "?" for character in line)[:QUOTED_CHARACTERS]
