"""The real Argo CD on the control plane: its parts, our projects and ApplicationSets with loopback addresses, and its API."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from ruamel.yaml import YAML

from bot.schemas.derive import module_folder
from tests.e2e.peers import ARGOCD, version_of
from tests.e2e.processes import free_ports, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.e2e.cluster import Cluster, Object
    from tests.e2e.plane import Plane
    from tests.e2e.processes import Processes

DEPLOYED = Path(__file__).resolve().parents[2] / "argocd"
NAMESPACE, IN_CLUSTER = "argocd", "https://kubernetes.default.svc"
PUBLISHED = "https://github.com/dpdpdpdp0987/context-foundation.git"
OTHER_CLUSTER = "https://kubernetes.nonprod.example.com"
POLL = 5  # seconds between looks at Git; in production 60 to 180
APPLICATIONS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications"
APPLICATION_SETS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applicationsets"
CONFIG_MAPS = ("argocd-cm", "argocd-rbac-cm", "argocd-cmd-params-cm", "argocd-tls-certs-cm", "argocd-ssh-known-hosts-cm",
               "argocd-gpg-keys-cm")  # fmt: skip
START_SECONDS = 60


@dataclass(frozen=True)
class ArgoCD:
    """A running Argo CD, its administrator, and the address that its Applications follow."""

    url: str
    cluster: Cluster
    repository: str
    administrator: httpx.Client = field(repr=False)

    def application(self, name: str) -> Object | None:
        """An Application as the cluster has it; None when there is none."""
        return next((app for app in self.cluster.items(APPLICATIONS) if app["metadata"]["name"] == name), None)

    def applications(self) -> dict[str, Object]:
        """All Applications by name."""
        return {app["metadata"]["name"]: app for app in self.cluster.items(APPLICATIONS)}

    def set_conditions(self) -> dict[str, str]:
        """The ApplicationSet's conditions: type and status."""
        found = self.cluster.get(f"{APPLICATION_SETS}/environments")
        return {each["type"]: each["status"] for each in found.get("status", {}).get("conditions", ())}

    def manifests(self, name: str, *, revision: str | None = None) -> list[Object]:
        """What Argo CD renders for an Application."""
        answer = self.administrator.get(f"/api/v1/applications/{name}/manifests", params={"revision": revision} if revision else {})
        answer.raise_for_status()
        return [json.loads(text) for text in answer.json()["manifests"]]

    def tree(self, name: str) -> list[Object]:
        """The nodes of an Application's resource tree."""
        answer = self.administrator.get(f"/api/v1/applications/{name}/resource-tree")
        answer.raise_for_status()
        found: list[Object] = answer.json()["nodes"]
        return found

    def refresh(self, *names: str) -> None:
        """Has it look at Git at once, as a webhook would."""
        for name in names or self.applications():
            self.cluster.patch(f"{APPLICATIONS}/{name}", {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}})

    def end_operation(self, name: str) -> None:
        """Ends the sync that runs, and starts one to main: a sync that waits for health does so for ever, whatever main says."""
        self.administrator.delete(f"/api/v1/applications/{name}/operation")
        wait_for(f"{name}'s sync to end", lambda: not is_syncing(self.applications()[name]), seconds=START_SECONDS)
        self.administrator.post(f"/api/v1/applications/{name}/sync", json={}).raise_for_status()

    def look(self) -> None:
        """Has the ApplicationSets look at `environments/` at once."""
        change = {"metadata": {"annotations": {"argocd.argoproj.io/application-set-refresh": "true"}}}
        self.cluster.patch(f"{APPLICATION_SETS}/environments", change)

    def project_token(self, project: str, role: str = "bot") -> str:
        """A token of a project's role, made as `argocd proj role create-token` does."""
        answer = self.administrator.post(f"/api/v1/projects/{project}/roles/{role}/token", json={"project": project, "role": role})
        answer.raise_for_status()
        token: str = answer.json()["token"]
        return token

    def windows(self, project: str, windows: list[Object]) -> None:
        """Sets a project's sync windows; none: a sync is allowed at any time, which is how every test begins."""
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/appprojects/{project}"
        self.cluster.patch(path, {"spec": {"syncWindows": windows or None}})

    def as_bot(self, token: str) -> httpx.Client:
        """The API as the holder of a token."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=30, headers={"Authorization": f"Bearer {token}"})

    def deploy_sets(self) -> None:
        """Applies our ApplicationSets; from then on it follows the repository."""
        self.cluster.apply_known(_loopback(self.repository, "ApplicationSet"))


def is_syncing(application: Object) -> bool:
    """Whether an operation runs or is about to."""
    return "operation" in application or application.get("status", {}).get("operationState", {}).get("phase") in {"Running", "Terminating"}


def start_argocd(folder: Path, processes: Processes, peers: Mapping[str, Path], *, plane: Plane, repository: str) -> ArgoCD:
    """Starts it with our projects applied; it follows nothing until `deploy_sets`."""
    folder.mkdir()
    ports = dict(zip(("redis", "repo", "server", "metrics", "repo metrics", "server metrics", "set metrics", "set probe", "set webhook"),
                     free_ports(9), strict=True))  # fmt: skip
    plane.cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}])
    # Our objects may have fields that this version has not; tests/argocd holds them to the version that we deploy.
    plane.cluster.apply_known([*_settings(repository), *_loopback(repository, "AppProject")])
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
    yield _labelled("Secret", "argocd-secret", stringData={"server.secretkey": secrets.token_hex(32)})
    item = _labelled("Secret", "repository", stringData={"type": "git", "url": repository})
    item["metadata"]["labels"]["argocd.argoproj.io/secret-type"] = "repository"
    yield item


def _labelled(kind: str, name: str, **content: dict[str, str]) -> Object:
    labels = {"app.kubernetes.io/part-of": "argocd"}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels}, **content}


def _loopback(repository: str, kind: str) -> Iterator[Object]:
    """Our own objects of a kind, with the repository and the cluster on loopback, and short polls."""
    for item in _deployed(kind):
        moved = json.loads(json.dumps(item).replace(PUBLISHED, repository).replace(OTHER_CLUSTER, IN_CLUSTER))
        if kind != "ApplicationSet":
            moved["spec"].pop("syncWindows", None)  # the clock must not decide how a test ends; `ArgoCD.windows` sets some
            yield moved
        elif moved["metadata"]["name"] == "environments":  # add-ons are charts from the internet
            yield _hastened(moved)


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
