"""Break-glass: what the gate refuses is merged nevertheless, when two people say so on the forge, neither of them its author."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot import urgent_messages
from bot.gate.evidence import digest
from bot.model import BotError
from bot.workflows.approvals import Missing, approvers, may_approve, nobody_may

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Environment
    from bot.observations import Judgement
    from bot.ports import PullRequest, Review, World

WORD = "break-glass"  # also the label
PEOPLE = 2
LINE = re.compile(f"{WORD} [0-9a-f]{{8}}")
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


def evened(reason: str | None) -> str | None:
    """A reason with its white space evened out: however it is typed, it asks for the same line."""
    return None if reason is None else " ".join(reason.split())


def ask(world: World, pull: PullRequest, reason: str) -> str:
    """Says on the pull request what two people are asked to take upon themselves; answers the line that they write."""
    line = consent_line(pull, reason)
    world.forge.add_labels(pull.number, [WORD])
    world.forge.write_comment(pull.number, MARKER, f"{MARKER}\n{urgent_messages.break_glass(reason, line)}")
    return line


def consent_line(pull: PullRequest, reason: str) -> str:
    """What each of them writes, on a line of its own: it stands for this reason and this head alone."""
    return f"{WORD} {digest(f'{pull.head} {reason}')[:8]}"


def consent(world: World, pull: PullRequest, targets: Iterable[Environment], reason: str) -> tuple[tuple[str, ...], Missing | None]:
    """Who takes it upon themselves, and what is missing while those are not two.

    Those count who may approve and did not write it, whose approval of this very head says the line.
    """
    targets = tuple(targets)
    line = consent_line(pull, reason)
    reviews = world.forge.reviews(pull.number)
    may = may_approve(world, targets)
    doubts = {review: _doubt(review, pull, may=may - {world.forge.login()}) for review in reviews if line in _lines(review)}
    people = tuple(sorted(review.login for review, doubt in doubts.items() if doubt is None))
    if len(people) >= PEOPLE:
        return people, None
    among = approvers(targets)
    if not among:
        return people, nobody_may(targets)
    others = [review for review in reviews if review.login not in people]
    lost = [f"the line of {each.login} does not count: {doubts[each]}" for each in others if each in doubts]
    stale = [f"{each.login} wrote a line for another reason or head" for each in others if each not in doubts and _lines(each)]
    so_far = f"so far: {', '.join(people)}" if people else "nobody did so far"
    asked = f"{WORD} needs {PEOPLE} people of {', '.join(among)} who approve {pull.head[:12]}, each with the line `{line}` in that review"
    return people, Missing("; ".join([f"{asked} ({so_far})", *dict.fromkeys([*lost, *stale])]), among)


def _doubt(review: Review, pull: PullRequest, *, may: frozenset[str]) -> str | None:
    """Why the right line stands for nothing."""
    if review.login == pull.author:
        return "it is the author's"
    if review.login not in may:
        return "people.approve does not name them"
    if review.state != "APPROVED" or review.commit != pull.head:
        return "it is in no approval of this head"
    return None


def _lines(review: Review) -> set[str]:
    """The lines of a review that ask for break-glass, for whatever reason and head."""
    written = (each.strip().strip("`").lower() for each in review.body.splitlines())
    return {each for each in written if LINE.fullmatch(each)}
