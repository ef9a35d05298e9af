"""Every environment is rendered once per run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.manifests.renders import NAMES, Render, render_all

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(scope="session")
def renders() -> Mapping[str, Render]:
    return render_all()


@pytest.fixture(params=NAMES)
def render(request: pytest.FixtureRequest, renders: Mapping[str, Render]) -> Render:
    return renders[request.param]
