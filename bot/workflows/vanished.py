"""Environments that are gone from main, and known by the Argo CD project that is left of them.

Argo CD does not delete such an Application, and goes on calling it Synced and Healthy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import ENVIRONMENTS, MAIN, BotError

if TYPE_CHECKING:
    from collections.abc import Container

    from bot.ports import Objects

PROJECTS = "argocd/projects"
PREFIX, SUFFIX = "context-", ".yaml"  # the ApplicationSet takes the project's name from the folder's


def vanished(objects: Objects, commit: str, there: Container[str]) -> dict[str, BotError]:
    """The errors of environments that have a project and no file, by name; `there` are those that have one."""
    files = [file for file in objects.entries(commit, PROJECTS) if file.startswith(PREFIX) and file.endswith(SUFFIX)]
    names = [file.removeprefix(PREFIX).removesuffix(SUFFIX) for file in files]
    return {name: _error(objects, commit, name) for name in names if name not in there}


def _error(objects: Objects, commit: str, name: str) -> BotError:
    folder, project = f"{ENVIRONMENTS}/{name}", f"{PROJECTS}/{PREFIX}{name}{SUFFIX}"
    lost = folder if objects.tree(commit, folder) is None else f"{folder}/environment.yaml"
    message = f"{lost} is gone from {MAIN}, yet its project {project} is there: what it ran goes on running, and nothing new reaches it"
    hint = f"revert the commit that removed it (`git log -1 -- {folder}`); to give the environment up, remove {project}, too"
    return BotError(message, hint)
