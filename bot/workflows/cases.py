"""A pull request as it would land: what it reaches, and what is judged of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.gate import judgement_of
from bot.gate.outcomes import names
from bot.model import BotError, Verdict
from bot.observations import Finding
from bot.promotion import HOTFIX
from bot.workflows.judging import judge_planned
from bot.workflows.pulls import planned_of
from bot.workflows.reach import reach
from bot.workflows.stack import read_stack
from bot.workflows.unpromoted import SUBJECT, Unpromoted, forbidden_files
from bot.workflows.ways import way_of

if TYPE_CHECKING:
    from bot.model import Environment
    from bot.observations import Judgement
    from bot.ports import PullRequest, World
    from bot.workflows.reach import Reach
    from bot.workflows.stack import Stack


@dataclass(frozen=True)
class Case:
    """What a pull request was judged by: the main that it would land on, and the tree that main would then be."""

    stack: Stack
    landing: str
    targets: tuple[Environment, ...]  # gated environments that it reaches
    judgement: Judgement


def judge_case(world: World, pull: PullRequest) -> Case:
    """Judges a pull request by its kind: a promotion by the whole table, everything else by what it reaches."""
    stack = read_stack(world.origin, world.origin.fetch_main())
    if world.origin.fetch_branch(pull.branch) != pull.head:
        raise BotError(f"pull request {pull.number} moved while it was read", "run this again")
    landing = world.origin.merged_tree(stack.commit, pull.head)
    if landing is None:
        again = "`bot hotfix …` again" if pull.branch.startswith(f"{HOTFIX}.") else "`bot promote` again if it is a promotion"
        fault = Finding(12, "conflict", Verdict.FAIL, SUBJECT, f"it does not merge with main; run {again}")
        return Case(stack, pull.head, (), judgement_of([fault], now=world.now()))
    return judge_landing(world, pull, stack, landing)


def judge_landing(world: World, pull: PullRequest, stack: Stack, landing: str) -> Case:
    """Judges the very tree that would land on a stack by a pull request."""
    after = read_stack(world.origin, landing)
    reached = reach(stack, after, world.origin.changed_paths(stack.commit, landing))
    targets = tuple(stack.environments[name] for name in reached.environments if name in stack.environments)
    known = {**after.environments, **stack.environments}
    ways = [way_of(world, stack, after, known[name], app) for name, apps in reached.releases.items() for app in apps]
    if any(way.kind == "promoted" for way in ways):
        judgement = _promotion(world, pull, stack, after, reached)
    else:
        findings = [*Unpromoted(world, pull, stack, after, landing).findings(reached, ways)]
        judgement = judgement_of(findings, now=world.now())
    return Case(stack, landing, targets, judgement)


def _promotion(world: World, pull: PullRequest, stack: Stack, after: Stack, reached: Reach) -> Judgement:
    what = None
    if new := set(reached.releases) - set(stack.environments):
        what = f"{names(new)} is a new environment: its releases begin with `bot init` while it is `live: false`"
    elif len(reached.releases) > 1:
        what = f"it changes releases of {names(set(reached.releases))}: a promotion is into one environment"
    if what:
        return judgement_of([Finding(12, "not-promoted", Verdict.FAIL, SUBJECT, what)], now=world.now())
    name, apps = next(iter(reached.releases.items()))
    judgement = judge_planned(world, planned_of(world, pull, stack, after, target=stack.environment(name), apps=apps))
    more = [*forbidden_files(reached)]
    if edited := reached.overlays.get(name):
        what = f"it changes files that no promotion moves, too: {names(set(edited))}"
        more.append(Finding(12, "overlay-edited", Verdict.PASS, f"{name}: overlay", what))
    return replace(judgement_of([*judgement.findings, *more], now=judgement.at), observed=judgement.observed)
