"""What promotion, rollback and gate refuse: what is wrong and what to do about it, word for word."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING

import pytest

from bot.gate.definitions import HINT as RULE_HINT
from bot.gate.definitions import required_rule
from bot.gate.evidence import from_json
from bot.gate.promql import UNREADABLE, canonical, metric_selectors
from bot.gate.recording import unpack
from bot.model import BotError, UnobservableError
from bot.promotion import check_alert_names, check_apps
from bot.rollback import choose_run, refuse_following_main
from tests.bot.test_promotion import OFFERED, PROD, STAGING, environment
from tests.bot.test_rollback import BAD, GOOD, HOLD, OLDER, SIMILAR, runs, verified

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model import Environment


def asked(app: str, *overlays: str, offered: tuple[str, ...] = ("qdrant", "api")) -> Callable[[], None]:
    def check() -> None:
        check_apps(STAGING, PROD, offered={each: OFFERED[each] for each in offered}, overlays=iter(overlays), asked=(app,))

    return check


def back_to(wanted: str | None, *trees: str) -> Callable[[], object]:
    return lambda: choose_run("api", runs(*trees), holds=[HOLD], verified=verified(), wanted=wanted)


def following_main(found: Environment) -> Callable[[], None]:
    return lambda: refuse_following_main(found)


USAGE: dict[str, tuple[Callable[[], object], str, str]] = {
    "an app that nobody runs": (asked("redis"), "staging runs no app 'redis'", "its apps are: api, qdrant"),
    "an app of a source that runs none": (asked("redis", offered=()), "staging runs no app 'redis'", "its apps are: none"),
    "an app without an overlay": (
        asked("qdrant", "api"),
        "prod has no overlay for qdrant",
        "add environments/prod/qdrant/kustomization.yaml in a pull request first",
    ),
    "no name of an alert": (
        lambda: check_alert_names(["Good", "5xx" * 30]),
        f"--fixes '{'5xx' * 20}' is no name of an alert",
        "write it as the rule does, such as ContextAPIHighErrorRate",
    ),
    "a rollback of what follows main": (
        following_main(environment("dev", None)),
        "dev cannot be rolled back: it follows main",
        "run `git revert COMMIT` and merge it: the environment follows main",
    ),
    "a tree's first six digits": (back_to(OLDER[:6], BAD, OLDER), f"--to {OLDER[:6]} is too short", "give at least 7 digits of the tree"),
    "a version for a tree": (
        back_to("v1.5.0", BAD, OLDER),
        "--to v1.5.0 is no tree",
        "name a release by its tree: `bot history ENV APP` lists them",
    ),
    "a tree that never ran": (back_to("f" * 7, BAD), "api: fffffff is not a tree that ran here", "see `bot history ENV APP`"),
    "two trees": (back_to(OLDER[:7], BAD, OLDER, SIMILAR), f"api: {OLDER[:7]} names several trees", "see `bot history ENV APP`"),
}
ERRORS: dict[str, tuple[Callable[[], object], str, str]] = {
    "nothing to return to": (
        back_to(None, BAD),
        "api has no earlier release to return to",
        "name one with --to TREE, or promote a fix",
    ),
    "a quarantined tree": (
        back_to(GOOD, BAD, GOOD),
        f"api: {GOOD} is quarantined",
        "lift it with `bot unquarantine` if that is over",
    ),
    "no evidence": (lambda: from_json("{}"), "this is not evidence of the gate", "expected JSON with schema 'bot.gate/v1'"),
    "no observations": (
        lambda: unpack("x"),
        "the observations in this evidence cannot be read",
        "give the evidence as the bot wrote it: the comment of the pull request, or what `bot gate --record FILE` wrote",
    ),
    "no duration": (
        lambda: required_rule({"alert": "Slow", "for": "soon"}),
        "the alert rule Slow has no readable duration: 'soon'",
        RULE_HINT,
    ),
    "matchers joined by or": (
        lambda: metric_selectors('a{x="1" or y="2"}'),
        """'a{x="1" or y="2"}' joins matchers by `or`, which Prometheus does not know""",
        "write two selectors",
    ),
    "no PromQL": (
        lambda: canonical("vector(1"),
        "'vector(1' is not PromQL that can be read: unclosed left parenthesis",
        "correct the rule's expr",
    ),
}


@pytest.mark.parametrize("case", [*USAGE, *ERRORS])
def test_a_refusal_says_what_is_wrong_and_what_to_do(case: str) -> None:
    act, message, hint = (USAGE | ERRORS)[case]
    with pytest.raises(BotError) as refused:
        act()
    assert (str(refused.value), refused.value.message, refused.value.hint) == (message, message, hint)
    assert refused.value.usage is (case in USAGE)


@pytest.mark.parametrize("case", ["no duration", "matchers joined by or", "no PromQL"])
def test_a_rule_that_cannot_be_read_has_its_reason_code(case: str) -> None:
    with pytest.raises(UnobservableError) as refused:
        ERRORS[case][0]()
    assert refused.value.code == UNREADABLE == "rule-unreadable"


FINDING = {"row": 1, "code": "c", "verdict": "PASS", "subject": "s", "summary": "s", "facts": {}}
EVIDENCE = {"schema": "bot.gate/v1", "verdict": "PASS", "at": "2026-11-24T12:00:00+00:00", "findings": [FINDING]}
CAUSES: dict[str, tuple[Callable[[], object], str]] = {
    "another schema": (lambda: from_json(json.dumps(EVIDENCE | {"schema": "v2"})), "v2"),
    "a row that is no number": (lambda: from_json(json.dumps(EVIDENCE | {"findings": [FINDING | {"row": "1"}]})), "1"),
    "a text that is none": (lambda: from_json(json.dumps(EVIDENCE | {"findings": [FINDING | {"code": 5}]})), "5"),
    "a time without a zone": (lambda: from_json(json.dumps(EVIDENCE | {"at": "2026-11-24T12:00:00"})), "2026-11-24T12:00:00"),
    "half of the observations": (lambda: unpack(base64.b64encode(zlib.compress(b"{}")[:-2]).decode()), "cut off, or larger than is meant"),
}


@pytest.mark.parametrize("case", CAUSES)
def test_verbosely_the_value_is_named_that_does_not_fit(case: str) -> None:
    act, cause = CAUSES[case]
    with pytest.raises(BotError) as refused:
        act()
    assert str(refused.value.__cause__) == cause
