"""Every environment, rendered as its user renders it, as if the head of `apps/` had been promoted to it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.adapters.render import open_renderer
from bot.environments import parse_environment
from bot.policies.manifests import Manifests

if TYPE_CHECKING:
    from bot.model import Environment
    from bot.ports import Rendered

ROOT = Path(__file__).parents[2]
NAMES = ("dev", "staging", "prod")

Item = dict[str, Any]  # Any: arbitrary YAML


@dataclass(frozen=True)
class Render:
    """What one environment declares, and what it renders."""

    environment: Environment
    rendered: Rendered

    @cached_property
    def objects(self) -> tuple[Item, ...]:
        return self.rendered.objects

    @cached_property
    def manifests(self) -> Manifests:
        """What policies look at."""
        return Manifests(self.environment.name, self.environment.namespace, self.objects)

    def of(self, *kinds: str) -> list[Item]:
        return [item for item in self.objects if item["kind"] in kinds]

    def one(self, kind: str, name: str) -> Item:
        return next(item for item in self.of(kind) if item["metadata"]["name"] == name)

    def rules(self) -> list[Item]:
        return [rule for item in self.of("PrometheusRule") for group in item["spec"]["groups"] for rule in group["rules"]]


@cache  # many tests look at them, and none changes them
def render_all() -> dict[str, Render]:
    """Copies the tree, puts the apps where releases are, and renders; once in a process."""
    with tempfile.TemporaryDirectory(prefix="head-promoted-") as scratch:
        folder = Path(scratch).resolve()
        for name in ("apps", "environments"):
            shutil.copytree(ROOT / name, folder / name, symlinks=True)
        for name in NAMES[1:]:
            release = folder / "environments" / name / "release"
            shutil.rmtree(release, ignore_errors=True)
            shutil.copytree(folder / "apps", release)
        return {name: _rendered(name, folder / "environments" / name) for name in NAMES}


def _rendered(name: str, folder: Path) -> Render:
    text = (ROOT / "environments" / name / "environment.yaml").read_text("utf-8")
    return Render(parse_environment(name, text), open_renderer().render(folder))


def render_folder(name: str, scratch: Path) -> Rendered:
    """A folder that is no environment, at a place where the renderer expects one: it looks around in the tree above."""
    copied = scratch / "environments" / Path(name).name
    shutil.copytree(ROOT / name, copied)
    return open_renderer().render(copied)
