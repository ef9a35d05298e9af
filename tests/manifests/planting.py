"""How an error is planted: small changes of rendered objects, as a manifest would make them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.kustomizations import HASH_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable

Item = dict[str, Any]  # Any: arbitrary YAML
Objects = list[Item]


@dataclass(frozen=True)
class Planted:
    """One error: what is changed, and the object and words by which it must be named."""

    number: int
    what: str
    plant: Callable[[Objects], object]
    names: str  # kind and name
    words: str  # in field, reason or hint
    environment: str = "prod"


def one(objects: Objects, kind: str, name: str) -> Item:
    return next(each for each in objects if each["kind"] == kind and HASH_SUFFIX.sub("", each["metadata"]["name"]) == name)


def pod(objects: Objects, kind: str, name: str) -> Item:
    spec: Item = one(objects, kind, name)["spec"]
    found: Item = (spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec)["template"]["spec"]
    return found


def api(objects: Objects) -> Item:
    found: Item = pod(objects, "Deployment", "context-api")["containers"][0]
    return found


def database(objects: Objects, name: str) -> Item:
    found: Item = next(each for each in pod(objects, "StatefulSet", name)["containers"] if each["name"] == name)
    return found


def drop(objects: Objects, kind: str, name: str) -> None:
    objects.remove(one(objects, kind, name))


def without_env(container: Item, name: str) -> None:
    container["env"] = [each for each in container["env"] if each["name"] != name]


def env(container: Item, name: str, value: str) -> None:
    without_env(container, name)
    container["env"].append({"name": name, "value": value})


def first_env(container: Item, name: str) -> None:
    """Moves a variable to the end: what refers to it comes before it."""
    moved = next(each for each in container["env"] if each["name"] == name)
    container["env"] = [each for each in container["env"] if each is not moved] + [moved]


def setting(objects: Objects, name: str, key: str, value: str | None) -> None:
    data = one(objects, "ConfigMap", name)["data"]
    if value is None:
        del data[key]
    else:
        data[key] = value


def spec(kind: str, name: str, **fields: Any) -> Callable[[Objects], object]:
    return lambda objects: one(objects, kind, name)["spec"].update(fields)


def rule(objects: Objects, alert: str) -> Item:
    groups = (group for each in objects if each["kind"] == "PrometheusRule" for group in each["spec"]["groups"])
    found: Item = next(each for group in groups for each in group["rules"] if each.get("alert") == alert)
    return found


def expr(alert: str, text: str) -> Callable[[Objects], object]:
    return lambda objects: rule(objects, alert).update(expr=text)


def panel(objects: Objects, change: Callable[[Item], object]) -> None:
    data = one(objects, "ConfigMap", "context-foundation-dashboard")["data"]
    ((file, text),) = data.items()
    model = json.loads(text)
    data[file] = json.dumps(change(model) or model)


def policy_rules(objects: Objects, kind: str, name: str, keep: Callable[[Item], bool]) -> None:
    for side in ("ingress", "egress", "rules"):
        found = one(objects, kind, name)["spec"]
        if side in found:
            found[side] = [each for each in found[side] if keep(each)]


def says(word: str) -> Callable[[Item], bool]:
    return lambda item: word not in str(item)
