"""Freeze: from now on an environment takes no promotion, until a time or until somebody lifts it; rollbacks pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from bot import urgent_messages
from bot.freezes import freeze_id
from bot.holds import hold_path, hold_text
from bot.model import BotError, Freeze
from bot.workflows.at_once import merge_at_once
from bot.workflows.changes import Proposal, anew
from bot.workflows.lift import HOLD_LABEL
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from datetime import datetime

    from bot.ports import PullRequest, World


@dataclass(frozen=True)
class Freezing:
    """What `freeze` did: `already`, `planned` or `merged`."""

    outcome: str
    hold: Freeze
    pull: PullRequest | None = None
    commit: str | None = None


def freeze(
    world: World, environment: str, apps: tuple[str, ...] = (), *, reason: str, until: datetime | None = None, dry_run: bool = False
) -> Freezing:
    """Puts the hold on main through a pull request merged at once; the same freeze again writes nothing."""
    return anew(world, lambda: _freeze(world, environment, apps, reason=reason, until=until, dry_run=dry_run))


def _freeze(world: World, name: str, apps: tuple[str, ...], *, reason: str, until: datetime | None, dry_run: bool) -> Freezing:
    stack = read_stack(world.origin, world.origin.fetch_main())
    environment = stack.environment(name)
    if environment.promotes_from is None:
        raise BotError(f"{name} cannot be frozen: it follows main", "protect main, or merge nothing into it", usage=True)
    for app in apps:
        stack.release(name, app)
    if until is not None and until <= world.now():
        raise BotError(f"--until {until.isoformat()} is over", "name a time to come", usage=True)
    end = None if until is None else f"{until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    named = tuple(sorted(set(apps)))
    who = world.author.split("<", 1)[0].strip()
    hold = Freeze(freeze_id(named, end, reason), name, named, end, who, f"{world.now():%Y-%m-%dT%H:%M:%SZ}", reason)
    known = next((each for each in stack.freezes if (each.environment, each.id) == (name, hold.id)), None)
    if known:
        return Freezing("already", known)
    proposal = _proposal(stack.commit, hold)
    if dry_run:
        return Freezing("planned", hold)
    pull, commit = merge_at_once(world, environment, proposal, label=HOLD_LABEL, description="freeze: it only keeps promotions waiting")
    return Freezing("merged", hold, pull, commit)


def _proposal(main: str, hold: Freeze) -> Proposal:
    subject, body, path = urgent_messages.freeze_subject(hold), urgent_messages.freeze_body(hold), hold_path(hold)
    return Proposal(
        branch=f"freeze.{hold.environment}.{hold.id}",
        main=main,
        changes={path: hold_text(hold)},
        message=f"{subject}\n\n{body}",
        title=subject,
        body=body,
        allowed=(path,),
        holds=(path,),
    )
