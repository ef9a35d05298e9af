"""An environment whose folder is gone is named, not passed over: Argo CD goes on calling it well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.adapters.git_command import GitRunner
from bot.adapters.git_objects import GitObjects
from bot.model import BotError
from bot.workflows.stack import read_stack
from tests.bot.argocd_situations import ENVIRONMENT
from tests.bot.repositories import BOT, make_repositories

if TYPE_CHECKING:
    from pathlib import Path

    from bot.workflows.stack import Stack

DEV, PROD = ("environments/dev/environment.yaml", "environments/prod/environment.yaml")
FILES = {
    DEV: ENVIRONMENT.format(name="dev"),
    PROD: ENVIRONMENT.format(name="prod") + "promotesFrom: dev\n",
    "environments/prod/kustomization.yaml": "resources: []\n",
    "argocd/projects/context-dev.yaml": "kind: AppProject\n",
    "argocd/projects/context-prod.yaml": "kind: AppProject\n",
    "argocd/projects/platform.yaml": "kind: AppProject\n",
    "argocd/projects/kustomization.yaml": "resources: []\n",
}


def without(folder: Path, *paths: str) -> Stack:
    repositories = make_repositories(folder)
    repositories.commit(FILES)
    commit = repositories.commit(dict.fromkeys(paths))
    return read_stack(GitObjects(GitRunner(repositories.bare), BOT), commit)


def test_every_environment_that_is_there_is_fine(tmp_path: Path) -> None:
    stack = without(tmp_path)
    assert (list(stack.environments), dict(stack.unreadable)) == (["dev", "prod"], {})


@pytest.mark.parametrize(
    ("lost", "named"),
    [((PROD, "environments/prod/kustomization.yaml"), "environments/prod is gone"), ((PROD,), f"{PROD} is gone")],
    ids=["its folder", "its file"],
)
def test_an_environment_that_has_lost(tmp_path: Path, lost: tuple[str, ...], named: str) -> None:
    stack = without(tmp_path, *lost)
    assert list(stack.environments) == ["dev"]
    with pytest.raises(BotError, match=named) as refused:
        stack.environment("prod")
    assert "remove argocd/projects/context-prod.yaml, too" in refused.value.hint


def test_one_that_was_given_up_with_its_project_is_unknown(tmp_path: Path) -> None:
    stack = without(tmp_path, PROD, "environments/prod/kustomization.yaml", "argocd/projects/context-prod.yaml")
    assert dict(stack.unreadable) == {}
    with pytest.raises(BotError, match="no environment 'prod'"):
        stack.environment("prod")
