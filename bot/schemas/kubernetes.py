"""Schemas of Kubernetes' own kinds, from its published specification and the enums in its generated code; pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from bot.schemas.shapes import DEFS, Schema, plain, reachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

META = "io.k8s.apimachinery.pkg.apis.meta.v1"
CORE = "io.k8s.api.core.v1"
OBJECT_META = f"{META}.ObjectMeta"
PORT = {"minimum": 1, "maximum": 65535}
COUNT = {"minimum": 0}
LABELS: Schema = {"additionalProperties": {"type": "string", "format": "label-value"}, "propertyNames": {"format": "label-key"}}

WHOLE: dict[str, Schema] = {  # what the specification cannot say
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"], "format": "quantity"},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["integer", "string"]},
}
ADDED: dict[str, Schema] = {  # checks that the API server makes in code
    f"{OBJECT_META}.annotations": {"propertyNames": {"format": "label-key"}},
    f"{OBJECT_META}.labels": LABELS,
    f"{OBJECT_META}.namespace": {"format": "dns-label"},
    f"{META}.LabelSelector.matchLabels": LABELS,
    f"{META}.LabelSelectorRequirement.key": {"format": "label-key"},
    f"{META}.LabelSelectorRequirement.operator": {"enum": ["DoesNotExist", "Exists", "In", "NotIn"]},
    f"{CORE}.ConfigMap.data": {"propertyNames": {"format": "config-key"}},
    f"{CORE}.Container.name": {"format": "dns-label"},
    f"{CORE}.ContainerPort.containerPort": PORT,
    f"{CORE}.ContainerPort.name": {"format": "port-name"},
    f"{CORE}.PodSpec.nodeSelector": LABELS,
    f"{CORE}.Secret.data": {"propertyNames": {"format": "config-key"}},
    f"{CORE}.ServicePort.name": {"format": "dns-label"},
    f"{CORE}.ServicePort.port": PORT,
    f"{CORE}.ServiceSpec.selector": LABELS,
    f"{CORE}.Volume.name": {"format": "dns-label"},
    "io.k8s.api.apps.v1.DeploymentSpec.replicas": COUNT,
    "io.k8s.api.apps.v1.StatefulSetSpec.replicas": COUNT,
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec.maxReplicas": {"minimum": 1},
}
FUNCTION = re.compile(r"^func schema_(?:k8sio_(api)|(pkg)_apis)_(\w+)_(v\w+?)_(\w+)\(")
PROPERTY = re.compile(r'^\t{5}"(\w+)": \{$')
ENUM = re.compile(r"^(\t+)Enum: +\[\]interface\{\}\{(.*)\},$")
DIRECT = 7  # tabs before the enum of a property itself; more stand before that of its items


def kubernetes_schema(specification: Mapping[str, Schema], code: str, wanted: Mapping[str, tuple[str, ...]]) -> Schema:
    """The wanted kinds that a version has, and every definition that they need."""
    definitions = {name: plain(value) | WHOLE.get(name, {}) for name, value in specification.items()}
    definitions = json.loads(json.dumps(definitions).replace('"#/definitions/', f'"{DEFS}'))
    kinds = _kinds(specification, wanted)
    for name in kinds.values():
        _without_status(definitions[name])
    definitions[OBJECT_META]["properties"]["managedFields"] = {}  # never in Git
    for where, fragment in [*enums(code), *ADDED.items()]:
        name, _, field = where.rpartition(".")
        if name in definitions and field in definitions[name].get("properties", {}):
            _add(definitions[name]["properties"][field], fragment)
    return {"kinds": kinds, "$defs": reachable(definitions, {*kinds.values(), OBJECT_META})}


def enums(code: str) -> Iterator[tuple[str, Schema]]:
    """Each field's allowed words, by definition and field, as Kubernetes' generated code has them."""
    name = field = ""
    for line in code.splitlines():
        if found := FUNCTION.match(line):
            group, version, kind = found[3], found[4], found[5]
            name = f"io.k8s.api.{group}.{version}.{kind}"
        elif found := PROPERTY.match(line):
            field = found[1]
        elif found := ENUM.match(line):
            words = {"enum": json.loads(f"[{found[2]}]")}
            yield f"{name}.{field}", words if len(found[1]) == DIRECT else {"items": {"type": "string"} | words}


def _kinds(specification: Mapping[str, Schema], wanted: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    kinds = {}
    for name, schema in specification.items():
        for each in schema.get("x-kubernetes-group-version-kind", ()):
            version = f"{each['group']}/{each['version']}" if each["group"] else each["version"]
            if each["kind"] in wanted.get(version, ()):
                kinds[f"{version} {each['kind']}"] = name
    return dict(sorted(kinds.items()))


def _without_status(kind: Schema) -> None:
    """The API server ignores it in what is applied."""
    if "status" in kind["properties"]:
        kind["properties"]["status"] = {}


def _add(schema: Schema, fragment: Schema) -> None:
    if isinstance(schema.get("items"), dict) and "items" in fragment:
        schema["items"] |= fragment["items"]
    else:
        schema |= fragment
