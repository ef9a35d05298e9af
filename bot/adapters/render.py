"""Kustomize: the same program, with the same built-in limits, as Argo CD runs."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_path
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.kustomizations import is_kustomization, read_kustomization
from bot.model import ENVIRONMENTS, BotError, RenderError
from bot.ports import Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.ports import Renderer

OURS = user_cache_path("gitops-bot") / "kustomize-v5.8.1" / "kustomize"  # `make set-up` builds it there
LEAST_KUSTOMIZE, LEAST_KUBECTL = (5, 4), (1, 31)
SECONDS = 60
MOST_KNOWN = 32
MOST_BYTES = 32 * 1024 * 1024
REMOTE = re.compile(r"^[a-z+]+://|^git@|^github\.com/|\?ref=")
HINT = "run `make set-up`, which builds it, or install kustomize 5.4 or later, or kubectl 1.31 or later"


def open_renderer() -> Renderer:
    """The renderer; whether there is a kustomize is found out when it is first needed."""
    return Kustomize()


@dataclass
class Kustomize:
    """The Renderer port; remembers which program it found, and what it made of the same files before."""

    command: list[str] = field(default_factory=list)
    known: dict[str, Rendered] = field(default_factory=dict)

    def render(self, folder: Path) -> Rendered:
        """Builds a folder; RenderError with kustomize's reason when it refuses."""
        root = next((each.parent for each in folder.parents if each.name == ENVIRONMENTS), folder)
        key = _fingerprint(root, folder)
        if key not in self.known:
            rendered = self._build(root, folder)
            if len(self.known) >= MOST_KNOWN:
                self.known.pop(next(iter(self.known)))
            self.known[key] = rendered
        return self.known[key]

    def _build(self, root: Path, folder: Path) -> Rendered:
        self.command = self.command or _find()
        _refuse_remote(root)
        done = _run([*self.command, str(folder)])
        warnings = _without(done.stderr, root)
        if done.returncode:
            raise RenderError(
                f"kustomize refuses {folder.relative_to(root)}: {' '.join(warnings.split())[:1000]}", "see the file that it names"
            )
        if len(done.stdout) > MOST_BYTES:
            raise RenderError(f"{folder.relative_to(root)} renders more than 32 MiB", "is something included again and again?")
        return Rendered(done.stdout, tuple(_objects(done.stdout, str(folder.relative_to(root)))), warnings)


def _fingerprint(root: Path, folder: Path) -> str:
    """The same for the same files: a render depends on nothing else."""
    found = hashlib.sha256(str(folder.relative_to(root)).encode())
    for path in sorted(root.rglob("*")):
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found.update(f"\0{path.relative_to(root)}\0{path.is_symlink()}{len(content)}\0".encode("utf-8", "surrogateescape") + content)
    return found.hexdigest()


def _find() -> list[str]:
    """Ours, else a kustomize on PATH that is new enough, else kubectl's."""
    if OURS.exists():
        return [str(OURS), "build"]
    if (found := shutil.which("kustomize")) and _version([found, "version"]) >= LEAST_KUSTOMIZE:
        return [found, "build"]
    if (found := shutil.which("kubectl")) and _version([found, "version", "--client"]) >= LEAST_KUBECTL:
        return [found, "kustomize"]
    raise BotError("there is no kustomize that is new enough", HINT)


def _version(command: list[str]) -> tuple[int, int]:
    found = re.search(r"v?(\d+)\.(\d+)", _run(command).stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs with an empty home and nothing on PATH, so that neither settings, plugins nor git come into it."""
    with tempfile.TemporaryDirectory(prefix="bot-home-") as home:
        environment = {"HOME": home, "PATH": home, "GIT_ALLOW_PROTOCOL": "none", "LC_ALL": "C"}
        try:
            return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise RenderError(f"kustomize took longer than {SECONDS} s", "is something included again and again?") from None
        except (OSError, UnicodeDecodeError) as error:
            raise BotError(f"{command[0]} cannot be run: {error.__class__.__name__}", HINT) from error


def _refuse_remote(root: Path) -> None:
    """What kustomize would fetch is not in Git; it is refused before kustomize sees it."""
    for path in _kustomizations(root):
        where = str(path.relative_to(root))
        try:
            targets = read_kustomization(path.read_text("utf-8"), file=where).paths
        except BotError as error:
            raise RenderError(error.message, error.hint) from error
        except (OSError, UnicodeDecodeError) as error:
            raise RenderError(f"{where} cannot be read as UTF-8 text", "correct the file") from error
        for target in targets:
            if REMOTE.search(target):
                raise RenderError(f"{where} loads {target[:200]}, which is not in this repository", "copy what it needs into the folder")


def _kustomizations(root: Path) -> Iterator[Path]:
    for folder, _, files in os.walk(root):
        yield from (Path(folder) / name for name in files if is_kustomization(name))


def _objects(text: str, where: str) -> Iterator[dict[str, Any]]:
    try:
        documents = list(YAML(typ="safe").load_all(text))
    except (YAMLError, ValueError) as error:
        raise RenderError(f"{where} renders what is not YAML: {str(error).splitlines()[0]}", "see the manifests") from error
    for item in documents:
        metadata = item.get("metadata") if isinstance(item, dict) else None
        if not isinstance(metadata, dict) or not all(isinstance(each, str) for each in (item.get("kind"), metadata.get("name"))):
            raise RenderError(f"{where} renders an object without kind and name", "see the manifests")
        yield item


def _without(text: str, root: Path) -> str:
    """A message without the scratch folder's name."""
    return text.replace(f"{root}/", "").replace(str(root), ".")
