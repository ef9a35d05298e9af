"""The Applications that an ApplicationSet makes of the files in this checkout, as `bot validate` reads it; tests/e2e sees the real ones."""

from __future__ import annotations

from typing import Any

from bot.policies.application_sets import made_of
from tests.manifests.renders import ROOT

FILES = {
    str(path.relative_to(ROOT)): path.read_text("utf-8")
    for pattern in ("environments/*/environment.yaml", "clusters/*/cluster.yaml", "clusters/*/*/*.yaml")
    for path in ROOT.glob(pattern)
}


def applications(application_set: dict[str, Any]) -> list[dict[str, Any]]:
    """Each Application, in the order of its files."""
    made, faults = made_of(application_set, FILES)
    assert faults == ()
    return [each.application for each in made]
