"""Whether a rollback renders, with which overlays, and what it would lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.contents import rendered_images
from bot.model import BotError, RenderError
from bot.objects_diff import diff_objects
from bot.ports import FOLDER, Entry
from bot.releases import unpinned
from bot.risks import lasting_risks, stateful
from bot.workflows.observe import tree_of
from bot.workflows.rendering import render_at

if TYPE_CHECKING:
    from bot.model import Environment
    from bot.ports import Objects, Renderer
    from bot.workflows.changes import Changes
    from bot.workflows.rollback_plan import Move
    from bot.workflows.stack import Stack


def rendered(
    objects: Objects,
    renderer: Renderer,
    stack: Stack,
    environment: Environment,
    *,
    moves: tuple[Move, ...],
    changes: Changes,
) -> tuple[Changes, str, str, tuple[str, ...]]:
    """The changes that render, with today's overlays or those from when the trees last ran; their commit, diff and notes."""
    try:
        before = _objects(objects, renderer, stack.commit, environment)
    except RenderError:
        before = ()  # what is there is broken; this is the cure
    try:
        commit = objects.make_commit(stack.commit, changes, "rollback")
        after = _objects(objects, renderer, commit, environment)
        notes: tuple[str, ...] = ()
    except RenderError as error:
        changes, notes = _with_overlays(objects, environment, moves, changes=changes)
        if not notes:
            raise
        world_before = error.message
        commit = objects.make_commit(stack.commit, changes, "rollback")
        after = _objects(objects, renderer, commit, environment)
        notes = (*notes, f"without it: {world_before}")
    _refuse_unpinned(environment, after, moves)
    difference = diff_objects(before, after)
    refused = lasting_risks(difference)
    if refused:
        raise BotError(f"this rollback is refused: {refused[0]}", "roll forward, or move the data by hand first")
    return changes, commit, "\n".join(change.diff for change in difference), notes


def _refuse_unpinned(environment: Environment, after: tuple[dict[str, object], ...], moves: tuple[Move, ...]) -> None:
    """Whatever the hurry: admission refuses such Pods, so that this would be no way back."""
    running = frozenset(rendered_images([*after])) if environment.policy.require_digests else frozenset[str]()
    for good in (move.good for move in moves):
        if loose := [reference for reference in unpinned(good) if reference in running]:
            message = f"this rollback is refused: {loose[0]} of {good.app} {good.version} has no digest, which {environment.name} requires"
            hint = f"name a release that has digests with --to TREE, or roll forward: `bot pin {good.app}`, then promote"
            raise BotError(message, hint)


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


def fence(
    objects: Objects,
    renderer: Renderer,
    after: str,
    environment: Environment,
    *,
    moves: tuple[Move, ...],
    allowed: bool,
) -> None:
    """Apps with volumes come back only when that was said."""
    for move in moves:
        if keeps_data(objects, renderer, after, environment, app=move.bad.app) and not allowed:
            hint = "say --include-stateful if an older version can read today's data"
            raise BotError(f"{move.bad.app} keeps data; it is not rolled back without being told", hint, usage=True)


def keeps_data(objects: Objects, renderer: Renderer, commit: str, environment: Environment, *, app: str) -> bool:
    """Whether an app renders what keeps data; RenderError when it does not render."""
    return bool(stateful(render_at(objects, renderer, commit=commit, environment=environment, folder=app).objects))
