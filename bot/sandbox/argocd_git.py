"""How the Argo CD stand-in follows Git: environments, as the ApplicationSet would see them, and what they render."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.adapters.git_command import GitRunner
from bot.adapters.git_objects import GitObjects
from bot.environments import parse_environment
from bot.hooks import HOOK
from bot.model import ENVIRONMENTS, MAIN, BotError
from bot.ports import FOLDER
from bot.sandbox.argocd_state import Desired
from bot.workflows.rendering import render_at, sources_of

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model import Environment
    from bot.ports import Renderer

AUTHOR = "argocd <argocd@users.noreply.localhost>"


@dataclass
class Follower:
    """A bare repository, and the environments that were last readable there."""

    git_dir: Path
    renderer: Renderer
    environments: dict[str, Environment] = field(default_factory=dict)
    malformed: dict[str, str] = field(default_factory=dict)  # what is wrong, by name

    def __post_init__(self) -> None:
        self.objects = GitObjects(GitRunner(self.git_dir), AUTHOR)

    def head(self) -> str | None:
        """Main's commit."""
        return self.objects.find(f"refs/heads/{MAIN}")

    def present(self, commit: str) -> dict[str, Environment]:
        """The environments that have a folder; of a file that is malformed, what it said before (nothing: no Application)."""
        found = {}
        for name, entry in self.objects.entries(commit, ENVIRONMENTS).items():
            if entry.mode == FOLDER:
                self._read(commit, name)
                if name in self.environments:
                    found[name] = self.environments[name]
        return found

    def desired(self, commit: str, environment: Environment, *, before: Desired | None) -> Desired:
        """What the environment is to run at a commit; rendered only when the trees that it reads have changed."""
        if before and before.revision == commit:
            return before
        trees = tuple(self.objects.tree(commit, path) for path in sources_of(environment))
        if before and before.trees == trees:
            return replace(before, revision=commit)
        try:
            rendered = render_at(self.objects, self.renderer, commit=commit, environment=environment)
        except BotError as error:
            return Desired(commit, trees, error=f"Failed to load target state: failed to generate manifest: {error.message}")
        lasting = (item for item in rendered.objects if HOOK not in (item["metadata"].get("annotations") or ()))
        return Desired(commit, trees, tuple(lasting))  # a hook runs in a sync, is compared with nothing, and goes when it has succeeded

    def _read(self, commit: str, name: str) -> None:
        path = f"{ENVIRONMENTS}/{name}/environment.yaml"
        self.malformed.pop(name, None)
        try:
            texts = self.objects.read(commit, [path])
            if path in texts:
                self.environments[name] = parse_environment(name, texts[path])
        except BotError as error:
            self.malformed[name] = error.message
