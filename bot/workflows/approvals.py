"""Who approved a pull request: only reviews of its very head count, and never its author's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Environment
    from bot.ports import PullRequest, World


def missing_approval(world: World, pull: PullRequest, targets: Iterable[Environment]) -> str | None:
    """Asks for an approval of this very head where the bot merges and there is none; what is missing, in words."""
    return next((missing for target in targets if target.merge == "bot" and (missing := _missing(world, pull, target))), None)


def _missing(world: World, pull: PullRequest, target: Environment) -> str | None:
    if not target.approvers:
        return f"people.approve of {target.folder}/environment.yaml names nobody who may approve"
    allowed = may_approve(world, [target])
    reviews = [review for review in world.forge.reviews(pull.number) if review.login in allowed]
    refusing = [review.login for review in reviews if review.state == "CHANGES_REQUESTED"]
    if refusing:
        return f"{', '.join(refusing)} asked for changes"
    if any(review.state == "APPROVED" and review.commit == pull.head for review in reviews):
        return None
    world.forge.request_reviews(pull.number, target.approvers)
    return f"it needs an approval of {pull.head[:12]} by {' or '.join(target.approvers)}"


def second_person(world: World, pull: PullRequest | None, head: str, environments: Iterable[Environment]) -> str | None:
    """Who, other than its author and us, approved this head: one of those who may. Where environments name nobody, nobody may."""
    if pull is None:
        return None
    allowed = may_approve(world, environments)
    ours = {pull.author, world.forge.login()}
    approving = (review for review in world.forge.reviews(pull.number) if review.state == "APPROVED" and review.commit == head)
    return next((review.login for review in approving if review.login in allowed - ours), None)


def may_approve(world: World, environments: Iterable[Environment]) -> frozenset[str]:
    """The logins of those who may approve what reaches these environments."""
    teams = {team for environment in environments for team in environment.approvers}
    return frozenset(login for team in teams for login in world.forge.members(team))
