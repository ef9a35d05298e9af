"""What `environment.yaml` says of the gate: it names alerts, jobs and metrics that are rendered, and lets nothing pass unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.contents import Problem
from bot.gate.promql import metric_selectors
from bot.gate.scope import concerns
from bot.model import UnobservableError
from bot.policies.fields import strings, text
from bot.policies.metrics.expressions import rules
from bot.policies.metrics.scrapes import all_scrapes, is_blind
from bot.policies.nearest import instead

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.model import Environment
    from bot.policies.manifests import Manifests, Object


def environment_file_problems(environment: Environment, renders: Sequence[Manifests]) -> Iterator[Problem]:
    """What is wrong with an environment's file, beside what it renders to: as it is, and with the head of `apps/`."""
    yield from _of_people(environment)
    if not environment.policy.alerts.block:
        what = "is empty: no alert's own label stops a promotion, whatever fires"
        yield _problem(environment, "gate.alerts.block", what, "write the label's value that alerts carry, such as block")
    if renders:
        alerts = [rule for each in renders for _, _, rule in rules(each) if text(rule, "alert")]
        unknown = list(_unknown_values(environment, alerts))
        yield from (*unknown, *_no_watchdog(environment, alerts))
        if environment.policy.alerts.block and not unknown:  # else nothing blocks that reads them, which is named
            yield from _unread_metrics(environment, alerts)
        yield from _unknown_jobs(environment, renders)


def _of_people(environment: Environment) -> Iterator[Problem]:
    """Where the bot merges, people have approved, and what they approved has run for a time."""
    if environment.merge != "bot":
        return
    if not environment.approvers:
        what = "is empty, and the bot merges: nobody has to look at what arrives here"
        yield _problem(environment, "people.approve", what, "list who approves, as CODEOWNERS writes it, or write merge: person")
    if not environment.policy.soak:
        what = "is 0s, and the bot merges: what arrives here has run nowhere for any time"
        yield _problem(environment, "gate.soak", what, "write how long a release must have run well in its source, such as 2h")


def _unknown_values(environment: Environment, alerts: Iterable[Object]) -> Iterator[Problem]:
    """Each value that blocks is one that an alert carries: a misspelt one stops nothing."""
    policy = environment.policy.alerts
    carried = {strings(rule, "labels").get(policy.label, "") for rule in alerts} - {""}
    for value in policy.block:
        if value not in carried:
            what = f"names {value}, which no alert here has as its label {policy.label}: it stops nothing"
            yield _problem(environment, "gate.alerts.block", what, _instead(value, carried))


def _no_watchdog(environment: Environment, alerts: Sequence[Object]) -> Iterator[Problem]:
    """The watchdog is an alert with this environment's label, by which the gate knows it."""
    name = environment.policy.watchdog
    own = {text(rule, "alert") for rule in alerts if strings(rule, "labels").get("environment") == environment.name}
    if name not in own:
        what = f"is {name}, and no alert of that name here has the label environment: {environment.name}: no promotion ever passes"
        near = [each for each in own if "watchdog" in each.lower()]
        yield _problem(environment, "gate.watchdog", what, _instead(name, near or own))


def _unread_metrics(environment: Environment, alerts: Iterable[Object]) -> Iterator[Problem]:
    """Each metric that may be absent is one that a blocking alert reads: a misspelt one excuses nothing, or later another."""
    policy, read = environment.policy.alerts, set[str]()
    for rule in alerts:
        labels = strings(rule, "labels")
        if policy.blocks(labels) and concerns(environment, labels):
            read |= _read_by(text(rule, "expr"))
    for name in policy.may_be_absent:
        if name not in read:
            what = f"names {name}, which no blocking alert here reads"
            yield _problem(environment, "gate.alerts.mayBeAbsent", what, _instead(name, read, otherwise="remove it"))


def _unknown_jobs(environment: Environment, renders: Sequence[Manifests]) -> Iterator[Problem]:
    """Each job is one that a monitor makes; where a monitor finds nothing, that is named instead."""
    known = {scrape.job for each in renders for scrape in all_scrapes(each)}
    for job in environment.policy.required_jobs if not any(map(is_blind, renders)) else ():
        if job not in known:
            what = f"names {job}, which no monitor here scrapes: no promotion ever passes"
            yield _problem(environment, "gate.requiredJobs", what, _instead(job, known))


def _read_by(expr: str) -> set[str]:
    """Metrics, and the same with job and namespace, as mayBeAbsent may name them; none where it is no PromQL, which is named elsewhere."""
    try:
        found = metric_selectors(expr)
    except UnobservableError:
        return set()
    return {*found, *(each.partition("{")[0] for each in found)} - {""}


def _instead(name: str, known: Iterable[str], *, otherwise: str = "") -> str:
    there = sorted(known)
    return instead(name, there, otherwise or f"here there are: {', '.join(there[:10]) or 'none'}", cutoff=0.7)


def _problem(environment: Environment, key: str, what: str, hint: str) -> Problem:
    return Problem(f"{environment.folder}/environment.yaml", f"{key} {what}", hint)
