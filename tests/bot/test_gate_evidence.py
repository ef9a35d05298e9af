"""Evidence: canonical, read back as it was, its key changes with the reasons alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from bot.gate import judge
from bot.gate.evidence import digest, from_json, reasons_key, to_json
from bot.model import BotError, Verdict
from bot.observations import Finding, Judgement
from tests.bot.gate_changes import app, replica
from tests.bot.gate_situations import HOUR, MINUTE, NOON, promotion_ready

FIRING = Finding(10, "alert-firing", Verdict.FAIL, "prod: alert Ü", "it fires", {"b": "2", "a": "1"})
WRITTEN = (
    '{"at":"2026-11-24T12:00:00+00:00","findings":[{"code":"alert-firing","facts":{"a":"1","b":"2"},"row":10,'
    '"subject":"prod: alert Ü","summary":"it fires","verdict":"FAIL"}],"observed":null,"schema":"bot.gate/v1","verdict":"FAIL"}'
)


def test_evidence_is_compact_with_sorted_keys() -> None:
    assert to_json(Judgement(Verdict.FAIL, (FIRING,), NOON)) == WRITTEN


def test_evidence_is_read_back_as_it_was() -> None:
    judgement = judge(promotion_ready(), now=NOON)
    assert from_json(to_json(judgement)) == judgement
    assert to_json(from_json(WRITTEN)) == WRITTEN


def test_the_digest_is_the_sha256_of_the_text() -> None:
    assert digest(WRITTEN) == hashlib.sha256(WRITTEN.encode()).hexdigest()


def changed(**changes: Any) -> str:
    """The evidence with top-level keys replaced."""
    return json.dumps(json.loads(WRITTEN) | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        changed(schema="bot.gate/v2"),
        changed(verdict="MAYBE"),
        changed(at="noon"),
        changed(at="2026-11-24T12:00:00"),
        changed(at=5),
        changed(findings=[{}]),
        changed(findings=[json.loads(WRITTEN)["findings"][0] | {"row": "10"}]),
        changed(findings=[json.loads(WRITTEN)["findings"][0] | {"row": True}]),
        changed(findings=[json.loads(WRITTEN)["findings"][0] | {"facts": {"a": 1}}]),
        changed(findings=[json.loads(WRITTEN)["findings"][0] | {"code": None}]),
        changed(findings=[json.loads(WRITTEN)["findings"][0] | {"facts": []}]),
        "[" * 100_000,
    ],
    ids=str.__len__,
)
def test_anything_else_is_no_evidence(text: str) -> None:
    with pytest.raises(BotError, match="not evidence of the gate") as refused:
        from_json(text)
    assert "bot.gate/v1" in refused.value.hint


def test_the_key_stays_while_measurements_change() -> None:
    """A shorter soak is the same reason an hour later; order and passes do not matter."""
    early = judge(app(healthy_since=NOON - MINUTE)(promotion_ready(), "source"), now=NOON)
    later = judge(app(healthy_since=NOON - HOUR)(promotion_ready(), "source"), now=NOON)
    assert to_json(early) != to_json(later)
    assert reasons_key(early) == reasons_key(later)
    assert reasons_key(replace(early, findings=early.reasons[::-1])) == reasons_key(early)


def test_the_key_changes_with_verdict_code_or_subject() -> None:
    base = Judgement(Verdict.FAIL, (FIRING,), NOON)
    others = [
        replace(base, verdict=Verdict.UNKNOWN),
        replace(base, findings=(replace(FIRING, code="other"),)),
        replace(base, findings=(replace(FIRING, subject="other"),)),
        replace(base, findings=()),
        judge(replica(warnings=("w",))(promotion_ready(), "source"), now=NOON),
    ]
    keys = {reasons_key(each) for each in [base, *others]}
    assert len(keys) == len(others) + 1
