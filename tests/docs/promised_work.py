"""What issue 4 promises of environments, programs, checks and documents."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

from bot.policies.manifests import Manifests
from bot.policies.sizes import EnvironmentSize, environment_size
from tests.docs.promise import DEV, PROD, REPOSITORY, Promise, file, together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.docs.promise import Find
    from tests.docs.stack import Item

GI = 2**30
RUNNING = ("Deployment", "StatefulSet")
STAGING = frozenset({"staging"})
DOCUMENTS = {
    "README per folder": (
        "apps/README.md",
        "argocd/README.md",
        "bot/README.md",
        "clusters/README.md",
        "docs/README.md",
        "environments/README.md",
        "tests/README.md",
    ),
    "troubleshooting": ("docs/TROUBLESHOOTING.md",),
    "deployment checklist": ("docs/DEPLOYMENT_CHECKLIST.md",),
    "runbook": ("docs/RUNBOOK.md",),
    "backup and restore drill": ("docs/BACKUP_AND_RESTORE.md",),
    "canary and blue/green": ("docs/CANARY.md",),
    "cost notes": ("docs/COSTS.md",),
    "ports table": ("docs/PORTS.md",),
    "environment variable table": ("docs/SETTINGS.md",),
}


def sized(test: Callable[[EnvironmentSize], bool]) -> Find:
    """What runs, if it is as large as is wanted."""

    def find(items: Iterable[Item]) -> list[Item]:
        known = tuple(items)
        found = [item for item in known if item["kind"] in RUNNING]
        return found if found and test(environment_size(Manifests("", "", known))) else []

    return find


def at_most(cores: int, memory: int, storage: int) -> Find:
    """What runs, if it asks for no more; memory and storage in GiB."""
    limits = (cores * 1000, memory * GI, storage * GI)
    return sized(lambda size: all(asked <= limit for asked, limit in zip(astuple(size.total), limits, strict=True)))


def at_least(cores: int, memory: int, storage: int) -> Find:
    """What runs, if it asks for no less."""
    limits = (cores * 1000, memory * GI, storage * GI)
    return sized(lambda size: all(asked >= limit for asked, limit in zip(astuple(size.total), limits, strict=True)))


def pods_of(**numbers: int) -> Find:
    """What runs, if each workload has this many Pods at least."""
    return sized(lambda size: {each.name.replace("-", "_"): each.replicas for each in size.workloads} == numbers)


def repository(text: str, *paths: str, words: tuple[str, ...] = ()) -> Promise:
    """A promise that files keep."""
    return Promise(text, together(*(file(path, *words) for path in paths)), REPOSITORY)


ENVIRONMENTS = (
    Promise("dev: at most 4 cores, 8 GB, 100 GB", at_most(4, 8, 100), DEV),
    Promise("staging: at most 8 cores, 16 GB, 300 GB", at_most(8, 16, 300), STAGING),
    Promise("prod: at least 24 cores, 48 GB, 1 TB of volumes", at_least(24, 48, 1024), PROD),
    Promise("dev: 1 replica of each", pods_of(context_api=1, neo4j=1, qdrant=1), DEV),
    Promise("staging: 2 API replicas, 3 and 3 members", pods_of(context_api=2, neo4j=3, qdrant=3), STAGING),
    Promise("prod: 5 API replicas, 3 and 3 members", pods_of(context_api=5, neo4j=3, qdrant=3), PROD),
    repository("the sums are printed by `bot size`, and tested", "bot/workflows/sizes.py", "tests/manifests/test_sizes.py"),
)
PROGRAMS = (
    repository("an unpinned image is not promoted to prod", "environments/prod/environment.yaml", words=("requireDigests: true",)),
    repository("`bot pin` resolves tags", "bot/workflows/pin.py"),
    repository("`deploy.sh` bootstraps a cluster", "scripts/deploy.sh"),
    repository("`validate.sh` checks what is deployed", "scripts/validate.sh"),
    repository("`teardown.sh` asks, and keeps data", "scripts/teardown.sh", words=("--keep-data",)),
    repository("`bot validate`", "bot/workflows/validate.py"),
    repository("schemas of Kubernetes and of custom resources, pinned", "bot/schemas/pins.py", "bot/schemas/derive.py"),
    repository("policies, each a small function", "bot/policies/all.py"),
    repository("each earlier error that a program can catch is planted and named", "tests/manifests/test_earlier_errors.py"),
    repository("alert unit tests", "tests/manifests/test_alerts.py", words=("promtool",)),
    repository("the dashboard is a JSON file", "apps/monitoring/base/dashboards/context-foundation.json"),
)
DOCS = tuple(repository(text, *paths) for text, paths in DOCUMENTS.items())
