"""Gate of a pull request, and the merge that rests on a fresh judgement alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import messages
from bot.gate.evidence import digest, to_json
from bot.model import BotError, MovedRefError, Verdict
from bot.workflows.changes import anew
from bot.workflows.judging import judge_planned, publish, resting_state
from bot.workflows.landing import check_landed
from bot.workflows.pulls import planned_of
from bot.workflows.statuses import merge_green

if TYPE_CHECKING:
    from bot.model import Environment
    from bot.observations import Judgement
    from bot.ports import PullRequest, World
    from bot.workflows.planning import Planned

POLL = timedelta(seconds=5)


@dataclass(frozen=True)
class Merge:
    """What `merge` or `gate --pr` did: `merged`, `already`, `refused`, `waiting` (for people) or `judged`."""

    outcome: str
    pull: PullRequest
    judgement: Judgement | None = None
    commit: str | None = None
    planned: Planned | None = None
    missing: str | None = None  # what people must do first


def judge_pull(world: World, number: int, *, dry_run: bool = False) -> Merge:
    """Judges what a pull request would land, and writes evidence and status on it."""
    pull = world.forge.pull(number)
    if not pull.is_open:
        return Merge("already", pull, commit=pull.merge_commit)
    planned = planned_of(world, pull)
    judgement = judge_planned(world, planned)
    if not dry_run:
        publish(world, pull, judgement, planned=planned)
    return Merge("judged", pull, judgement, planned=planned)


def merge(world: World, number: int, *, wait: bool = False, deadline: timedelta = timedelta(hours=4)) -> Merge:
    """Merges an approved promotion that passes now; with wait, as soon as it is both, within the deadline."""
    end = world.now() + deadline
    while True:
        done = anew(world, lambda: _merge(world, number), saying="main moved while this was judged; judging anew")
        retry = done.judgement is not None and done.judgement.verdict is not Verdict.FAIL
        if done.outcome in {"merged", "already"} or not (wait and retry) or world.now() >= end:
            return done
        world.progress.say(done.missing or messages.status_description(done.judgement) if done.judgement else "waiting")
        world.sleep(min(POLL, done.planned.target.policy.interval) if done.planned else POLL)


def _merge(world: World, number: int) -> Merge:
    judged = judge_pull(world, number)
    if judged.planned is None or judged.judgement is None:
        return _ended(judged)
    missing = _missing_approval(world, judged.pull, judged.planned.target)
    if missing:
        return Merge("waiting", judged.pull, judged.judgement, planned=judged.planned, missing=missing)
    if judged.judgement.verdict is not Verdict.PASS:
        return Merge("refused", judged.pull, judged.judgement, planned=judged.planned)
    return _land(world, judged, judged.planned, judged.judgement)


def _ended(judged: Merge) -> Merge:
    if judged.commit is None:
        raise BotError(f"pull request {judged.pull.number} was closed without a merge", "run `bot promote` again")
    return judged


def _missing_approval(world: World, pull: PullRequest, target: Environment) -> str | None:
    """Asks for an approval of this very head where the bot merges and there is none."""
    if target.merge != "bot":
        return None
    if not target.approvers:
        return f"people.approve of {target.folder}/environment.yaml names nobody who may approve"
    allowed = {login for team in target.approvers for login in world.forge.members(team)}
    reviews = [review for review in world.forge.reviews(pull.number) if review.login in allowed]
    refusing = [review.login for review in reviews if review.state == "CHANGES_REQUESTED"]
    if refusing:
        return f"{', '.join(refusing)} asked for changes"
    if any(review.state == "APPROVED" and review.commit == pull.head for review in reviews):
        return None
    world.forge.request_reviews(pull.number, target.approvers)
    return f"it needs an approval of {pull.head[:12]} by {' or '.join(target.approvers)}"


def _land(world: World, judged: Merge, planned: Planned, judgement: Judgement) -> Merge:
    """Merges the judged head while main is the judged base, and looks at what landed."""
    if world.origin.fetch_main() != planned.stack.commit:
        raise MovedRefError("main moved while this was judged", "nothing was merged; run this again")
    commit = merge_green(
        world,
        judged.pull,
        planned.commit,
        message=messages.merge_message(digest(to_json(judgement)), judgement),
        description=messages.status_description(judgement),
        resting=resting_state(planned.target, judgement),
    )
    check_landed(world, planned.target, commit, planned.landing)
    return Merge("merged", judged.pull, judgement, commit, planned)
