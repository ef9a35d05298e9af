"""Every word and fact that the gate says is written down, so that none changes unseen."""

from __future__ import annotations

from tests.bot.gate_record import RECORD, RENEW, text


def test_the_gate_says_what_is_written_down() -> None:
    assert text() == RECORD.read_text("utf-8"), RENEW
