"""What `kubectl apply -k argocd` applies, rendered once for each module, and every environment."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from bot.adapters.render import open_renderer
from tests.manifests.renders import ROOT, render_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.manifests.renders import Render


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Without the installation, which refers to what is not in this repository."""
    copied = tmp_path_factory.mktemp("argocd") / "environments" / "argocd"
    shutil.copytree(ROOT / "argocd", copied, ignore=shutil.ignore_patterns("install"))
    rendered = open_renderer().render(copied)
    assert not rendered.warnings
    return {f"{item['kind']} {item['metadata']['name']}": item for item in rendered.objects}


@pytest.fixture(scope="module")
def stack() -> Mapping[str, Render]:
    return render_all()
