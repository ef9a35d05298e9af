"""Judging recorded evidence again, under the policy of the files as they are: so that a change of policy can be tried on history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.gate import judge
from bot.gate.evidence import find_evidence
from bot.gate.recording import HINT, unpack
from bot.model import BotError
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from bot.observations import EnvironmentSeen, Judgement
    from bot.ports import Objects
    from bot.workflows.stack import Stack


@dataclass(frozen=True)
class Replay:
    """What was judged then, and what is judged of the same observations today."""

    then: Judgement
    now: Judgement


def replay(objects: Objects, commit: str, text: str) -> Replay:
    """Takes the moment and all observations from the evidence, and each environment's policy from a commit."""
    then = find_evidence(text)
    if then is None:
        raise BotError("this file holds no evidence of the gate", HINT)
    if not isinstance(then.observed, str):  # evidence holds it packed
        raise BotError("this evidence holds no observations", "only promotions record them, and only where they fit into a comment")
    seen, stack = unpack(then.observed), read_stack(objects, commit)
    source = None if seen.source is None else _today(stack, seen.source)
    return Replay(then, judge(replace(seen, source=source, target=_today(stack, seen.target)), now=then.at))


def _today(stack: Stack, seen: EnvironmentSeen) -> EnvironmentSeen:
    """The environment as it was seen, with today's policy; BotError when there is no such environment any more."""
    policy = stack.environment(seen.environment.name).policy
    return replace(seen, environment=replace(seen.environment, policy=policy))
