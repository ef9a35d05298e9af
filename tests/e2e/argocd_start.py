"""Starting the real Argo CD on the control plane: its parts, our projects and ApplicationSets with loopback addresses, short polls."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from ruamel.yaml import YAML

from bot.schemas.derive import module_folder
from tests.e2e.argocd import IN_CLUSTER, NAMESPACE, START_SECONDS, WEBHOOK_SECRET, ArgoCD
from tests.e2e.peers import ARGOCD, version_of
from tests.e2e.processes import free_ports, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.e2e.cluster import Cluster, Object
    from tests.e2e.plane import Plane
    from tests.e2e.processes import Processes

DEPLOYED = Path(__file__).resolve().parents[2] / "argocd"
PUBLISHED = "https://github.com/dpdpdpdp0987/context-foundation.git"
OTHER_CLUSTER = "https://kubernetes.nonprod.example.com"
FOLLOWED = "environments"
POLL = 10  # seconds between looks at Git, in production 120 to 180; each makes the API server compare every object anew
CONFIG_MAPS = ("argocd-cm", "argocd-rbac-cm", "argocd-cmd-params-cm", "argocd-tls-certs-cm", "argocd-ssh-known-hosts-cm",
               "argocd-gpg-keys-cm")  # fmt: skip


def start_argocd(folder: Path, processes: Processes, peers: Mapping[str, Path], *, plane: Plane, repository: str) -> ArgoCD:
    """Starts it with our projects applied; it follows nothing until `deploy_set`."""
    folder.mkdir()
    ports = dict(zip(("redis", "repo", "server", "metrics", "repo metrics", "server metrics", "set metrics", "set probe", "set webhook"),
                     free_ports(9), strict=True))  # fmt: skip
    plane.cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}])
    # Our objects may have fields that this version has not; tests/argocd holds them to the version that we deploy.
    plane.cluster.apply_known([*_settings(repository), *loopback(repository, "AppProject")])
    redis = ("--port", str(ports["redis"]), "--bind", "127.0.0.1", "--save", "", "--dir", folder)
    processes.start("redis-server", peers["redis-server"], *redis)
    environment = _environment(folder, plane, peers)
    for name, words in _parts(ports).items():
        (folder / "tmp" / name).mkdir(parents=True)
        own = {"ARGOCD_BINARY_NAME": f"argocd-{name}", "TMPDIR": str(folder / "tmp" / name)}
        processes.start(f"argocd-{name}", peers["argocd"], *words, "--loglevel=info", "--logformat=text", env=environment | own)
    url = f"http://127.0.0.1:{ports['server']}"
    processes.wait_for("Argo CD's API", lambda: _answers(url), seconds=START_SECONDS)
    return ArgoCD(url, plane.cluster, repository, _administrator(plane.cluster, url))


def deploy_set(argocd: ArgoCD) -> None:
    """Applies the ApplicationSet of the environments, which follows the repository from then on; add-ons are charts from the internet."""
    sets = loopback(argocd.repository, "ApplicationSet")
    argocd.cluster.apply_known(item for item in sets if item["metadata"]["name"] == FOLLOWED)


def _environment(folder: Path, plane: Plane, peers: Mapping[str, Path]) -> dict[str, str]:
    programs = folder / "bin"
    programs.mkdir()
    for name in ("kustomize", "kubectl"):
        (programs / name).symlink_to(peers[name])
    wrapper = programs / "git-verify-wrapper.sh"
    wrapper.write_text((module_folder(ARGOCD, version_of("argocd")) / "hack" / wrapper.name).read_text("utf-8"), "utf-8")
    wrapper.chmod(0o755)
    for name in ("tls", "ssh", "gpg", "plugins"):
        (folder / name).mkdir()
    (folder / "ssh" / "ssh_known_hosts").touch()
    # ARGOCD_SYNC_WAVE_DELAY stays: with less than its 2 s the old health of a Deployment counts, and the smoke hook runs too early.
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "KUBECONFIG": str(plane.kubeconfig),
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_TLS_DATA_PATH": str(folder / "tls"),
        "ARGOCD_SSH_DATA_PATH": str(folder / "ssh"),
        "ARGOCD_GNUPGHOME": str(folder / "gpg"),
        "ARGOCD_PLUGINSOCKFILEPATH": str(folder / "plugins"),
        "ARGOCD_RECONCILIATION_JITTER": "0",
        "ARGOCD_DEFAULT_CACHE_EXPIRATION": "1h",
        "ARGOCD_K8S_CLIENT_QPS": "500",  # its 50 let a comparison of a hundred objects wait for seconds
        "ARGOCD_K8S_CLIENT_BURST": "1000",
    }


def _parts(ports: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """Each part of Argo CD with its flags."""
    here = "127.0.0.1"
    redis, repo = f"--redis={here}:{ports['redis']}", f"--repo-server={here}:{ports['repo']}"
    common = (f"--namespace={NAMESPACE}",)
    return {
        "repo-server": (
            redis, f"--address={here}", f"--port={ports['repo']}", f"--metrics-address={here}", f"--metrics-port={ports['repo metrics']}",
            f"--revision-cache-expiration={POLL}s",
        ),
        "application-controller": (
            *common, redis, repo, f"--metrics-port={ports['metrics']}", f"--app-resync={POLL}", "--app-resync-jitter=0",
        ),
        "applicationset-controller": (
            *common, f"--argocd-repo-server={here}:{ports['repo']}", f"--metrics-addr={here}:{ports['set metrics']}",
            f"--probe-addr={here}:{ports['set probe']}", f"--webhook-addr={here}:{ports['set webhook']}",
        ),
        "server": (
            *common, redis, repo, "--insecure", f"--address={here}", f"--port={ports['server']}",
            f"--metrics-port={ports['server metrics']}",
        ),
    }  # fmt: skip


def _settings(repository: str) -> Iterator[Object]:
    """What Argo CD reads at its start; settings of ours in `argocd/` are in it, but for those that are for loopback."""
    ours: dict[str, dict[str, str]] = {name: {} for name in CONFIG_MAPS}
    for item in _deployed("ConfigMap"):
        ours.setdefault(item["metadata"]["name"], {}).update(item.get("data", {}))
    ours["argocd-cm"] |= {"timeout.reconciliation": f"{POLL}s", "timeout.reconciliation.jitter": "0s"}
    ours["argocd-cm"].pop("dex.config", None)  # nobody comes by GitHub here
    for name in CONFIG_MAPS:
        yield _labelled("ConfigMap", name, data=ours[name])
    yield _labelled(
        "Secret", "argocd-secret", stringData={"server.secretkey": secrets.token_hex(32), "webhook.github.secret": WEBHOOK_SECRET}
    )
    item = _labelled("Secret", "repository", stringData={"type": "git", "url": repository})
    item["metadata"]["labels"]["argocd.argoproj.io/secret-type"] = "repository"
    yield item


def _labelled(kind: str, name: str, **content: dict[str, str]) -> Object:
    labels = {"app.kubernetes.io/part-of": "argocd"}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels}, **content}


def loopback(repository: str, kind: str) -> Iterator[Object]:
    """Our own objects of a kind, with the repository and the cluster on loopback, and short polls where they run."""
    for item in _deployed(kind):
        moved = json.loads(json.dumps(item).replace(PUBLISHED, repository).replace(OTHER_CLUSTER, IN_CLUSTER))
        if kind == "AppProject":
            moved["spec"].pop("syncWindows", None)  # the clock must not decide how a test ends; `ArgoCD.windows` sets some
        yield _hastened(moved) if moved["metadata"]["name"] == FOLLOWED else moved


def _hastened(application_set: Object) -> Object:
    for generator in application_set["spec"]["generators"]:
        generator["git"]["requeueAfterSeconds"] = POLL
    retry = application_set["spec"]["template"]["spec"]["syncPolicy"]["retry"]
    retry["backoff"] |= {"duration": "1s", "maxDuration": "5s"}
    return application_set


def _deployed(kind: str) -> Iterator[Object]:
    """Everything of a kind that `argocd/` holds."""
    for path in sorted(DEPLOYED.rglob("*.yaml")):
        for item in YAML(typ="safe").load_all(path.read_text("utf-8")):
            if item and item.get("kind") == kind:
                yield item


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/version", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _administrator(cluster: Cluster, url: str) -> httpx.Client:
    """Its first administrator, by the password that it made."""
    secret: Any = wait_for(
        "Argo CD's first password",
        lambda: [each for each in cluster.items(f"/api/v1/namespaces/{NAMESPACE}/secrets") if "initial-admin" in each["metadata"]["name"]],
        seconds=START_SECONDS,
    )
    password = base64.b64decode(secret[0]["data"]["password"]).decode()
    client = httpx.Client(base_url=url, trust_env=False, timeout=60, headers={"Content-Type": "application/json"})
    answer = client.post("/api/v1/session", json={"username": "admin", "password": password})
    answer.raise_for_status()
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return client
