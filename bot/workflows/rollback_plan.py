"""Deciding a rollback: which trees come back, whether they render, what would be lost; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot import messages
from bot.model import BotError, Origin, RenderError
from bot.objects_diff import diff_objects, lasting_risks, stateful
from bot.ports import FOLDER, Entry
from bot.promotion import next_record
from bot.releases import hold_text, record_text
from bot.rollback import branch_of, choose_run, hold_path, is_rolled_back, quarantine, refuse_following_main
from bot.workflows.changes import Changes, Proposal
from bot.workflows.observe import runs_at, tree_of
from bot.workflows.rendering import render_at
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model import Environment, Hold, Release
    from bot.ports import Objects, Renderer
    from bot.workflows.stack import Stack


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    environment: str
    apps: tuple[str, ...]
    reason: str
    to: str | None = None
    include_stateful: bool = False


@dataclass(frozen=True)
class Move:
    """One app's way back."""

    bad: Release
    good: Release
    hold: Hold
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
    changes = _placement(environment, moves)
    changes, diff, notes = _rendered(objects, renderer, stack, environment, moves=moves, changes=changes)
    _fence(objects, renderer, stack, environment, moves=moves, allowed=request.include_stateful)
    notes += tuple(move.warning for move in moves if move.warning)
    pairs = [(move.bad, move.good) for move in moves]
    subject = messages.rollback_subject(environment.name, pairs)
    body = messages.rollback_body(environment.name, [move.hold for move in moves], notes, request.reason)
    proposal = Proposal(
        branch=branch_of(environment.name, [(m.bad.app, m.bad.tree, m.good.tree) for m in moves]),
        main=main,
        changes=changes,
        message=f"{subject}\n\n{body}",
        title=subject,
        body=body,
        allowed=tuple(changes),
        any_text=tuple(hold_path(move.hold) for move in moves),
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
    holds = stack.known_holds()
    choice = choose_run(app, runs, holds=holds, verified=verified, wanted=request.to)
    if choice is None:
        return None
    good = read_stack(objects, choice.run.commit).release(environment.name, app)
    hold = quarantine(bad, good, environment=environment.name, who=who, when=when, why=request.reason)
    return Move(bad, good, hold, choice.run.commit, choice.warning)


def _placement(environment: Environment, moves: tuple[Move, ...]) -> Changes:
    changes: Changes = {}
    for move in moves:
        path = environment.release_path(move.bad.app)
        record = next_record(move.good, move.bad, Origin("rollback", move.run_commit))
        changes[path] = Entry(path, FOLDER, move.good.tree)
        changes[environment.record_path(move.bad.app)] = record_text(record)
        changes[hold_path(move.hold)] = hold_text(move.hold)
    return changes


def _rendered(
    objects: Objects,
    renderer: Renderer,
    stack: Stack,
    environment: Environment,
    *,
    moves: tuple[Move, ...],
    changes: Changes,
) -> tuple[Changes, str, tuple[str, ...]]:
    """The changes that render: with today's overlays, else with those from when the trees last ran."""
    before = _objects(objects, renderer, stack.commit, environment)
    try:
        after = _objects(objects, renderer, objects.make_commit(stack.commit, changes, "rollback"), environment)
        notes: tuple[str, ...] = ()
    except RenderError as error:
        changes, notes = _with_overlays(objects, environment, moves, changes=changes)
        if not notes:
            raise
        world_before = error.message
        after = _objects(objects, renderer, objects.make_commit(stack.commit, changes, "rollback"), environment)
        notes = (*notes, f"without it: {world_before}")
    difference = diff_objects(before, after)
    refused = lasting_risks(difference)
    if refused:
        raise BotError(f"this rollback is refused: {refused[0]}", "roll forward, or move the data by hand first")
    return changes, "\n".join(change.diff for change in difference), notes


def _objects(objects: Objects, renderer: Renderer, commit: str, environment: Environment) -> tuple[dict[str, object], ...]:
    return render_at(objects, renderer, commit=commit, environment=environment).objects


def _with_overlays(
    objects: Objects, environment: Environment, moves: tuple[Move, ...], *, changes: Changes
) -> tuple[Changes, tuple[str, ...]]:
    """Adds the overlays from when the trees last ran."""
    found, notes = dict(changes), []
    for move in moves:
        path = f"{environment.folder}/{move.bad.app}"
        old = tree_of(objects, move.run_commit, path)
        if old:
            found[path] = Entry(path, FOLDER, old)
            notes.append(f"{path} comes back, too, as it was at {move.run_commit[:12]}: today's does not fit")
    return found, tuple(notes)


def _fence(
    objects: Objects,
    renderer: Renderer,
    stack: Stack,
    environment: Environment,
    *,
    moves: tuple[Move, ...],
    allowed: bool,
) -> None:
    """Apps with volumes come back only when that was said."""
    for move in moves:
        rendered = render_at(objects, renderer, commit=stack.commit, environment=environment, folder=move.bad.app)
        if stateful(rendered.objects) and not allowed:
            hint = "say --include-stateful if an older version can read today's data"
            raise BotError(f"{move.bad.app} keeps data; it is not rolled back without being told", hint, usage=True)
