"""Edges of single conditions: what an alert's end is worth, what a silence must say, when a rule is another, what evidence holds."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from bot.gate import judge
from bot.gate.definitions import PRECISION, differences, lost_rules, nearest, required_rule
from bot.gate.evidence import MOST_OBSERVED, find_evidence, from_json, to_json
from bot.gate.outcomes import in_words, iso
from bot.gate.promql import canonical, metric_selectors
from bot.gate.recording import pack
from bot.model import BotError, Hold
from bot.observations import FiringSpan, Matcher, RequiredRule, Unseen
from bot.workflows.observe import attempt
from tests.bot.gate_changes import alerting, each_replica, fired, judged_rule, policy, replica, samples
from tests.bot.gate_situations import (
    BLOCKING,
    HOUR,
    MINUTE,
    NOON,
    RULE_INTERVAL,
    SECOND,
    SOAK,
    TICKET,
    on_replica,
    on_sample,
    promotion_ready,
    rule,
)
from tests.bot.test_gate_silences import LABELS, NAMED, SEEN, SILENCE, codes, firing, law, silence, told, with_labels

if TYPE_CHECKING:
    from datetime import datetime

    from bot.observations import Observations, Sample
    from tests.bot.gate_changes import Change

TICK = timedelta(microseconds=1)
ENDED = SOAK + timedelta(seconds=RULE_INTERVAL)  # so long ago an alert was last seen that ended as the soak began
LONG = judged_rule(TICKET, interval=900.0)


def soak_codes(*changes: Change) -> set[str]:
    seen = promotion_ready()
    for change in changes:
        seen = change(seen, "source")
    return codes(judge(seen, now=NOON))


def test_the_last_sight_of_an_alert_is_worth_one_interval_of_its_own_rule() -> None:
    assert soak_codes(fired(3 * HOUR, ENDED), LONG) == set()
    assert soak_codes(fired(3 * HOUR, ENDED), judged_rule(BLOCKING, interval=RULE_INTERVAL + 1)) == {"soak-not-over"}


def test_of_a_rule_that_is_gone_the_longest_interval_counts() -> None:
    assert soak_codes(fired(3 * HOUR, ENDED, alertname="Gone")) == set()
    assert soak_codes(fired(3 * HOUR, ENDED, alertname="Gone"), LONG) == {"soak-not-over"}


def test_the_interval_is_that_of_the_last_sample() -> None:
    for only, wanted in ((0, set()), (1, set()), (2, {"soak-not-over"})):
        assert soak_codes(fired(3 * HOUR, ENDED), judged_rule(BLOCKING, only=only, interval=RULE_INTERVAL + 1)) == wanted


def test_without_samples_an_alert_ends_where_it_was_last_seen() -> None:
    assert soak_codes(fired(3 * HOUR, SOAK), replica(samples=())) == {"no-samples"}
    assert soak_codes(fired(3 * HOUR, SOAK - SECOND), replica(samples=())) == {"no-samples", "soak-not-over"}


@pytest.mark.parametrize(
    ("starts", "wanted"),
    [(NOON - 90 * MINUTE, set()), (NOON - HOUR, set()), (NOON - HOUR + SECOND, {"soak-not-over"})],
    ids=["before it fired", "as it fired", "after it fired"],
)
def test_an_alert_that_was_silenced_when_it_fired_never_ends_a_soak(starts: datetime, wanted: set[str]) -> None:
    labels = LABELS | {"environment": "staging"}
    spans = (FiringSpan(labels, NOON - HOUR, NOON - SECOND),)
    seen = law(each_replica(firing_in_window=spans)(promotion_ready(), "source"), "honour")
    heard = replace(with_labels(labels), silences=(replace(SILENCE, starts=starts),))
    assert codes(judge(told(seen, heard, role="source"), now=NOON)) == wanted


def test_an_alert_is_silenced_since_the_last_alertmanager_silences_it() -> None:
    labels = LABELS | {"environment": "staging"}
    spans = (FiringSpan(labels, NOON - HOUR, NOON - SECOND),)
    seen = law(each_replica(firing_in_window=spans)(promotion_ready(), "source"), "honour")
    early, late = (replace(with_labels(labels), silences=(replace(SILENCE, starts=NOON - ago),)) for ago in (4 * HOUR, 30 * MINUTE))
    assert codes(judge(told(seen, early, early, role="source"), now=NOON)) == set()
    assert codes(judge(told(seen, early, late, role="source"), now=NOON)) == {"soak-not-over"}
    assert codes(judge(told(seen, late, early, role="source"), now=NOON)) == {"soak-not-over"}


def plain(name: str, value: str, *, is_equal: bool = True) -> Matcher:
    return Matcher(name, value, is_regex=False, is_equal=is_equal)


@pytest.mark.parametrize(
    ("matchers", "is_silenced"),
    [
        ((plain("environment", "prod"),), False),
        ((NAMED, plain("team", "")), True),
        ((NAMED, plain("team", "", is_equal=False)), False),
        ((NAMED, plain("team", "a", is_equal=False)), True),
    ],
    ids=["another label than the name", "a label that must be missing", "a label that must be there", "a label that must not be so"],
)
def test_what_a_silence_says_of_labels(matchers: tuple[Matcher, ...], *, is_silenced: bool) -> None:
    assert codes(firing("honour", silence(matchers=matchers))) == (set() if is_silenced else {"alert-firing"})


def test_a_silence_counts_from_its_first_moment() -> None:
    assert codes(firing("honour", silence(starts=NOON))) == set()


def test_an_answer_of_five_minutes_ago_is_not_too_old() -> None:
    assert codes(firing("honour", replace(SEEN, at=NOON - 5 * MINUTE))) == set()


def test_a_rule_is_read_with_all_its_parts_or_none() -> None:
    written = {"alert": "A", "expr": "up == 0", "for": "5m", "keep_firing_for": "1h", "labels": {"a": 1, 2: "b"}}
    assert required_rule(written) == RequiredRule("A", {"a": "1", "2": "b"}, "up == 0", 300.0, 3600.0)
    assert required_rule({"alert": "A"}) == required_rule({"alert": "A", "labels": None}) == RequiredRule("A", {}, "", 0.0, 0.0)


LOADED, RULE_A = replace(rule("A", {}, at=NOON), query="up", duration=0.0), RequiredRule("A", {}, "up", 0.0)


@pytest.mark.parametrize("part", ["duration", "keep_firing"])
def test_durations_differ_from_a_millisecond_on(part: str) -> None:
    name = {"duration": "for", "keep_firing": "keep_firing_for"}[part]
    assert differences(RULE_A, replace(LOADED, **{part: PRECISION})) == (name,)  # type: ignore[arg-type]
    assert differences(RULE_A, replace(LOADED, **{part: PRECISION / 2})) == ()  # type: ignore[arg-type]


def test_rules_that_keep_firing_as_long_are_the_same() -> None:
    assert differences(replace(RULE_A, keep_firing=60.0), replace(LOADED, keep_firing=60.0)) == ()


def test_the_nearest_rule_is_the_one_that_differs_in_the_fewest_parts() -> None:
    far, near = replace(LOADED, duration=1.0, query="b"), replace(LOADED, labels={"a": "b"})
    assert nearest(RULE_A, [far, near]) == ("labels",)
    assert nearest(RULE_A, [near, far]) == ("labels",)


RULE = RequiredRule("A", {"severity": "critical"}, "up == 0", 300.0, 60.0)


@pytest.mark.parametrize(
    ("after", "is_lost"),
    [
        (RULE, False),
        (replace(RULE, expr="up  ==  0"), False),
        (replace(RULE, expr="up == 1"), True),
        (replace(RULE, name="B"), True),
        (replace(RULE, labels={}), True),
        (replace(RULE, duration=301.0), True),
        (replace(RULE, keep_firing=0.0), True),
    ],
    ids=["the same", "formatted", "expression", "name", "labels", "for", "keep_firing_for"],
)
def test_a_rule_is_lost_when_any_part_of_it_is_another(after: RequiredRule, *, is_lost: bool) -> None:
    others = (replace(RULE, name="C"), replace(RULE, name="D"))
    assert lost_rules(iter([RULE, RULE, others[0]]), iter([others[0], after])) == (("A",) if is_lost else ())
    assert lost_rules([*others, RULE], []) == ("C", "D", "A")


def test_the_selector_of_a_named_metric_keeps_job_and_namespace() -> None:
    assert metric_selectors('{__name__="größe"}') == ('{__name__="größe"}',)
    assert metric_selectors('a{pod="z", namespace="y", job="x"}') == ('a{namespace="y", job="x"}',)


JUDGEMENT = judge(promotion_ready(), now=NOON)


def test_evidence_is_found_on_its_line_past_what_only_looks_like_it() -> None:
    text = to_json(JUDGEMENT)
    assert find_evidence(f'before\n{{"at":"x"}}\n{text}\nafter') == JUDGEMENT
    assert find_evidence(f'  {text}\n{{"at":"x"}}') is None


@pytest.mark.parametrize(
    ("observed", "written"),
    [
        (promotion_ready(), pack(promotion_ready())),
        ("x" * MOST_OBSERVED, "x" * MOST_OBSERVED),
        ("x" * (MOST_OBSERVED + 1), None),
        ("", None),
        (None, None),
    ],
    ids=["observations", "packed, as much as fits", "one character more", "nothing", "none"],
)
def test_evidence_holds_what_was_observed_where_it_fits(observed: Observations | str | None, written: str | None) -> None:
    text = to_json(replace(JUDGEMENT, observed=observed))
    assert json.loads(text)["observed"] == written
    assert from_json(text) == replace(JUDGEMENT, observed=written)


def test_a_file_holds_all_that_was_observed() -> None:
    long = "x" * (MOST_OBSERVED + 1)
    assert json.loads(to_json(replace(JUDGEMENT, observed=long), most=None))["observed"] == long


def test_what_was_observed_is_text() -> None:
    with pytest.raises(BotError):
        from_json(json.dumps(json.loads(to_json(JUDGEMENT)) | {"observed": 5}))


def test_no_evidence_is_written_that_is_not_json() -> None:
    nan: Any = float("nan")
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(replace(JUDGEMENT, findings=(replace(JUDGEMENT.findings[0], row=nan),)))


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (MINUTE - TICK, "1 minute"),
        (MINUTE - 400 * TICK, "1 minute"),
        (5 * MINUTE + TICK, "5 minutes"),
        (HOUR - timedelta(milliseconds=1), "59 minutes 59.999 seconds"),
        (TICK, "0 seconds"),
    ],
    ids=["of a minute", "nearly half a millisecond", "of more than that", "a millisecond", "of nothing"],
)
def test_a_microsecond_is_not_told(duration: timedelta, words: str) -> None:
    assert in_words(duration) == words


def test_an_alert_without_labels_of_its_own_belongs_where_its_rule_does() -> None:
    of_others = alerting("firing", {"promotion_gate": "block"}, environment="elsewhere")
    assert codes(judge(of_others(promotion_ready(), "target"), now=NOON)) == set()


@pytest.mark.parametrize("wanted", [0, 1])
def test_one_sample_is_enough_where_the_law_says_so_and_none_never_is(wanted: int) -> None:
    seen = policy(samples=wanted)(promotion_ready(), "target")
    for role in ("source", "target"):
        for only in (0, 1):
            seen = on_replica(seen, role, lambda each: replace(each, samples=each.samples[-1:]), only=only)
    assert codes(judge(seen, now=NOON)) == set()
    assert codes(judge(replica(samples=())(seen, "target"), now=NOON)) == {"no-samples"}


def test_the_first_and_the_last_of_several_starts_are_told() -> None:
    seen = promotion_ready()
    for only, ago in enumerate((HOUR, 3 * HOUR, 2 * HOUR)):
        seen = samples(only, started=NOON - ago, started_after=NOON - ago)(seen, "target")
    (reason,) = judge(seen, now=NOON).reasons
    assert (reason.code, reason.facts) == ("server-restarted", {"first": "2026-11-24T09:00:00Z", "then": "2026-11-24T11:00:00Z"})


def test_a_server_without_rules_is_never_too_young() -> None:
    """Its rules are missing, and that is said."""
    started = NOON - 41 * SECOND
    seen = samples(started=started, started_after=started, rules=())(promotion_ready(), "target")
    found = codes(judge(seen, now=NOON))
    assert "rule-missing" in found
    assert "server-too-young" not in found


@pytest.mark.parametrize("stuck_first", [True, False])
def test_of_two_rules_that_are_alike_the_one_that_stands_still_counts(stuck_first: bool) -> None:
    def twice(one: Sample) -> Sample:
        fresh = next(each for each in one.rules if each.name == BLOCKING)
        stuck = replace(fresh, last_evaluation=NOON - 44 * SECOND)
        return replace(one, rules=(*((stuck, fresh) if stuck_first else (fresh, stuck)), *(each for each in one.rules if each != fresh)))

    assert codes(judge(on_sample(promotion_ready(), "target", twice), now=NOON)) == {"rule-not-advancing"}


@pytest.mark.parametrize("only", [0, 2])
def test_a_rule_that_was_not_evaluated_at_first_or_at_last_was_not_evaluated(only: int) -> None:
    seen = judged_rule(BLOCKING, only=only, last_evaluation=None)(promotion_ready(), "target")
    assert codes(judge(seen, now=NOON)) == {"rule-never-evaluated"}


@pytest.mark.parametrize(
    ("selector", "allowed", "wanted"),
    [
        ('lost_total{job="{"}', "lost_total", set()),
        ('{job="x"}', '{job="x"}', set()),
        ('{job="x"}', "x", {"metric-absent"}),
    ],
    ids=["a brace in a value", "a selector without a name", "another one"],
)
def test_what_policy_lets_be_absent_is_found_in_a_selector(selector: str, allowed: str, wanted: set[str]) -> None:
    alerts = replace(promotion_ready().target.environment.policy.alerts, may_be_absent=(allowed, "http_requests_lost_total"))
    seen = replica(metrics_without_series=(selector,))(policy(alerts=alerts)(promotion_ready(), "target"), "target")
    assert codes(judge(seen, now=NOON)) == wanted


def test_times_are_told_in_utc_wherever_the_bot_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert iso(NOON.astimezone(ZoneInfo("America/New_York"))) == "2026-11-24T12:00:00Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_escapes_in_strings_are_told_apart() -> None:
    """Printed without them, the first two were the same; so were the values."""
    assert canonical(r'label_join(a, "x", "b\", \"y")') != canonical('label_join(a, "x", "b", "y")')
    assert canonical(r'a{b="\\"}') != canonical(r'a{b="\\\\"}')


def test_a_fault_of_ours_is_an_observation_that_could_not_be_made() -> None:
    """Its kind and place, not its text: that may hold a secret. A stop by the user stays one."""

    def fault() -> None:
        raise OverflowError("Bearer s3cret")

    def stop() -> None:
        raise KeyboardInterrupt

    seen = attempt(fault)
    assert isinstance(seen, Unseen)
    assert seen.code == "error"
    assert "OverflowError at test_gate_edges.py:" in seen.detail
    assert "s3cret" not in seen.detail
    with pytest.raises(KeyboardInterrupt):
        attempt(stop)


def test_a_hold_that_cannot_be_read_hides_none_that_can_be() -> None:
    ready = promotion_ready()
    assert ready.source is not None
    (release, *_) = ready.source.releases
    stopped = Hold("quarantine-2", "prod", release.app, release.tree, (), "lead", "2026-11-01", "leaks memory")
    told = {finding.code for finding in judge(replace(ready, holds=Unseen("hold-unreadable", "x.yaml")), now=NOON).reasons}
    assert told == {"hold-unreadable"}
    both = replace(ready, holds=Unseen("hold-unreadable", "x.yaml"), readable_holds=(stopped,))
    assert {finding.code for finding in judge(both, now=NOON).reasons} == {"hold-unreadable", "release-quarantined"}
