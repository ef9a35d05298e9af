"""The bot's token, at the real server: it may get and sync in its own project, and nothing else anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.e2e.running import Running

OWN, OTHER = "context-dev", "context-prod"
HERE = f"/api/v1/applications/{OWN}"
RESOURCE = {"namespace": OWN, "resourceName": "context-api", "version": "v1", "group": "apps", "kind": "Deployment"}
FORBIDDEN: dict[str, tuple[str, str, dict[str, Any], Any]] = {
    "delete the Application": ("DELETE", HERE, {"cascade": "false"}, None),
    "patch it": ("PATCH", HERE, {}, {"name": OWN, "patch": '{"spec":{"project":"default"}}', "patchType": "merge"}),
    "change its spec": ("PUT", f"{HERE}/spec", {}, {"project": "default", "source": {"repoURL": "https://example.com/x.git"}}),
    "restart a workload": ("POST", f"{HERE}/resource/actions", RESOURCE, "restart"),
    "patch a workload": ("POST", f"{HERE}/resource", {**RESOURCE, "patchType": "application/merge-patch+json"}, "{}"),
    "delete a workload": ("DELETE", f"{HERE}/resource", RESOURCE, None),
    "sync manifests of its own": ("POST", f"{HERE}/sync", {}, {"manifests": ["{}"]}),
    "read a Pod's log": ("GET", f"{HERE}/logs", {"namespace": OWN, "podName": "x", "container": "api"}, None),
    "make an Application": ("POST", "/api/v1/applications", {}, {"metadata": {"name": "mine"}, "spec": {"project": OWN}}),
    "get another project's Application": ("GET", f"/api/v1/applications/{OTHER}", {"project": OTHER}, None),
    "sync another project's Application": ("POST", f"/api/v1/applications/{OTHER}/sync", {}, {}),
    "end another project's sync": ("DELETE", f"/api/v1/applications/{OTHER}/operation", {}, None),
    "change its project": ("PUT", f"/api/v1/projects/{OWN}", {}, {"project": {"metadata": {"name": OWN}, "spec": {}}}),
    "make a token": ("POST", f"/api/v1/projects/{OWN}/roles/bot/token", {}, {}),
    "delete the ApplicationSet": ("DELETE", "/api/v1/applicationsets/environments", {}, None),
    "make a repository": ("POST", "/api/v1/repositories", {}, {"repo": "https://example.com/x.git"}),
    "make a cluster": ("POST", "/api/v1/clusters", {}, {"server": "https://example.com", "name": "x"}),
}


@pytest.fixture
def token(running: Running) -> Iterator[httpx.Client]:
    """The API as the bot sees it with dev's token."""
    with running.argocd.as_bot(running.tokens["dev"].read_text("utf-8")) as client:
        client.headers["Content-Type"] = "application/json"
        yield client


def test_the_token_may_read_refresh_and_sync_its_own_application(token: httpx.Client) -> None:
    assert token.get(HERE, params={"refresh": "normal"}).is_success
    assert token.get(f"{HERE}/resource-tree").is_success
    assert token.post(f"{HERE}/sync", json={}).is_success


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_token_may_not(running: Running, token: httpx.Client, what: str) -> None:
    before = {name: app["spec"] for name, app in running.argocd.applications().items()}
    method, path, parameters, body = FORBIDDEN[what]
    answer = (
        token.request(method, path, params=parameters, json=body) if body is not None else token.request(method, path, params=parameters)
    )
    assert answer.status_code == 403, answer.text
    assert {name: app["spec"] for name, app in running.argocd.applications().items()} == before


@pytest.mark.parametrize(("what", "body"), [("rollback", {"id": 1}), ("sync", {"revision": "refs/heads/other"})])
def test_what_the_right_to_sync_covers_beyond_main_is_forbidden_by_auto_sync(token: httpx.Client, what: str, body: dict[str, Any]) -> None:
    """A rollback is a commit."""
    answer = token.post(f"{HERE}/{what}", json=body)
    assert not answer.is_success
    assert "auto-sync" in answer.json()["message"]


def test_the_token_sees_no_application_but_its_own(token: httpx.Client) -> None:
    listed = token.get("/api/v1/applications").json()["items"]
    assert [app["metadata"]["name"] for app in listed] == [OWN]
