"""The dashboard: one for each environment, plain JSON, on metrics that exist."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest

from bot.policies.metrics import known_series
from bot.policies.metrics.dashboards import DATASOURCE, PANEL_TYPES
from bot.policies.metrics.expressions import VARIABLES, metric, nodes, selectors
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.manifests.renders import Item, Render

SOURCE = ROOT / "apps" / "monitoring" / "base" / "dashboards" / "context-foundation.json"
WIDTH = 24


def config_map(render: Render) -> Item:
    (found,) = (item for item in render.of("ConfigMap") if "grafana_dashboard" in item["metadata"].get("labels", {}))
    return found


def model_of(render: Render) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(config_map(render)["data"]["context-foundation.json"])
    return loaded


@pytest.fixture
def model(render: Render) -> dict[str, Any]:
    return model_of(render)


def targets(model: dict[str, Any]) -> list[dict[str, Any]]:
    return [target for panel in model["panels"] for target in panel["targets"]]


def test_grafanas_sidecar_finds_it_and_puts_it_into_a_folder_of_its_own(renders: Mapping[str, Render]) -> None:
    """Dev and staging share a Grafana; without folders, the file of one would replace the other's."""
    for render in renders.values():
        metadata = config_map(render)["metadata"]
        assert metadata["labels"]["grafana_dashboard"] == "1"
        assert metadata["annotations"]["k8s-sidecar-target-directory"] == render.environment.namespace
        assert metadata["name"] == "context-foundation-dashboard"


def test_it_says_whose_it_is(render: Render, model: dict[str, Any]) -> None:
    assert (model["uid"], model["title"]) == (render.environment.namespace,) * 2
    variables = {each["name"]: each["query"] for each in model["templating"]["list"]}
    assert variables == {
        "namespace": render.environment.namespace,
        "environment": render.environment.name,
        "datasource": "prometheus",
    }


def test_only_its_names_differ_between_environments(renders: Mapping[str, Render]) -> None:
    source = SOURCE.read_text("utf-8")
    assert source.count("set-by-scope") == 4
    for render in renders.values():
        shared = {**model_of(render), "uid": "", "title": "", "templating": ""}
        assert shared == {**json.loads(source), "uid": "", "title": "", "templating": ""}


def test_alerts_lead_to_it(render: Render, model: dict[str, Any]) -> None:
    links = {rule["annotations"]["dashboard"] for rule in render.rules() if "alert" in rule}
    assert links == {f"/d/{model['uid']}"}


def test_it_is_the_bare_model_with_enough_panels(model: dict[str, Any]) -> None:
    assert "dashboard" not in model
    assert len(model["panels"]) >= 12
    assert {panel["type"] for panel in model["panels"]} <= set(PANEL_TYPES)
    assert len({panel["id"] for panel in model["panels"]}) == len({panel["title"] for panel in model["panels"]}) == len(model["panels"])


def test_every_panel_asks_the_chosen_data_source(model: dict[str, Any]) -> None:
    wanted = {"type": "prometheus", "uid": DATASOURCE}
    for part in [*model["panels"], *targets(model)]:
        assert part["datasource"] == wanted


def test_panels_do_not_overlap(model: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in model["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < WIDTH, panel["title"]
        taken |= cells


def test_every_expression_parses_and_measures_what_is_exported(model: dict[str, Any]) -> None:
    for target in targets(model):
        query = target["expr"]
        for variable, value in VARIABLES:
            query = query.replace(variable, value)
        promql_parser.parse(query)
        assert {metric(selector) for selector in selectors(nodes(target["expr"]))} <= known_series().keys(), target["expr"]


def test_targets_of_a_panel_have_names_of_their_own(model: dict[str, Any]) -> None:
    for panel in model["panels"]:
        names = [target["refId"] for target in panel["targets"]]
        assert len(set(names)) == len(names), panel["title"]
