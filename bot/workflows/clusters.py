"""What Git says of the clusters that environments run on: their addresses, how often their Prometheus scrapes, their storage classes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from bot.model import BotError
from bot.policies.add_ons import documents_of, values_of
from bot.policies.fields import text
from bot.policies.manifests import SCRAPE_INTERVAL
from bot.ports import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.ports import Objects

CLUSTERS, CLASSES = "clusters", "storage-classes"
ADDRESS, PROMETHEUS = "cluster.yaml", "kube-prometheus-stack/values.yaml"


@dataclass(frozen=True)
class Cluster:
    """One folder of `clusters/`."""

    folder: str
    server: str  # empty where its file does not say it
    scrape_interval: str
    storage_classes: frozenset[str]  # by the names that its files say


def read_clusters(objects: Objects, commit: str) -> tuple[Cluster, ...]:
    """All clusters."""
    folders = [f"{CLUSTERS}/{name}" for name, entry in objects.entries(commit, CLUSTERS).items() if entry.mode == FOLDER]
    classes = {folder: _files(objects, commit, f"{folder}/{CLASSES}") for folder in folders}
    values = [f"{folder}/{name}" for folder in folders for name in (ADDRESS, PROMETHEUS)]
    texts = objects.read(commit, [*values, *chain(*classes.values())])
    return tuple(_cluster(folder, texts, classes[folder]) for folder in folders)


def _files(objects: Objects, commit: str, folder: str) -> list[str]:
    return [f"{folder}/{name}" for name, entry in objects.entries(commit, folder).items() if entry.mode != FOLDER]


def _cluster(folder: str, texts: Mapping[str, str], classes: Iterable[str]) -> Cluster:
    server = text(_loaded(texts, f"{folder}/{ADDRESS}"), "server")
    interval = text(_loaded(texts, f"{folder}/{PROMETHEUS}"), "prometheus", "prometheusSpec", "scrapeInterval")
    names = frozenset(name for path in classes for name in _classes(texts, path))
    return Cluster(folder, server, interval or SCRAPE_INTERVAL, names)


def _classes(texts: Mapping[str, str], path: str) -> list[str]:
    """The storage classes that a file says; what cannot be read does not render, which is named there."""
    try:
        return [text(each, "metadata", "name") for each in documents_of(path, texts.get(path, "")) if text(each, "kind") == "StorageClass"]
    except BotError:
        return []


def _loaded(texts: Mapping[str, str], path: str) -> Any:  # noqa: ANN401 - YAML enters here
    try:
        return values_of(path, texts.get(path, ""))
    except BotError:
        return None  # named as no YAML where files of add-ons are read
