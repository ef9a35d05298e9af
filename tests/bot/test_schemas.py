"""Schemas of Kubernetes and of custom resources: what they let through, what they name, and that they are what the pins give."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.adapters.schemas import schema_problems, supported_versions
from bot.model import BotError
from bot.policies.formats import FORMATS
from bot.schemas import derive
from bot.schemas.custom import custom_schemas
from bot.schemas.kubernetes import enums, kubernetes_schema
from bot.schemas.pins import CUSTOM_RESOURCES, KUBERNETES, KUBERNETES_VERSIONS
from bot.schemas.shapes import INT_OR_STRING, OPEN
from tests.manifests.renders import NAMES, render_all

Object = dict[str, Any]
FILES = sorted(derive.HERE.glob("*.json"))
MADE = [path for path in FILES if path.name != derive.BY_HAND]
LATEST = supported_versions()[-1]
MODULES = [(KUBERNETES, version) for version in KUBERNETES_VERSIONS.values()] + [(each.module, each.version) for each in CUSTOM_RESOURCES]


def read(path: Path) -> list[Object]:
    return [item for item in YAML(typ="safe").load_all(path.read_text()) if item]


GOOD = [item for path in sorted((Path(__file__).parent / "schemas").glob("*.yaml")) for item in read(path)]


def named(item: Object) -> str:
    return f"{item['apiVersion']} {item['kind']}"


def good(kind: str) -> Object:
    return copy.deepcopy(next(item for item in GOOD if item["kind"] == kind))


def planted(kind: str, path: str, value: object) -> Object:
    """A good object with one field set, or taken out by None: spec.containers.0.name."""
    item = good(kind)
    at: Any = item
    *steps, last = path.split(".")
    for step in steps:
        at = at[int(step)] if step.isdigit() else at[step]
    at[last] = value
    return item


@pytest.mark.parametrize("item", GOOD, ids=lambda item: f"{item['kind']}-{item['metadata']['name']}")
def test_a_good_object_passes_in_every_version(item: Object) -> None:
    assert schema_problems([item], kubernetes=supported_versions()) == ()


def test_every_kind_has_a_good_example() -> None:
    kinds = {kind.split()[1] for path in MADE for kind in json.loads(path.read_text())["kinds"]}
    assert kinds == {item["kind"] for item in GOOD}


def test_the_stack_passes_in_every_version() -> None:
    renders = render_all()
    assert {name: schema_problems(renders[name].objects, kubernetes=supported_versions()) for name in NAMES} == dict.fromkeys(NAMES, ())


CONTAINER = "spec.template.spec.containers.0"
C = "spec.template.spec.containers[0]"
ERRORS = {
    "unknown field, nearly right": (
        planted("Deployment", "spec.replica", 2),
        "spec.replica", "`spec` has no field `replica`; did you mean `replicas`?", "write `replicas`",
    ),
    "unknown field": (
        planted("PodDisruptionBudget", "spec.wanted", 2),
        "spec.wanted", "`spec` has no field `wanted`",
        "remove it, or move it to where it belongs; fields here: maxUnavailable, minAvailable, selector, unhealthyPodEvictionPolicy",
    ),
    "unknown field of the object": (
        planted("ConfigMap", "dta", {}), "dta", "`ConfigMap` has no field `dta`; did you mean `data`?", "write `data`",
    ),
    "containerPort as text": (
        planted("Deployment", f"{CONTAINER}.ports.0.containerPort", "8000"),
        f"{C}.ports[0].containerPort", 'is the text "8000", must be a whole number', "write it plainly, without quotes",
    ),
    "env value as number": (
        planted("Deployment", f"{CONTAINER}.env.0.value", 8000),
        f"{C}.env[0].value", "is the number 8000, must be text", "put it in quotes",
    ),
    "env value as truth": (
        planted("Deployment", f"{CONTAINER}.env.0.value", True), f"{C}.env[0].value", "is true or false, must be text", "put it in quotes",
    ),
    "mapping for list": (
        planted("Deployment", f"{CONTAINER}.args", {"a": "b"}), f"{C}.args", "is a mapping, must be a list", "start each item with `- `",
    ),
    "port out of range": (
        planted("Deployment", f"{CONTAINER}.ports.0.containerPort", 70000),
        f"{C}.ports[0].containerPort", "is 70000, must be at most 65535", "correct the value",
    ),
    "missing": (
        planted("Deployment", "spec.selector", None), "spec.selector", "is missing: `spec` needs the field `selector`", "add it",
    ),
    "missing in a custom resource": (
        planted("ServiceMonitor", "spec.endpoints", None), "spec.endpoints", "is missing: `spec` needs the field `endpoints`", "add it",
    ),
    "wrong word": (
        planted("StatefulSet", "spec.podManagementPolicy", "Paralel"),
        "spec.podManagementPolicy", 'is "Paralel", which is not allowed', "use one of: OrderedReady, Parallel",
    ),
    "wrong word in a custom resource": (
        planted("PeerAuthentication", "spec.mtls.mode", "ON"),
        "spec.mtls.mode", 'is "ON", which is not allowed', "use one of: UNSET, DISABLE, PERMISSIVE, STRICT",
    ),
    "a field of an earlier mesh": (
        planted("DestinationRule", "spec.trafficPolicy.outlierDetection.consecutiveError", 5),
        "spec.trafficPolicy.outlierDetection.consecutiveError",
        "`spec.trafficPolicy.outlierDetection` has no field `consecutiveError`; did you mean `consecutiveErrors`?",
        "write `consecutiveErrors`",
    ),
    "two of which one may be": (
        planted("VirtualService", "spec.http.0.match.0.method", {"exact": "GET", "prefix": "G"}),
        "spec.http[0].match[0].method", "has exact and prefix together", "keep one of: exact, prefix, regex",
    ),
    "too many of a mapping, not shown whole": (
        planted("SecretStore", "spec.provider", {"aws": {"service": "SecretsManager", "region": "x"}, "fake": {"data": []}}),
        "spec.provider", "is a mapping of 2, must have at most 1 keys", "correct the value",
    ),
    "bad quantity": (
        planted("Deployment", f"{CONTAINER}.resources.limits.memory", "2GB"),
        f"{C}.resources.limits.memory", 'is "2GB", which is not a quantity',
        "write a number, then nothing or one of m, k, M, G, T, Ki, Mi, Gi, Ti: 500m, 2Gi",
    ),
    "bad quantity in a custom resource": (
        planted("VerticalPodAutoscaler", "spec.resourcePolicy.containerPolicies.0.minAllowed.cpu", "100 m"),
        "spec.resourcePolicy.containerPolicies[0].minAllowed.cpu", 'is "100 m", which is not a quantity',
        "write a number, then nothing or one of m, k, M, G, T, Ki, Mi, Gi, Ti: 500m, 2Gi",
    ),
    "label's value": (
        planted("Deployment", "spec.template.metadata.labels", {"team": "a team"}),
        "spec.template.metadata.labels.team", "is \"a team\", which is not a label's value",
        "use up to 63 letters, digits, `-`, `_`, `.`, with a letter or digit at both ends",
    ),
    "label's key": (
        planted("Certificate", "metadata.labels", {"Team/of/us": "x"}),
        "metadata.labels", 'has the key "Team/of/us", which is not a key of labels or annotations',
        "write `name` or `domain/name`, name up to 63 letters, digits, `-`, `_`, `.`",
    ),
    "annotation as truth": (
        planted("Service", "metadata.annotations", {"example.com/on": True}),
        'metadata.annotations["example.com/on"]', "is true or false, must be text", "put it in quotes",
    ),
    "name": (
        planted("ConfigMap", "metadata.name", "My_Settings"),
        "metadata.name", 'is "My_Settings", which is not a DNS name',
        "use small letters, digits, `-` and `.`, with a letter or digit at both ends of each part",
    ),
    "long name": (planted("CronJob", "metadata.name", "x" * 53), "metadata.name", "has 53 characters, more than 52", "use a shorter name"),
    "port's name": (
        planted("Deployment", f"{CONTAINER}.ports.0.name", "http-of-the-whole-api"),
        f"{C}.ports[0].name", 'is "http-of-the-whole-api", which is not a port\'s name',
        "use up to 15 small letters, digits and single `-`, with at least one letter",
    ),
    "Secret's value is not told": (
        planted("Secret", "stringData.user", 4711), "stringData.user", "is a number, must be text", "put it in quotes",
    ),
    "Secret's base64 is not told": (
        planted("Secret", "data.password", "s3cret!"),
        "data.password", "has a value, which is not base64 text", "encode it with base64 (a Secret takes plain text in stringData)",
    ),
    "removed": (
        {"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": "restricted"}},
        "apiVersion", "policy/v1beta1 PodSecurityPolicy is gone since Kubernetes 1.25",
        "remove it: Pod Security labels of the Namespace took its place",
    ),
    "removed, with a successor": (
        planted("HorizontalPodAutoscaler", "apiVersion", "autoscaling/v2beta2"),
        "apiVersion", "autoscaling/v2beta2 HorizontalPodAutoscaler is gone since Kubernetes 1.26", "use apiVersion autoscaling/v2",
    ),
    "no longer served": (
        planted("ExternalSecret", "apiVersion", "external-secrets.io/v1beta1"),
        "apiVersion",
        "external-secrets.io/v1beta1 ExternalSecret is no longer served (by github.com/external-secrets/external-secrets v1.3.2)",
        "use apiVersion external-secrets.io/v1",
    ),
    "misspelled kind": (
        planted("Deployment", "kind", "Deploymnet"), "kind", "apps/v1 has no kind Deploymnet; did you mean Deployment?", "write Deployment",
    ),
    "wrong group": (planted("Deployment", "apiVersion", "v1"), "apiVersion", "Deployment is not in v1", "use apiVersion apps/v1"),
    "no schema": (
        {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "thing"}},
        "apiVersion", "there is no schema of example.com/v1 Thing, so nothing in it is checked",
        "correct the spelling, or add the kind to bot/schemas/pins.py and run `python -m bot.schemas.derive`",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("item", "field", "what", "hint"), ERRORS.values(), ids=ERRORS)
def test_a_planted_error_is_named_with_its_cure(item: Object, field: str, what: str, hint: str) -> None:
    found = schema_problems([item], kubernetes=supported_versions())
    assert [(each.kind, each.name, each.field, each.what, each.hint) for each in found] == [
        (item["kind"], item["metadata"]["name"], field, what, hint)
    ]


def test_what_only_one_version_refuses_says_which() -> None:
    (found,) = schema_problems([planted("Service", "metadata.name", "9lives")], kubernetes=supported_versions())
    assert found.what == 'is "9lives", which is not a DNS label that starts with a letter (in Kubernetes 1.35)'


def test_a_version_without_schemas_is_an_error() -> None:
    with pytest.raises(BotError, match=r"there are no schemas of Kubernetes 1\.12"):
        schema_problems([good("Pod")], kubernetes=["1.12"])


def test_all_errors_of_an_object_are_found() -> None:
    item = planted("Deployment", "spec.replica", 2) | {"extra": 1}
    item["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = "x"
    assert {each.field for each in schema_problems([item], kubernetes=[LATEST])} == {"extra", "spec.replica", f"{C}.ports[0].containerPort"}


def test_many_objects_are_checked_in_well_under_half_a_second() -> None:
    items = [item | {"metadata": item["metadata"] | {"labels": {"copy": str(number)}}} for number in range(2) for item in GOOD]
    start = time.process_time()
    assert schema_problems(items, kubernetes=[LATEST]) == ()
    assert time.process_time() - start < 0.5


FORMAT_CASES = {
    "quantity": (["1", "0.5", "500m", "2Gi", "1e3", ".5", "-1", "5E"], ["", "1 Gi", "2GB", "Gi", "1ki", "1m1"]),
    "dns-label": (["a", "a-1", "1a"], ["", "A", "-a", "a-", "a.b", "a" * 64]),
    "dns-1035-label": (["a1"], ["1a", ""]),
    "dns-subdomain": (["a.b-c", "1"], ["", "a..b", ".a", "a_b", "a" * 254, "a\n"]),
    "label-key": (["a", "app.kubernetes.io/name", "A_b.c"], ["", "/a", "a/", "a/b/c", "-a", "A.B/c"]),
    "label-value": (["", "v1.2_3", "A"], ["a b", "-a", "a" * 64]),
    "port-name": (["http-api", "p2p"], ["", "80", "a--b", "Http", "-a", "a" * 16]),
    "path-segment": (["system:node", "a b"], ["", ".", "a/b", "a%"]),
    "config-key": (["neo4j.conf", "A_b", ".env"], ["", "a b", "..", "..a", "a/b"]),
    "byte": (["", "c2VjcmV0", "c2Vj\ncmV0"], ["a", "s3cret!"]),
}


@pytest.mark.parametrize("name", FORMAT_CASES)
def test_formats_are_those_of_the_api_server(name: str) -> None:
    right, wrong = FORMAT_CASES[name]
    assert [text for text in right if not FORMATS[name](text)] == []
    assert [text for text in wrong if FORMATS[name](text)] == []


def test_every_format_has_a_case() -> None:
    assert FORMAT_CASES.keys() == FORMATS.keys()


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_a_schema_file_says_where_it_comes_from(path: Path) -> None:
    header = json.loads(path.read_text())
    assert header["made by"] == "python -m bot.schemas.derive"
    assert (header["module"], header["version"]) in MODULES
    assert header["paths"]
    assert '"description":"' not in path.read_text()


def test_schemas_are_small() -> None:
    assert sum(path.stat().st_size for path in FILES) < 1_000_000


DEFINITION = {
    "spec": {
        "group": "example.com",
        "names": {"kind": "Thing"},
        "versions": [
            {"name": "v1beta1", "served": False, "schema": {"openAPIV3Schema": {"type": "object"}}},
            {"name": "v1", "served": True, "schema": {"openAPIV3Schema": {
                "type": "object", "description": "A thing.", "required": ["spec"],
                "properties": {
                    "metadata": {"type": "object"},
                    "status": {"type": "object", "properties": {"x": {"type": "string"}}},
                    "spec": {
                        "type": "object",
                        "properties": {
                            "size": {INT_OR_STRING: True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
                            "free": {"type": "object", OPEN: True, "properties": {"a": {"type": "string"}}},
                            "none": {"type": "string", "nullable": True, "default": "x", "description": "Of no use."},
                            "one": {"type": "object", "properties": {"description": {"type": "string"}}},
                            "other": {"type": "object", "properties": {"description": {"type": "string"}}},
                            "words": {"type": "object", "additionalProperties": {"type": "string"}},
                        },
                        "oneOf": [{"required": ["one"], "properties": {"one": {}}}, {"required": ["other"]}],
                    },
                },
            }}},
        ],
    },
}  # fmt: skip


def test_a_definition_becomes_a_closed_schema() -> None:
    schema = custom_schemas([DEFINITION], ["Thing"])["example.com"]
    assert schema["kinds"] == {"example.com/v1 Thing": "Thing"}
    assert schema["not served"] == ["example.com/v1beta1 Thing"]
    root, spec = schema["$defs"]["Thing"], schema["$defs"]["Thing.spec"]
    assert root["required"] == ["metadata", "spec"]
    assert root["properties"]["status"] == {}
    assert (root["additionalProperties"], spec["additionalProperties"]) == (False, False)
    assert spec["properties"] == {
        "size": {"type": ["integer", "string"]},
        "free": {"$ref": "#/$defs/Thing.spec.free"},
        "none": {"type": ["string", "null"]},
        "one": {"$ref": "#/$defs/Thing.spec.one"},
        "other": {"$ref": "#/$defs/Thing.spec.one"},
        "words": {"type": "object", "additionalProperties": {"type": "string"}},
    }
    assert schema["$defs"]["Thing.spec.free"] == {"type": "object", "properties": {"a": {"type": "string"}}}
    assert spec["oneOf"] == [{"required": ["one"], "properties": {"one": {}}}, {"required": ["other"]}]


CODE = """\
func schema_k8sio_api_apps_v1_StatefulSetSpec(ref common.ReferenceCallback) common.OpenAPIDefinition {
\t\t\t\t\t"policies": {
\t\t\t\t\t\t\t\t\t\tEnum:   []interface{}{"A", "B"},
\t\t\t\t\t"policy": {
\t\t\t\t\t\t\tEnum:        []interface{}{"OrderedReady", "Parallel"},
"""


def test_enums_are_read_from_generated_code() -> None:
    assert list(enums(CODE)) == [
        ("io.k8s.api.apps.v1.StatefulSetSpec.policies", {"items": {"type": "string", "enum": ["A", "B"]}}),
        ("io.k8s.api.apps.v1.StatefulSetSpec.policy", {"enum": ["OrderedReady", "Parallel"]}),
    ]


def test_a_kind_takes_only_the_definitions_that_it_needs() -> None:
    meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    specification: dict[str, Object] = {
        meta: {"type": "object", "properties": {"name": {"type": "string"}}},
        "a.Kind": {
            "type": "object",
            "properties": {"spec": {"$ref": "#/definitions/a.Spec"}, "status": {"$ref": "#/definitions/a.Status"}},
            "x-kubernetes-group-version-kind": [{"group": "", "kind": "Kind", "version": "v1"}],
        },
        "a.Spec": {"type": "object", "properties": {"text": {"type": "string", "format": "int-or-string"}}},
        "a.Status": {"type": "object"},
    }
    schema = kubernetes_schema(specification, "", {"v1": ("Kind",)})
    assert schema["kinds"] == {"v1 Kind": "a.Kind"}
    assert set(schema["$defs"]) == {"a.Kind", "a.Spec", meta}
    assert schema["$defs"]["a.Spec"]["properties"]["text"] == {"type": ["integer", "string"]}


def modules_are_here() -> bool:
    if shutil.which("go") is None:
        return False
    cache = Path(subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=True).stdout.strip())
    return all((cache / f"{module}@{version}").is_dir() for module, version in MODULES)


@pytest.mark.timeout(600)
def test_the_committed_schemas_are_what_the_modules_give(capsys: pytest.CaptureFixture[str]) -> None:
    if not modules_are_here() and not os.environ.get("CI"):
        pytest.skip("the Go modules are not in the module cache: `python -m bot.schemas.derive --check` fetches and compares them")
    assert derive.main(["--check"]) == 0, capsys.readouterr().out
