"""Doctor on an environment's Prometheus: what the gate will want of each replica, asked once and now."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from bot.gate.prometheus_rows import answers_are_whole, clocks_agree, configuration_is_loaded, server_is_one
from bot.gate.rule_rows import required_rules_are_known, required_rules_are_loaded, some_rule_blocks, watchdog_fires
from bot.gate.scope import Place, Replica
from bot.gate.target_rows import jobs_are_scraped
from bot.model import BotError, Verdict
from bot.observations import EnvironmentSeen, PrometheusSeen
from bot.setup import OK, PROBLEM, UNKNOWN, Check
from bot.workflows.observe import attempt, required_rules
from bot.workflows.rendering import render_at

if TYPE_CHECKING:
    from bot.gate.outcomes import Outcome
    from bot.model import Environment
    from bot.observations import RequiredRule, Unseen
    from bot.ports import Prometheus, World

ROWS = (
    *(answers_are_whole, server_is_one, configuration_is_loaded, clocks_agree),
    *(required_rules_are_loaded, watchdog_fires, some_rule_blocks, jobs_are_scraped),
)
NEVER = "what this means and what helps is in docs/TROUBLESHOOTING.md, by the name in brackets"


def prometheus_checks(world: World, environment: Environment, commit: str) -> list[Check]:
    """All replicas at once; a rule that Git renders must be loaded in each."""
    name = environment.name
    try:
        replicas = world.prometheus(environment)
    except BotError as error:
        return [Check(PROBLEM, name, error.message, error.hint)]
    rules = attempt(lambda: required_rules(render_at(world.origin, world.renderer, commit=commit, environment=environment)))
    known = [_check(name, "Git", each) for each in required_rules_are_known(_place(world, environment, rules))]
    with ThreadPoolExecutor(max(len(replicas), 1)) as pool:
        looks = pool.map(lambda each: _look(world, each, _place(world, environment, rules)), replicas)
        return [*known, *(check for look in looks for check in look)]


def _look(world: World, prometheus: Prometheus, place: Place) -> list[Check]:
    name, url = place.environment.name, prometheus.url
    world.progress.say(f"{name}: asking {url}")
    try:
        sample = prometheus.sample()
    except BotError as error:
        return [Check(PROBLEM, name, error.message, error.hint)]
    replica = Replica(place, PrometheusSeen(url, (sample,)))
    return [_version(name, prometheus), *(_check(name, url, outcome) for row in ROWS for outcome in row(replica))]


def _version(name: str, prometheus: Prometheus) -> Check:
    try:
        return Check(OK, name, f"{prometheus.url} is a Prometheus, version {prometheus.version()}")
    except BotError as error:
        return Check(UNKNOWN, name, f"cannot tell the version of Prometheus: {error.message}", error.hint)


def _check(name: str, where: str, outcome: Outcome) -> Check:
    if outcome.verdict is Verdict.PASS:
        return Check(OK, name, f"{where}: {outcome.summary}")
    return Check(PROBLEM, name, f"{where}: {outcome.summary} [{outcome.code}]", FIXES.get(outcome.code, NEVER))


def _place(world: World, environment: Environment, rules: tuple[RequiredRule, ...] | Unseen) -> Place:
    """As much of an environment as these rows look at."""
    seen = EnvironmentSeen(
        environment=environment,
        role="target",
        commit="",
        releases=(),
        folder_exists=True,
        application=None,
        synced_trees={},
        main_trees={},
        required_rules=rules,
        prometheus=(),
        sync_window=None,
    )
    return Place(seen, environment.policy, world.now())


FIXES = {
    "rule-missing": "sync the environment; then, is its Prometheus told to read PrometheusRules of this namespace (`ruleSelector`)?",
    "rule-drifted": "sync the environment; is it the Prometheus of another environment, or does something rewrite labels?",
    "watchdog-silent": "is the group of the watchdog evaluated? see /rules of this Prometheus",
    "no-rule-blocks": "is it the Prometheus of another environment? see `gate.alerts` in environment.yaml",
    "job-without-target": "is its ServiceMonitor or PodMonitor selected by this Prometheus, and does it match? see /targets",
    "target-down": "see /targets of this Prometheus: its error says whether the Pod, the mesh or the network refuses",
    "target-stale": "see /targets of this Prometheus: is it overloaded?",
    "config-reload-failed": "see its logs: a configuration or rule file is refused",
    "clock-skew": "set both clocks by NTP",
    "no-jobs-required": "list the jobs in `gate.requiredJobs` of environment.yaml",
    "no-rules-required": "the environment must contain apps/monitoring, or alert rules of its own",
}
