"""What environments ask for: the sums that were promised, computed from what renders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.sizes import Size, environment_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.manifests.renders import Render

GIB = 1024**3
AT_MOST = {"dev": Size(4000, 8 * GIB, 100 * GIB), "staging": Size(8000, 16 * GIB, 300 * GIB)}
PROD_AT_LEAST = Size(24_000, 48 * GIB, 1024 * GIB)
REPLICAS = {
    "dev": {"context-api": 1, "qdrant": 1, "neo4j": 1},
    "staging": {"context-api": 2, "qdrant": 3, "neo4j": 3},
    "prod": {"context-api": 5, "qdrant": 3, "neo4j": 3},
}


def sums(render: Render) -> Size:
    return environment_size(render.manifests).total


def test_dev_and_staging_fit_what_they_may_use(renders: Mapping[str, Render]) -> None:
    for name, limit in AT_MOST.items():
        total = sums(renders[name])
        assert (total.cpu <= limit.cpu, total.memory <= limit.memory, total.storage <= limit.storage) == (True, True, True), total


def test_prod_is_as_large_as_promised(renders: Mapping[str, Render]) -> None:
    total, least = sums(renders["prod"]), PROD_AT_LEAST
    assert (total.cpu >= least.cpu, total.memory >= least.memory, total.storage >= least.storage) == (True, True, True), total


def test_each_environment_runs_as_many_pods_as_promised(render: Render) -> None:
    found = environment_size(render.manifests).workloads
    assert {each.name: each.replicas for each in found} == REPLICAS[render.environment.name]
