"""The hint for a name that somebody misspelt."""

from __future__ import annotations

import pytest

from bot.policies.nearest import instead

KNOWN = ("replicas", "resources", "restartPolicy")


@pytest.mark.parametrize(
    ("name", "cutoff", "hint"),
    [
        pytest.param("replcas", 0.75, "did you mean replicas?", id="a letter is missing"),
        pytest.param("resource", 0.75, "did you mean resources?", id="the nearest of several"),
        pytest.param("image", 0.75, "remove it", id="like none"),
        pytest.param("restart", 0.75, "remove it", id="too far for the cutoff"),
        pytest.param("restart", 0.6, "did you mean restartPolicy?", id="near enough for a lower one"),
    ],
)
def test_a_near_name_is_offered_and_a_far_one_is_not(name: str, cutoff: float, hint: str) -> None:
    assert instead(name, KNOWN, "remove it", cutoff=cutoff) == hint


def test_of_no_names_none_is_near() -> None:
    assert instead("replicas", (), "remove it") == "remove it"
