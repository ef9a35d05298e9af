"""The stand-in's replies are of the shape that Argo CD's own description of its API gives."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import zipfile
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema
import pytest
from platformdirs import user_cache_path

from tests.bot.argocd_situations import TOKEN, Land, running_land
from tests.conftest import require_peer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE, VERSION = "github.com/argoproj/argo-cd/v3", "v3.2.11"
INSIDE = f"{MODULE}@{VERSION}/assets/swagger.json"
APPLICATION = "/api/v1/applications/context-prod"


@pytest.fixture(scope="session")
def definitions() -> dict[str, Any]:
    """The definitions of Argo CD's API, out of the sources that the Go module proxy has; no other property is allowed."""
    cached = user_cache_path("gitops-bot") / f"argo-cd-{VERSION}" / "swagger.json"
    if not cached.exists():
        require_peer("go")  # fetches Argo CD's sources
        download(cached)
    found: dict[str, Any] = json.loads(cached.read_text())["definitions"]
    for definition in found.values():
        for embedded in definition.pop("allOf", ()):  # as Go embeds a ResourceRef in a node
            definition["properties"] |= found[embedded["$ref"].rpartition("/")[2]]["properties"]
        if "properties" in definition:
            definition["additionalProperties"] = False
    return found


def download(target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "GOMODCACHE": scratch, "GOFLAGS": "-modcacherw"}
        command = ["go", "mod", "download", "-json", f"{MODULE}@{VERSION}"]
        done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        with zipfile.ZipFile(json.loads(done.stdout)["Zip"]) as sources:
            text = sources.read(INSIDE)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}")
    partial.write_bytes(text)
    partial.replace(target)


@pytest.fixture
def land(tmp_path: Path) -> Iterator[Land]:
    with running_land(tmp_path) as running:
        yield running


def ask(land: Land, method: str, path: str, **options: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"} | options.pop("headers", {})
    return httpx.request(method, f"{land.server.url}{path}", headers=headers, timeout=5, trust_env=False, **options)


def check(definitions: dict[str, Any], name: str, reply: httpx.Response) -> dict[str, Any]:
    """The content of a reply, which must be of the named shape."""
    content: dict[str, Any] = reply.json()
    schema = {"$ref": f"#/definitions/{name}", "definitions": definitions}
    checker = jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
    assert [f"{error.json_path}: {error.message[:200]}" for error in checker.iter_errors(content)] == []
    return content


def switched(land: Land, situation: str) -> None:
    if situation in {"degrade", "drift", "jobs", "sources"}:
        land.stand_in.switch("prod", situation, on=True)
    elif situation in {"running", "terminated"}:
        land.stand_in.hang("prod", on=True)
        land.argocd().sync()
        if situation == "terminated":
            land.argocd().terminate()
    elif situation == "broken":
        land.repositories.commit({"environments/prod/stack.yaml": "- nonsense\n"})
        land.argocd().refresh()


@pytest.mark.parametrize("situation", ["calm", "degrade", "drift", "jobs", "sources", "running", "terminated", "broken"])
def test_applications_and_trees_are_of_the_real_shape(definitions: dict[str, Any], land: Land, situation: str) -> None:
    switched(land, situation)
    application = check(definitions, "v1alpha1Application", ask(land, "GET", APPLICATION))
    tree = check(definitions, "v1alpha1ApplicationTree", ask(land, "GET", f"{APPLICATION}/resource-tree"))
    assert {"metadata", "spec", "status"} <= set(application)
    kinds = {node["kind"] for node in tree["nodes"]}
    assert {"Deployment", "ReplicaSet", "Pod", "StatefulSet"} <= kinds
    assert ("operation" in application) == (situation == "running")


def test_writes_answer_in_the_real_shape(definitions: dict[str, Any], land: Land) -> None:
    body = {"project": "context-prod"}
    check(definitions, "applicationApplicationSyncRequest", httpx.Response(200, json=body))
    check(definitions, "v1alpha1Application", ask(land, "POST", f"{APPLICATION}/sync", json=body))
    check(definitions, "applicationOperationTerminateResponse", ask(land, "DELETE", f"{APPLICATION}/operation"))


@pytest.mark.parametrize(("switch", "starts"), [("", True), ("window", True), ("strict-window", False)])
def test_sync_windows_are_of_the_real_shape(definitions: dict[str, Any], land: Land, switch: str, *, starts: bool) -> None:
    if switch:
        land.stand_in.switch("prod", switch, on=True)
    reply = ask(land, "GET", f"{APPLICATION}/syncwindows?project=context-prod")
    said = check(definitions, "applicationApplicationSyncWindowsResponse", reply)
    assert ("activeWindows" in said, said["canSync"]) == (bool(switch), starts)
    started = ask(land, "POST", f"{APPLICATION}/sync", json={})
    assert started.status_code == (200 if starts else 403), started.text
    if not starts:
        refused = check(definitions, "runtimeError", started)
        assert (refused["code"], refused["message"]) == (7, "cannot sync: blocked by sync window")


REFUSALS: dict[str, tuple[str, str, dict[str, Any], tuple[int, int, str]]] = {
    "without token": ("GET", APPLICATION, {"headers": {"Authorization": ""}}, (401, 16, "no session information")),
    "wrong token": ("GET", APPLICATION, {"headers": {"Authorization": "Bearer x"}}, (401, 16, "invalid session")),
    "unknown without project": ("GET", f"{APPLICATION}x", {}, (403, 7, "permission denied")),
    "unknown project": ("GET", f"{APPLICATION}?project=x", {}, (403, 7, "permission denied")),
    "unknown in a project": ("GET", f"{APPLICATION}x?project=context-prod", {}, (404, 5, "not found")),
    "nothing to end": ("DELETE", f"{APPLICATION}/operation", {}, (400, 3, "No operation is in progress")),
    "body of another type": ("POST", f"{APPLICATION}/sync", {"content": "[]"}, (400, 3, "json: cannot unmarshal")),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals_are_worded_like_those_of_the_gateway(definitions: dict[str, Any], land: Land, case: str) -> None:
    method, path, options, (status, code, words) = REFUSALS[case]
    reply = ask(land, method, path, **options)
    said = check(definitions, "runtimeError", reply)
    assert (reply.status_code, said["code"]) == (status, code)
    assert words in said["message"]
    assert said["error"] == said["message"]


def test_a_second_operation_is_refused(definitions: dict[str, Any], land: Land) -> None:
    land.stand_in.hang("prod", on=True)
    land.argocd().sync()
    reply = ask(land, "POST", f"{APPLICATION}/sync", json={})
    said = check(definitions, "runtimeError", reply)
    assert (reply.status_code, said["code"]) == (400, 9)
    assert "another operation is already in progress" in said["message"]


def test_a_write_without_content_type_is_refused(land: Land) -> None:
    reply = ask(land, "DELETE", f"{APPLICATION}/operation", headers={"Content-Type": ""})
    assert (reply.status_code, reply.text) == (415, "Invalid content type\n")


ACCOUNT: dict[str, tuple[str, str]] = {
    "version": ("/api/version", "versionVersionMessage"),
    "user": ("/api/v1/session/userinfo", "sessionGetUserInfoResponse"),
    "right": ("/api/v1/account/can-i/applications/sync/context-prod/context-prod", "accountCanIResponse"),
    "project": ("/api/v1/projects/context-prod", "v1alpha1AppProject"),
    "sets": ("/api/v1/applicationsets", "v1alpha1ApplicationSetList"),
}


def test_what_it_says_of_itself_and_the_token_is_of_the_real_shape(definitions: dict[str, Any], land: Land) -> None:
    land.repositories.commit({"environments/dev/environment.yaml": "- nonsense\n"})
    land.argocd().refresh()
    for token in (TOKEN, f"{TOKEN}@context-prod"):
        for path, name in ACCOUNT.values():
            reply = ask(land, "GET", path, headers={"Authorization": f"Bearer {token}"})
            assert reply.status_code == 200, reply.text
            assert check(definitions, name, reply)
    unknown = ask(land, "GET", ACCOUNT["user"][0], headers={"Authorization": "Bearer x"})
    assert check(definitions, ACCOUNT["user"][1], unknown) == {}
    gone = ask(land, "GET", ACCOUNT["project"][0], headers={"Authorization": f"Bearer {TOKEN}@context-gone"})
    assert (gone.status_code, check(definitions, "runtimeError", gone)["code"]) == (401, 16)
