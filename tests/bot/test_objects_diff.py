"""How renders differ, object by object."""

from __future__ import annotations

from typing import Any

import pytest

from bot.environment_names import renamed
from bot.objects_diff import diff_objects

Manifest = dict[str, Any]


def manifest(kind: str, name: str = "api", namespace: str = "prod", **fields: Any) -> Manifest:
    version = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "Job": "batch/v1", "CustomResourceDefinition": "apiextensions.k8s.io/v1"}
    return {"apiVersion": version.get(kind, "v1"), "kind": kind, "metadata": {"name": name, "namespace": namespace}, **fields}


def what(before: list[Manifest], after: list[Manifest], *, across: bool = False) -> list[tuple[str, str]]:
    return [(change.title, change.what) for change in diff_objects(before, after, alike=str if across else None)]


def changed_lines(before: Manifest, after: Manifest, names: dict[str, str]) -> list[str]:
    found = diff_objects([before], [after], alike=renamed(names))
    return [line for change in found for line in change.diff.splitlines()[2:] if line[0] in "+-"]


def test_objects_are_added_removed_and_changed_in_the_order_of_their_names() -> None:
    before = [manifest("Service", "b"), manifest("Deployment", "a", spec={"replicas": 1}), manifest("Service", "same")]
    after = [manifest("Service", "same"), manifest("Deployment", "a", spec={"replicas": 2}), manifest("Secret", "c")]
    assert what(before, after) == [("Deployment a", "changed"), ("Secret c", "added"), ("Service b", "removed")]


def test_a_change_is_a_diff_of_lines() -> None:
    (change,) = diff_objects([manifest("Deployment", spec={"replicas": 1})], [manifest("Deployment", spec={"replicas": 2})])
    assert change.diff.splitlines()[:2] == ["--- Deployment prod/api (before)", "+++ Deployment prod/api (after)"]
    assert [line for line in change.diff.splitlines()[2:] if line[0] in "+-"] == ["-  replicas: 1", "+  replicas: 2"]


def test_the_same_renders_do_not_differ() -> None:
    items = [manifest("Service"), manifest("Deployment")]
    assert diff_objects(items, reversed(items)) == ()


def test_a_generated_name_is_compared_without_its_hash() -> None:
    before, after = (
        manifest("ConfigMap", "settings-7k2bc9dfgh", data={"a": "1"}),
        manifest("ConfigMap", "settings-2222bbbbcc", data={"a": "2"}),
    )
    assert what([before], [after]) == [("ConfigMap settings-2222bbbbcc", "changed")]


def test_an_object_with_the_short_name_of_another_is_not_lost() -> None:
    plain, generated = manifest("ConfigMap", "settings"), manifest("ConfigMap", "settings-7k2bc9dfgh", data={"a": "1"})
    assert what([generated, plain], [plain]) == [("ConfigMap settings-7k2bc9dfgh", "removed")]
    assert what([plain], [generated, plain]) == [("ConfigMap settings-7k2bc9dfgh", "added")]


def test_the_namespace_is_part_of_a_name_unless_environments_are_compared() -> None:
    staging, prod = [manifest("Service", namespace="staging")], [manifest("Service", namespace="prod")]
    assert what(staging, prod) == [("Service api", "added"), ("Service api", "removed")]
    assert what(staging, prod, across=True) == [("Service api", "changed")]
    (change,) = diff_objects(staging, prod, alike=str)
    assert change.diff.splitlines()[:2] == ["--- Service staging/api (before)", "+++ Service prod/api (after)"]


def test_across_environments_two_namespaces_stay_two_objects() -> None:
    both = [manifest("NetworkPolicy", namespace="prod"), manifest("NetworkPolicy", namespace="monitoring")]
    assert what(both, both[:1], across=True) != []


def test_what_only_names_the_environment_does_not_differ() -> None:
    staging, prod = (
        manifest("Service", namespace=f"context-{name}", spec={"host": f"api.context-{name}", "in": name}) for name in ("staging", "prod")
    )
    names = {"context-prod": "context-staging", "prod": "staging"}
    assert changed_lines(staging, prod, names) == []
    assert changed_lines(staging, {**prod, "data": {"in": "production"}}, names) == ["+data:", "+  in: production"]


def test_what_differs_is_shown_with_its_own_names() -> None:
    staging, prod = manifest("Service", spec={"host": "api.staging.org"}), manifest("Service", spec={"host": "prod.org"})
    assert changed_lines(staging, prod, {"prod": "staging"}) == ["-  host: api.staging.org", "+  host: prod.org"]


def test_a_line_that_is_the_same_anyway_does_not_differ_by_a_name_in_it() -> None:
    item = manifest("Service", data={"to": "/dev/null"})
    assert changed_lines(item, item, {"dev": "staging"}) == []
    assert changed_lines({**item, "more": 1}, item, {"dev": "staging"}) == ["-more: 1"]


def test_an_object_that_is_called_after_its_environment_is_the_same_object() -> None:
    staging, prod = ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("context-staging", "context-prod"))
    assert changed_lines(staging, prod, {"context-prod": "context-staging"}) == []
    assert diff_objects([staging], [prod], alike=str) != ()


def test_a_text_of_several_lines_differs_by_line() -> None:
    before, after = (manifest("ConfigMap", data={"run.sh": f"one\n{word}\nthree\n"}) for word in ("two", "2"))
    (change,) = diff_objects([before], [after])
    assert [line.strip("+- ") for line in change.diff.splitlines()[2:] if line[0] in "+-"] == ["two", "2"]


def test_the_group_is_part_of_a_name_and_the_version_is_not() -> None:
    old, new, other = ({**manifest("Ingress"), "apiVersion": version} for version in ("a.io/v1beta1", "a.io/v1", "b.io/v1"))
    assert what([old], [new]) == [("Ingress api", "changed")]
    assert what([old], [other]) == [("Ingress api", "removed"), ("Ingress api", "added")]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": "c2VjcmV0", "b": "c2FtZQ=="}, {"a": "aGlkZGVu", "b": "c2FtZQ=="}, ["-  a: (hidden)", "+  a: (hidden, changed)"]),
        ({"a": "c2VjcmV0"}, {"a": "c2VjcmV0", "b": "aGlkZGVu"}, ["+  b: (hidden)"]),
        ({"a": "c2VjcmV0", "b": "aGlkZGVu"}, {"a": "c2VjcmV0"}, ["-  b: (hidden)"]),
    ],
    ids=["changed", "added", "removed"],
)
@pytest.mark.parametrize("section", ["data", "stringData"])
def test_a_secret_shows_that_it_changed_but_not_what_it_holds(
    section: str, before: dict[str, str], after: dict[str, str], lines: list[str]
) -> None:
    (change,) = diff_objects([{**manifest("Secret"), section: before}], [{**manifest("Secret"), section: after}])
    assert [line for line in change.diff.splitlines()[2:] if line[0] in "+-"] == lines
    assert not any(value in change.diff for value in ("c2VjcmV0", "aGlkZGVu", "c2FtZQ=="))


@pytest.mark.parametrize("name", ["added", "removed"])
def test_a_whole_secret_is_hidden_too(name: str) -> None:
    secret = [manifest("Secret", data={"a": "c2VjcmV0"}, stringData={"b": "c2VjcmV0"})]
    (change,) = diff_objects(secret if name == "removed" else [], secret if name == "added" else [])
    assert change.what == name
    assert "c2VjcmV0" not in change.diff
    assert "(hidden)" in change.diff
