"""Kustomize: the same program, with the same built-in limits, as Argo CD runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from platformdirs.unix import Unix
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.kustomizations import is_kustomization, read_kustomization
from bot.model import ENVIRONMENTS, BotError, RenderError
from bot.ports import Rendered
from bot.setup import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.ports import Renderer

OURS = Path("kustomize-v5.8.1", "kustomize")  # in our cache; `make set-up` builds it there, on every system in the Unix way
LEAST_KUSTOMIZE, LEAST_KUBECTL = (5, 4), (1, 31)
SECONDS = 60
MOST_KNOWN = 64
MOST_BYTES = 32 * 1024 * 1024
REMOTE = re.compile(r"(?i)://|^git::|^[^/]+@[^/]+:|^(?:github|bitbucket)\.(?:com|org)/|[?&](?:ref|version|submodules|timeout)=")
NOWHERE = "http://127.0.0.1:9"  # a proxy that refuses: kustomize is a Go program and would fetch over HTTP through it
COLLECT = "400"  # kustomize lives for a moment: Go's usual garbage collection takes a third of it
HINT = "run `make set-up`, which builds it, or install kustomize 5.4 or later, or kubectl 1.31 or later"


@cache
def open_renderer() -> Renderer:
    """The process's renderer; whether there is a kustomize is found out when it is first needed."""
    return Kustomize()


@dataclass
class Kustomize:
    """The Renderer port; remembers which program it found, and what it made of the same files before."""

    command: list[str] = field(default_factory=list)
    known: dict[tuple[str, str], Rendered] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)  # of what is known

    def render(self, folder: Path) -> Rendered:
        """Builds a folder; RenderError with kustomize's reason when it refuses."""
        root = next((each.parent for each in folder.parents if each.name == ENVIRONMENTS), folder)
        return self._build(root, folder)

    def render_files(self, folder: str, *, names: str, write: Callable[[Path], None]) -> Rendered:
        """The same of a folder among files that `write` puts below a root; remembered by what names them: same names, same files."""
        key = (folder, names)
        with self.lock:
            if (known := self.known.pop(key, None)) is not None:
                self.known[key] = known  # as the last one to be forgotten
                return known
        with tempfile.TemporaryDirectory(prefix="bot-render-") as scratch:
            root = Path(scratch).resolve()
            write(root)
            rendered = self.render(root / folder)
        with self.lock:
            self.known[key] = rendered
            if len(self.known) > MOST_KNOWN:
                del self.known[next(iter(self.known))]
        return rendered

    def _build(self, root: Path, folder: Path) -> Rendered:
        self.command = self.command or _find()
        _refuse_remote(root)
        where = str(folder.relative_to(root))
        done = _run([*self.command, str(folder)])
        if len(done.stdout) > MOST_BYTES:
            raise RenderError(f"{where} renders more than 32 MiB", "is something included again and again?")
        warnings = _without(done.stderr, root)
        if done.failed:
            raise RenderError(f"kustomize refuses {where}: {' '.join(warnings.split())[:1000]}", "see the file that it names")
        return Rendered(done.stdout, tuple(_objects(done.stdout, where)), warnings)


def _find() -> list[str]:
    """Ours, else a kustomize on PATH that is new enough, else kubectl's."""
    ours = Unix("gitops-bot").user_cache_path / OURS
    if ours.exists():
        return [str(ours), "build"]
    if (found := shutil.which("kustomize")) and _version([found, "version"]) >= LEAST_KUSTOMIZE:
        return [found, "build"]
    if (found := shutil.which("kubectl")) and _version([found, "version", "--client"]) >= LEAST_KUBECTL:
        return [found, "kustomize"]
    raise BotError("there is no kustomize that is new enough", HINT)


def program() -> Program:
    """The kustomize that renders, and its version; BotError when there is none."""
    command = _find()
    name, least = ("kubectl", LEAST_KUBECTL) if command[-1] == "kustomize" else ("kustomize", LEAST_KUSTOMIZE)
    words = ["version", "--client"] if name == "kubectl" else ["version"]
    return Program(f"{name} ({command[0]})", _version([command[0], *words]), least)


def _version(command: list[str]) -> tuple[int, int]:
    found = re.search(r"v?(\d+)\.(\d+)", _run(command).stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@dataclass(frozen=True)
class _Done:
    """How a program ended, and what it wrote, to just above the limit."""

    failed: bool
    stdout: str
    stderr: str


def _run(command: list[str]) -> _Done:
    """Runs with an empty home and nothing on PATH, so that neither settings, plugins, git nor the network come into it."""
    with tempfile.TemporaryDirectory(prefix="bot-home-") as home, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        environment = {"HOME": home, "PATH": home, "GIT_ALLOW_PROTOCOL": "none", "LC_ALL": "C", "GOGC": COLLECT}
        environment |= {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE}
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise RenderError(f"kustomize took longer than {SECONDS} s", "is something included again and again?") from None
        except OSError as error:
            raise BotError(f"{command[0]} cannot be run: {error.strerror}", HINT) from error
        return _Done(done.returncode != 0, _text(out), _text(err))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(MOST_BYTES + 1).decode("utf-8", errors="replace")


def _refuse_remote(root: Path) -> None:
    """What kustomize would fetch is not in Git; it is refused before kustomize sees it."""
    for path in _kustomizations(root):
        where = str(path.relative_to(root))
        try:
            found = read_kustomization(path.read_text("utf-8"), file=where)
        except BotError as error:
            raise RenderError(error.message, error.hint) from error
        except (OSError, UnicodeDecodeError) as error:
            raise RenderError(f"{where} cannot be read as UTF-8 text", "correct the file") from error
        for key in found.plugin_keys:  # plugins have paths of their own, which nobody checks
            raise RenderError(f"{where} uses {key}, which may fetch or run what Git does not show", "write the manifests out")
        for target in found.paths:
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
        if not _is_object(item):
            raise RenderError(f"{where} renders an object without apiVersion, kind and name, or not as text", "see the manifests")
        yield item


def _is_object(item: object) -> bool:
    if not isinstance(item, dict) or not isinstance(metadata := item.get("metadata"), dict):
        return False
    words = (item.get("apiVersion"), item.get("kind"), metadata.get("name"), metadata.get("namespace", ""))
    return all(isinstance(word, str) for word in words)


def _without(text: str, root: Path) -> str:
    """A message without the scratch folder's name, which kustomize also writes with its links resolved."""
    for name in {str(root), str(root.resolve())}:
        text = text.replace(f"{name}/", "").replace(name, ".")
    return text
