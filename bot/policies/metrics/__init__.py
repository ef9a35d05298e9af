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


@dataclass(frozen=True)
class Exported:
    """The metrics of one component: the name of each series, and whether it is a counter, a gauge or a bucket."""

    component: str
    version: str  # of which the list was made: 1.19 stands for each 1.19.x
    source: str
    image: str | None  # whose tag is the version; None for what is no part of the stack
    series: Mapping[str, str]


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
    series = dict(_series(loaded))
    return Exported(loaded["component"], loaded["version"], loaded["source"], loaded.get("image"), MappingProxyType(series))


def _series(loaded: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for of_type in TYPES:
        for written in loaded.get(of_type) or ():
            for name in _names(written, loaded.get("databases") or ()):
                yield from ((name + suffix, kind) for suffix, kind in PARTS[of_type].items())


def _names(written: str, databases: tuple[str, ...]) -> tuple[str, ...]:
    """A name, or one for each database that is a part of it."""
    placeholder = "{database}"
    return tuple(written.replace(placeholder, each) for each in databases) if placeholder in written else (written,)
