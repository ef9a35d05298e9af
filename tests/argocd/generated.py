"""The Applications that an ApplicationSet makes of the files in this checkout: as much of Go's templates as ours use, no more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.clusters.layout import read_yaml
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACTION = re.compile(r"\{\{(.*?)\}\}")
FIELD = re.compile(r"\.([\w.]+)")
ELEMENT = re.compile(r"index \.([\w.]+) (\d+)")

Parameters = dict[str, Any]  # Any: arbitrary YAML


def applications(application_set: dict[str, Any]) -> list[dict[str, Any]]:
    """Each Application, in the order of its files; a parameter that a file lacks is a KeyError, as with missingkey=error."""
    spec = application_set["spec"]
    (generator,) = spec["generators"]
    return [filled(spec["template"], each) for each in _parameters(generator)]


def filled(template: Any, parameters: Parameters) -> Any:
    """A template with its values: each string by itself, so that no value can leave its field."""
    if isinstance(template, dict):
        return {key: filled(value, parameters) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, parameters) for value in template]
    if isinstance(template, str):
        return ACTION.sub(lambda found: _value(found[1].strip(), parameters), template)
    return template


def _parameters(generator: dict[str, Any]) -> Iterator[Parameters]:
    """Of a git generator by files, or of a matrix of two, the second of which sees what the first found."""
    if "git" in generator:
        yield from _of_files(generator["git"], {})
        return
    first, second = generator["matrix"]["generators"]
    for outer in _of_files(first["git"], {}):
        for inner in _of_files(second["git"], outer):
            clashes = {key for key in outer.keys() & inner.keys() if outer[key] != inner[key]}
            assert not clashes, f"a matrix refuses keys that differ: {clashes}"
            yield {**outer, **inner}


def _of_files(git: dict[str, Any], known: Parameters) -> Iterator[Parameters]:
    (files,) = git["files"]
    for file in sorted(ROOT.glob(filled(files["path"], known))):
        folder = {"path": {"path": str(file.parent.relative_to(ROOT)), "basename": file.parent.name}}
        prefix = git.get("pathParamPrefix")
        yield {**_content(file), **({prefix: folder} if prefix else folder)}


def _content(file: Path) -> Parameters:
    return dict(read_yaml(file))


def _value(action: str, parameters: Parameters) -> str:
    if element := ELEMENT.fullmatch(action):
        return str(_at(element[1], parameters)[int(element[2])])
    field = FIELD.fullmatch(action)
    assert field, f"this reader does not know {{{{ {action} }}}}"
    value = _at(field[1], parameters)
    assert isinstance(value, str), f"{action} is no text"
    return value


def _at(path: str, parameters: Parameters) -> Any:
    value: Any = parameters
    for key in path.split("."):
        value = value[key]
    return value
