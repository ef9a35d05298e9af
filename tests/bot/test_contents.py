"""What releases and environments may contain: each case here is dangerous when nobody refuses it."""

from __future__ import annotations

import pytest

from bot.contents import (
    Problem,
    about,
    environment_problems,
    image_problems,
    patch_problems,
    release_problems,
    rendered_images,
    unused_images,
)
from bot.kustomizations import read_kustomization
from bot.model import Image, Release
from bot.ports import LINK, REGULAR, SUBMODULE, Entry

BASE = "base/kustomization.yaml"
DIGEST = "sha256:" + "0a" * 32


def entries(*paths: str, mode: str = REGULAR) -> list[Entry]:
    return [Entry(path, mode, "1" * 40) for path in paths]


def in_release(text: str, *others: str) -> list[str]:
    """What is wrong with a release whose base says this."""
    return [problem.what for problem in release_problems("api", entries(BASE, *others), {BASE: text})]


def in_environment(texts: dict[str, str], *others: Entry, link: str | None = None, follows_main: bool = False) -> list[tuple[str, str]]:
    files = [*entries(*texts, "release/api/base/kustomization.yaml", "release/api.yaml"), *others]
    return [(each.file, each.what) for each in environment_problems(files, texts, follows_main=follows_main, link=link)]


def test_a_plain_release_has_no_problems() -> None:
    text = "resources: [deployment.yaml, ../features/mesh]\nconfigMapGenerator: [{name: a, envs: [settings.env]}]\n"
    assert in_release(text, "base/deployment.yaml", "base/settings.env", "features/mesh/kustomization.yaml") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("resources: [../../qdrant/base]\n", "leads out of the release of api"),
        ("resources: [../../../common]\n", "leads out"),
        ("resources: [/etc]\n", "leads out"),
        ("resources: [x/../../..]\n", "leads out"),
        ("resources: ['https://host.example/a.yaml']\n", "is not in the release of api"),
        ("resources: [github.com/owner/repository]\n", "is not in the release of api"),
        ("resources: ['git@host.example:a/b']\n", "is not in the release of api"),
        ("Resources: ['https://host.example/a.yaml']\n", "'Resources' for resources"),
        ("configMapGenerator: [{name: a, files: [k=../../x]}]\n", "leads out"),
        ("patches: [{path: nothing.yaml}]\n", "nothing.yaml is not in"),
        ("helmCharts: []\n", "uses helmCharts"),
        ("generators: [a]\n", "uses generators"),
        ("transformers: [a]\n", "uses transformers"),
        ("a: [\n", "is not YAML"),
    ],
)
def test_a_release_loads_nothing_from_elsewhere(text: str, words: str) -> None:
    found = in_release(text)
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Entry("base/a.yaml", LINK, "1" * 40), "symbolic link"),
        (Entry("vendor", SUBMODULE, "1" * 40), "submodule"),
        (Entry(".gitattributes", REGULAR, "1" * 40), "changes what Git or Argo CD make"),
        (Entry("base/.gitattributes", REGULAR, "1" * 40), "changes what Git or Argo CD make"),
        (Entry(".gitmodules", REGULAR, "1" * 40), "changes what Git or Argo CD make"),
        (Entry("base/.argocd-source.yaml", REGULAR, "1" * 40), "changes what Git or Argo CD make"),
        (Entry("base/.argocd-source-context-prod.yaml", REGULAR, "1" * 40), "changes what Git or Argo CD make"),
    ],
    ids=lambda value: value.path if isinstance(value, Entry) else "",
)
def test_odd_files_are_refused_everywhere(entry: Entry, words: str) -> None:
    (problem,) = release_problems("api", [entry], {})
    assert (problem.file, problem.is_error) == (entry.path, True)
    assert words in problem.what
    assert problem.hint
    assert [words in what for _, what in in_environment({}, entry)] == [True]


def test_a_plain_environment_has_no_problems() -> None:
    texts = {"kustomization.yaml": "resources: [api]\n", "api/kustomization.yaml": "resources: [../release/api/base]\n"}
    assert in_environment(texts) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("resources: [../../dev/api]\n", "leads out of the environment's folder"),
        ("resources: [../../../apps/api/base]\n", "leads out"),
        ("resources: [../release/qdrant/base]\n", "is not in the environment's folder"),
        ("images: []\n", "sets images"),
        ("imageTags: []\n", "sets images"),
        ("helmCharts: []\n", "uses helmCharts"),
    ],
)
def test_an_overlay_stays_in_its_environment_and_changes_no_images(text: str, words: str) -> None:
    ((file, what),) = in_environment({"api/kustomization.yaml": text})
    assert file == "api/kustomization.yaml"
    assert words in what


def test_what_releases_say_is_judged_with_them() -> None:
    assert in_environment({"release/api/images/kustomization.yaml": "images: []\n"}) == []


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Entry("release", LINK, "1" * 40), "must be a folder"),
        (Entry("release", REGULAR, "1" * 40), "must be a folder"),
        (Entry("release/notes.md", REGULAR, "1" * 40), "neither a release nor a record"),
        (Entry("release/qdrant", LINK, "1" * 40), "neither a release nor a record"),
        (Entry("releases", LINK, "1" * 40), "symbolic link"),
        (Entry("release.d/.gitattributes", REGULAR, "1" * 40), "changes what Git"),
    ],
    ids=["a link", "a file", "a stray file", "a linked app", "a link of almost that name", "a folder of almost that name"],
)
def test_the_release_folder_holds_releases_and_records_alone(entry: Entry, words: str) -> None:
    ((file, what),) = in_environment({}, entry)
    assert file == entry.path
    assert words in what


@pytest.mark.parametrize(("link", "wrong"), [("../../apps", False), ("../../../apps", True), (None, True)])
def test_dev_follows_apps_by_a_link(link: str | None, *, wrong: bool) -> None:
    assert [file for file, _ in in_environment({}, follows_main=True, link=link)] == (["release"] if wrong else [])


POD = {
    "kind": "CronJob",
    "metadata": {"name": "backup"},
    "spec": {
        "template": {
            "initContainers": [{"name": "a", "image": "a:v1"}],
            "containers": [{"name": "b", "image": "b:v1"}, {"name": "c", "image": "b:v1"}, {"name": "none"}],
            "ephemeralContainers": [{"image": "c:v1"}],
            "volumes": [{"name": "model", "image": {"reference": "d:v1"}}, {"name": "tmp", "emptyDir": {}}],
        }
    },
}


def test_every_image_of_an_object_is_found() -> None:
    assert sorted(rendered_images(POD)) == ["a:v1", "b:v1", "b:v1", "c:v1", "d:v1"]


def test_an_image_that_no_release_declares_is_found() -> None:
    """Each once; its digest is part of what is declared."""
    release = Release("api", "1" * 40, "v1", (Image("a", "v1"), Image("b", "v1", DIGEST), Image("c", "v1"), Image("d", "v1")))
    assert [(each.file, each.what) for each in image_problems([POD], [release])] == [
        ("CronJob backup", "runs b:v1, which no release declares")
    ]


def test_an_entry_is_unused_only_if_no_environment_uses_it() -> None:
    dev = Release("api", "1" * 40, "v1", (Image("a", "v1"), Image("z", "v1")))
    prod = Release("api", "2" * 40, "v0", (Image("a", "v0"), Image("z", "v0")))
    (problem,) = unused_images([([POD], [dev]), ([POD], [prod])])
    assert problem.what == "the entry z matches no image in any environment"


def test_a_patch_that_matches_nothing_is_found() -> None:
    text = "patches: [{target: {kind: Deployment, name: api}, patch: x}, {target: {kind: Job}, patch: x}]\n"
    item = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}}
    (problem,) = patch_problems("a", read_kustomization(text, file="a"), iter([item]))
    assert problem.what == "the target Job matches nothing"


APP = "apps/context-api"
ABOUT = {
    "a file below it, with a line": (f"{APP}/images/kustomization.yaml:5: no tag", f"{APP}/images/kustomization.yaml:5", "no tag"),
    "a file below it": (f"{APP}/images/kustomization.yaml: no tag", f"{APP}/images/kustomization.yaml", "no tag"),
    "a file beside it": (f"{APP}.yaml records a release", f"{APP}.yaml", "records a release"),
    "itself": (f"{APP} has no record {APP}.yaml", APP, f"has no record {APP}.yaml"),
    "itself, with a line": (f"{APP}:7 is not YAML", f"{APP}:7", "is not YAML"),
    "something else": ("the tag is odd", APP, "the tag is odd"),
}


@pytest.mark.parametrize("name", ABOUT)
def test_a_message_names_its_file_once(name: str) -> None:
    message, file, what = ABOUT[name]
    assert about(APP, message, "mend it") == Problem(file, what, "mend it")
