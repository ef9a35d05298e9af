"""Judging a planned promotion, and writing the verdict where it belongs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import messages
from bot.gate import judge
from bot.gate.evidence import digest, find_evidence, reasons_key, to_json
from bot.model import MovedRefError, Verdict
from bot.observations import Judgement, Observations
from bot.workflows.observe import see_application, see_sync_window
from bot.workflows.seeing import Question, see_environments
from bot.workflows.statuses import set_gate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Environment
    from bot.ports import PullRequest, World
    from bot.workflows.planning import Nothing, Planned

EVIDENCE_LIFE = timedelta(hours=1)
STATES = {
    Verdict.PASS: "success",
    Verdict.HOLD: "pending",
    Verdict.UNKNOWN: "error",
    Verdict.FAIL: "failure",
}


def judge_planned(world: World, planned: Planned | Nothing) -> Judgement:
    """Observes source and target and judges; the law is the target's, read from main. Nothing to promote: as the source runs now."""
    policy = planned.target.policy
    commit = planned.stack.commit
    source = Question(planned.source, "source", commit, planned.releases, lambda: planned.application, policy, sync_window=None)
    current = tuple(planned.stack.releases[planned.target.name].values())
    target = Question(
        planned.target,
        "target",
        commit,
        current,
        lambda: see_application(world, planned.target),
        policy,
        sync_window=lambda: see_sync_window(world, planned.target),
    )
    seen_source, seen_target = see_environments(world, [source, target])
    stack = planned.stack
    observations = Observations(
        *(seen_source, seen_target, stack.holds, stack.freezes, planned.fixes),
        problems=planned.problems,
        coming_images=planned.images,
        readable_holds=stack.readable_holds,
    )
    return replace(judge(observations, now=world.now()), observed=observations)


def publish(world: World, pull: PullRequest, judgement: Judgement, *, head: str, targets: Iterable[Environment]) -> None:
    """Writes evidence and status on the head that was judged: the comment when it is news, the status when it changed."""
    if pull.head != head:
        raise MovedRefError(f"pull request {pull.number} moved while it was judged", "run the command again")
    write_news(world, pull, judgement)
    set_gate(world, head, state=resting_state(targets, judgement), description=messages.status_description(judgement))


def write_news(world: World, pull: PullRequest, judgement: Judgement) -> None:
    """Writes the evidence on a pull request when it is news."""
    if _is_news(world, pull, judgement):
        write_evidence(world, pull, judgement)


def write_evidence(world: World, pull: PullRequest, judgement: Judgement) -> str:
    """Writes the evidence on a pull request; answers its digest."""
    text = to_json(judgement)
    found = digest(text)
    world.forge.write_comment(pull.number, messages.EVIDENCE_MARKER, messages.evidence_comment(judgement, text, found))
    return found


def resting_state(targets: Iterable[Environment], judgement: Judgement) -> str:
    """Where the bot merges, the status rests at pending until it does; else it is the verdict."""
    return "pending" if any(target.merge == "bot" for target in targets) else STATES[judgement.verdict]


def _is_news(world: World, pull: PullRequest, judgement: Judgement) -> bool:
    comment = world.forge.sticky_comment(pull.number, messages.EVIDENCE_MARKER)
    before = find_evidence(comment) if comment else None
    if before is None or reasons_key(before) != reasons_key(judgement):
        return True
    return judgement.at - before.at > EVIDENCE_LIFE
