"""What lies below `clusters/`, and which environments each cluster runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from tests.manifests.renders import NAMES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

CLUSTERS = ("nonprod", "production")
PLAIN = ("storage-classes", "policies", "gateway")  # what `kubectl apply -k` applies; the rest are charts
FOLDER = ROOT / "clusters"


@dataclass(frozen=True)
class AddOn:
    """One Helm chart of one cluster."""

    name: str
    fields: dict[str, Any]
    values: dict[str, Any]


def read_yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text("utf-8"))


SERVERS = {read_yaml(FOLDER / cluster / "cluster.yaml")["server"]: cluster for cluster in CLUSTERS}
RUNS_ON = {name: SERVERS[read_yaml(ROOT / "environments" / name / "environment.yaml")["cluster"]] for name in NAMES}


def add_ons(cluster: str) -> dict[str, AddOn]:
    """Every folder that is no plain one, so that one that lacks a file is seen."""
    folders = [folder for folder in sorted((FOLDER / cluster).iterdir()) if folder.is_dir() and folder.name not in PLAIN]
    return {each.name: AddOn(each.name, read_yaml(each / "add-on.yaml"), read_yaml(each / "values.yaml")) for each in folders}


def key_paths(value: Any, path: str = "") -> set[str]:
    """The paths of all keys of a document."""
    if not isinstance(value, dict):
        return {path}
    return {path, *(found for key, item in value.items() for found in key_paths(item, f"{path}.{key}"))}
