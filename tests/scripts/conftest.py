"""Each test has a cluster of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scripts.cluster import Cluster, make_cluster

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return make_cluster(tmp_path)
