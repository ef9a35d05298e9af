"""ApplicationSets: what keeps Applications alive and limited, and what they make of files."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from bot.policies.application_sets import made_of, wrong_fields

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = "https://example.com/stack.git"
GOOD: dict[str, Any] = {
    "kind": "ApplicationSet",
    "metadata": {"name": "environments"},
    "spec": {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{"git": {"repoURL": HERE, "revision": "main", "files": [{"path": "environments/*/environment.yaml"}]}}],
        "syncPolicy": {"applicationsSync": "create-update", "preserveResourcesOnDeletion": True},
        "template": {
            "metadata": {"name": "context-{{ .path.basename }}", "annotations": {"alerts": "{{ index .prometheus 0 }}/alerts"}},
            "spec": {
                "project": "context-{{ .path.basename }}",
                "source": {"repoURL": HERE, "targetRevision": "main", "path": "{{ .path.path }}"},
                "destination": {"server": "{{ .cluster }}", "namespace": "{{ .namespace }}"},
            },
        },
    },
}
FILES = {
    "environments/dev/environment.yaml": "cluster: https://nonprod\nnamespace: context-dev\nprometheus:\n  - https://p\nlive: false\n",
    "environments/prod/environment.yaml": "cluster: https://prod\nnamespace: context-prod\nprometheus:\n  - https://q\n",
    "environments/prod/below/environment.yaml": "cluster: https://elsewhere\n",
}


def changed(change: Callable[[dict[str, Any]], object], base: dict[str, Any] = GOOD) -> dict[str, Any]:
    item = deepcopy(base)
    change(item["spec"])
    return item


def faults(item: dict[str, Any], files: dict[str, str] = FILES) -> list[tuple[str, str]]:
    found = [*wrong_fields(item), *made_of(item, files)[1]]
    assert all(each.hint and each.is_error and each.name == "environments" for each in found)
    return [(each.field, each.what) for each in found]


def test_applications_are_made_of_files() -> None:
    made, _ = made_of(GOOD, FILES)
    assert faults(GOOD) == []
    assert [(each.name, each.project, each.place, each.repositories) for each in made] == [
        ("context-dev", "context-dev", ("https://nonprod", "context-dev"), (HERE,)),
        ("context-prod", "context-prod", ("https://prod", "context-prod"), (HERE,)),
    ]
    assert made[0].application["spec"]["source"]["path"] == "environments/dev"
    assert made[1].application["metadata"]["annotations"] == {"alerts": "https://q/alerts"}


def test_the_second_generator_of_a_matrix_sees_what_the_first_found() -> None:
    matrix = {
        "matrix": {
            "generators": [
                {
                    "git": {
                        "repoURL": HERE,
                        "revision": "main",
                        "files": [{"path": "clusters/*/cluster.yaml"}],
                        "pathParamPrefix": "cluster",
                    }
                },
                {"git": {"repoURL": HERE, "revision": "main", "files": [{"path": "clusters/{{ .cluster.path.basename }}/*/add-on.yaml"}]}},
            ]
        }
    }
    template = {
        "metadata": {"name": "{{ .cluster.path.basename }}-{{ .path.basename }}"},
        "spec": {
            "project": "platform",
            "sources": [{"repoURL": "{{ .repository }}"}, {"repoURL": HERE, "targetRevision": "main"}],
            "destination": {"server": "{{ .server }}", "namespace": "{{ .namespace }}"},
        },
    }
    item = changed(lambda spec: spec.update(generators=[matrix], template=template))
    files = {
        "clusters/a/cluster.yaml": "server: https://a\n",
        "clusters/b/cluster.yaml": "server: https://b\n",
        "clusters/a/istiod/add-on.yaml": "repository: https://charts\nnamespace: istio-system\n",
        "clusters/b/istiod/add-on.yaml": "repository: oci://charts\nnamespace: istio-system\n",
    }
    made, _ = made_of(item, files)
    assert [(each.name, each.place, each.repositories, each.file) for each in made] == [
        ("a-istiod", ("https://a", "istio-system"), ("https://charts", HERE), "clusters/a/istiod/add-on.yaml"),
        ("b-istiod", ("https://b", "istio-system"), ("oci://charts", HERE), "clusters/b/istiod/add-on.yaml"),
    ]
    without = {**files, "clusters/b/istiod/add-on.yaml": "namespace: istio-system\n"}
    assert faults(item, without) == [
        (
            "spec.template",
            "{{ .repository }} has no value in the parameters of clusters/b/istiod/add-on.yaml: the whole set makes nothing any more",
        )
    ]


def _template(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = spec["template"]
    return found


BAD: dict[str, tuple[Callable[[dict[str, Any]], object], str, str]] = {
    "no goTemplate": (lambda spec: spec.pop("goTemplate"), "spec.goTemplate", "is None"),
    "missing keys are passed over": (lambda spec: spec.update(goTemplateOptions=["missingkey=zero"]), "spec.goTemplateOptions", "lacks"),
    "vanished folders take Applications": (
        lambda spec: spec["syncPolicy"].update(applicationsSync="sync"),
        "spec.syncPolicy.applicationsSync",
        "is sync: with a vanished folder goes the Application",
    ),
    "no policy at all": (lambda spec: spec["syncPolicy"].pop("applicationsSync"), "spec.syncPolicy.applicationsSync", "is None"),
    "deletion takes all": (
        lambda spec: spec["syncPolicy"].update(preserveResourcesOnDeletion=False),
        "spec.syncPolicy.preserveResourcesOnDeletion",
        "is False",
    ),
    "a patch of text": (lambda spec: spec.update(templatePatch="spec: {}"), "spec.templatePatch", "is one text"),
    "a project out of a file": (
        lambda spec: _template(spec)["spec"].update(project="{{ .namespace }}"),
        "spec.template.spec.project",
        "comes from .namespace, a text in a file",
    ),
    "another branch of files": (lambda spec: spec["generators"][0]["git"].update(revision="HEAD"), "spec.generators.revision", "is HEAD"),
    "another branch of manifests": (
        lambda spec: _template(spec)["spec"]["source"].update(targetRevision="v1"),
        "spec.template.spec.source.targetRevision",
        "is v1",
    ),
    "a key that no file has": (
        lambda spec: _template(spec)["spec"]["destination"].update(server="{{ .server }}"),
        "spec.template",
        "{{ .server }} has no value in the parameters of environments/dev/environment.yaml",
    ),
    "an element that is not there": (
        lambda spec: _template(spec)["metadata"].update(annotations={"alerts": "{{ index .prometheus 1 }}"}),
        "spec.template",
        "{{ index .prometheus 1 }} has no value",
    ),
    "more than a field": (
        lambda spec: _template(spec)["metadata"].update(labels={"a": "{{ .namespace | upper }}"}),
        "spec.template",
        "{{ .namespace | upper }} is more than a field",
    ),
    "no file": (
        lambda spec: spec["generators"][0]["git"].update(files=[{"path": "environment/*/environment.yaml"}]),
        "spec.generators[0]",
        "finds no file",
    ),
    "another kind of generator": (lambda spec: spec.update(generators=[{"list": {}}]), "spec.generators[0]", "is not a generator of files"),
    "one name for two": (
        lambda spec: _template(spec)["metadata"].update(name="context"),
        "spec.template.metadata.name",
        "is context for two files",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "field", "what"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_named(change: Callable[[dict[str, Any]], object], field: str, what: str) -> None:
    found = faults(changed(change))
    assert found
    assert all(one == field and what.split(" of environments", maxsplit=1)[0] in said for one, said in found), found


def test_files_of_two_repositories_are_named() -> None:
    other = {
        "git": {"repoURL": "https://example.com/other.git", "revision": "main", "files": [{"path": "environments/dev/environment.yaml"}]}
    }
    fields = [field for field, _ in faults(changed(lambda spec: spec["generators"].append(other)))]
    assert "spec.generators.repoURL" in fields


def test_a_file_that_cannot_be_read_gives_no_value() -> None:
    ((field, what),) = faults(GOOD, {"environments/dev/environment.yaml": "cluster: ["})
    assert field == "spec.template"
    assert "environments/dev/environment.yaml" in what


def test_objects_of_any_shape_are_survived() -> None:
    for spec in (None, {"generators": [None, 1, {"git": 1}, {"matrix": {"generators": [{"git": {"files": [1]}}]}}], "template": 7}):
        item = {"kind": "ApplicationSet", "metadata": {"name": "environments"}, "spec": spec}
        assert faults(item)
