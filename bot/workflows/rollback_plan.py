"""Deciding a rollback: which trees come back, whether they render, what would be lost; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot import urgent_messages
from bot.freezes import freeze_id
from bot.holds import hold_path, hold_text
from bot.model import BotError, Freeze, Origin
from bot.ports import FOLDER, Entry
from bot.promotion import next_record
from bot.releases import record_text
from bot.rollback import branch_of, choose_run, held, is_rolled_back, quarantine, refuse_following_main
from bot.workflows.changes import Changes, Proposal
from bot.workflows.observe import runs_at
from bot.workflows.rollback_render import fence, rendered
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.model import Environment, Hold, Release
    from bot.ports import Objects, Renderer
    from bot.runs import Run
    from bot.workflows.stack import Stack


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    environment: str
    apps: tuple[str, ...]
    reason: str
    to: str | None = None
    include_stateful: bool = False
    freeze: bool = False  # the apps take no promotion afterwards until somebody lifts that


@dataclass(frozen=True)
class Move:
    """One app's way back."""

    bad: Release
    good: Release
    hold: Hold | None  # None: nothing is left behind that could be quarantined
    run_commit: str  # that last brought the good tree
    warning: str | None = None


@dataclass(frozen=True)
class Prepared:
    """A rollback that is decided and renders; nothing is written."""

    environment: Environment
    moves: tuple[Move, ...]
    proposal: Proposal
    diff: str
    notes: tuple[str, ...]


def prepare(
    objects: Objects,
    renderer: Renderer,
    main: str,
    request: Request,
    *,
    verified: Callable[[str], bool],
    who: str,
    when: str,
) -> Prepared | None:
    """Decides the way back of each app and proves that it renders; None when all are rolled back already."""
    stack = read_stack(objects, main)
    environment = stack.environment(request.environment)
    refuse_following_main(environment)
    found = [_move(objects, stack, environment, app, request=request, verified=verified, who=who, when=when) for app in request.apps]
    moves = tuple(move for move in found if move)
    if not moves:
        return None
    holds: list[Hold | Freeze] = [move.hold for move in moves if move.hold]
    if request.freeze:
        apps = tuple(sorted(move.bad.app for move in moves))
        holds.append(Freeze(freeze_id(apps, None, request.reason), environment.name, apps, None, who, when, request.reason))
    changes = _placement(environment, moves, holds)
    changes, after, diff, notes = rendered(objects, renderer, stack, environment, moves=moves, changes=changes)
    fence(objects, renderer, after, environment, moves=moves, allowed=request.include_stateful)
    notes += tuple(move.warning for move in moves if move.warning)
    pairs = [(move.bad, move.good) for move in moves]
    subject = urgent_messages.rollback_subject(environment.name, pairs)
    body = urgent_messages.rollback_body(environment.name, [move.hold for move in moves if move.hold], notes, request.reason)
    proposal = Proposal(
        branch=branch_of(environment.name, [(m.bad.app, m.bad.tree, m.good.tree) for m in moves]),
        main=main,
        changes=changes,
        message=f"{subject}\n\n{body}",
        title=subject,
        body=body,
        allowed=tuple(changes),
        holds=tuple(hold_path(hold) for hold in holds),
    )
    return Prepared(environment, moves, proposal, diff, notes)


def _move(
    objects: Objects,
    stack: Stack,
    environment: Environment,
    app: str,
    *,
    request: Request,
    verified: Callable[[str], bool],
    who: str,
    when: str,
) -> Move | None:
    bad = stack.release(environment.name, app)
    if request.to is None and is_rolled_back(bad):
        return None
    runs = runs_at(objects, stack.commit, environment.release_path(app))
    if request.to is None:
        runs = _without_quarantined(objects, stack, environment, app, runs=runs)
    choice = choose_run(app, runs, holds=stack.readable_holds, verified=verified, wanted=request.to)
    if choice is None:
        return None
    good = read_stack(objects, choice.run.commit).release(environment.name, app)
    if hold := held(good, stack.readable_holds):
        lift = f"bot unquarantine {hold.environment} {hold.id} --reason …"
        raise BotError(f"{app} {good.version} is quarantined: {hold.why}", f"lift it with `{lift}`")
    stopped = quarantine(bad, good, environment=environment.name, who=who, when=when, why=request.reason) if bad.tree else None
    return Move(bad, good, stopped, choice.run.commit, choice.warning)


def _without_quarantined(objects: Objects, stack: Stack, environment: Environment, app: str, *, runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """The present run, and the earlier ones that no hold stops, by their tree or by an image."""
    earlier = {run: read_stack(objects, run.commit).releases.get(environment.name, {}).get(app) for run in runs[1:] if run.tree}
    return (*runs[:1], *(run for run, release in earlier.items() if release and not held(release, stack.readable_holds)))


def _placement(environment: Environment, moves: tuple[Move, ...], holds: Iterable[Hold | Freeze]) -> Changes:
    changes: Changes = {hold_path(hold): hold_text(hold) for hold in holds}
    for move in moves:
        path = environment.release_path(move.bad.app)
        record = next_record(move.good, move.bad, Origin("rollback", move.run_commit))
        changes[path] = Entry(path, FOLDER, move.good.tree)
        changes[environment.record_path(move.bad.app)] = record_text(record)
    return changes
