"""Break-glass: what the gate refuses is merged nevertheless, when two people say so on the forge, neither of them its author."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import urgent_messages
from bot.gate.evidence import digest
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
    "hold-unreadable": "mend the hold: nobody knows what it stops",
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
    world.forge.write_comment(pull.number, MARKER, f"{MARKER}\n{urgent_messages.break_glass(reason, consent_line(pull, reason))}")


def consent_line(pull: PullRequest, reason: str) -> str:
    """What each of them writes, on a line of its own: it stands for this reason and this head alone."""
    return f"{WORD} {digest(f'{pull.head} {reason}')[:8]}"


def consenting(world: World, pull: PullRequest, targets: Iterable[Environment], reason: str) -> tuple[str, ...]:
    """Who takes it upon themselves: those who may approve and did not write it, whose approval of this very head says the line."""
    allowed = may_approve(world, targets) - {pull.author, world.forge.login()}
    line = consent_line(pull, reason)
    return tuple(
        sorted(
            review.login
            for review in world.forge.reviews(pull.number)
            if review.state == "APPROVED" and review.commit == pull.head and review.login in allowed and _says(review.body, line)
        )
    )


def _says(body: str, line: str) -> bool:
    return any(each.strip().strip("`").lower() == line for each in body.splitlines())


def missing_consent(world: World, pull: PullRequest, targets: Iterable[Environment], *, people: tuple[str, ...], reason: str) -> str | None:
    """Asks for those who are missing, and says what they must write; None when there are two."""
    if len(people) >= PEOPLE:
        return None
    approvers = sorted({each for target in targets for each in target.approvers})
    world.forge.request_reviews(pull.number, approvers)
    so_far = f"so far: {', '.join(people)}" if people else "nobody did so far"
    line = consent_line(pull, reason)
    return f"{WORD} needs {PEOPLE} people who approve {pull.head[:12]}, each with the line `{line}` in the review ({so_far})"
