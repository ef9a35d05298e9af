"""Images files of every style: reading and writing back changes nothing, an edit changes its scalars alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bot.images_file import parse_images, write_images
from bot.model import Image
from bot.references import TAG
from bot.simple_yaml import reads_as_text

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = "apps/api/images/kustomization.yaml"
PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=20)
tags = st.one_of(
    st.from_regex(TAG, fullmatch=True),
    st.sampled_from(["1.10", "1e5", "null", "0x1f", "2026-11-24", "on", "y", "1_0", "0b1", "1.e5", "_1"]),
).filter(lambda tag: tag != "latest")
digests = st.integers(0, 2**256 - 1).map(lambda number: f"sha256:{number:064x}")
names = st.sampled_from(["ghcr.io/team/api", "qdrant/qdrant", "neo4j", "localhost:5000/a/b-c_d", "host.example/x"])
ends = st.sampled_from(["\n", "\r\n"])


@st.composite
def files(draw: Callable[..., object]) -> str:
    """Valid images files as different people write them."""
    end = str(draw(ends))
    lines = [f"# {draw(PRINTABLE)}", "kind: Component", "images:"]
    for name in draw(st.lists(names, unique=True, min_size=1)):  # type: ignore[attr-defined]
        lines += _entry(draw, str(name))
    lines += [f"# {draw(PRINTABLE)}", str(draw(st.sampled_from(["", "labels: []", "..."])))]
    return str(draw(st.sampled_from(["", "\ufeff"]))) + end.join(lines) + str(draw(st.sampled_from(["", end, end * 3])))


def _entry(draw: Callable[..., object], name: str) -> list[str]:
    tag, digest = str(draw(tags)), str(draw(digests))
    where = draw(st.sampled_from(["inside", "beside", "nowhere"]))
    pairs = {"name": name, "newTag": f"{tag}@{digest}" if where == "inside" else tag}
    pairs |= {"digest": digest} if where == "beside" else {}
    pairs |= {"newName": f"mirror.example/{name.replace(':', '-')}"} if draw(st.booleans()) else {}
    quoted = {key: _quoted(draw, value) for key, value in pairs.items()}
    order = list(draw(st.permutations(sorted(quoted))))  # type: ignore[call-overload]
    if draw(st.booleans()):
        return ["  - {" + ",  ".join(f"{key}: {quoted[key]}" for key in order) + f"}} # {draw(PRINTABLE)}"]
    return [
        f"  {'- ' if key == order[0] else '  '}{key}:{draw(st.sampled_from([' ', '   ']))}{quoted[key]} # {draw(PRINTABLE)}"
        for key in order
    ]


def _quoted(draw: Callable[..., object], value: str) -> str:
    quotes = ["'", '"'] + ([""] if reads_as_text(value) else [])
    quote = str(draw(st.sampled_from(quotes)))
    return f"{quote}{value}{quote}"


@given(files())
def test_writing_what_was_read_changes_nothing(text: str) -> None:
    assert write_images(text, parse_images(text, file=FILE), file=FILE) == text


@given(files(), tags, digests, st.integers(0, 4))
def test_an_edit_is_read_back_and_can_be_undone(text: str, tag: str, digest: str, which: int) -> None:
    images = parse_images(text, file=FILE)
    before = images[which % len(images)]
    after = replace(before, tag=tag, digest=digest)
    changed = write_images(text, [after], file=FILE)
    assert parse_images(changed, file=FILE) == tuple(after if image == before else image for image in images)
    if before.digest and reads_as_text(before.tag):
        again = write_images(changed, [before], file=FILE)
        assert [line.replace('"', "") for line in again.split("\n")] == [line.replace('"', "") for line in text.split("\n")]


@given(tags)
def test_every_tag_is_read_back_from_a_plain_file(tag: str) -> None:
    text = "images:\n  - name: api\n    newTag: v1\n"
    changed = write_images(text, [Image("api", tag)], file=FILE)
    assert parse_images(changed, file=FILE) == (Image("api", tag),)
