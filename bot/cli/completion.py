"""What the shell offers after a command: environments and apps of the checkout that it stands in."""

from __future__ import annotations

from pathlib import Path

from bot.model import APPS, ENVIRONMENTS


def environments(incomplete: str) -> list[str]:
    """Names of environments that begin so."""
    return _folders(ENVIRONMENTS, incomplete)


def apps(incomplete: str) -> list[str]:
    """Names of apps that begin so."""
    return _folders(APPS, incomplete)


def _folders(parent: str, incomplete: str) -> list[str]:
    """Nothing outside a checkout: completion says no errors."""
    here = Path.cwd()
    root = next((each for each in (here, *here.parents) if (each / ENVIRONMENTS).is_dir() and (each / APPS).is_dir()), None)
    return sorted(each.name for each in (root / parent).iterdir() if each.is_dir() and each.name.startswith(incomplete)) if root else []
