"""What merging a pull request would change, by who has a say in it: releases, overlays, holds, the law of promotions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import ENVIRONMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.model import Freeze, Hold
    from bot.workflows.stack import Stack

LAW = ("argocd/", "clusters/", ".github/", ".ci/", "CODEOWNERS", "docs/CODEOWNERS")
HOLDS, RELEASE, POLICY = "holds", "release", "environment.yaml"


@dataclass(frozen=True)
class Reach:
    """Gated environments are those that are promoted to; the first one follows main and is nobody's gate."""

    releases: Mapping[str, tuple[str, ...]]  # gated environment -> apps whose release or record changes
    overlays: Mapping[str, tuple[str, ...]]  # gated environment -> its own files that change, beside releases, holds and policy
    lifted: tuple[Hold | Freeze, ...]  # holds that would be gone or other
    policies: tuple[str, ...]  # environments whose policy changes
    law: tuple[str, ...]  # other files that promotions are judged by

    @property
    def environments(self) -> tuple[str, ...]:
        """Those that would run something else, or by another law."""
        return tuple(sorted({*self.releases, *self.overlays, *self.policies}))


def reach(before: Stack, after: Stack, paths: Iterable[str]) -> Reach:
    """From the files that differ between main and what main would be."""
    overlays: dict[str, list[str]] = {}
    policies, law = [], []
    for path in paths:
        folder, _, rest = path.partition("/")
        name, _, own = rest.partition("/")
        known = before.environments.get(name) or after.environments.get(name)
        if path.startswith(LAW):
            law.append(path)
        elif folder == ENVIRONMENTS and own == POLICY:
            policies.append(name)
        elif folder == ENVIRONMENTS and own.partition("/")[0] not in {HOLDS, RELEASE} and (known is None or known.promotes_from):
            overlays.setdefault(name, []).append(path)
    held: tuple[Hold | Freeze, ...] = (*before.readable_holds, *before.freezes)
    lifted = tuple(hold for hold in held if hold not in {*after.readable_holds, *after.freezes})
    return Reach(changed_releases(before, after), {name: tuple(own) for name, own in overlays.items()}, lifted, tuple(policies), tuple(law))


def changed_releases(before: Stack, after: Stack) -> dict[str, tuple[str, ...]]:
    """Environment -> apps whose release or record differs between two commits; environments with records only."""
    found = {}
    for name, environment in before.environments.items():
        if environment.promotes_from:
            old, new = before.releases[name], after.releases.get(name, {})
            apps = tuple(sorted(app for app in {*old, *new} if old.get(app) != new.get(app)))
            if apps:
                found[name] = apps
    return found
