"""Promote: plan, judge, and open or keep the one pull request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import BotError, Verdict
from bot.promotion import PROMOTION_LABEL, contained_branches, overlapping_branch
from bot.workflows.break_glass import ask, evened, refuse_unfit
from bot.workflows.changes import anew, ensure_pull, push
from bot.workflows.judging import judge_planned, publish
from bot.workflows.planning import WHOLE, Nothing, Wish, plan

if TYPE_CHECKING:
    from bot.observations import Judgement
    from bot.ports import PullRequest, World
    from bot.workflows.planning import Planned


@dataclass(frozen=True)
class Promotion:
    """What `promote` or `gate` did: `already`, `refused`, `planned`, `opened` or `unchanged`."""

    outcome: str
    planned: Planned | None = None
    judgement: Judgement | None = None
    pull: PullRequest | None = None
    line: str | None = None  # of break-glass: what two people write in their approval


def promote(
    world: World, source: str, target: str, wish: Wish = WHOLE, *, break_glass: str | None = None, dry_run: bool = False
) -> Promotion:
    """Opens or keeps the pull request of a promotion, unless the gate refuses; a lost race is planned anew.

    With break_glass, a reason, also one that the gate refuses: it is merged only when two people take it upon themselves.
    """
    reason = evened(break_glass)

    def action() -> Promotion:
        return _promote(world, source, target, wish, break_glass=reason, dry_run=dry_run)

    return anew(world, action, saying="somebody else was faster; planning anew")


def gate(world: World, source: str, target: str) -> Promotion:
    """Judges what promoting now would do, and where that is nothing, what both environments run; writes nothing."""
    world.progress.say("reading main")
    planned = plan(world, source, target)
    if not isinstance(planned, Nothing):
        return _judge(world, planned)
    world.progress.say(f"nothing to promote; judging {source} and {target} as they are")
    return Promotion("already", judgement=judge_planned(world, planned))


def _judge(world: World, planned: Planned) -> Promotion:
    world.progress.say(f"judging {planned.source.name} and {planned.target.name}")
    judgement = judge_planned(world, planned)
    outcome = "refused" if judgement.verdict in {Verdict.FAIL, Verdict.UNKNOWN} else "planned"
    return Promotion(outcome, planned, judgement)


def _promote(world: World, source: str, target: str, wish: Wish, *, break_glass: str | None, dry_run: bool) -> Promotion:
    world.progress.say("reading main")
    planned = plan(world, source, target, wish)
    if isinstance(planned, Nothing):
        return Promotion("already")
    seen = _judge(world, planned)
    if dry_run or seen.planned is None or seen.judgement is None or (seen.outcome == "refused" and break_glass is None):
        return seen
    if break_glass is not None:
        refuse_unfit(seen.judgement)
    proposal = seen.planned.proposal
    _refuse_wider(world, seen.planned)
    world.progress.say(f"writing branch {proposal.branch}")
    pushed = push(world, proposal, seen.planned.commit)
    found = ensure_pull(world, proposal, (PROMOTION_LABEL,))
    pull = world.forge.pull(found.number)
    _close_narrower(world, pull)
    line = None if break_glass is None else ask(world, pull, break_glass)
    publish(world, pull, seen.judgement, head=seen.planned.commit, targets=(seen.planned.target,))
    return Promotion("opened" if pushed else "unchanged", seen.planned, seen.judgement, pull, line)


def _refuse_wider(world: World, planned: Planned) -> None:
    """A promotion that is open and overlaps without being contained holds one of these apps already."""
    others = {other.branch: other for other in world.forge.open_pulls()}
    branch = overlapping_branch(planned.proposal.branch, others)
    if branch is not None:
        hint = f"merge or close #{others[branch].number} first, or promote without naming apps to replace it"
        raise BotError(f"#{others[branch].number} already promotes some of {', '.join(planned.plan.apps)} to {planned.target.name}", hint)


def _close_narrower(world: World, pull: PullRequest) -> None:
    """At most one promotion is open per target and app: this one replaces those that it contains."""
    others = {other.branch: other for other in world.forge.open_pulls()}
    for branch in contained_branches(pull.branch, others):
        marker = f"<!-- bot: replaced by {pull.number} -->"
        world.forge.write_comment(others[branch].number, marker, f"{marker}\nReplaced by #{pull.number}, which contains it.")
        world.forge.close_pull(others[branch].number)
