"""What a document says of the stack is what the stack renders."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.generate import BLOCKS, RENEW
from tests.docs.markdown import block_names, table, with_block
from tests.docs.promise import EVERYWHERE, Promise, container, every, has, named, some, variables
from tests.docs.settings_table import bot_variables
from tests.docs.stack import at
from tests.docs.stack_table import PARTS
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from tests.docs.stack import Stack

PROMISES = [pytest.param(promise, id=f"{part}: {promise.text}") for part, promises in PARTS.items() for promise in promises]
DOCUMENTS = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "apps" / "context-api" / "CONTRACT.md"]


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_is_kept(promise: Promise, stack: Stack) -> None:
    lacking = promise.where - promise.kept(stack).keys()
    assert not lacking, f"no object keeps {promise.text!r} in {', '.join(sorted(lacking))}: see its predicate in tests/docs/promised_*.py"


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_is_not_kept_by_nothing(promise: Promise) -> None:
    assert not promise.find([])


def test_no_promise_is_written_twice() -> None:
    for promises in PARTS.values():
        assert len({promise.text for promise in promises}) == len(promises)


@pytest.mark.parametrize(("document", "block"), BLOCKS)
def test_a_document_has_what_the_render_gives(document: str, block: str, stack: Stack) -> None:
    text = (ROOT / "docs" / document).read_text("utf-8")
    assert text == with_block(text, block, BLOCKS[document, block](stack)), f"docs/{document} is not what is rendered: {RENEW}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_that_says_so_is_generated(path: Any) -> None:
    found = set(block_names(path.read_text("utf-8")))
    assert found == {block for name, block in BLOCKS if (ROOT / "docs" / name).resolve() == path}


def test_every_variable_of_the_bot_is_explained() -> None:
    assert "BOT_REPO" in bot_variables()
    assert "BOT_PROMETHEUS_TOKEN_FILE_<ENV>" in bot_variables()
    assert "not in bot/README.md" not in (ROOT / "docs" / "SETTINGS.md").read_text("utf-8")


def test_no_secret_is_in_a_table_of_settings(stack: Stack) -> None:
    """A value that looks like a password would be in Git already; here it would be printed, too."""
    text = (ROOT / "docs" / "SETTINGS.md").read_text("utf-8")
    for name in ("NEO4J_AUTH", "NEO4J_PASSWORD", "JWT_SECRET_KEY", "QDRANT_API_KEY", "SUPABASE_SERVICE_KEY"):
        cells = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        assert cells, name
        assert all("Secret `" in line for line in cells), name


API: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "context-api"},
    "spec": {
        "replicas": 2,
        "template": {
            "metadata": {"annotations": {"sidecar.istio.io/proxyCPU": "50m", "sidecar.istio.io/proxyMemory": "128Mi"}},
            "spec": {
                "initContainers": [{"name": "first", "resources": {"requests": {"cpu": "1", "memory": "64Mi"}}}],
                "containers": [{"name": "api", "env": [{"name": "HOME"}], "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}],
            },
        },
    },
}


def test_a_predicate_says_no_to_what_is_not_wanted() -> None:
    assert named("Deployment", "context-api", has("spec.replicas", 2))([API]) == [API]
    assert not named("Deployment", "context-api", has("spec.replicas", 3))([API])
    assert not named("Deployment", "qdrant")([API])
    assert not some("Deployment", least=2)([API])
    assert not every(("Deployment",), container(variables("HOME", "PATH")))([API])


PLANTED = [
    ("context-api", "readiness probe", "Deployment", "context-api", "spec.template.spec.containers.0.readinessProbe"),
    ("context-api", "anti-affinity", "Deployment", "context-api", "spec.template.spec.affinity"),
    ("context-api", "HPA with scale policies", "HorizontalPodAutoscaler", "context-api", "spec.behavior"),
    ("qdrant", "bootstrap of the cluster", "StatefulSet", "qdrant", "spec.template.spec.containers.0.env"),
    ("neo4j", "backup on a schedule", "CronJob", "neo4j-backup", "spec.schedule"),
    ("mesh", "outlier detection", "DestinationRule", "qdrant", "spec.trafficPolicy.outlierDetection"),
    ("mesh", "STRICT mTLS", "PeerAuthentication", "default", "spec.mtls"),
    ("foundation", "seccomp", "StatefulSet", "neo4j", "spec.template.spec.securityContext.seccompProfile"),
    ("foundation", "quotas", "ResourceQuota", "context-foundation", "spec.hard"),
    ("foundation", "every Secret by External Secrets", "ExternalSecret", "neo4j-auth", "spec.target"),
]


@pytest.mark.parametrize("planted", PLANTED, ids=[f"{each[0]}-{each[1]}" for each in PLANTED])
def test_a_promise_is_broken_without_what_keeps_it(planted: tuple[str, str, str, str, str], stack: Stack) -> None:
    part, text, kind, name, field = planted
    (promise,) = (each for each in PARTS[part] if each.text == text)
    items = copy.deepcopy(stack.places()["prod"])
    assert promise.find(items)
    parent, _, key = field.rpartition(".")
    (item,) = (each for each in items if (each["kind"], each["metadata"]["name"]) == (kind, name))
    del at(item, parent)[key]
    assert not promise.find(items)


def test_a_promise_names_the_places_where_it_is_kept(stack: Stack) -> None:
    kept = Promise("a Namespace", some("Namespace")).kept(stack)
    assert kept.keys() >= EVERYWHERE


def test_a_path_leads_through_lists_and_ends_nowhere_without_an_error() -> None:
    assert at(API, "spec.template.spec.containers.0.name") == "api"
    assert at(API, "spec.template.spec.containers.7.name") is None
    assert at(API, "spec.replicas.deeper") is None


def test_a_block_is_replaced_between_its_markers_alone() -> None:
    text = "before\n<!-- generated: x -->\nold\n<!-- end: x -->\nafter\n"
    assert with_block(text, "x", "new") == "before\n<!-- generated: x -->\n\nnew\n\n<!-- end: x -->\nafter\n"
    with pytest.raises(LookupError, match="no block"):
        with_block(text, "y", "new")


def test_a_cell_does_not_end_its_column() -> None:
    assert table(("a", "b"), [("x|y", "z")]) == "| a | b |\n| --- | --- |\n| x\\|y | z |"
