"""Observations as text, small enough for a comment, and back: so that a judgement can be made again."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.model import BotError
from bot.observations import Observations

MOST_BYTES = 64 * 1024 * 1024  # of observations once unpacked
SETS = frozenset({"coming_images", "rendered_images", "pod_images"})  # without an order of their own
HINT = "give the evidence as the bot wrote it: the comment of the pull request, or what `bot gate --record FILE` wrote"


def pack(observations: Observations) -> str:
    """The same observations are always the same text."""
    plain = _ordered(_shape().dump_python(observations, mode="json"))
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


@cache
def _shape() -> TypeAdapter[Observations]:
    """Made when it is first needed: most commands record nothing."""
    return TypeAdapter(Observations)


def _ordered(value: Any, key: str = "") -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {name: _ordered(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return sorted(value) if key in SETS else [_ordered(each) for each in value]
    return value


def unpack(packed: str) -> Observations:
    """The observations in a text; BotError when it holds none."""
    unzip = zlib.decompressobj()
    try:
        text = unzip.decompress(base64.b64decode(packed, validate=True), MOST_BYTES)
        if not unzip.eof:
            raise ValueError("cut off, or larger than is meant")
        return _shape().validate_json(text)
    except (binascii.Error, zlib.error, ValidationError, ValueError, RecursionError) as error:
        raise BotError("the observations in this evidence cannot be read", HINT) from error
