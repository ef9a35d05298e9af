"""The sandbox's repository: a clone of a commit of ours with one merge on top, that makes it fit for loopback and seconds."""

from __future__ import annotations

import io
import re
import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from bot.adapters.git_command import GitRunner
from bot.adapters.git_objects import GitObjects
from bot.images_file import parse_images, write_images
from bot.model import APPS, ENVIRONMENTS, MAIN, Origin
from bot.ports import FOLDER, Entry
from bot.promotion import next_record
from bot.releases import record_text
from bot.sandbox.forge_git import merge_commit
from bot.sandbox.registry import RegistryStandIn
from bot.workflows.clusters import CLUSTERS
from bot.workflows.stack import IMAGES, read_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bot.model import Environment, Image
    from bot.workflows.changes import Changes
    from bot.workflows.stack import Stack

AUTHOR = "sandbox <sandbox@users.noreply.localhost>"
RANGES = re.compile(r"\[\d+[mh]\]")
SCRAPES = re.compile(r"^(\s*(?:interval|scrapeInterval|scrapeTimeout):\s*)\d+[smh]\b", re.MULTILINE)
MONITORS = ("kind: ServiceMonitor", "kind: PodMonitor", "prometheusSpec:")
WAITS = re.compile(r"^(\s*(?:- )?(?:for|keep_firing_for|interval):\s*)(?!0)\d+[smh]\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Pace:
    """How long things take in the sandbox."""

    soak: timedelta = timedelta(seconds=3)
    samples: int = 2
    interval: timedelta = timedelta(seconds=1)
    watch: timedelta = timedelta(seconds=5)


@dataclass(frozen=True)
class Addresses:
    """Where an environment's services answer on loopback."""

    argocd: str
    prometheus: tuple[str, ...]
    cluster: str | None = None  # another than the file names


@dataclass(frozen=True)
class Prepared:
    """What sandboxes begin with: a repository with `commit` on top of our `base`, and the images that have digests there."""

    objects: GitObjects
    base: str
    commit: str
    images: tuple[Image, ...]

    def at(self, bare: Path) -> GitObjects:
        """The repository in this folder; copied where it is in another."""
        if self.objects.git.folder == bare:
            return self.objects
        shutil.copytree(self.objects.git.folder, bare)
        return GitObjects(GitRunner(bare), AUTHOR)


def prepared(checkout: Path, base: str, *, bare: Path, unpinned: frozenset[str] = frozenset()) -> Prepared:
    """A bare repository with a commit of a checkout, prepared; images whose names are `unpinned` get no digest."""
    images: list[Image] = []
    registry, objects = RegistryStandIn(), clone(checkout, base, bare=bare)

    def digest(image: Image) -> str | None:
        images.append(image)
        return None if image.name in unpinned else registry.push(image.repository, image.tag)

    commit = prepare(objects, base, digest=digest)
    return Prepared(objects, base, commit, tuple(images))


def clone(checkout: Path, commit: str, *, bare: Path) -> GitObjects:
    """A bare repository whose main is a commit of the checkout; serves partial clones and pushes over HTTP."""
    bare.mkdir(parents=True)
    runner = GitRunner(bare)
    runner.run("init", "--quiet", "--bare", "--initial-branch", MAIN, ".")
    # receive.shallowUpdate: CI checkouts are often shallow
    for key in ("http.receivepack", "uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant", "receive.shallowUpdate"):
        runner.run("config", key, "true")
    GitRunner(checkout).run("push", "--quiet", "--no-verify", str(bare), f"{commit}:refs/heads/{MAIN}")
    return GitObjects(runner, AUTHOR)


def prepare(objects: GitObjects, base: str, *, digest: Callable[[Image], str | None]) -> str:
    """A commit in which images have digests, rules wait seconds, and every environment runs the apps as they are then."""
    changes: Changes = {**_pinned(objects, base, digest), **_hastened(objects, base)}
    apps = objects.make_commit(base, changes, "sandbox: apps")
    stack = read_stack(objects, apps)
    for environment in stack.environments.values():
        if environment.promotes_from:
            changes |= _releases(stack, environment, origin=base)
    return objects.make_commit(base, changes, "sandbox: digests of its own registry, rules in seconds")


def address(objects: GitObjects, base: str, prepared: str, *, addresses: Mapping[str, Addresses], pace: Pace) -> str:
    """The one commit on base that the sandbox runs: what was prepared, with loopback addresses and short times."""
    texts = objects.read(prepared, [f"{ENVIRONMENTS}/{name}/environment.yaml" for name in addresses])
    changes: Changes = {path: _addressed(text, addresses[path.split("/")[1]], pace) for path, text in texts.items()}
    final = objects.make_commit(prepared, changes, "sandbox")
    entries = objects.entries(_tree(objects, final), "")
    squashed = {name: Entry(name, entry.mode, entry.sha) for name, entry in entries.items()}
    return objects.make_commit(base, squashed, "sandbox: loopback addresses, digests of its own registry, times in seconds\n")


def publish(objects: GitObjects, commit: str) -> None:
    """Makes a commit main's."""
    objects.git.run("update-ref", f"refs/heads/{MAIN}", commit)


def land(objects: GitObjects, base: str, head: str, *, login: str) -> None:
    """Main is base with head merged into it now, as a pull request's merge would be."""
    tree, folder = _tree(objects, head), objects.git.folder
    publish(objects, merge_commit(folder, parents=(base, head), tree=tree, login=login, message="sandbox: what it begins with\n"))


def _tree(objects: GitObjects, commit: str) -> str:
    return objects.git.text("rev-parse", f"{commit}^{{tree}}")


def _pinned(objects: GitObjects, commit: str, digest: Callable[[Image], str | None]) -> Changes:
    paths = [f"{APPS}/{app}/{IMAGES}" for app in objects.entries(commit, APPS)]
    changes: Changes = {}
    for path, text in objects.read(commit, paths).items():
        images = [replace(image, digest=digest(image)) for image in parse_images(text, file=path)]
        changes[path] = write_images(text, images, file=path)
    return changes


def _hastened(objects: GitObjects, commit: str) -> Changes:
    """Alert rules in seconds: a range or a wait of minutes would outlast the sandbox. A rate needs two scrapes."""
    folders = {top: objects.entry(commit, top) for top in (APPS, CLUSTERS)}
    files = [f"{top}/{each.path}" for top, entry in folders.items() if entry for each in objects.walk(entry.sha)]
    texts = objects.read(commit, [path for path in files if path.endswith(".yaml")])
    rules = {path: WAITS.sub(r"\g<1>1s", RANGES.sub("[3s]", text)) for path, text in texts.items() if "kind: PrometheusRule" in text}
    scrapes = {path: SCRAPES.sub(r"\g<1>1s", text) for path, text in texts.items() if any(word in text for word in MONITORS)}
    return {**rules, **scrapes}


def _releases(stack: Stack, environment: Environment, *, origin: str) -> Changes:
    """Copies of the apps that an environment has overlays for, with their records."""
    changes: Changes = {}
    first = next(env for env in stack.environments.values() if env.promotes_from is None)
    for app in stack.overlays[environment.name]:
        release = stack.releases[first.name].get(app)
        if release is not None:
            record = next_record(release, stack.releases[environment.name].get(app), Origin("init", origin))
            changes[environment.release_path(app)] = Entry(app, FOLDER, release.tree)
            changes[environment.record_path(app)] = record_text(record)
    return changes


def _addressed(text: str, where: Addresses, pace: Pace) -> str:
    yaml = YAML()
    loaded: Any = yaml.load(text)
    loaded["live"] = True
    if where.cluster:
        loaded["cluster"] = where.cluster
    loaded["argocd"]["url"] = where.argocd
    loaded["prometheus"] = list(where.prometheus)
    gate = loaded.setdefault("gate", {})
    gate["soak"], gate["watch"] = _seconds(pace.soak), _seconds(pace.watch)
    gate["samples"] = {"count": pace.samples, "interval": _seconds(pace.interval)}
    written = io.StringIO()
    yaml.dump(loaded, written)
    return written.getvalue()


def _seconds(length: timedelta) -> str:
    return f"{round(length.total_seconds())}s"
