"""Compare: how one environment's render differs from another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.environment_names import as_in
from bot.objects_diff import diff_objects
from bot.workflows.rendering import render_at
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from bot.objects_diff import ObjectChange
    from bot.ports import Objects, Renderer


@dataclass(frozen=True)
class Comparison:
    """The objects that differ, and how many more differ by nothing but names."""

    changes: tuple[ObjectChange, ...]
    alike: int


def compare_environments(
    objects: Objects, renderer: Renderer, commit: str, *, before: str, after: str, everything: bool = False
) -> Comparison:
    """How one environment's render differs from another's; without what only names the environment, unless everything is wanted."""
    stack = read_stack(objects, commit)
    first, second = stack.environment(before), stack.environment(after)
    old, new = (render_at(objects, renderer, commit=commit, environment=each).objects for each in (first, second))
    every = diff_objects(old, new, alike=str)
    if everything:
        return Comparison(every, 0)
    changes = diff_objects(old, new, alike=as_in(first, second, old=old, new=new))
    return Comparison(changes, len(every) - len(changes))
