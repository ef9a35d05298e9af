"""Each test has a cluster of its own; the tree is shared by those that change nothing in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scripts.cluster import Cluster, make_cluster, make_tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def shared_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tree(tmp_path_factory.mktemp("scripts") / "tree")


@pytest.fixture
def cluster(shared_tree: Path, tmp_path: Path) -> Cluster:
    return make_cluster(shared_tree, tmp_path / "notes")
