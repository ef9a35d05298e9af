"""Where digests are required, those of the images that the target runs: a release may declare some for other environments alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.gate import judge
from bot.model import Policy, Verdict
from tests.bot.gate_situations import GRAPH, NEW_API, NOON, promotion_ready

if TYPE_CHECKING:
    from bot.observations import Observations

LOOSE = GRAPH.reference  # has no digest


def wanting_digests(images: frozenset[str] | None) -> Observations:
    seen = promotion_ready()
    law = replace(seen.target.environment, policy=replace(seen.target.environment.policy, require_digests=True))
    return replace(seen, target=replace(seen.target, environment=law), coming_images=images)


@pytest.mark.parametrize(
    ("images", "codes"),
    [
        (frozenset({NEW_API.reference}), []),
        (frozenset({NEW_API.reference, LOOSE}), ["image-unpinned"]),
        (None, ["image-unpinned"]),
    ],
    ids=["not run here", "run here", "nobody knows"],
)
def test_an_image_that_the_target_does_not_run_needs_no_digest(images: frozenset[str] | None, codes: list[str]) -> None:
    judgement = judge(wanting_digests(images), now=NOON)
    assert [reason.code for reason in judgement.reasons] == codes
    assert judgement.verdict is (Verdict.FAIL if codes else Verdict.PASS)


def test_by_default_no_digest_is_asked_for() -> None:
    assert not Policy().require_digests
    assert judge(replace(promotion_ready(), coming_images=frozenset({LOOSE})), now=NOON).verdict is Verdict.PASS
