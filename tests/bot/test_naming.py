"""A fault of a shared file is told with the environments that have it, where others do not."""

from __future__ import annotations

import pytest

from bot.contents import Problem
from bot.workflows.naming import by_environment

SHARED = Problem("apps/qdrant/base/stateful-set.yaml", "StatefulSet qdrant: spec.replicas: is odd", "write 3")
OWN = Problem("environments/prod/qdrant", "ConfigMap extra: data: is odd", "remove it")


def hashed(digest: str) -> Problem:
    return Problem("apps/qdrant/base/kustomization.yaml", f"ConfigMap qdrant-settings-{digest}: data: is odd", "remove it")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"dev": [SHARED], "staging": [SHARED], "prod": [SHARED]}, [SHARED.what]),
        ({"dev": [], "staging": [], "prod": [SHARED, SHARED]}, [f"prod: {SHARED.what}"]),
        ({"dev": [], "staging": [SHARED], "prod": [SHARED]}, [f"staging, prod: {SHARED.what}"]),
        ({"prod": [SHARED]}, [SHARED.what]),
        ({"dev": [], "prod": [OWN]}, [OWN.what]),
        ({"dev": [hashed("6d572t28mm")], "prod": [hashed("5btd9cdm2g")]}, [hashed("6d572t28mm").what]),
        ({}, []),
    ],
    ids=["all", "one", "two of three", "only one is looked at", "its own file says it", "names that differ in their hash", "none"],
)
def test_environments_are_named_where_not_all_have_it(found: dict[str, list[Problem]], told: list[str]) -> None:
    assert [each.what for each in by_environment(found)] == told
