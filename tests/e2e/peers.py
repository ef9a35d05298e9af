"""The programs that the end-to-end tests run against: taken ready, or built once by Go from the modules in `go/`, and kept by version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from platformdirs.unix import Unix

from bot.adapters.render import OURS
from bot.model import BotError

MODULES = Path(__file__).parent / "go"
READY = "E2E_BIN"  # a folder with ready programs: those of another Argo CD version, say
BUILD_SECONDS = 1800
ARGOCD, KUBERNETES = "github.com/argoproj/argo-cd/v3", "k8s.io/kubernetes"


@dataclass(frozen=True)
class Peer:
    """A program, the folder of `go/` that pins it, and the package that it is built from."""

    name: str
    folder: str
    module: str
    package: str
    stamps: tuple[str, ...] = ()  # what its release process would write into it

    @property
    def version(self) -> str:
        """The version that go.mod pins."""
        text = (MODULES / self.folder / "go.mod").read_text("utf-8")
        found = re.search(rf"^(?:require)?\s*{re.escape(self.module)} (v\S+)", text, re.MULTILINE)
        if found is None:
            raise BotError(f"{self.folder}/go.mod does not require {self.module}", "restore its require line")
        return found[1]

    @property
    def built(self) -> Path:
        """Where it is kept once built."""
        return Path(Unix("gitops-bot").user_cache_path) / "e2e" / f"{self.name}-{self.version}" / self.name


def _kubernetes(name: str) -> Peer:
    version = "k8s.io/component-base/version."
    stamps = (f"{version}gitVersion={{version}}", f"{version}gitMajor={{major}}", f"{version}gitMinor={{minor}}")
    return Peer(name, "argo-cd", KUBERNETES, f"{KUBERNETES}/cmd/{name}", stamps)


PEERS = (
    Peer("etcd", "etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"),
    Peer("kwok", "kwok", "sigs.k8s.io/kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    *map(_kubernetes, ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")),
    Peer("argocd", "argo-cd", ARGOCD, f"{ARGOCD}/cmd", (f"{ARGOCD}/common.version={{plain}}",)),
)
INSTALLED = ("redis-server", "lighttpd", "prometheus", "git")


def find_peers() -> dict[str, Path]:
    """Where each program is; builds what is missing, and says so. BotError names what cannot be had."""
    return {name: _installed(name) for name in INSTALLED} | {peer.name: _find(peer) for peer in PEERS} | {"kustomize": _kustomize()}


def version_of(name: str) -> str:
    """The version of a peer that is pinned."""
    return next(peer.version for peer in PEERS if peer.name == name)


def _installed(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise BotError(f"there is no {name} here", "install it as .ci/run does; no service needs to be started")
    return Path(found)


def _kustomize() -> Path:
    """The one that `make set-up` builds, which the bot renders with, too."""
    ours = Path(Unix("gitops-bot").user_cache_path) / OURS
    return ours if ours.exists() else _installed("kustomize")


def _find(peer: Peer) -> Path:
    ready = Path(os.environ[READY]) / peer.name if os.environ.get(READY) else None
    if ready is not None and ready.exists():
        return ready
    peer.built.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(peer.built.with_suffix(".lock"), timeout=BUILD_SECONDS):
        if not peer.built.exists():
            go = shutil.which("go")
            if go is None:  # any version on PATH is better than none; a kubectl from a distribution may be too old, though
                return _installed(peer.name)
            _build(go, peer)
    return peer.built


def _build(go: str, peer: Peer) -> None:
    _say(f"building {peer.name} {peer.version} into {peer.built.parent}: the tests run against the real one (once, some minutes)")
    major, minor = re.findall(r"\d+", peer.version)[:2]
    values = {"version": peer.version, "plain": peer.version.removeprefix("v"), "major": major, "minor": minor}
    stamps = " ".join(f"-X {stamp.format(**values)}" for stamp in peer.stamps)
    unfinished = peer.built.with_suffix(".part")  # what runs beside a build of minutes comes first: CI tests meanwhile
    done = subprocess.run(
        ["nice", go, "build", "-trimpath", "-ldflags", f"-s -w {stamps}".strip(), "-o", str(unfinished), peer.package],
        cwd=MODULES / peer.folder,
        env={**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise BotError(
            f"{peer.name} {peer.version} does not build: {done.stderr[-2000:]}", f"put a ready one into a folder and set {READY}"
        )
    unfinished.rename(peer.built)


def _say(text: str) -> None:
    sys.__stderr__.write(f"e2e: {text}\n") if sys.__stderr__ else None


def main() -> int:
    """Finds or builds all; prints where they are."""
    try:
        found = find_peers()
    except BotError as error:
        sys.stderr.write(f"error: {error.message}\nhint:  {error.hint}\n")
        return 1
    sys.stdout.write("".join(f"{name}: {path}\n" for name, path in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
