"""Markdown that texts from outside cannot break, and that fits: whole lines, with the number of those that were left out; pure."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST_RUN = 60
# What turns the direction of text, or is not seen at all: with it, a line reads as another than it is.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
SEPARATOR = 2  # characters, at most
MORE = 40  # characters that say how much was left out


def escaped(text: str) -> str:
    """Text from outside as harmless Markdown: no mentions, links, tables or HTML."""
    plain = html.escape(visible(" ".join(text.split())), quote=False)
    plain = re.sub(r"([\\`*_\[\]|~#!>])", r"\\\1", plain)
    return plain.replace("@", "@\u200b").replace("://", ":\u200b//")


def fenced(text: str, language: str = "") -> str:
    """A code block that the text cannot leave; absurd runs of its sign, which would lengthen the fence, are cut."""
    text = re.sub(f"`{{{LONGEST_RUN},}}", "`" * LONGEST_RUN, text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def shortened(text: str, limit: int) -> str:
    """Text within a limit, saying how much was left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n… {len(text) - limit} characters left out"


def visible(text: str) -> str:
    """Text with its invisible signs written out."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def fitting(texts: Sequence[str], room: int) -> list[bool]:
    """Which of these texts, with a separator each, fit beside one another; what is too long makes room for the next."""
    kept = []
    for length in (len(text) + SEPARATOR for text in texts):
        kept.append(length <= room)
        room -= length if kept[-1] else 0
    return kept


def within(texts: Sequence[str], room: int, more: str) -> list[str]:
    """Those that fit, then, by `more`, how many did not."""
    kept = fitting(texts, room - MORE)
    shown = [text for text, fits in zip(texts, kept, strict=True) if fits]
    return shown if all(kept) else [*shown, more.format(kept.count(False))]


def listed(title: str, lines: Iterable[str], *, room: int) -> str:
    """A heading with a list of texts from outside; nothing where there are none."""
    items = within([f"- {escaped(line)}" for line in lines], room, "- … and {} more")
    return "\n".join([f"### {title}", "", *items]) if items else ""


def named(names: Sequence[str], *, room: int, between: str = ", ") -> str:
    """Names in one line."""
    return between.join(within(names, room, "… and {} more"))
