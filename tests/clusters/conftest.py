"""Every environment and every cluster is rendered once per run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.clusters.layout import CLUSTERS
from tests.manifests.renders import Render, render_all, render_folder

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(scope="session")
def environments() -> Mapping[str, Render]:
    return render_all()


@pytest.fixture(scope="session")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[dict[str, Any]]]:
    """What `kubectl apply -k clusters/<cluster>` applies."""
    scratch = tmp_path_factory.mktemp("clusters")
    rendered = {name: render_folder(f"clusters/{name}", scratch) for name in CLUSTERS}
    assert not [warning for each in rendered.values() for warning in each.warnings]
    return {name: list(each.objects) for name, each in rendered.items()}
