"""Names that an environment's files say more than once: told where one is wrong, and everything else is looked at as if it were right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.own_names import FILES, KUSTOMIZATION, as_meant
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.contents import Problem
    from bot.ports import Objects
    from bot.workflows.stack import Stack


def with_right_names(objects: Objects, stack: Stack, names: Collection[str]) -> tuple[Stack, list[Problem]]:
    """The stack at a commit where each environment's names agree, and what is wrong with them; of those named, if any are."""
    environments = stack.environments.values()
    overlays = [f"{env.folder}/{app}/{KUSTOMIZATION}" for env in environments for app in stack.overlays[env.name]]
    texts = objects.read(stack.commit, [*(f"{env.folder}/{file}" for env in environments for file in FILES), *overlays])
    found: list[Problem] = []
    changes: dict[str, str] = {}
    for environment in environments:
        taken = {each.namespace for each in environments if each.name != environment.name}
        wrong, changed = as_meant(environment, texts, taken=taken)
        found += wrong if environment.name in (names or stack.environments) else ()
        changes |= changed
    if not changes:
        return stack, found
    return read_stack(objects, objects.make_commit(stack.commit, changes, "as if each name were right")), found
