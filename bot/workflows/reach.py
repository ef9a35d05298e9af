"""What merging a pull request would change, by who has a say in it: releases, overlays, holds, the law of promotions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.contents import FORBIDDEN_FILES
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
    overlays: Mapping[str, tuple[str, ...]]  # gated environment -> its other files that change, beside holds and policy
    lifted: tuple[Hold | Freeze, ...]  # holds that would be gone or other
    policies: tuple[str, ...]  # environments whose policy changes
    law: tuple[str, ...]  # other files that promotions are judged by
    forbidden: tuple[str, ...]  # files that change what a checkout holds, wherever they lie
    holds: tuple[str, ...]  # files among holds

    @property
    def environments(self) -> tuple[str, ...]:
        """Those that would run something else, or by another law."""
        return tuple(sorted({*self.releases, *self.overlays, *self.policies}))


def reach(before: Stack, after: Stack, paths: Iterable[str]) -> Reach:
    """From the files that differ between main and what main would be."""
    releases = changed_releases(before, after)
    overlays: dict[str, list[str]] = {}
    policies, law, forbidden, holds = [], [], [], []
    for path in paths:
        folder, _, rest = path.partition("/")
        name, _, own = rest.partition("/")
        known = before.environments.get(name) or after.environments.get(name)
        if FORBIDDEN_FILES.search(path):
            forbidden.append(path)
        if path.startswith(LAW):
            law.append(path)
        elif folder != ENVIRONMENTS or not own:
            continue
        elif own == POLICY:
            policies.append(name)
        elif own.startswith(f"{HOLDS}/"):
            holds.append(path)
        elif (known is None or known.promotes_from) and not _of_release(own, releases.get(name, ())):
            overlays.setdefault(name, []).append(path)
    held: tuple[Hold | Freeze, ...] = (*before.readable_holds, *before.freezes)
    lifted = tuple(hold for hold in held if hold not in {*after.readable_holds, *after.freezes})
    own_files = {name: tuple(each) for name, each in overlays.items()}
    return Reach(releases, own_files, lifted, tuple(policies), tuple(law), tuple(forbidden), tuple(holds))


def _of_release(own: str, apps: tuple[str, ...]) -> bool:
    """Whether a file is part of a release that changes, or its record; whatever else lies there is none of either."""
    folder, _, rest = own.partition("/")
    return folder == RELEASE and (rest.partition("/")[0] in apps or rest.removesuffix(".yaml") in apps)


def changed_releases(before: Stack, after: Stack) -> dict[str, tuple[str, ...]]:
    """Environment -> apps whose release or record differs between two commits; environments with records only, new ones, too."""
    found = {}
    for name, environment in {**after.environments, **before.environments}.items():
        if environment.promotes_from:
            old, new = before.releases.get(name, {}), after.releases.get(name, {})
            apps = tuple(sorted(app for app in {*old, *new} if old.get(app) != new.get(app)))
            if apps:
                found[name] = apps
    return found
