"""Names that an environment's files say more than once: this repository's own, with some of them changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.environments import parse_environment
from bot.policies.causes import FOLDED
from bot.policies.own_names import FILE, FILES, KUSTOMIZATION, SCOPE, as_meant

FOLDER = Path(__file__).parents[3] / "environments/staging"
BASE = "environments/staging"
TEXTS = {f"{BASE}/{path}": (FOLDER / path).read_text("utf-8") for path in (*FILES, f"qdrant/{KUSTOMIZATION}")}
NAMESPACE, ELSEWHERE = "namespace: context-staging", "namespace: context-prod"

Changes = list[tuple[str, str, str]]


def changed(changes: Changes) -> dict[str, str]:
    found = dict(TEXTS)
    for file, old, new in changes:
        assert old in found[f"{BASE}/{file}"]
        found[f"{BASE}/{file}"] = found[f"{BASE}/{file}"].replace(old, new)
    return found


def wrong(changes: Changes, *, mends: bool = True) -> list[tuple[str, str]]:
    """Where, and what it is; with what is mended, nothing is wrong any more."""
    texts = changed(changes)
    environment = parse_environment("staging", texts[f"{BASE}/{FILE}"])
    found, mended = as_meant(environment, texts, taken={"context-dev", "context-prod"})
    assert all(each.is_error and each.hint and each.what.endswith(FOLDED) is mends for each in found)
    again = texts | mended
    assert as_meant(parse_environment("staging", again[f"{BASE}/{FILE}"]), again, taken=()) == ([], {}) or not mends
    return [(each.file.removeprefix(f"{BASE}/"), each.what.partition(",")[0]) for each in found]


def test_the_names_of_this_repository_agree() -> None:
    assert wrong([]) == []


WRONG: dict[str, tuple[Changes, list[tuple[str, str]]]] = {
    "where Argo CD looks": ([(FILE, NAMESPACE, ELSEWHERE)], [(FILE, "namespace is context-prod")]),
    "where it runs": ([(KUSTOMIZATION, NAMESPACE, ELSEWHERE)], [(KUSTOMIZATION, "namespace is context-prod")]),
    "nowhere": ([(KUSTOMIZATION, f"{NAMESPACE}\n", "")], [(KUSTOMIZATION, "namespace is not set")]),
    "what alerts look at": ([(SCOPE, NAMESPACE, 'namespace: "context" # ?')], [(SCOPE, "data.namespace is context")]),
    "a label": (
        [(KUSTOMIZATION, "environment: staging", "environment: stagng")],
        [(KUSTOMIZATION, "labels.pairs.environment is stagng")],
    ),
    "alerts of another": ([(SCOPE, "environment: staging", "environment: dev")], [(SCOPE, "data.environment is dev")]),
    "a copied folder": (
        [(SCOPE, NAMESPACE, ELSEWHERE), (SCOPE, "environment: staging", "environment: prod"), (KUSTOMIZATION, NAMESPACE, ELSEWHERE)],
        [(KUSTOMIZATION, "namespace is context-prod"), (SCOPE, "data.namespace is context-prod"), (SCOPE, "data.environment is prod")],
    ),
    "no name": (
        [(SCOPE, NAMESPACE, "namespace: Staging"), (KUSTOMIZATION, NAMESPACE, "namespace: Staging")],
        [(KUSTOMIZATION, "namespace is Staging"), (SCOPE, "data.namespace is Staging")],
    ),
    "two others": (
        [(SCOPE, NAMESPACE, "namespace: a"), (KUSTOMIZATION, NAMESPACE, "namespace: b")],
        [(KUSTOMIZATION, "namespace is b"), (SCOPE, "data.namespace is a")],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_name_that_differs_is_named_where_it_is_written(case: str) -> None:
    changes, expected = WRONG[case]
    assert wrong(changes) == expected


def test_what_cannot_be_mended_by_a_word_is_named_and_its_consequences_with_it() -> None:
    assert wrong([(KUSTOMIZATION, NAMESPACE, '"namespace": context-prod')], mends=False) == [(KUSTOMIZATION, "namespace is context-prod")]


@pytest.mark.parametrize(
    "changes",
    [
        [(KUSTOMIZATION, f"{NAMESPACE}\n", ""), (f"qdrant/{KUSTOMIZATION}", "resources:", f"{NAMESPACE}\nresources:")],
        [(KUSTOMIZATION, NAMESPACE, "namespace: [")],
        [(KUSTOMIZATION, "labels:\n", "labels:\n  - pairs: {environment: another}\n")],
        [(SCOPE, NAMESPACE, "namespaces: context-staging")],
        [(SCOPE, "kind: ConfigMap", "kind: Secret"), (SCOPE, NAMESPACE, ELSEWHERE)],
    ],
    ids=["each app sets it", "no YAML", "two labels", "another key", "another kind"],
)
def test_what_cannot_be_known_is_left_to_others(changes: Changes) -> None:
    assert wrong(changes) == []
