"""A made-up cluster behind a stand-in for kubectl, and the scripts run against it in a copy of the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.manifests.renders import ROOT

NAMES = ("deploy", "validate", "teardown")
SCRIPTS = ROOT / "scripts"
READS = ("get ", "config ", "version", "rollout status", "wait ")
FIRST = re.compile(r"^(--(context|namespace) \S+ )*")


@dataclass(frozen=True)
class Cluster:
    """The tree that the scripts run in, and the stand-in's notes."""

    tree: Path
    notes: Path

    def answer(self, pattern: str, stdout: str = "", *, status: int = 0) -> None:
        """What kubectl says to calls that contain the pattern; later rules win."""
        rules = self.notes / "rules"
        folder = rules / f"{99 - len(list(rules.iterdir())):02}"
        folder.mkdir()
        for name, text in {"pattern": pattern, "stdout": stdout, "status": str(status)}.items():
            (folder / name).write_text(text, "utf-8")

    def run(self, script: str, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        path = f"{Path(__file__).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "FAKE": str(self.notes), "WAIT_SECONDS": "1"}
        command = [str(self.tree / "scripts" / f"{script}.sh"), *arguments]
        return subprocess.run(command, input=typed, capture_output=True, text=True, check=False, env=environment, timeout=60)

    def calls(self) -> list[str]:
        file = self.notes / "calls"
        return file.read_text("utf-8").splitlines() if file.exists() else []

    def changes(self) -> list[str]:
        """The calls that could change a cluster."""
        return [call for call in self.calls() if not FIRST.sub("", call).startswith(READS) and "--dry-run=server" not in call]


def make_tree(tree: Path) -> Path:
    """A copy of what the scripts read."""
    for name in ("scripts", "clusters", "argocd", "environments"):
        shutil.copytree(ROOT / name, tree / name, symlinks=True, ignore=shutil.ignore_patterns("release"))
    return tree


def make_cluster(tree: Path, notes: Path) -> Cluster:
    """The contexts nonprod-eu and prod-eu, each a cluster that was set up, with Argo CD in prod-eu alone."""
    cluster = Cluster(tree, notes)
    (notes / "rules").mkdir(parents=True)
    cluster.answer("config get-contexts", "minikube\nnonprod-eu\nprod-eu\n")
    cluster.answer("config current-context", "prod-eu\n")
    cluster.answer("config view --minify", "https://0123456789.eks.example.com")
    cluster.answer("get crd applications.argoproj.io", "customresourcedefinition/applications.argoproj.io\n")
    for name in ("nonprod", "production"):
        cluster.answer(f"--context {name.removesuffix('uction')}-eu get configmap context-foundation", name)
    cluster.answer("--context nonprod-eu --namespace argocd", status=1)
    return cluster


def make_healthy(cluster: Cluster, *, backup: str) -> None:
    """Everything that validate.sh looks at is as it should be; the backups ran at the given time."""
    cluster.answer("get nodes", "node-1 True\nnode-2 True\n")
    cluster.answer("get daemonset/istio-cni-node", "2 2")
    cluster.answer("get deployments,statefulsets", "Deployment/context-api 4 4 5 5\nStatefulSet/qdrant 1 1 3 3\n")
    cluster.answer("get persistentvolumeclaims", "qdrant-storage-qdrant-0 Bound\n")
    cluster.answer("get certificates.cert-manager.io", "True")
    jobs = (
        f"qdrant-backup,backup,false,{backup}",
        "qdrant-restore,restore,true,",
        f"neo4j-backup,backup,,{backup}",
        "neo4j-restore,restore,true,",
    )
    cluster.answer("get cronjobs", "\n".join((*jobs, "")))


def make_origin(tree: Path, *, without: tuple[str, ...]) -> None:
    """The tree becomes a checkout whose origin's main lacks some environments, which it had once."""
    origin = tree.parent / "origin.git"
    commit = (
        "-c",
        "user.name=Test",
        "-c",
        "user.email=test@example.com",
        "-c",
        "commit.gpgsign=false",
        "-C",
        str(tree),
        "commit",
        "--quiet",
    )
    for command in (
        ("init", "--quiet", "--bare", "--initial-branch=main", str(origin)),
        ("-C", str(tree), "init", "--quiet", "--initial-branch=main"),
        ("-C", str(tree), "remote", "add", "origin", str(origin)),
        ("-C", str(tree), "add", "--all"),
        (*commit, "--message", "state of main"),
        ("-C", str(tree), "rm", "--quiet", "-r", *(f"environments/{name}" for name in without)),
        (*commit, "--message", "they are gone"),
        ("-C", str(tree), "push", "--quiet", "origin", "main"),
    ):
        subprocess.run(["git", *command], check=True, capture_output=True, timeout=60)
