"""Every word and fact that the gate says is written down, so that none changes unseen."""

from __future__ import annotations

import re

import pytest

from tests.bot.gate_record import HEAD, PARTS, RECORD, RENEW

WRITTEN = re.split(r"^# (.+?): .+\n\n", RECORD.read_text("utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("part", PARTS)
def test_the_gate_says_what_is_written_down(part: str) -> None:
    written = dict(zip(WRITTEN[1::2], WRITTEN[2::2], strict=True))
    assert written[part].rstrip("\n") == PARTS[part]().rstrip("\n"), RENEW


def test_nothing_else_is_written_down() -> None:
    assert [WRITTEN[0].rstrip("\n"), *WRITTEN[1::2]] == [HEAD.rstrip("\n"), *PARTS]
