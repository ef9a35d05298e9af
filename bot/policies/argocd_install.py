"""Argo CD's installation: its files, as texts by path, change what the pinned release has, and each setting is written once.

The release itself is referred to by its address and is not in this repository, so what it holds is listed here;
tests/argocd compares the list with the release.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from bot.contents import Problem
from bot.kustomizations import is_kustomization
from bot.model import BotError
from bot.policies.fields import mapping, mappings, text, words
from bot.simple_yaml import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION = "v3.5.1"
ADDRESS = f"https://raw.githubusercontent.com/argoproj/argo-cd/{VERSION}/manifests/ha/install.yaml"
_PARTS = tuple(
    f"argocd-{name}" for name in ("applicationset-controller", "dex-server", "notifications-controller", "repo-server", "server")
)
RELEASE = {  # manifests/ha/install.yaml: what a patch may be meant for
    "ConfigMap": (
        *("argocd-cm", "argocd-cmd-params-cm", "argocd-gpg-keys-cm", "argocd-notifications-cm", "argocd-rbac-cm"),
        *("argocd-redis-ha-configmap", "argocd-redis-ha-health-configmap", "argocd-ssh-known-hosts-cm", "argocd-tls-certs-cm"),
    ),
    "Deployment": (*_PARTS, "argocd-redis-ha-haproxy"),
    "NetworkPolicy": (
        *(f"{name}-network-policy" for name in (*_PARTS, "argocd-application-controller")),
        *("argocd-redis-ha-proxy-network-policy", "argocd-redis-ha-server-network-policy"),
    ),
    "Secret": ("argocd-notifications-secret", "argocd-secret"),
    "Service": (
        *("argocd-applicationset-controller", "argocd-dex-server", "argocd-metrics", "argocd-notifications-controller-metrics"),
        *("argocd-redis-ha", *(f"argocd-redis-ha-announce-{number}" for number in range(3)), "argocd-redis-ha-haproxy"),
        *("argocd-repo-server", "argocd-server", "argocd-server-metrics"),
    ),
    "ServiceAccount": (*_PARTS, "argocd-application-controller", "argocd-redis-ha", "argocd-redis-ha-haproxy"),
    "StatefulSet": ("argocd-application-controller", "argocd-redis-ha-server"),
}


def install_problems(folder: str, texts: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with the folder of the installation."""
    loaded = {path: _loaded(path, written) for path, written in texts.items() if posixpath.dirname(path) == folder}
    path = next((each for each in loaded if is_kustomization(each)), f"{folder}/kustomization.yaml")
    kustomization = loaded.get(path)
    resources = words(kustomization, "resources")
    if ADDRESS not in resources:
        what = f"does not refer to the release {VERSION}, whose objects and schemas are known here"
        yield Problem(path, what, f"list {ADDRESS}; for an upgrade, change bot/schemas/pins.py and bot/policies/argocd_install.py with it")
    listed = [text(each, "path") for each in mappings(kustomization, "patches")]
    for name in sorted(posixpath.basename(each) for each in loaded if each != path):
        if name not in (*listed, *resources):
            yield Problem(
                f"{folder}/{name}", "is read by nothing: it changes no setting", "list it in the kustomization's patches, or remove it"
            )
    yield from _patches(path, mappings(kustomization, "patches"), {posixpath.basename(each): item for each, item in loaded.items()})


def _patches(kustomization: str, patches: tuple[dict[str, Any], ...], files: Mapping[str, Any]) -> Iterator[Problem]:
    folder, written = posixpath.dirname(kustomization), dict[tuple[str, str, str], str]()
    for each in patches:
        name = text(each, "path")
        if name and name not in files:
            yield Problem(kustomization, f"names the patch {name}, which is not there", "add it, or correct the name")
            continue
        where, item = (f"{folder}/{name}", files.get(name)) if name else (kustomization, _loaded(kustomization, text(each, "patch")))
        kind, called = (text(mapping(each, "target"), key) or text(item, *path) for key, path in (("kind", ("kind",)), ("name", NAME)))
        if not any(re.fullmatch(called or ".*", one) for one in RELEASE.get(kind, ())):
            what = f"changes {kind} {called}, which Argo CD {VERSION} does not have: kustomize refuses the whole folder"
            yield Problem(where, what, f"name one of {', '.join(RELEASE.get(kind, RELEASE))}")
        for key in mapping(item, "data"):
            other = written.setdefault((kind, called, str(key)), where)
            if other != where:
                yield Problem(where, f"sets {key} of {called}, as {other} does: only the later one counts", "set it in one file")


NAME = ("metadata", "name")


def _loaded(path: str, written: str) -> Any:  # noqa: ANN401 - YAML enters here
    try:
        with readable(path):
            return YAML(typ="safe").load(written)
    except BotError:
        return None  # which changes nothing, and is named so
