"""Break-glass: what the gate refuses is merged nevertheless, by two people, each in their own words on the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import urgent_messages
from bot.model import BotError
from bot.workflows.approvals import may_approve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Environment
    from bot.observations import Judgement
    from bot.ports import PullRequest, World

WORD = "break-glass"  # also the label
PEOPLE = 2
MARKER = "<!-- bot: break-glass -->"
UNFIT = {  # no haste makes these work; each has its own way out
    "conflict": "make it anew",
    "environment-contents": "mend what is named",
    "image-not-released": "mend the overlay",
    "overlay-does-not-fit": "mend the overlay",
    "release-contents": "mend the release in apps/",
    "release-not-recorded": "restore the release, or its record",
    "release-quarantined": "lift it with `bot unquarantine` if that is over",
    "rollback-loses-data": "restore from a backup",
}


def refuse_unfit(judgement: Judgement) -> None:
    """Overrides judgements, not what cannot work: a BotError for the first such finding."""
    for finding in judgement.reasons:
        if finding.code in UNFIT:
            raise BotError(f"break-glass does not help: {finding.subject}: {finding.summary}", UNFIT[finding.code])


def ask(world: World, pull: PullRequest, reason: str) -> None:
    """Says on the pull request what two people are asked to take upon themselves."""
    world.forge.add_labels(pull.number, [WORD])
    world.forge.write_comment(pull.number, MARKER, f"{MARKER}\n{urgent_messages.break_glass(reason, WORD)}")


def consenting(world: World, pull: PullRequest, targets: Iterable[Environment]) -> tuple[str, ...]:
    """Who takes it upon themselves: a human author, and those who may approve whose approval of this very head says the word."""
    allowed = may_approve(world, targets)
    said = {
        review.login
        for review in world.forge.reviews(pull.number)
        if review.state == "APPROVED" and review.commit == pull.head and review.login in allowed and WORD in review.body.lower()
    }
    return tuple(sorted((said | {pull.author}) - {world.forge.login()})) if said else ()


def missing_consent(world: World, pull: PullRequest, targets: Iterable[Environment], people: tuple[str, ...]) -> str | None:
    """Asks for the second person, and says what is missing; None when there are two."""
    if len(people) >= PEOPLE:
        return None
    approvers = sorted({each for target in targets for each in target.approvers})
    world.forge.request_reviews(pull.number, approvers)
    so_far = f"so far: {', '.join(people)}" if people else "nobody did so far"
    return f"{WORD} needs {PEOPLE} people, each approving {pull.head[:12]} with the word {WORD} in their review ({so_far})"
