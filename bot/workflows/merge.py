"""Gate of a pull request, and the merge that rests on a fresh judgement alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import messages
from bot.model import BotError, MovedRefError, Verdict
from bot.observations import BrokenGlass
from bot.workflows.approvals import awaited, missing_approval
from bot.workflows.break_glass import ask, consent, evened, refuse_unfit
from bot.workflows.cases import judge_case
from bot.workflows.changes import anew
from bot.workflows.judging import publish, resting_state, write_evidence
from bot.workflows.landing import check_landed
from bot.workflows.statuses import merge_green

if TYPE_CHECKING:
    from bot.observations import Judgement
    from bot.ports import PullRequest, World
    from bot.workflows.approvals import Missing
    from bot.workflows.cases import Case

POLL = timedelta(seconds=5)


@dataclass(frozen=True)
class Merge:
    """What `merge` or `gate --pr` did: `merged`, `already`, `refused`, `waiting` (for people) or `judged`."""

    outcome: str
    pull: PullRequest
    judgement: Judgement | None = None
    commit: str | None = None
    case: Case | None = None
    missing: str | None = None  # what people must do first
    broken: BrokenGlass | None = None  # the gate's refusal was, or would be, overridden


def judge_pull(world: World, number: int, *, dry_run: bool = False) -> Merge:
    """Judges what a pull request would land, by its kind, and writes evidence and status on it."""
    pull = world.forge.pull(number)
    if not pull.is_open:
        return Merge("already", pull, commit=pull.merge_commit)
    case = judge_case(world, pull)
    if not dry_run:
        publish(world, pull, case.judgement, head=pull.head, targets=case.targets)
    return Merge("judged", pull, case.judgement, case=case)


def merge(
    world: World,
    number: int,
    *,
    wait: bool = False,
    break_glass: str | None = None,
    dry_run: bool = False,
    deadline: timedelta = timedelta(hours=4),
) -> Merge:
    """Merges an approved pull request that passes now; with wait, as soon as it is both, within the deadline.

    With break_glass, a reason, also one that does not pass, when two people take it upon themselves.
    A dry run is `judged`: what is missing, or that nothing is, and nothing is written.
    """
    reason = evened(break_glass)
    end = world.now() + deadline
    while True:
        done = anew(world, lambda: _merge(world, number, reason, dry_run=dry_run), saying="main moved while this was judged; judging anew")
        hopeless = done.judgement is None or (done.judgement.verdict is Verdict.FAIL and reason is None)
        if done.outcome in {"merged", "already", "judged"} or hopeless or not wait or world.now() >= end:
            return done
        world.progress.say(done.missing or messages.status_description(done.judgement) if done.judgement else "waiting")
        world.sleep(min([POLL, *(target.policy.interval for target in (done.case.targets if done.case else ()))]))


def _merge(world: World, number: int, reason: str | None, *, dry_run: bool) -> Merge:
    judged = judge_pull(world, number, dry_run=dry_run)
    if judged.case is None or judged.judgement is None:
        return _ended(judged)
    passed, broken = judged.judgement.verdict is Verdict.PASS, None
    missing = [missing_approval(world, judged.pull, judged.case.targets)]
    if not passed and reason is None:
        missing.append(None if missing[0] else awaited(judged.pull, judged.judgement))
    elif not passed and reason is not None:
        broken, more = _break_glass(world, judged.pull, judged.case, judged.judgement, reason=reason, dry_run=dry_run)
        missing = [more] if more and missing[0] and set(more.people) == set(missing[0].people) else [*missing, more]  # asks once
    lacks = [each for each in missing if each]
    found = replace(judged, missing="; ".join(each.text for each in lacks) or None, broken=None if lacks else broken)
    if dry_run:
        return found
    if lacks:
        if people := dict.fromkeys(person for each in lacks for person in each.people):
            world.forge.request_reviews(number, people)
        return replace(found, outcome="waiting")
    if not passed and broken is None:
        return replace(found, outcome="refused")
    return _land(world, judged, judged.case, judged.judgement, broken)


def _break_glass(
    world: World, pull: PullRequest, case: Case, judgement: Judgement, *, reason: str, dry_run: bool
) -> tuple[BrokenGlass, Missing | None]:
    """Who overrides the gate, and what is missing for it."""
    refuse_unfit(judgement)
    if not dry_run:
        ask(world, pull, reason)
    people, missing = consent(world, pull, case.targets or case.stack.environments.values(), reason)
    return BrokenGlass(reason, people), missing


def _ended(judged: Merge) -> Merge:
    if judged.commit is None:
        raise BotError(f"pull request {judged.pull.number} was closed without a merge", "run `bot promote` again")
    return judged


def _land(world: World, judged: Merge, case: Case, judgement: Judgement, broken: BrokenGlass | None) -> Merge:
    """Merges the judged head while main is the judged base, and looks at what landed."""
    if world.origin.fetch_main() != case.stack.commit:
        raise MovedRefError("main moved while this was judged", "nothing was merged; run this again")
    evidence = write_evidence(world, judged.pull, judgement)  # which main's commit names
    commit = merge_green(
        world,
        judged.pull,
        judged.pull.head,
        message=messages.merge_message(evidence, judgement, broken=broken),
        description=messages.status_description(judgement, broken=broken),
        resting=resting_state(case.targets, judgement),
    )
    for target in case.targets:
        check_landed(world, target, commit, case.landing)
    return replace(judged, outcome="merged", commit=commit, broken=broken)
