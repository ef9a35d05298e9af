"""What each component exports, by version: lists that people checked against its sources, one file for each component."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TYPES = ("counter", "gauge", "histogram", "summary")
PARTS = {  # what a metric's series are called, and what they are
    "counter": {"": "counter"},
    "gauge": {"": "gauge"},
    "histogram": {"_bucket": "bucket", "_count": "counter", "_sum": "counter"},
    "summary": {"": "gauge", "_count": "counter"},
}
OF_A_PART = {("histogram", "_bucket"): "le", ("summary", ""): "quantile"}  # the label that only this part has


@dataclass(frozen=True)
class Elsewhere:
    """How a component is scraped that is no part of an environment: by what its chart brings."""

    job: str
    interval: str  # empty for that of the cluster's Prometheus
    labels: frozenset[str]  # that the scrape adds, beside job and instance


@dataclass(frozen=True)
class Exported:
    """The metrics of one component: the name of each series, and whether it is a counter, a gauge or a bucket."""

    component: str
    version: str  # of which the list was made: 1.19 stands for each 1.19.x
    source: str
    image: str | None  # how its repository ends; its tag is the version, its Pods are scraped; None for what is no part of the stack
    path: str | None  # by which an environment's monitors scrape it, where it is in Pods of any image
    elsewhere: Elsewhere | None
    series: Mapping[str, str]
    labels: Mapping[str, frozenset[str]]  # by series: what the component itself writes


@cache
def exported() -> tuple[Exported, ...]:
    """All lists."""
    here = sorted(files(__name__).iterdir(), key=lambda path: path.name)
    yaml = YAML(typ="safe")
    return tuple(_list(yaml.load(path.read_text("utf-8"))) for path in here if path.name.endswith(".yaml"))


@cache
def known_series() -> Mapping[str, str]:
    """What any component exports: the name of a series -> counter, gauge or bucket."""
    return MappingProxyType({name: kind for each in exported() for name, kind in each.series.items()})


def _list(loaded: dict[str, Any]) -> Exported:
    scraped = loaded.get("scraped") or {}
    elsewhere = Elsewhere(scraped["job"], scraped.get("interval", ""), frozenset(scraped["labels"])) if "job" in scraped else None
    found = tuple(_series(loaded))
    return Exported(
        loaded["component"],
        loaded["version"],
        loaded["source"],
        scraped.get("image"),
        scraped.get("path"),
        elsewhere,
        MappingProxyType({name: kind for name, kind, _ in found}),
        MappingProxyType({name: labels for name, _, labels in found}),
    )


def _series(loaded: dict[str, Any]) -> Iterator[tuple[str, str, frozenset[str]]]:
    for of_type in TYPES:
        for written, labels in (loaded.get(of_type) or {}).items():
            for name in _names(written, loaded.get("databases") or ()):
                for suffix, kind in PARTS[of_type].items():
                    own = {*(loaded.get("labels") or ()), *labels, *filter(None, [OF_A_PART.get((of_type, suffix))])}
                    yield name + suffix, kind, frozenset(own)


def _names(written: str, databases: tuple[str, ...]) -> tuple[str, ...]:
    """A name, or one for each database that is a part of it."""
    placeholder = "{database}"
    return tuple(written.replace(placeholder, each) for each in databases) if placeholder in written else (written,)
