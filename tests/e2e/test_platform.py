"""What needs the internet to run: Argo CD's own installation is judged by the API server, add-ons by the real generator of Applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.argocd.generated import applications
from tests.argocd.installation import render_installation
from tests.e2e.argocd_start import loopback
from tests.e2e.cluster import discovered, path_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Running


def test_the_api_server_accepts_the_installation_of_argo_cd(running: Running, tmp_path: Path) -> None:
    """That of the version that we deploy, beside the older one that runs here."""
    cluster, objects = running.plane.cluster, render_installation(tmp_path).objects
    known = discovered(cluster, sorted({item["apiVersion"] for item in objects}))
    answers = {(item["kind"], item["metadata"]["name"]): cluster.try_out(dict(item), path_of(dict(item), known)) for item in objects}
    assert len(answers) > 50
    assert {name: answer for name, answer in answers.items() if answer} == {}


@pytest.mark.parametrize("name", ["add-ons", "plain-folders"])
def test_the_real_generator_makes_the_applications_of(running: Running, name: str) -> None:
    """The same as the reader of templates in tests/argocd, which runs without Argo CD."""
    (ours,) = (item for item in loopback(running.argocd.repository, "ApplicationSet") if item["metadata"]["name"] == name)
    answer = running.argocd.administrator.post("/api/v1/applicationsets/generate", json={"applicationSet": ours})
    assert answer.is_success, answer.text
    made = answer.json()["applications"]
    assert [plain(each) for each in sorted(made, key=by_name)] == [plain(each) for each in sorted(applications(ours), key=by_name)]
    assert made


def by_name(application: dict[str, Any]) -> str:
    """Its name."""
    found: str = application["metadata"]["name"]
    return found


def plain(application: dict[str, Any]) -> Any:
    """What our template says of an Application: the API adds some metadata, and leaves out what is false."""
    metadata = {key: application["metadata"].get(key) for key in ("name", "labels", "annotations")}
    return without_false({"metadata": metadata, "spec": application["spec"]})


def without_false(value: Any) -> Any:
    """A value without the keys that are false."""
    if isinstance(value, dict):
        return {key: without_false(each) for key, each in value.items() if each is not False}
    return [without_false(each) for each in value] if isinstance(value, list) else value
