"""What Git says of the clusters that environments run on: their addresses, and how often their Prometheus scrapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.model import BotError
from bot.policies.add_ons import values_of
from bot.policies.fields import text
from bot.policies.manifests import SCRAPE_INTERVAL
from bot.ports import FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.ports import Objects

CLUSTERS = "clusters"
ADDRESS, PROMETHEUS = "cluster.yaml", "kube-prometheus-stack/values.yaml"


@dataclass(frozen=True)
class Cluster:
    """One folder of `clusters/`."""

    folder: str
    server: str  # empty where its file does not say it
    scrape_interval: str


def read_clusters(objects: Objects, commit: str) -> tuple[Cluster, ...]:
    """All clusters."""
    folders = [f"{CLUSTERS}/{name}" for name, entry in objects.entries(commit, CLUSTERS).items() if entry.mode == FOLDER]
    texts = objects.read(commit, [f"{folder}/{name}" for folder in folders for name in (ADDRESS, PROMETHEUS)])
    return tuple(_cluster(folder, texts) for folder in folders)


def _cluster(folder: str, texts: Mapping[str, str]) -> Cluster:
    server = text(_loaded(texts, f"{folder}/{ADDRESS}"), "server")
    interval = text(_loaded(texts, f"{folder}/{PROMETHEUS}"), "prometheus", "prometheusSpec", "scrapeInterval")
    return Cluster(folder, server, interval or SCRAPE_INTERVAL)


def _loaded(texts: Mapping[str, str], path: str) -> Any:  # noqa: ANN401 - YAML enters here
    try:
        return values_of(path, texts.get(path, ""))
    except BotError:
        return None  # named as no YAML where files of add-ons are read
