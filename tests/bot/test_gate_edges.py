"""Edges of single conditions: how times are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.gate.outcomes import in_words
from tests.bot.gate_situations import HOUR, MINUTE

TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (MINUTE - TICK, "1 minute"),
        (5 * MINUTE + TICK, "5 minutes"),
        (HOUR - timedelta(milliseconds=1), "59 minutes 59.999 seconds"),
        (TICK, "0 seconds"),
    ],
    ids=["of a minute", "of more than that", "a millisecond", "of nothing"],
)
def test_a_microsecond_is_not_told(duration: timedelta, words: str) -> None:
    assert in_words(duration) == words
