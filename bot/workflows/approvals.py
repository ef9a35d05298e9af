"""Who approved a pull request: only reviews of its very head count, and never its author's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Environment
    from bot.observations import Judgement
    from bot.ports import PullRequest, World

AWAITS = "awaits"  # of a finding's facts: who must approve first


@dataclass(frozen=True)
class Missing:
    """What people must do first, in words, and whom to ask for it."""

    text: str
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class SecondPerson:
    """Those of whom one who did not write it must approve, and who did."""

    among: tuple[str, ...]
    approved: str | None


def missing_approval(world: World, pull: PullRequest, targets: Iterable[Environment]) -> Missing | None:
    """What is missing where the bot merges: an approval of this very head, and nobody who asks for changes."""
    return next((missing for target in targets if target.merge == "bot" and (missing := _missing(world, pull, target))), None)


def _missing(world: World, pull: PullRequest, target: Environment) -> Missing | None:
    if not target.approvers:
        return nobody_may([target])
    allowed = may_approve(world, [target])
    reviews = [review for review in world.forge.reviews(pull.number) if review.login in allowed]
    refusing = [review.login for review in reviews if review.state == "CHANGES_REQUESTED"]
    if refusing:
        return Missing(f"{', '.join(refusing)} asked for changes")
    if any(review.state == "APPROVED" and review.commit == pull.head for review in reviews):
        return None
    return _approval_by(pull, target.approvers)


def awaited(pull: PullRequest, judgement: Judgement) -> Missing | None:
    """The approval that a judgement waits for, where it waits for nothing else."""
    people = [finding.facts.get(AWAITS, "") for finding in judgement.reasons]
    return _approval_by(pull, tuple(dict.fromkeys(", ".join(people).split(", ")))) if people and all(people) else None


def _approval_by(pull: PullRequest, people: tuple[str, ...]) -> Missing:
    return Missing(f"it needs an approval of {pull.head[:12]} by {' or '.join(people)}", people)


def nobody_may(targets: Iterable[Environment]) -> Missing:
    """Says where to name those who may approve."""
    return Missing(f"people.approve of {', '.join(f'{each.folder}/environment.yaml' for each in targets)} names nobody who may approve")


def second_person(world: World, pull: PullRequest | None, head: str, environments: Iterable[Environment]) -> SecondPerson:
    """Who, other than its author and us, approved this head: one of those who may. Where environments name nobody, nobody may."""
    environments = tuple(environments)
    among = approvers(environments)
    if pull is None:
        return SecondPerson(among, None)
    allowed = may_approve(world, environments) - {pull.author, world.forge.login()}
    approving = (review for review in world.forge.reviews(pull.number) if review.state == "APPROVED" and review.commit == head)
    return SecondPerson(among, next((review.login for review in approving if review.login in allowed), None))


def approvers(environments: Iterable[Environment]) -> tuple[str, ...]:
    """The teams and people that environments name."""
    return tuple(sorted({each for environment in environments for each in environment.approvers}))


def may_approve(world: World, environments: Iterable[Environment]) -> frozenset[str]:
    """The logins of those who may approve what reaches these environments."""
    return frozenset(login for team in approvers(environments) for login in world.forge.members(team))
