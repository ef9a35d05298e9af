"""Whoever puts in names of their own finds all places in the checklist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.clusters.layout import CLUSTERS
from tests.manifests.renders import NAMES, ROOT

if TYPE_CHECKING:
    from tests.docs.stack import Stack

PLACES = re.compile(r"(apps|argocd|clusters|environments|\.github)/")
OURS = re.compile(r"example\.com|arn:aws:iam::\d{12}|dpdpdpdp0987|context-foundation-\w+-backups|\beu-central-1\b")
WRITTEN = re.compile(r"`([\w./<>-]+/[\w./<>-]*)`")


def files_with_names(stack: Stack) -> set[str]:
    """What people write, releases aside, that names what belongs to somebody."""
    paths = (item["metadata"]["name"] for item in stack.files)
    found = {path for path in paths if PLACES.match(path) and "/release/" not in path and not path.endswith(".md")}
    return {path for path in found if (ROOT / path).is_file() and OURS.search((ROOT / path).read_text("utf-8"))}


def general(path: str) -> str:
    """A path with <env> or <cluster> in place of the one that it is about."""
    path = re.sub(rf"^clusters/({'|'.join(CLUSTERS)})/", "clusters/<cluster>/", path)
    return re.sub(rf"^(environments/|argocd/projects/context-)({'|'.join(NAMES)})\b", r"\1<env>", path)


@pytest.fixture
def listed() -> tuple[str, ...]:
    section = (ROOT / "docs" / "DEPLOYMENT_CHECKLIST.md").read_text("utf-8").partition("### Names\n")[2].partition("\n###")[0]
    return tuple(WRITTEN.findall(section))


def test_every_file_with_a_name_is_in_the_checklist(stack: Stack, listed: tuple[str, ...]) -> None:
    found = {general(path) for path in files_with_names(stack)}
    assert "clusters/<cluster>/cluster.yaml" in found
    assert {path for path in found if not any(path == each or (each.endswith("/") and path.startswith(each)) for each in listed)} == set()


def test_the_checklist_lists_no_file_without_a_name(stack: Stack, listed: tuple[str, ...]) -> None:
    found = {general(path) for path in files_with_names(stack)}
    assert {each for each in listed if not any(path == each or path.startswith(each) for path in found)} == set()
