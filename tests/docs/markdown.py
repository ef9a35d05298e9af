"""Markdown: tables, blocks between markers, fenced commands, links and anchors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

FENCE = re.compile(r"^(?P<before>[^\n]*)\n(?:[ \t]*\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
NAMED = re.compile(r'<a (?:id|name)="([^"]+)">')
RUNNABLE = "<!-- runnable -->"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and whether a comment above says that it can run anywhere."""

    language: str
    text: str
    runnable: bool


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a cell must not end its column."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in line) + " |" for line in lines)


def code(text: str) -> str:
    """Text as code; empty stays empty."""
    return f"`{text}`" if text else ""


def with_block(text: str, name: str, content: str) -> str:
    """A document with what is generated between its markers; the same when it is there already."""
    begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        message = f"the document has no block between {begin} and {end}"
        raise LookupError(message)
    return f"{before}{begin}\n\n{content.strip()}\n\n{end}{after}"


def block_names(text: str) -> list[str]:
    """The generated blocks of a document."""
    return re.findall(r"^<!-- generated: (.+) -->$", text, re.MULTILINE)


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a document."""
    for found in FENCE.finditer(text):
        yield Block(found["language"], found["text"], found["before"].strip() == RUNNABLE)


def rows(text: str, header: Sequence[str]) -> list[list[str]]:
    """The rows of all tables with this header, cells without their code marks."""
    found: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        inside = line.startswith("|") and (inside or cells == list(header))
        if inside and cells != list(header) and set("".join(cells)) - {"-", ":"}:
            found.append(cells)
    return found


def links_of(text: str) -> list[str]:
    """The links of a document, without what stands in fenced blocks."""
    return LINK.findall(FENCE.sub("", text))


def anchors_of(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a document, and those that are written."""
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    found: dict[str, int] = {}
    for heading in HEADING.findall(text):
        found[_slug(heading)] = found.get(_slug(heading), -1) + 1
    numbered = {f"{slug}-{number}" for slug, most in found.items() for number in range(1, most + 1)}
    return {*found, *numbered, *NAMED.findall(text)}


def _slug(heading: str) -> str:
    """GitHub's rule: lower case, words and hyphens alone, each space a hyphen."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
