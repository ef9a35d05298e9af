"""Add-ons of clusters: each folder names one chart of one exact version, with values that are a mapping; files as texts by path."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from bot.contents import Problem, about
from bot.environment_keys import is_dns_label
from bot.model import BotError
from bot.references import shown
from bot.simple_yaml import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

FILES = CHART, VALUES = "add-on.yaml", "values.yaml"
EXACT = re.compile(r"v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?")
FIELDS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "chart": (re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*").fullmatch, "the chart's name"),
    "repository": (re.compile(r"(?:https|oci)://[^\s/@]+(?:/\S*)?").fullmatch, "an address that begins with https:// or oci://"),
    "version": (EXACT.fullmatch, 'one exact version, quoted, such as "1.30.4": a range is another chart on another day'),
    "namespace": (is_dns_label, "the namespace that it is installed in"),
    "wave": (re.compile(r"-?\d{1,4}").fullmatch, 'its turn, quoted, such as "3"'),
}


def add_on_problems(folders: Iterable[str], texts: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with the folders of add-ons."""
    for folder in folders:
        for name, check in ((CHART, _chart), (VALUES, _values)):
            path = f"{folder}/{name}"
            if path not in texts:
                what = "is not there: each folder of a cluster is an add-on or has a kustomization"
                yield Problem(path, what, "add it, or remove the folder")
                continue
            try:
                loaded = values_of(path, texts[path])
            except BotError as error:
                yield about(path, error.message, error.hint)
                continue
            yield from check(path, loaded)


@lru_cache(maxsize=256)
def values_of(path: str, written: str) -> Any:  # noqa: ANN401 - YAML enters here
    """What a file of an add-on holds, for reading alone; BotError when it is not YAML."""
    with readable(path):
        return YAML(typ="safe").load(written)


@lru_cache(maxsize=64)
def documents_of(path: str, written: str) -> tuple[Any, ...]:
    """What a file of manifests holds, for reading alone; BotError when it is not YAML."""
    with readable(path):
        return tuple(YAML(typ="safe").load_all(written))


def _chart(path: str, loaded: Any) -> Iterator[Problem]:  # noqa: ANN401 - YAML enters here
    if not isinstance(loaded, dict):
        yield Problem(path, "is not a mapping", f"write {', '.join(FIELDS)}")
        return
    for key in loaded:
        if key not in FIELDS:
            yield Problem(path, f"{shown(str(key))} is not a field of an add-on", f"its fields are {', '.join(FIELDS)}")
    for key, (fits, what) in FIELDS.items():
        value = loaded.get(key)
        if not isinstance(value, str) or not fits(value):
            said = f"is {shown(value)}" if isinstance(value, str) else "is not text" if key in loaded else "is missing"
            yield Problem(path, f"{key} {said}", f"write {what}")


def _values(path: str, loaded: Any) -> Iterator[Problem]:  # noqa: ANN401 - YAML enters here
    if not isinstance(loaded, dict):
        yield Problem(path, "is not a mapping", "write the chart's values as keys, or {} where its defaults are right")
