"""After a merge: what is on main is what was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import BotError
from bot.promotion import verified_status

if TYPE_CHECKING:
    from bot.model import Environment
    from bot.ports import World


def check_landed(world: World, environment: Environment, commit: str, landing: str) -> None:
    """Compares the environment's folder: the forge merges on another base if somebody pushed in between."""
    world.origin.fetch_main()
    if world.origin.entry(commit, environment.folder) == world.origin.entry(landing, environment.folder):
        return
    words = f"it holds another {environment.folder} than was judged: main moved just before the merge"
    world.forge.set_status(commit, verified_status(environment.name), state="failure", description=words)
    raise BotError(f"{commit[:12]}: {words}", f"run `bot history {environment.name}`, and roll back what was not promoted")
