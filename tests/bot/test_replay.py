"""Recorded evidence, judged again: the same verdict under the same policy, another under another."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.gate import judge
from bot.gate.evidence import find_evidence, from_json, to_json
from bot.gate.recording import pack, unpack
from bot.messages import evidence_comment
from bot.model import BotError, Verdict
from tests.bot.gate_situations import NOON, promotion_ready
from tests.bot.gate_violations import VIOLATIONS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import Town


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda violation: violation.name)
def test_whatever_was_observed_is_read_back(violation: object) -> None:
    seen = violation.change(promotion_ready(), violation.roles[0])  # type: ignore[attr-defined]
    assert pack(unpack(pack(seen))) == pack(seen)
    assert judge(unpack(pack(seen)), now=NOON) == judge(seen, now=NOON)


def test_the_same_observations_are_the_same_text() -> None:
    images = [f"example.com/{number}:v1" for number in range(50)]
    one, other = (replace(promotion_ready().target, rendered_images=frozenset(each)) for each in (images, reversed(images)))
    assert pack(replace(promotion_ready(), target=one)) == pack(replace(promotion_ready(), target=other))


@pytest.mark.parametrize("text", ["", "x", "eJwDAAAAAAE=", pack(promotion_ready())[:-8], "e30="])
def test_what_holds_no_observations_is_refused(text: str) -> None:
    with pytest.raises(BotError, match="cannot be read"):
        unpack(text)


def test_evidence_is_found_in_its_comment_whatever_alerts_say() -> None:
    judgement = replace(judge(promotion_ready(), now=NOON), observed=pack(promotion_ready()))
    text = to_json(judgement)
    assert from_json(text) == judgement
    evil = replace(judgement, findings=(replace(judgement.findings[0], summary='\n{"at":"x"}\n', verdict=Verdict.HOLD),))
    comment = evidence_comment(evil, text, "1f")
    assert find_evidence(comment) == judgement
    assert find_evidence("no evidence {") is None


def test_what_does_not_fit_is_left_out() -> None:
    judgement = replace(judge(promotion_ready(), now=NOON), observed="x" * 100_000)
    assert from_json(to_json(judgement)).observed is None


def test_a_change_of_policy_is_tried_on_history(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "evidence.json"
    while town.bot("gate", "dev", "staging", "--record", str(file)).code:
        pass
    assert json.loads(file.read_text())["verdict"] == "PASS"
    town.push({}, "start")
    monkeypatch.chdir(town.clone())
    same = town.bot("gate", "--replay", str(file))
    assert (same.code, same.result["gate"]["verdict"], same.result["then"]["verdict"]) == (0, "PASS", "PASS"), same
    policy = town.clone() / "environments/staging/environment.yaml"
    policy.write_text(policy.read_text().replace("watchdog: ", "watchdog: Other"))
    other = town.bot("gate", "--replay", str(file))
    assert (other.code, "watchdog-silent" in other.codes, other.result["then"]["verdict"]) == (3, True, "PASS")
    for words in (["--replay", str(tmp_path / "none")], ["--replay", str(policy)]):
        assert town.bot("gate", *words).code == 1
    assert town.bot("gate", "dev", "staging", "--replay", str(file)).code == 2
