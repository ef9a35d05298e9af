"""A small stack that is right in every way, and how a test makes one thing wrong in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from bot.policies.manifests import Manifests, Object, Violation, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Policy = Callable[[Manifests], Iterator[Violation]]

GONE = object()  # a field that is taken away
STEP = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")
ODD = (None, "odd", 7, ["odd"], [None], {"odd": "odd"})


@dataclass(frozen=True)
class Failing:
    """One thing changed in the good stack, and where the policy must point."""

    policy: Policy
    at: str  # kind, name and field, as in: Deployment context-api spec.replicas
    value: Any
    hint: str
    field: str = ""  # where it points, when that is not the field that was changed
    owner: str = ""  # kind and name that it points to, when another

    @property
    def expected(self) -> tuple[str, str, str]:
        kind, name, field = self.at.split(" ", 2)
        kind, name = self.owner.split(" ") if self.owner else (kind, name)
        return kind, name, self.field or field

    def found(self) -> list[Violation]:
        return list(self.policy(changed(self.at, self.value)))


def good() -> Manifests:
    return manifests(json.loads(_good()))


def manifests(objects: list[Object]) -> Manifests:
    return Manifests("staging", "context-staging", tuple(objects), {"dev": "context-dev", "prod": "context-prod"}, merged_by_bot=True)


def changed(at: str, value: Any) -> Manifests:
    """The good stack with one field set, or GONE; an object that is not there is made."""
    kind, name, field = at.split(" ", 2)
    objects = json.loads(_good())
    item = next((each for each in objects if each["kind"] == kind and name_of(each) == name), None)
    if item is None:
        labels = {"app.kubernetes.io/part-of": "context-foundation", "environment": "staging"}
        item = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "context-staging", "labels": labels}}
        objects.append(item)
    put(item, field, value)
    return manifests(objects)


def put(item: Any, path: str, value: Any) -> None:
    """Sets a field at a path such as spec.containers[api].env[NAME].value; [] adds to a list."""
    *before, last = [first or f"[{second}]" for first, second in _steps(path)]
    for step in before:
        item = _step(item, step)
    if last == "[]":
        item.append(value)
    elif last.startswith("["):
        place = _place(item, last[1:-1])
        item[place : place + 1] = [] if value is GONE else [value]
    elif value is GONE:
        del item[last]
    else:
        item[last] = value


def _steps(path: str) -> list[tuple[str, str]]:
    """Labels hold dots and slashes: what follows `labels.` and the like is one step."""
    head, mark, label = path.partition("labels.")
    return [*STEP.findall(head + mark.rstrip(".")), *([(label, "")] if mark else [])]


def _step(item: Any, step: str) -> Any:
    if step.startswith("["):
        return item[_place(item, step[1:-1])]
    return item.setdefault(step, {})


def _place(items: list[Any], label: str) -> int:
    keys = ("name", "topologyKey", "mountPath")
    named = [index for index, each in enumerate(items) if isinstance(each, dict) and label in {each.get(key) for key in keys}]
    claims = [index for index, each in enumerate(items) if isinstance(each, dict) and name_of(each) == label]
    return [*named, *claims, *([int(label)] if label.isdecimal() else [])][0]


@lru_cache
def _good() -> str:
    text = (Path(__file__).parent / "good.yaml").read_text("utf-8")
    return json.dumps([each for each in YAML(typ="safe", pure=True).load_all(text) if each])


def check_failing(case: Failing) -> None:
    """The policy names exactly the field that is wrong, says why, and how it is mended."""
    found = case.found()
    assert [(each.kind, each.name, each.field) for each in found] == [case.expected]
    assert case.hint in found[0].hint
    assert found[0].what


def check_module(policies: Sequence[Policy], failing: Sequence[Failing]) -> None:
    """The good stack passes, and every policy has an example that does not."""
    assert [violation for policy in policies for violation in policy(good())] == []
    assert {policy.__name__ for policy in policies} == {case.policy.__name__ for case in failing}
    assert all(policy.__doc__ for policy in policies)


def check_odd(policies: Sequence[Policy]) -> None:
    """Whatever shape a field has, a policy ends without an error of its own; schemas are checked elsewhere."""
    for number, path in enumerate(paths(json.loads(_good()))):
        objects = json.loads(_good())
        owner = objects
        for step in path[:-1]:
            owner = owner[step]
        owner[path[-1]] = ODD[number % len(ODD)]
        found = manifests([each for each in objects if isinstance(each, dict)])
        for policy in policies:
            list(policy(found))


def paths(found: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ():
        yield (*path, key)
        yield from paths(value, (*path, key))
