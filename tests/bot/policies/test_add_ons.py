"""Add-ons: one chart of one exact version, and values that are a mapping."""

from __future__ import annotations

import pytest

from bot.policies.add_ons import add_on_problems

FOLDER = "clusters/production/istiod"
CHART = 'chart: istiod\nrepository: https://istio.example.com/charts\nversion: "1.30.4"\nnamespace: istio-system\nwave: "3"\n'
GOOD = {f"{FOLDER}/add-on.yaml": CHART, f"{FOLDER}/values.yaml": "autoscaleMin: 2\n"}


def found(changes: dict[str, str]) -> list[tuple[str, str]]:
    texts = {**GOOD, **{f"{FOLDER}/{name}": text for name, text in changes.items()}}
    problems = list(add_on_problems([FOLDER], texts))
    assert all(problem.is_error and problem.hint for problem in problems)
    return [(problem.file.removeprefix(f"{FOLDER}/"), problem.what) for problem in problems]


def test_a_good_add_on_passes() -> None:
    assert found({}) == []
    assert found({"add-on.yaml": CHART.replace("https://istio.example.com/charts", "oci://ghcr.io/istio/charts")}) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"1.30.4"', '"1.30.x"', "version is '1.30.x'"),
        ('"1.30.4"', '">=1.30.4"', "version is '>=1.30.4'"),
        ('"1.30.4"', '"latest"', "version is 'latest'"),
        ('"1.30.4"', "1.30", "version is not text"),
        ('version: "1.30.4"\n', "", "version is missing"),
        ("https://", "http://", "repository is 'http://istio.example.com/charts'"),
        ("https://istio", "https://user:word@istio", "repository is 'https://user:word@istio.example.com/charts'"),
        ("chart: istiod", "chart: ../istiod", "chart is '../istiod'"),
        ("istio-system", "Istio_System", "namespace is 'Istio_System'"),
        ('wave: "3"', "wave: 3", "wave is not text"),
        ('wave: "3"', 'waves: "3"', "'waves' is not a field of an add-on"),
    ],
)
def test_a_wrong_field_is_named(old: str, new: str, what: str) -> None:
    assert ("add-on.yaml", what) in found({"add-on.yaml": CHART.replace(old, new)})


@pytest.mark.parametrize("name", ["add-on.yaml", "values.yaml"])
def test_a_file_that_is_no_mapping_is_named(name: str) -> None:
    assert found({name: "- a\n"}) == [(name, "is not a mapping")]
    assert found({name: ""}) == [(name, "is not a mapping")]
    ((file, what),) = found({name: "a: 1\nb: [\n"})
    assert file.startswith(f"{name}:")
    assert what.startswith("is not YAML that can be read")
    ((file, what),) = found({name: "a: 1\na: 2\n"})
    assert "duplicate key" in what


def test_a_folder_without_its_files_is_named() -> None:
    assert [problem.file for problem in add_on_problems([FOLDER], {})] == [f"{FOLDER}/add-on.yaml", f"{FOLDER}/values.yaml"]
