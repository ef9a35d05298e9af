"""What the adapter and the sandbox's registry agree on, held against a real docker-registry that skopeo pushes to."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.adapters.registry import open_registry
from bot.adapters.registry_http import MEDIA_TYPES
from bot.model import BotError
from bot.sandbox.registry import CONFIG, MANIFEST, RegistryStandIn
from bot.sandbox.serving import serve
from tests.conftest import require_peer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOST = "registry.example"


class Peer:
    """A registry by its address, and how an image with a config gets there."""

    def __init__(self, url: str, push: Callable[[str, bytes], str]) -> None:
        self.url = url
        self.push = push
        self.registry = open_registry(mirrors={HOST: url, "docker.io": url}, timeout=10)


@pytest.fixture(scope="module", params=["stand-in", "docker-registry"])
def peer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    if request.param == "stand-in":
        state = RegistryStandIn()
        server = serve(state.app())
        yield Peer(server.url, lambda name, config: state.push(f"{HOST}/{name.rpartition(':')[0]}", name.rpartition(":")[2], config=config))
        server.stop()
    else:
        yield from docker_registry(tmp_path_factory.mktemp("registry"))


def docker_registry(folder: Path) -> Iterator[Peer]:
    program, skopeo = require_peer("docker-registry"), require_peer("skopeo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": address, "secret": "of no use to anybody"},
        "log": {"accesslog": {"disabled": True}, "level": "error"},
    }
    (folder / "config.yml").write_text(json.dumps(settings))
    process = subprocess.Popen([program, "serve", str(folder / "config.yml")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://{address}/v2/")
        yield Peer(f"http://{address}", lambda name, config: push_layout(skopeo, folder / "layout", config, f"docker://{address}/{name}"))
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(url)


def push_layout(skopeo: str, folder: Path, config: bytes, target: str) -> str:
    """Writes an OCI layout by hand and copies it; answers the digest of its manifest."""

    def blob(content: bytes) -> dict[str, str | int]:
        digest = hashlib.sha256(content).hexdigest()
        (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        (folder / "blobs" / "sha256" / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    manifest = blob(
        json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": CONFIG, **blob(config)}, "layers": []}).encode()
    )
    index = {"schemaVersion": 2, "manifests": [{"mediaType": MANIFEST, **manifest}]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    command = [skopeo, "--insecure-policy", "copy", "--dest-tls-verify=false", f"oci:{folder}", target]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return str(manifest["digest"])


def config(word: str) -> bytes:
    return json.dumps(
        {"architecture": "amd64", "os": "linux", "config": {"Labels": {"word": word}}, "rootfs": {"type": "layers", "diff_ids": []}}
    ).encode()


def test_a_tag_names_the_digest_of_its_manifest(peer: Peer) -> None:
    pushed = peer.push("team/app:v1.2.3", config("one"))
    assert peer.registry.digest(f"{HOST}/team/app", "v1.2.3") == pushed


def test_a_moved_tag_names_its_new_digest(peer: Peer) -> None:
    before = peer.push("team/moved:v1", config("before"))
    after = peer.push("team/moved:v1", config("after"))
    assert peer.registry.digest(f"{HOST}/team/moved", "v1") == after != before


@pytest.mark.parametrize("name", ["neo4j", "docker.io/neo4j", "docker.io/library/neo4j", "index.docker.io/library/neo4j"])
def test_an_official_image_of_the_hub_has_many_spellings(peer: Peer, name: str) -> None:
    pushed = peer.push("library/neo4j:5.26.29", config("neo4j"))
    assert peer.registry.digest(name, "5.26.29") == pushed


@pytest.mark.parametrize(("name", "tag"), [("team/app", "v9"), ("team/nothing", "v1")], ids=["no such tag", "no such repository"])
def test_what_is_not_there_is_named(peer: Peer, name: str, tag: str) -> None:
    peer.push("team/app:v1.2.3", config("one"))
    with pytest.raises(BotError, match=rf"^{HOST}/{name}:{tag} is not in the registry {HOST}$") as refused:
        peer.registry.digest(f"{HOST}/{name}", tag)
    assert "TAG@sha256:" in refused.value.hint


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("by", ["tag", "digest"])
def test_a_manifest_is_read_by_tag_and_by_digest(peer: Peer, method: str, by: str) -> None:
    digest = peer.push("team/app:v1.2.3", config("one"))
    url = f"{peer.url}/v2/team/app/manifests/{digest if by == 'digest' else 'v1.2.3'}"
    reply = httpx.request(method, url, headers={"Accept": ", ".join(MEDIA_TYPES)}, trust_env=False)
    assert (reply.status_code, reply.headers["content-type"]) == (200, MANIFEST)
    assert reply.headers["docker-content-digest"] == digest
    assert reply.headers["docker-distribution-api-version"] == "registry/2.0"
    assert len(reply.content) == (int(reply.headers["content-length"]) if method == "GET" else 0)


def test_the_tags_of_a_repository_are_listed(peer: Peer) -> None:
    for tag in ("v2", "v10", "v1"):
        peer.push(f"team/tagged:{tag}", config(tag))
    listed = httpx.get(f"{peer.url}/v2/team/tagged/tags/list", trust_env=False).json()
    assert (listed["name"], set(listed["tags"])) == ("team/tagged", {"v1", "v2", "v10"})


@pytest.mark.parametrize(
    ("path", "code"),
    [("team/app/manifests/v9", "MANIFEST_UNKNOWN"), ("team/nothing/tags/list", "NAME_UNKNOWN")],
    ids=["manifest", "repository"],
)
def test_errors_have_the_code_of_the_specification(peer: Peer, path: str, code: str) -> None:
    peer.push("team/app:v1.2.3", config("one"))
    reply = httpx.get(f"{peer.url}/v2/{path}", trust_env=False)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (404, code)
