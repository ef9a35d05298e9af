"""Kustomize as the bot runs it: what it renders, what it refuses, and that nothing from outside comes into it."""

from __future__ import annotations

import os
import shutil
import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.adapters.render import Kustomize
from bot.model import BotError, RenderError
from tests.conftest import require_peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.ports import Rendered

NAMED = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n"
FILES = {
    "apps/api/base/kustomization.yaml": "resources: [config-map.yaml]\n",
    "apps/api/base/config-map.yaml": NAMED.format("api"),
    "environments/dev/kustomization.yaml": "namespace: dev\nresources: [api]\n",
    "environments/dev/api/kustomization.yaml": "resources: [../release/api/base]\n",
}
OVERLAY = "environments/dev/api/kustomization.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Dev as it is in the repository: its release is a link."""
    write(tmp_path, FILES)
    (tmp_path / "environments/dev/release").symlink_to("../../apps")
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def render(root: Path) -> Rendered:
    return Kustomize().render(root / "environments/dev")


def refusal(root: Path) -> RenderError:
    with pytest.raises(RenderError) as refused:
        render(root)
    assert str(root) not in refused.value.message
    assert "\n" not in refused.value.message
    return refused.value


@pytest.fixture(params=["ours", "kustomize on PATH", "kubectl on PATH"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves one of the three programs to be found."""
    ours = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gitops-bot/kustomize-v5.8.1/kustomize"
    if request.param == "ours":
        if not ours.exists():
            pytest.skip("needs the kustomize that `make set-up` builds")
        return
    folder = tmp_path_factory.mktemp("path")
    if request.param == "kustomize on PATH":
        (folder / "kustomize").symlink_to(ours if ours.exists() else require_peer("kustomize"))
    else:
        (folder / "kubectl").symlink_to(require_peer("kubectl"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("PATH", str(folder))


def test_each_program_renders_a_release_behind_its_link(root: Path, program: None) -> None:
    rendered = render(root)
    assert rendered.objects == ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "api", "namespace": "dev"}},)
    assert "name: api" in rendered.text
    assert rendered.warnings == ""


@pytest.mark.parametrize("old", [None, ("kustomize", "v5.3.0"), ("kubectl", "v1.30.9")], ids=["none", "old kustomize", "old kubectl"])
def test_without_a_program_only_rendering_fails(root: Path, monkeypatch: pytest.MonkeyPatch, old: tuple[str, str] | None) -> None:
    folder = root / "path"
    folder.mkdir()
    if old:
        (folder / old[0]).write_text(f"#!/bin/sh\necho {old[1]}\n")
        (folder / old[0]).chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setenv("PATH", str(folder))
    renderer = Kustomize()
    with pytest.raises(BotError, match="no kustomize") as refused:
        renderer.render(root / "environments/dev")
    assert "make set-up" in refused.value.hint


def test_what_kustomize_warns_of_is_kept(root: Path) -> None:
    write(root, {OVERLAY: "bases: [../release/api/base]\n"})
    assert "'bases' is deprecated" in render(root).warnings


def test_the_same_files_are_rendered_once_and_changed_ones_anew(root: Path) -> None:
    renderer, copy = Kustomize(), partial(shutil.copytree, root, symlinks=True, dirs_exist_ok=True)
    first = renderer.render_files("environments/dev", names="a", write=copy)
    assert renderer.render_files("environments/dev", names="a", write=copy) is first
    write(root, {"apps/api/base/config-map.yaml": NAMED.format("other")})
    changed = renderer.render_files("environments/dev", names="b", write=copy)
    assert changed.objects[0]["metadata"]["name"] == "other"
    assert first.objects[0]["metadata"]["name"] == "api"


REFUSED = {
    "a missing file": ({"environments/dev/api/kustomization.yaml": "resources: [nothing.yaml]\n"}, "nothing.yaml"),
    "a file of another folder": (
        {OVERLAY: "configMapGenerator: [{name: stolen, files: [../../../secret]}]\n", "secret": "s"},
        "security; file",
    ),
    "text that is not YAML": ({OVERLAY: "resources: [\n"}, "environments/dev/api/kustomization.yaml is not YAML"),
    "a key that nobody knows": ({OVERLAY: "nonsense: 1\n"}, "unknown field"),
    "an object without a name": ({"apps/api/base/config-map.yaml": "apiVersion: v1\nkind: ConfigMap\n"}, "missing metadata.name"),
    "an object without an apiVersion": ({"apps/api/base/config-map.yaml": "kind: ConfigMap\nmetadata: {name: a}\n"}, "apiVersion"),
    "a number for a namespace": (
        {
            "apps/api/base/config-map.yaml": NAMED.format("a") + "  namespace: 12\n",
            "environments/dev/kustomization.yaml": "resources: [api]\n",
        },
        "not as text",
    ),
    "a Helm chart": ({OVERLAY: "helmCharts: [{name: a, repo: https://charts.example}]\n"}, "helmCharts"),
    "a plugin": ({OVERLAY: "transformers: [plugin.yaml]\n", "environments/dev/api/plugin.yaml": "kind: X\n"}, "transformers"),
    "a circle": ({OVERLAY: "resources: [../../dev]\n"}, "cycle"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_rendered_is_refused_with_the_reason(root: Path, name: str) -> None:
    files, words = REFUSED[name]
    write(root, files)
    assert words in refusal(root).message


def test_an_environment_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "environments/dev" in refusal(tmp_path).message


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that would notice a fetch."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0)
        yield server


REMOTE: dict[str, str] = {
    "a file": "resources: ['{url}/file.yaml']",
    "a base": "resources: ['{url}/repository.git//base?ref=v1']",
    "a base by its query": "resources: ['host.example/repository//base?ref=v1']",
    "a base of the hub": "resources: [github.com/owner/repository]",
    "a base over ssh": "resources: ['git@host.example:owner/repository']",
    "a base by its scheme": "resources: ['git::{url}/repository']",
    "a component": "components: ['{url}/component']",
    "an old base": "bases: ['{url}/base']",
    "a patch": "patches: [{{path: '{url}/patch.yaml'}}]",
    "an old patch": "patchesStrategicMerge: ['{url}/patch.yaml']",
    "a JSON patch": "patchesJson6902: [{{target: {{kind: ConfigMap, name: api, version: v1}}, path: '{url}/patch.yaml'}}]",
    "a replacement": "replacements: [{{path: '{url}/replacement.yaml'}}]",
    "settings": "configMapGenerator: [{{name: a, envs: ['{url}/a.env']}}]",
    "a file of settings": "configMapGenerator: [{{name: a, files: ['key={url}/a']}}]",
    "a secret": "secretGenerator: [{{name: a, files: ['{url}/a']}}]",
    "a schema": "openapi: {{path: '{url}/schema.json'}}",
    "definitions": "crds: ['{url}/crd.json']",
    "configurations": "configurations: ['{url}/configuration.yaml']",
    "a file, the key in capitals": "RESOURCES: ['{url}/file.yaml']",
    "a file, the key with a long s": "re\u017fources: ['{url}/file.yaml']",
    "a patch, its path in capitals": "patches: [{{PATH: '{url}/patch.yaml'}}]",
    "a plugin": 'transformers: ["{{apiVersion: builtin, kind: PatchTransformer, metadata: {{name: x}}, path: {url}/x}}"]',
}


@pytest.mark.parametrize("name", REMOTE)
def test_nothing_is_fetched(root: Path, listener: socket.socket, name: str) -> None:
    write(root, {OVERLAY: REMOTE[name].format(url=f"http://127.0.0.1:{listener.getsockname()[1]}") + "\n"})
    assert OVERLAY in refusal(root).message
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_kustomization_outside_of_what_is_checked_cannot_fetch_either(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    write(outside, {"kustomization.yaml": "resources: ['http://files.example/file.yaml', 'https://host.example/repository.git']\n"})
    (root / "environments/dev/elsewhere").symlink_to(outside)
    write(root, {OVERLAY: "resources: [../elsewhere]\n"})
    assert "connection refused" in refusal(root).message


def test_the_home_and_the_secrets_of_the_user_are_not_passed_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = root / "path"
    write(folder, {"kustomize": f"#!/bin/sh\nif [ $1 = version ]; then echo v5.8.1; else export -p > {root}/seen; fi\n"})
    (folder / "kustomize").chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("BOT_GITHUB_TOKEN_FILE", "/secret")
    assert render(root).objects == ()
    seen = (root / "seen").read_text()
    assert "BOT_" not in seen
    assert f"HOME='{Path.home()}'" not in seen


def test_more_than_can_be_meant_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = root / "path"
    write(folder, {"kustomize": "#!/bin/sh\nif [ $1 = version ]; then echo v5.8.1; else exec /usr/bin/head -c 40000000 /dev/zero; fi\n"})
    (folder / "kustomize").chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setenv("PATH", str(folder))
    assert "more than 32 MiB" in refusal(root).message
