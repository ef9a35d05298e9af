"""Files that commands name are there: what ConfigMaps and Secrets bring where they are mounted, and nothing beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.policies.fields import at, mapping, mappings, text, words
from bot.policies.manifests import said_in
from bot.policies.nearest import instead
from bot.policies.replicas import JOBS
from bot.policies.supplies import config_keys, secret_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Pods, Violation
    from bot.policies.supplies import Keys

PATH = re.compile(r"(?:--?[\w.-]+=)?(/[^\s:,;'\"$*|<>]+)")  # a word that is a path, or an option's
INTERPRETER = re.compile(r"(?:.*/)?(?:sh|bash|dash|ash|python[\d.]*)")
PROBES = (("livenessProbe",), ("readinessProbe",), ("startupProbe",), ("lifecycle", "postStart"), ("lifecycle", "preStop"))


@dataclass(frozen=True)
class Mounted:
    """One mount of a container, and the files that its volume brings; None where that is not known here."""

    path: str
    below: str  # subPath: the part of the volume that is mounted
    files: Keys
    source: str  # in words

    def has(self, file: str) -> bool:
        """Whether a path below the mount, or the mount itself, is a file of the volume or a folder of one."""
        rest = "/".join(filter(None, (self.below, file.removeprefix(self.path).strip("/"))))
        return self.files is None or not rest or any(each == rest or each.startswith(f"{rest}/") for each in self.files)


def mounts_find_their_keys(manifests: Manifests) -> Iterator[Violation]:
    """A part of a ConfigMap or Secret that is mounted by subPath is one of its files."""
    for pods, where, container in manifests.containers():
        for mount in _mounts(manifests, pods, container):
            if mount.below and not mount.has(mount.path):
                what = f"is {mount.below}, which {mount.source} does not bring: an empty folder is mounted in its place"
                yield pods.wrong(f"{where}.volumeMounts[{mount.path}].subPath", what, hint=_instead(mount.below, mount.files))


def commands_find_their_files(manifests: Manifests) -> Iterator[Violation]:
    """A path in a command, of a probe too, that lies where a ConfigMap or Secret is mounted is one of its files."""
    for pods, where, container in manifests.containers():
        mounts = _mounts(manifests, pods, container)
        for key, said in _commands(container):
            for path in (found[1] for found in map(PATH.fullmatch, said) if found):
                mount = _innermost(mounts, path)
                if mount and not mount.has(path):
                    what = f"names {path}, and {mount.source} brings no such file: the container fails at once, on every start"
                    rest = path.removeprefix(mount.path).strip("/")
                    yield pods.wrong(f"{where}.{key}", what, hint=_instead(rest, mount.files))


def programs_of_jobs_are_mounted(manifests: Manifests) -> Iterator[Violation]:
    """A script that a Job's shell or Python is given lies on a volume: it comes from a ConfigMap, as the image's own are run by name."""
    for pods, where, container in manifests.containers():
        mounts = _mounts(manifests, pods, container) if pods.kind in JOBS else []
        for interpreter, script in pairwise(said_in(container)) if pods.kind in JOBS else ():
            if INTERPRETER.fullmatch(interpreter) and PATH.fullmatch(script) and _innermost(mounts, script) is None:
                what = f"runs {script}, which lies on no volume of the container: the file is not there"
                hint = "mount the ConfigMap that has it; what the image brings is run by its name, without a shell or Python before it"
                yield pods.wrong(f"{where}.command", what, hint=hint)


FILE_POLICIES = (mounts_find_their_keys, commands_find_their_files, programs_of_jobs_are_mounted)


def _commands(container: Object) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key in ("command", "args"):
        yield key, words(container, key)
    for path in PROBES:
        yield f"{'.'.join(path)}.exec.command", words(container, *path, "exec", "command")


def _mounts(manifests: Manifests, pods: Pods, container: Object) -> list[Mounted]:
    volumes = {text(volume, "name"): volume for volume in mappings(pods.spec, "volumes")}
    found = []
    for mount in mappings(container, "volumeMounts"):
        volume = volumes.get(text(mount, "name"), {})
        files, source = _brought(manifests, volume)
        found.append(Mounted(text(mount, "mountPath").rstrip("/"), text(mount, "subPath").strip("/"), files, source))
    return found


def _innermost(mounts: list[Mounted], path: str) -> Mounted | None:
    around = (mount for mount in mounts if path == mount.path or path.startswith(f"{mount.path}/"))
    return max(around, key=lambda mount: len(mount.path), default=None)


def _brought(manifests: Manifests, volume: Object) -> tuple[Keys, str]:
    """The files of a volume, and what it is; None for volumes that programs fill, and for what only the cluster knows."""
    if mapping(volume, "configMap"):
        name = text(volume, "configMap", "name")
        return _files(config_keys(manifests).get(name), mapping(volume, "configMap")), f"ConfigMap {name}"
    if mapping(volume, "secret"):
        name = text(volume, "secret", "secretName")
        return _files(secret_keys(manifests).get(name), mapping(volume, "secret")), f"Secret {name}"
    return _projected(manifests, volume), f"the volume {text(volume, 'name')}"


def _projected(manifests: Manifests, volume: Object) -> Keys:
    files = frozenset[str]()
    for source in mappings(volume, "projected", "sources"):
        keys: Keys = frozenset(text(each, "path") for each in mappings(source, "downwardAPI", "items"))
        if "serviceAccountToken" in source:
            keys = frozenset({text(source, "serviceAccountToken", "path")})
        for kind, known in (("configMap", config_keys), ("secret", secret_keys)):
            if kind in source:
                keys = _files(known(manifests).get(text(source, kind, "name")), mapping(source, kind))
        if keys is None:
            return None
        files |= keys
    return files if at(volume, "projected") else None


def _files(keys: Keys, source: Object) -> Keys:
    """The keys, or the paths that the items give to some of them; those that are not there are named elsewhere."""
    items = mappings(source, "items")
    return frozenset(text(item, "path").strip("/") for item in items) if items else keys


def _instead(file: str, files: Keys) -> str:
    there = sorted(files or ())
    return instead(file, there, f"add it to the files there: {', '.join(there) or 'none'}", cutoff=0.6)
