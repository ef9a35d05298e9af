"""What the gate says in each situation, word for word; `python -m tests.bot.gate_record` writes it down anew.

Long, because it lists the situations.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.gate import judge
from bot.observations import AlertSeen, Matcher, NotifiedAlert, ResourceFault, Unseen
from tests.bot.gate_changes import (
    alerting,
    app,
    between,
    each_replica,
    fired,
    freeze_by_command,
    judged_rule,
    place,
    pods,
    policy,
    replica,
    samples,
    targets,
)
from tests.bot.gate_situations import (
    API,
    BLOCKING,
    GRAPH_TREE,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    TICKET,
    environment_seen,
    on_environment,
    promotion_ready,
    source_moved_on,
)
from tests.bot.gate_violations import AROUND_NOON, DENIED, VIOLATIONS, required
from tests.bot.test_gate_silences import ADDED, GONE, LABELS, NAMED, SEEN, SILENCE, law, told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.observations import Finding, Judgement, Observations
    from tests.bot.gate_changes import Change

RECORD = Path(__file__).with_name("gate_record.txt")
RENEW = "run `.venv/bin/python -m tests.bot.gate_record`, and review what it changes"
HEAD = f"What the gate says. Nobody edits this: {RENEW}.\n"
READY = promotion_ready()
ALONE = replace(READY, source=None)
MATCHERS = tuple(Matcher(name, "x", is_regex=name in "cd", is_equal=name in "ac") for name in "dcba")
OWN = {name: LABELS[name] for name in ("environment", "promotion_gate", "severity")}


def on(role: str, *changes: Change, seen: Observations = READY) -> Observations:
    """The observations, all these things changed in one environment."""
    for change in changes:
        seen = change(seen, role)
    return seen


def one_replica_each() -> Observations:
    seen = READY
    for role in ("source", "target"):
        seen = on_environment(seen, role, lambda each: replace(each, prometheus=each.prometheus[:1]))
    return seen


def to_be_ended(seen: Observations = READY, **changes: Any) -> Observations:
    """A blocking alert fires in the target, and what is promoted is to end it."""
    return replace(on("target", alerting("firing", None), seen=seen), fixes=(ADDED,), **changes)


def silenced(state: str = "firing") -> Observations:
    """One Alertmanager has two silences for a blocking alert, one of which a second alert has, too; and what concerns others."""
    mine = replace(SILENCE, id="s2", who="ben", why="mine", ends=NOON + MINUTE, matchers=(NAMED,))
    odd = replace(mine, id="s3", matchers=MATCHERS)
    alerts = (
        NotifiedAlert(LABELS, ("s2", "gone", "s1"), ("f2", "f1")),
        NotifiedAlert(LABELS | {"alertname": "Other"}, ("s1", "s3"), ("f1",)),
        NotifiedAlert(LABELS | {"environment": "dev"}, ("s4",), ("f3",)),
        NotifiedAlert({"environment": "prod"}, (), ("f4",)),
    )
    heard = replace(SEEN, alerts=alerts, silences=(SILENCE, mine, odd, replace(odd, id="s4")))
    return told(on("target", alerting(state, OWN)), heard, SEEN)


def alerts(state: str) -> Change:
    """Three instances of one alert of two Pods: since a while, since longer, since nobody knows when."""
    since = (NOON - MINUTE, NOON - HOUR, None)
    pods = ("pod-1", "pod-0", "pod-1")
    seen = tuple(AlertSeen({"promotion_gate": "block", "pod": pod}, state, at) for pod, at in zip(pods, since, strict=True))
    return judged_rule(BLOCKING, alerts=seen)


SITUATIONS = {
    "a first promotion": replace(READY, target=environment_seen("prod", "target", releases=())),
    "only the target is judged": ALONE,
    "nothing is to soak": on("target", policy(soak=timedelta(0))),
    "the source moved on": source_moved_on(),
    "the source moved on, and its alerts cannot be seen": on("source", replica(window_start=None), seen=source_moved_on()),
    "Argo CD never synced": on("target", app(operation=None)),
    "Argo CD never compared": on("target", app(revision=None)),
    "Argo CD has nothing of a release": on("target", place(synced_trees={"context-api": None, "neo4j": GRAPH_TREE})),
    "Argo CD says what is wrong": on(
        "target",
        app(
            health="Degraded",
            sync="OutOfSync",
            conditions=("one", "two"),
            faults=(ResourceFault("Pod", "b", "Missing", ""), ResourceFault("Job", "a", "Degraded", "")),
        ),
    ),
    "a window of Argo CD, two times": on("target", place(sync_window=replace(DENIED, times=("one", "two")))),
    "the windows of Argo CD are not seen": on("target", place(sync_window=Unseen("argocd-unreachable", "nobody answers"))),
    "images are pinned": on_environment(
        on("target", policy(require_digests=True)), "source", lambda each: replace(each, releases=each.releases[:1])
    ),
    "two images are not there": on("target", pods(dropping=":"), replica(pod_images=frozenset())),
    "two other images run": on("target", pods(f"{API}:v1", "neo4j:5.0.0")),
    "a window is open, and two apps are frozen": on(
        "target", policy(freeze=(replace(AROUND_NOON, reason="night"),)), freeze_by_command(apps=("neo4j", "context-api"))
    ),
    "what is verified is frozen": on("target", freeze_by_command(), seen=ALONE),
    "an alert fires and is to be ended": to_be_ended(),
    "an alert fires and was to be ended, in time": to_be_ended(ALONE, cured_by=NOON + SECOND),
    "an alert fires and was to be ended by now": to_be_ended(ALONE, cured_by=NOON),
    "an alert waits and is to be ended": replace(on("target", alerting("pending", None)), fixes=(ADDED,)),
    "several alerts fire": on("target", alerts("firing")),
    "several alerts wait": on("target", alerts("pending")),
    "an alert fired between samples, twice": on("target", between(), between(pod="b")),
    "several alerts do neither": on("target", alerts("resolved")),
    "nobody knows since when an alert fires": on("target", judged_rule(TICKET, alerts=(AlertSeen({"b": "2", "a": "1"}, "firing", None),))),
    "silences are ignored": silenced(),
    "silences are honoured": law(silenced(), "honour"),
    "an alert waits, silences are honoured": law(silenced("pending"), "honour"),
    "an Alertmanager is not read, and silences are ignored": told(READY, GONE, SEEN),
    "an Alertmanager is not read, and silences are honoured": law(told(READY, GONE, SEEN), "honour"),
    "two rules are missing, in one sample": on("target", required("B", "A"), samples(1, rules=())),
    "two rules are others": on("target", judged_rule(TICKET, query="vector(1)", duration=1.0), judged_rule(BLOCKING, labels={})),
    "two rules have faults": on(
        "target", judged_rule(TICKET, labels=OWN), judged_rule(TICKET, health="err"), judged_rule(BLOCKING, health="err")
    ),
    "two rules stand still": on(
        "target", judged_rule(TICKET, labels=OWN), *(judged_rule(name, last_evaluation=NOON - 41 * SECOND) for name in (TICKET, BLOCKING))
    ),
    "two metrics are missing": on("target", replica(metrics_without_series=("b", "a"))),
    "a target without a name is down": on("target", targets(labels={}, health="down")),
    "it warns in a sample and elsewhere": on("target", samples(1, warnings=("one", "two")), replica(warnings=("three",))),
    "alerts fired in the source a day ago": on("source", each_replica(window_start=NOON - 48 * HOUR), fired(30 * HOUR, 20 * HOUR)),
}


def well() -> str:
    """All that is said where all is well."""
    judgement = judge(one_replica_each(), now=NOON)
    return section("one Prometheus each", judgement, judgement.findings)


def situations() -> str:
    """What is new there."""
    known = judge(READY, now=NOON).findings
    found = ((name, judge(seen, now=NOON)) for name, seen in SITUATIONS.items())
    return "\n".join(section(name, each, [finding for finding in each.findings if finding not in known]) for name, each in found)


def violations() -> str:
    """What keeps from passing, once for each kind, and the codes of all others."""
    parts, kinds = [], set()
    for violation in VIOLATIONS:
        judgement = judge(violation.change(READY, violation.roles[0]), now=NOON)
        kind = (violation.row, violation.codes)
        name = f"{violation.name}, {violation.roles[0]}"
        parts.append(section(name, judgement, () if kind in kinds else judgement.reasons))
        kinds.add(kind)
    return "\n".join(parts)


PARTS = {"all is well": well, "situations": situations, "violations": violations}


def text() -> str:
    """The record."""
    return HEAD + "".join(f"\n# {name}: {make.__doc__}\n\n{make()}" for name, make in PARTS.items())


def section(name: str, judgement: Judgement, shown: Iterable[Finding]) -> str:
    """The verdict, its reasons' codes, and some findings."""
    codes = " ".join(dict.fromkeys(reason.code for reason in judgement.reasons))
    return f"== {name}: {judgement.verdict.name} {codes}".rstrip() + "\n" + "".join(map(told_of, shown))


def told_of(finding: Finding) -> str:
    """Every part of a finding."""
    facts = "; ".join(f"{name}: {value}" for name, value in finding.facts.items())
    head = f"{finding.row} {finding.verdict.name} {finding.code} | {finding.subject} | {finding.summary}\n"
    return head + (f"    {facts}\n" if facts else "")


if __name__ == "__main__":
    RECORD.write_text(text(), "utf-8")
