"""Observations as text: canonical, packed as small as can be, refused when it is anything else."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace

import pytest

from bot.gate.recording import MOST_BYTES, pack, unpack
from bot.model import BotError
from tests.bot.gate_situations import on_environment, other_hold, promotion_ready

SEEN = replace(promotion_ready(), holds=(replace(other_hold(), why="läuft über"),))


def test_the_text_is_canonical_json_packed_as_small_as_can_be() -> None:
    text = zlib.decompress(base64.b64decode(pack(SEEN))).decode()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert pack(SEEN) == base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    assert unpack(pack(SEEN)) == SEEN


def test_only_sets_are_sorted() -> None:
    images = frozenset(f"example.com/{number}:v1" for number in range(30))
    seen = on_environment(SEEN, "target", lambda each: replace(each, rendered_images=images))
    target = json.loads(zlib.decompress(base64.b64decode(pack(seen))))["target"]
    assert target["rendered_images"] == sorted(images)
    assert all(replica["pod_images"] == sorted(replica["pod_images"]) for replica in target["prometheus"])
    assert [image["name"] for release in target["releases"] for image in release["images"]] == [
        image.name for release in seen.target.releases for image in release.images
    ]
    assert unpack(pack(seen)) == seen


def test_what_is_larger_than_is_meant_is_refused() -> None:
    """Blanks that JSON allows: nothing else is wrong with it."""
    text = zlib.decompress(base64.b64decode(pack(SEEN)))
    small, large = (base64.b64encode(zlib.compress(text + b" " * blanks, 1)).decode() for blanks in (1, MOST_BYTES))
    assert unpack(small) == SEEN
    with pytest.raises(BotError):
        unpack(large)


@pytest.mark.parametrize("stray", ["!", "\n", "\u00e9"])
def test_a_character_that_is_not_its_own_is_refused(stray: str) -> None:
    with pytest.raises(BotError):
        unpack(stray + pack(SEEN))
