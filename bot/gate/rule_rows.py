"""Rows 5, 6, 7 and 9 about alert rules: loaded, evaluated, watched, able to block."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.gate.definitions import is_loaded, nearest
from bot.gate.outcomes import good, iso, names, unknown
from bot.gate.prometheus_rows import LARGEST_DELAY, LARGEST_SKEW
from bot.gate.scope import blocking_rules, watchdog_rules
from bot.observations import Unseen

if TYPE_CHECKING:
    from datetime import datetime

    from bot.gate.outcomes import Outcome
    from bot.gate.scope import Place, Replica
    from bot.observations import RuleSeen, Sample

LARGEST_EVALUATION_AGE = 3  # intervals
LEAST_COVERAGE = 0.95
FAULTS = {
    "rule-unhealthy": "rules cannot be evaluated",
    "rule-never-evaluated": "rules were never evaluated",
    "rule-stale": "rules are not evaluated in time",
    "rule-not-advancing": "rules were not evaluated again between the samples",
}
NAMED = re.compile(r'__name__="((?:[^"\\]|\\.)*)"')


def required_rules_are_known(place: Place) -> list[Outcome]:
    """Row 5: Git says which rules must be loaded, and there is at least one."""
    required = place.seen.required_rules
    if isinstance(required, Unseen):
        return [unknown(required.code, f"which rules must be loaded cannot be seen: {required.detail}", about="rules")]
    if not required:
        return [unknown("no-rules-required", "its manifests contain no alert rule", about="rules")]
    return [good("rules-known", f"its manifests contain {len(required)} alert rules", about="rules")]


def required_rules_are_loaded(replica: Replica) -> list[Outcome]:
    """Row 5: every rule that Git renders is loaded as it is there, in every sample."""
    required = replica.place.seen.required_rules
    if isinstance(required, Unseen):
        return []
    found = [(rule, nearest(rule, sample.rules)) for sample in replica.samples for rule in required if not is_loaded(rule, sample.rules)]
    missing = {rule.name for rule, parts in found if parts is None}
    drifted = {rule.name: ", ".join(parts) for rule, parts in found if parts}
    problems = []
    if missing:
        problems.append(unknown("rule-missing", f"required rules are not loaded: {names(missing)}", rules=names(missing)))
    if drifted:
        told = {f"{name} ({parts})" for name, parts in drifted.items()}
        summary = f"rules are loaded that are not those of Git: {names(told)}"
        problems.append(unknown("rule-drifted", summary, rules=names(set(drifted))))
    return problems or [good("rules-loaded", "every required rule is loaded, as Git has it", rules=str(len(required)))]


def rules_are_evaluated(replica: Replica) -> list[Outcome]:
    """Row 6: blocking rules and the watchdog are healthy, freshly evaluated, again and again."""
    found: dict[str, set[str]] = {}
    for sample in replica.samples:
        for rule in _judged_rules(replica, sample):
            if code := _fault(rule, sample.server_time):
                found.setdefault(code, set()).add(rule.name)
    if stuck := _not_advancing(replica):
        found["rule-not-advancing"] = stuck
    problems = [unknown(code, f"{FAULTS[code]}: {names(rules)}", rules=names(rules)) for code, rules in found.items()]
    return problems or [good("rules-evaluated", "blocking rules and the watchdog are evaluated in time")]


def _judged_rules(replica: Replica, sample: Sample) -> list[RuleSeen]:
    return blocking_rules(sample, replica.environment) + watchdog_rules(sample, replica.environment)


def _fault(rule: RuleSeen, server_time: datetime) -> str | None:
    if rule.health != "ok":
        return "rule-unhealthy"
    if rule.last_evaluation is None:
        return "rule-never-evaluated"
    age = server_time - rule.last_evaluation
    oldest = timedelta(seconds=LARGEST_EVALUATION_AGE * rule.interval) + LARGEST_DELAY
    return None if -LARGEST_SKEW <= age <= oldest else "rule-stale"


def _not_advancing(replica: Replica) -> set[str]:
    """Names of rules without a later evaluation although one was due, delay included, between first and last sample."""
    first, last = replica.samples[0], replica.samples[-1]
    before, after = _evaluations(replica, first), _evaluations(replica, last)
    due = (last.server_time - first.server_time - LARGEST_DELAY).total_seconds()
    return {rule.name for key, (rule, evaluated) in after.items() if key in before and due > rule.interval and evaluated <= before[key][1]}


def _evaluations(replica: Replica, sample: Sample) -> dict[object, tuple[RuleSeen, datetime]]:
    """The oldest last evaluation of rules that are alike in group, name, labels and query."""
    found: dict[object, tuple[RuleSeen, datetime]] = {}
    for rule in _judged_rules(replica, sample):
        key = (rule.group, rule.name, rule.query, tuple(sorted(rule.labels.items())))
        if rule.last_evaluation and (key not in found or rule.last_evaluation < found[key][1]):
            found[key] = (rule, rule.last_evaluation)
    return found


def watchdog_fires(replica: Replica) -> list[Outcome]:
    """Row 7: the watchdog with this environment's label fires in every sample."""
    name = replica.environment.policy.watchdog
    silent = [sample for sample in replica.samples if not _barks(replica, sample)]
    if silent:
        summary = f"the watchdog {name} of {replica.environment.name} is not firing"
        return [unknown("watchdog-silent", summary, watchdog=name, sample=iso(silent[0].at))]
    return [good("watchdog-fires", f"the watchdog {name} fires in every sample", watchdog=name)]


def _barks(replica: Replica, sample: Sample) -> bool:
    return any(alert.state == "firing" for rule in watchdog_rules(sample, replica.environment) for alert in rule.alerts)


def watchdog_covers_soak(replica: Replica) -> list[Outcome]:
    """Row 7: in the source, the watchdog was stored nearly all of the soak window."""
    if not replica.place.is_source or not replica.place.law.soak:
        return []
    if replica.seen.window_start is None:
        return [unknown("window-unseen", "it was not asked about the soak window")]
    share = f"{replica.seen.watchdog_coverage:.1%}"
    facts = {"covered": share, "wanted": f"{LEAST_COVERAGE:.0%}", "since": iso(replica.seen.window_start)}
    if not replica.seen.watchdog_coverage >= LEAST_COVERAGE:  # not `<`: that lets NaN pass
        return [unknown("watchdog-gaps", f"the watchdog covers {share} of the soak window", **facts)]
    return [good("watchdog-covers-soak", f"the watchdog covers {share} of the soak window", **facts)]


def some_rule_blocks(replica: Replica) -> list[Outcome]:
    """Row 9: at least one loaded rule of this environment can block, in every sample."""
    counts = [len(blocking_rules(sample, replica.environment)) for sample in replica.samples]
    if not min(counts):
        return [unknown("no-rule-blocks", "no loaded rule of this environment can block a promotion")]
    return [good("rules-block", f"{min(counts)} loaded rules can block a promotion", rules=str(min(counts)))]


def metrics_exist(replica: Replica) -> list[Outcome]:
    """Row 9: what blocking rules measure is there, unless policy says that it may be absent."""
    allowed = replica.environment.policy.alerts.may_be_absent
    lacking = {selector for selector in replica.seen.metrics_without_series if not _may_lack(selector, allowed)}
    if lacking:
        return [
            unknown(
                "metric-absent",
                f"blocking rules rest on metrics without series: {names(lacking)}",
                metrics=names(lacking),
            )
        ]
    return [good("metrics-exist", "every metric of a blocking rule has series or may be absent")]


def _may_lack(selector: str, allowed: tuple[str, ...]) -> bool:
    metric = selector.partition("{")[0]
    quoted = NAMED.search(selector)
    return bool({selector, metric or (quoted[1] if quoted else selector)} & set(allowed))
