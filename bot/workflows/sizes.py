"""What environments ask for, as they render at a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.manifests import Manifests
from bot.policies.sizes import environment_size
from bot.workflows.rendering import render_at
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from bot.policies.sizes import EnvironmentSize
    from bot.ports import Objects, Renderer


def sizes_at(objects: Objects, renderer: Renderer, commit: str, environment: str | None) -> dict[str, EnvironmentSize]:
    """The size of one environment, or of each; BotError when it is unknown or does not render."""
    stack = read_stack(objects, commit)
    wanted = [stack.environment(environment)] if environment else list(stack.environments.values())
    renders = [(each, render_at(objects, renderer, commit=commit, environment=each)) for each in wanted]
    return {each.name: environment_size(Manifests(each.name, each.namespace, rendered.objects)) for each, rendered in renders}
