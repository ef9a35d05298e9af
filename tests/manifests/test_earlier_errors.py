"""Each error of the earlier manifests that a program can catch is planted in what renders today, and named.

Objects are changed as a manifest would change them and go through what `bot validate` runs: policies, schemas, promtool. Errors of the
files themselves are planted in a checkout, in `tests/bot/test_validate.py`.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.adapters.git_checkout import open_checkout
from bot.kustomizations import HASH_SUFFIX
from bot.policies.all import POLICIES
from bot.policies.causes import FOLDED, without_consequences
from bot.policies.manifests import POD_PATHS, Manifests
from bot.wiring import build_inspectors
from bot.workflows.clusters import read_clusters
from bot.workflows.inspection import Look, violations
from tests.conftest import require_peer
from tests.manifests.planted_monitoring import MONITORING
from tests.manifests.planted_traffic import TRAFFIC
from tests.manifests.planted_workloads import WORKLOADS
from tests.manifests.planting import one
from tests.manifests.renders import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.policies.manifests import Violation
    from tests.manifests.planting import Objects, Planted
    from tests.manifests.renders import Render

PLANTED = WORKLOADS + TRAFFIC + MONITORING
CLUSTERS = read_clusters(open_checkout(Path(__file__).parents[2], "nobody <nobody@example.com>"), "HEAD")
CLASSES = frozenset[str]().union(*(each.storage_classes for each in CLUSTERS))
OTHERS = {name: {other: f"context-{other}" for other in NAMES if other != name} for name in NAMES}


def named(found: list[Violation], planted: Planted) -> bool:
    return any(
        planted.names in f"{each.kind} {HASH_SUFFIX.sub('', each.name)}" and planted.words in f"{each.field} {each.what} {each.hint}"
        for each in found
    )


def judged(render: Render, objects: Objects) -> list[Violation]:
    environment = render.environment
    rendered = type(render.rendered)("", tuple(objects), "")
    names = environment.name, environment.namespace, environment.folder
    look = Look(*names, rendered, {}, OTHERS[environment.name], storage_classes=CLASSES)
    return [each for each in violations(look, build_inspectors()) if each.is_error]


def test_nothing_is_wrong_with_what_renders_today(render: Render) -> None:
    require_peer("promtool")
    assert judged(render, list(render.objects)) == []


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted.number} {planted.what}")
def test_the_error_is_named(planted: Planted, renders: Mapping[str, Render]) -> None:
    render = renders[planted.environment]
    objects = copy.deepcopy(list(render.objects))
    planted.plant(objects)
    found = judged(render, objects)
    assert named(found, planted), [f"{each.kind} {each.name}: {each.field}: {each.what}" for each in found]


NAME = "app.kubernetes.io/name"


@pytest.mark.parametrize("label", ["missing", "of another"])
def test_a_label_that_pods_are_found_by_is_one_error_and_not_one_for_each_rule_that_looks_for_them(
    label: str, renders: Mapping[str, Render]
) -> None:
    """Without it each NetworkPolicy, AuthorizationPolicy, Service, monitor and alert is wrong, too: dozens of errors elsewhere."""
    render = renders["prod"]
    objects = copy.deepcopy(list(render.objects))
    template = one(objects, "StatefulSet", "neo4j")
    for key in POD_PATHS["StatefulSet"]:
        template = template[key]
    template["metadata"]["labels"] = {**template["metadata"]["labels"], NAME: "neo5j"}
    if label == "missing":
        del template["metadata"]["labels"][NAME]

    def judge(manifests: Manifests) -> list[Violation]:
        return [each for policy in POLICIES for each in policy(manifests) if each.is_error]

    planted = Manifests("prod", render.environment.namespace, tuple(objects))
    assert len(judge(planted)) >= (40 if label == "missing" else 10)
    (found,) = without_consequences(planted, judge)
    where = f"spec.template.metadata.labels.{NAME}" if label == "missing" else "spec.selector.matchLabels"
    assert (found.kind, found.name, found.field) == ("StatefulSet", "neo4j", where)
    assert found.what.endswith(FOLDED)
