"""Silences: ignored unless the law honours them, and then only what every Alertmanager silences now, by its name, counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.gate import judge
from bot.gate.evidence import to_json
from bot.gate.recording import pack, unpack
from bot.messages import evidence_comment
from bot.model import Verdict
from bot.observations import AlertmanagerSeen, EnvironmentSeen, FiringSpan, Matcher, NotifiedAlert, Silence, Unseen
from tests.bot.gate_changes import alerting, each_replica, fired
from tests.bot.gate_situations import HOUR, MINUTE, NOON, SECOND, on_environment, on_replica, promotion_ready

if TYPE_CHECKING:
    from bot.observations import Judgement, Labels, Observations

    Silences = Literal["ignore", "honour"]

ADDED = "Added"  # by `alerting`
LABELS = {"alertname": ADDED, "environment": "prod", "promotion_gate": "block", "severity": "critical", "pod": "context-api-0"}
NAMED = Matcher("alertname", ADDED, is_regex=False, is_equal=True)
POD = Matcher("pod", "context-api-.*", is_regex=True, is_equal=True)
SILENCE = Silence("s1", (NAMED, POD), NOON - HOUR, NOON + HOUR, "ada", "known, see the ticket")
ALERT = NotifiedAlert(LABELS | {"cluster": "eu"}, ("s1",), ())
SEEN = AlertmanagerSeen("https://alerts.example.com", "0.34.0", NOON - SECOND, (ALERT,), (SILENCE,))
GONE = Unseen("alertmanager-unreachable", "https://alerts.example.com cannot be reached")


def law(seen: Observations, silences: Silences) -> Observations:
    """The target's policy."""

    def change(place: EnvironmentSeen) -> EnvironmentSeen:
        policy = replace(place.environment.policy, alerts=replace(place.environment.policy.alerts, silences=silences))
        return replace(place, environment=replace(place.environment, policy=policy))

    return on_environment(seen, "target", change)


def told(seen: Observations, *alertmanagers: AlertmanagerSeen | Unseen, role: str = "target") -> Observations:
    return on_environment(seen, role, lambda place: replace(place, alertmanagers=alertmanagers))


def firing(silences: Silences, *alertmanagers: AlertmanagerSeen | Unseen) -> Judgement:
    """A blocking alert fires in the target."""
    seen = alerting("firing", {name: value for name, value in LABELS.items() if name not in {"alertname", "pod"}})(
        promotion_ready(), "target"
    )
    return judge(told(law(seen, silences), *alertmanagers), now=NOON)


def codes(judgement: Judgement) -> set[str]:
    return {reason.code for reason in judgement.reasons}


def silence(**changes: Any) -> AlertmanagerSeen:
    return replace(SEEN, silences=(replace(SILENCE, **changes),))


def with_labels(labels: Labels, *, silenced_by: tuple[str, ...] = ("s1",)) -> AlertmanagerSeen:
    return replace(SEEN, alerts=(NotifiedAlert(labels, silenced_by, ()),))


def test_a_silence_that_policy_ignores_changes_nothing_and_is_recorded() -> None:
    judgement = firing("ignore", SEEN, SEEN)
    assert (judgement.verdict, codes(judgement)) == (Verdict.FAIL, {"alert-firing"})
    (recorded,) = [finding for finding in judgement.findings if finding.code == "alerts-silenced"]
    assert recorded.facts["matchers"] == f'alertname="{ADDED}", pod=~"context-api-.*"'
    assert recorded.summary.endswith("policy ignores it")


def test_a_silenced_alert_passes_where_policy_honours_that_and_says_by_whose_word() -> None:
    judgement = firing("honour", SEEN, SEEN)
    assert (judgement.verdict, codes(judgement)) == (Verdict.PASS, set())
    (passed,) = {finding.summary for finding in judgement.findings if finding.code == "alert-silenced"}
    assert passed == (f"{ADDED} is firing, and policy honours that ada silenced it until 2026-11-24T13:00:00Z: known, see the ticket")


OTHER = (Matcher("alertname", "Other", is_regex=False, is_equal=True), POD)
NOT_HONOURED: dict[str, tuple[AlertmanagerSeen | Unseen, ...]] = {
    "no Alertmanager is listed": (),
    "one Alertmanager does not know the alert": (SEEN, replace(SEEN, alerts=())),
    "one Alertmanager lets it through": (with_labels(ALERT.labels, silenced_by=()), SEEN),
    "the silence is not active": (replace(SEEN, silences=()),),
    "the silence is over": (silence(ends=NOON),),
    "the silence has not begun": (silence(starts=NOON + SECOND),),
    "the silence is for another alert": (silence(matchers=OTHER),),
    "the silence names no alert": (silence(matchers=(POD,)),),
    "the silence names alerts by a pattern": (silence(matchers=(replace(NAMED, value=".+", is_regex=True),)),),
    "the silence is for all others": (silence(matchers=(replace(NAMED, is_equal=False),)),),
    "a label is another": (silence(matchers=(NAMED, Matcher("environment", "dev", is_regex=False, is_equal=True))),),
    "a label may not be that": (silence(matchers=(NAMED, Matcher("cluster", "eu", is_regex=False, is_equal=False))),),
    "a label is missing": (silence(matchers=(NAMED, Matcher("team", "a", is_regex=False, is_equal=True))),),
    "another Pod's alert is silenced": (with_labels(LABELS | {"pod": "context-api-1"}),),
    "one of two that may be it is let through": (replace(SEEN, alerts=(ALERT, NotifiedAlert(LABELS | {"cluster": "us"}, (), ()))),),
    "it is inhibited alone": (replace(SEEN, alerts=(NotifiedAlert(ALERT.labels, (), ("f",)),)),),
    "it was read too long ago": (replace(SEEN, at=NOON - 5 * MINUTE - SECOND),),
}


@pytest.mark.parametrize("case", NOT_HONOURED)
def test_what_is_not_silenced_everywhere_now_and_by_name_blocks(case: str) -> None:
    judgement = firing("honour", *NOT_HONOURED[case])
    assert (judgement.verdict, codes(judgement)) == (Verdict.FAIL, {"alert-firing"})


@pytest.mark.parametrize("policy", ["ignore", "honour"])
def test_an_alertmanager_that_cannot_be_read_is_unknown_only_where_silences_count(policy: Silences) -> None:
    judgement = judge(told(law(promotion_ready(), policy), SEEN, GONE), now=NOON)
    honours = policy == "honour"
    assert judgement.verdict is (Verdict.UNKNOWN if honours else Verdict.PASS)
    assert codes(judgement) == ({GONE.code} if honours else set())
    assert any(GONE.detail in finding.summary and finding.row == 1 for finding in judgement.findings)
    assert firing(policy, SEEN, GONE).verdict is Verdict.FAIL


def test_the_law_is_the_targets_for_the_source_too() -> None:
    labels = LABELS | {"environment": "staging"}
    own = {name: value for name, value in labels.items() if name not in {"alertname", "pod"}}
    seen = alerting("firing", own)(promotion_ready(), "source")
    alerts = replace(promotion_ready().target.environment.policy.alerts, silences="honour")
    policy = replace(promotion_ready().target.environment.policy, alerts=alerts)
    source_says = on_environment(seen, "source", lambda place: replace(place, environment=replace(place.environment, policy=policy)))
    heard = told(source_says, with_labels(labels), role="source")
    assert codes(judge(heard, now=NOON)) == {"alert-firing"}
    assert codes(judge(law(heard, "honour"), now=NOON)) == set()


def test_a_silence_is_no_cure() -> None:
    own = {name: value for name, value in LABELS.items() if name not in {"alertname", "pod"}}
    seen = told(law(alerting("firing", own)(promotion_ready(), "target"), "honour"), SEEN)
    assert codes(judge(replace(seen, fixes=(ADDED,), cured_by=NOON), now=NOON)) == {"alert-not-cured"}
    assert codes(judge(seen, now=NOON)) == set()


def test_a_silence_that_is_honoured_holds_between_samples_too() -> None:
    spans = (FiringSpan(LABELS, NOON - 30 * SECOND, NOON - 20 * SECOND),)
    seen = told(each_replica(firing_between=spans)(law(promotion_ready(), "honour"), "target"), SEEN)
    assert codes(judge(seen, now=NOON)) == set()
    assert codes(judge(law(seen, "ignore"), now=NOON)) == {"alert-fired-between"}


def test_a_pending_alert_waits_whatever_is_silenced() -> None:
    own = {name: value for name, value in LABELS.items() if name not in {"alertname", "pod"}}
    seen = told(law(alerting("pending", own)(promotion_ready(), "target"), "honour"), SEEN)
    assert codes(judge(seen, now=NOON)) == {"alert-pending"}


@pytest.mark.parametrize(
    ("starts", "first", "wanted"),
    [
        (NOON - 5 * HOUR, NOON - HOUR, set()),
        (NOON - 30 * MINUTE, NOON - HOUR, {"soak-not-over"}),
        (NOON - 2 * HOUR, NOON - 3 * HOUR, set()),
    ],
    ids=["silenced before it fired", "silenced during the soak", "silenced before the soak"],
)
def test_a_soak_counts_from_when_an_alert_was_silenced(starts: Any, first: Any, wanted: set[str]) -> None:
    labels = LABELS | {"environment": "staging"}
    seen = promotion_ready()
    for only in (0, 1):
        seen = on_replica(
            seen,
            "source",
            lambda one: replace(one, firing_in_window=(FiringSpan(labels, first, NOON - SECOND),), window_start=NOON - 4 * HOUR),
            only=only,
        )
    heard = told(seen, replace(with_labels(labels), silences=(replace(SILENCE, starts=starts),)), role="source")
    assert codes(judge(heard, now=NOON)) == {"soak-not-over"}
    assert codes(judge(law(heard, "honour"), now=NOON)) == wanted


def test_what_is_inhibited_is_recorded_and_counts() -> None:
    judgement = firing("honour", replace(SEEN, alerts=(NotifiedAlert(ALERT.labels, ("s1",), ("f2", "f1")),)))
    (recorded,) = [finding for finding in judgement.findings if finding.code == "alert-inhibited"]
    assert (recorded.verdict, recorded.facts["by"]) == (Verdict.PASS, "f1, f2")


def test_what_alertmanagers_said_is_read_back_from_evidence() -> None:
    seen = told(law(promotion_ready(), "honour"), GONE, SEEN)
    assert unpack(pack(seen)) == seen


def test_what_other_environments_silence_is_not_recorded_here() -> None:
    elsewhere = with_labels({"alertname": ADDED, "environment": "elsewhere"})
    assert not [finding for finding in firing("ignore", elsewhere).findings if finding.code == "alerts-silenced"]


def test_what_people_write_into_a_silence_can_do_nothing_in_a_comment() -> None:
    hostile = replace(SILENCE, who="@team", why="<img src=x> [a](https://evil.example) ``` | # x")
    seen = told(law(promotion_ready(), "honour"), GONE, replace(SEEN, silences=(hostile,)))
    seen = told(seen, Unseen(GONE.code, f"{hostile.who} {hostile.why}"), replace(SEEN, silences=(hostile,)))
    judgement = judge(seen, now=NOON)
    comment = evidence_comment(judgement, to_json(judgement), "sha256:1")
    words, _, evidence = comment.partition("<details>")
    assert not any(sign in words for sign in ("<img", "@team", "https://evil", "```"))
    assert evidence.count("\n````") == 2  # the code block is longer than what is in it


MATCHERS = st.builds(
    Matcher,
    name=st.sampled_from(["alertname", "environment", "pod", "team"]),
    value=st.sampled_from([ADDED, "prod", "context-api-0", ""]),
    is_regex=st.booleans(),
    is_equal=st.booleans(),
)
TIMES = st.sampled_from([NOON - HOUR, NOON - SECOND, NOON, NOON + SECOND, NOON + HOUR])
IDS = st.sampled_from(["s1", "s2"])
SILENCES = st.lists(
    st.builds(
        Silence,
        id=IDS,
        matchers=st.lists(MATCHERS, min_size=1, max_size=3).map(tuple),
        starts=TIMES,
        ends=TIMES,
        who=st.just("a"),
        why=st.just("b"),
    ),
    max_size=2,
    unique_by=lambda each: each.id,
)
NOTIFIED = st.builds(
    NotifiedAlert,
    labels=st.sampled_from([LABELS, LABELS | {"cluster": "eu"}, LABELS | {"pod": "b"}, {"alertname": ADDED}]),
    silenced_by=st.lists(IDS, max_size=2, unique=True).map(tuple),
    inhibited_by=st.just(()),
)
REPLICAS = st.one_of(
    st.just(GONE),
    st.just(SEEN),
    st.builds(replace, st.just(SEEN), alerts=st.lists(NOTIFIED, max_size=2).map(tuple), silences=SILENCES.map(tuple)),
)


@settings(max_examples=60)
@given(st.lists(REPLICAS, max_size=3))
def test_whatever_alertmanagers_say_a_firing_alert_passes_only_if_all_conditions_hold(replicas: list[AlertmanagerSeen | Unseen]) -> None:
    judgement = firing("honour", *replicas)
    assert firing("ignore", *replicas).verdict is Verdict.FAIL
    if judgement.verdict is not Verdict.PASS:
        return
    assert replicas
    for each in replicas:
        assert isinstance(each, AlertmanagerSeen)
        known = [alert for alert in each.alerts if all(alert.labels.get(name) == value for name, value in LABELS.items())]
        assert known
        for alert in known:
            active = [one for one in each.silences if one.id in alert.silenced_by and one.starts <= NOON < one.ends]
            assert any(NAMED in one.matchers for one in active)


def test_an_alert_that_is_over_and_was_not_silenced_ends_a_soak_as_before() -> None:
    seen = told(law(fired(HOUR, MINUTE)(promotion_ready(), "source"), "honour"), SEEN, role="source")
    assert codes(judge(seen, now=NOON)) == {"soak-not-over"}
