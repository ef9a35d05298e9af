"""Templates of ApplicationSets: this repository's own, with one thing changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.policies.application_templates import unknown_subscriptions, wrong_templates

SETS = Path(__file__).parents[3] / "argocd" / "applicationsets"
AUTOMATED = "        automated:\n          prune: true\n          selfHeal: true\n"


def template(name: str, *changes: tuple[str, str]) -> dict[str, Any]:
    written = (SETS / f"{name}.yaml").read_text("utf-8")
    for old, new in changes:
        assert old in written
        written = written.replace(old, new)
    loaded: dict[str, Any] = YAML(typ="safe").load(written)
    return loaded


@pytest.mark.parametrize("name", ["add-ons", "environments", "plain-folders"])
def test_the_sets_of_this_repository_pass(name: str) -> None:
    assert not [*wrong_templates(template(name))]


WRONG = {
    "nothing by itself": (AUTOMATED, "", "syncPolicy.automated"),
    "automation that is off": ("        automated:\n", "        automated:\n          enabled: false\n", "syncPolicy.automated"),
    "changes by hand stay": ("selfHeal: true", "selfHeal: false", "automated.selfHeal"),
    "leftovers": ("prune: true", "prune: false", "automated.prune"),
    "an empty folder": ("prune: true\n", "prune: true\n          allowEmpty: true\n", "automated.allowEmpty"),
    "a sync that hangs": ("refresh: true", "refresh: false", "syncPolicy.retry"),
    "one attempt": ("limit: 10", "limit: 0", "syncPolicy.retry"),
    "a word that is passed over": ("PruneLast=true", "PruneLast=true\n          - Validate=treu", "syncPolicy.syncOptions"),
    "made anew": ("- ServerSideApply=true", "- Replace=true", "syncPolicy.syncOptions"),
    "settings that go first": ("- PruneLast=true", "- Validate=true", "syncPolicy.syncOptions"),
    "all goes with the Application": (
        "      labels:\n",
        "      finalizers: [resources-finalizer.argocd.argoproj.io]\n      labels:\n",
        "metadata.finalizers",
    ),
    "paths of manifests": (
        "      annotations:\n",
        "      annotations:\n        argocd.argoproj.io/manifest-generate-paths: .\n",
        "metadata.annotations[argocd.argoproj.io/manifest-generate-paths]",
    ),
    "defaults as differences": ("ServerSideDiff=true", "IgnoreExtraneous", "metadata.annotations[argocd.argoproj.io/compare-options]"),
    "a yes that is taken away": (
        "      - argocd.argoproj.io/deletion-approved",
        "      - example.com/any",
        "spec.preservedFields.annotations",
    ),
    "one after the other": ("  preservedFields:", "  strategy: {type: RollingSync}\n  preservedFields:", "spec.strategy.type"),
    "another image": (
        '        path: "{{ .path.path }}"\n',
        '        path: "{{ .path.path }}"\n        kustomize: {images: [a=b]}\n',
        "spec.source.kustomize",
    ),
    "a release that is ignored": (
        "      syncPolicy:\n        automated",
        "      ignoreDifferences: [{kind: Job, jsonPointers: [/spec/replicas, /spec/template]}]\n      syncPolicy:\n        automated",
        "spec.ignoreDifferences[0]",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_once(case: str) -> None:
    old, new, field = WRONG[case]
    (found,) = wrong_templates(template("environments", (old, new)))
    assert found.field.endswith(field)
    assert found.is_error
    assert found.hint


@pytest.mark.parametrize("name", ["add-ons", "plain-folders"])
def test_what_holds_a_cluster_up_is_not_pruned_by_itself(name: str) -> None:
    (found,) = wrong_templates(template(name, ("prune: false", "prune: true")))
    assert found.field.endswith("automated.prune")


def test_who_subscribes_to_what_is_not_there_is_told_so() -> None:
    told = {"triggers": ["deployed", "degraded", "sync-failed"], "services": ["slack", "bot"]}
    assert not [*unknown_subscriptions(template("environments"), **told)]
    found = template("environments", ("subscribe.degraded.slack", "subscribe.degrade.slak"))
    trigger, service = unknown_subscriptions(found, **told)
    assert "the trigger degrade," in trigger.what
    assert "the service slak," in service.what
    project = {"kind": "AppProject", "metadata": {"annotations": {"notifications.argoproj.io/subscribe.slak": "all"}}}
    assert ["the service slak," in each.what for each in unknown_subscriptions(project, **told)] == [True]


@pytest.mark.parametrize("item", [{}, {"spec": None}, {"spec": {"generators": [7], "template": {"spec": {"source": []}}}}])
def test_any_shape_is_survived(item: dict[str, Any]) -> None:
    assert [*wrong_templates({"kind": "ApplicationSet", "metadata": {"name": "odd"}, **item})]
