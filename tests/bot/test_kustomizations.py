"""What a kustomization refers to, read as kustomize reads it."""

from __future__ import annotations

import pytest

from bot.kustomizations import Target, is_kustomization, read_kustomization
from bot.model import BotError

FILE = "prod/kustomization.yaml"
EVERYTHING = """
resources: [base, object.yaml]
components: [../features/mesh]
bases: [old]
configurations: [names.yaml]
crds: [crd.json]
patches:
  - path: size.yaml
  - patch: "- {op: remove, path: /spec/replicas}"
    target: {kind: Deployment, name: api, group: apps, labelSelector: "app=api, tier==web,env!=dev"}
patchesStrategicMerge: [merge.yaml, "kind: A\\nmetadata: {}"]
patchesJson6902:
  - {path: json.yaml, target: {kind: Service}}
replacements:
  - path: replacement.yaml
  - source: {kind: ConfigMap}
    targets: [{select: {kind: Ingress, name: api}}]
configMapGenerator:
  - {name: settings, envs: [settings.env], files: [plain.conf, key=named.conf], literals: [a=b]}
  - {name: old, env: old.env}
secretGenerator:
  - {name: secret, files: [secret.key]}
openapi: {path: schema.json}
"""


def test_every_path_that_kustomize_would_load_is_found() -> None:
    assert set(read_kustomization(EVERYTHING, file=FILE).paths) == {
        *("base", "object.yaml", "../features/mesh", "old", "names.yaml", "crd.json", "size.yaml", "merge.yaml", "json.yaml"),
        *("replacement.yaml", "settings.env", "plain.conf", "named.conf", "old.env", "secret.key", "schema.json"),
    }


def test_folders_with_kustomizations_of_their_own_are_known() -> None:
    assert read_kustomization(EVERYTHING, file=FILE).folders == ("base", "object.yaml", "../features/mesh", "old")


def test_targets_are_those_of_patches_and_replacements() -> None:
    assert read_kustomization(EVERYTHING, file=FILE).targets == (
        Target("Deployment", "api", "apps", (("app", "api"), ("tier", "web"))),
        Target("Service"),
        Target("Ingress", "api"),
    )


@pytest.mark.parametrize("key", ["images", "imageTags"])
def test_both_names_of_images_count(key: str) -> None:
    assert read_kustomization(f"{key}: [{{name: a, newTag: v1}}]\n", file=FILE).has_images
    assert not read_kustomization(EVERYTHING, file=FILE).has_images


@pytest.mark.parametrize("key", ["helmCharts", "helmGlobals", "helmChartInflationGenerator", "generators", "transformers", "validators"])
def test_what_runs_or_fetches_is_named(key: str) -> None:
    assert read_kustomization(f"{key}: []\n", file=FILE).plugin_keys == (key,)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("Resources: [a]\n", "resources"),
        ("re\u017fources: [a]\n", "resources"),  # a long s: Go folds it, too
        ("IMAGES: []\n", "images"),
        ("imagetags: []\n", "imageTags"),
        ("helmcharts: []\n", "helmCharts"),
        ("patches: [{Path: a}]\n", "path"),
        ("patches: [{target: {Kind: a}}]\n", "kind"),
        ("configMapGenerator: [{Files: [a]}]\n", "files"),
        ("replacements: [{targets: [{SELECT: {}}]}]\n", "select"),
        ("openapi: {PATH: a}\n", "path"),
    ],
)
def test_a_key_that_only_kustomize_would_understand_is_refused(text: str, known: str) -> None:
    with pytest.raises(BotError, match=f"for {known}$") as refused:
        read_kustomization(text, file=FILE)
    assert refused.value.message.startswith(FILE)


@pytest.mark.parametrize(
    "text",
    [
        "labels: [{pairs: {Name: api, Path: /}}]\n",
        "commonAnnotations: {Images: none}\n",
        "configMapGenerator: [{name: a, literals: [Path=/bin], options: {labels: {Kind: a}}}]\n",
        "kind: Component\napiVersion: a/v1\nnamespace: prod\nreplicas: [{name: a, count: 2}]\n",
    ],
    ids=["labels", "annotations", "literals", "plain keys"],
)
def test_words_of_people_are_not_keys(text: str) -> None:
    read_kustomization(text, file=FILE)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text",
    [
        "patches: &a [{target: *a}, {target: *a}, {target: *a}]\n",
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + "resources: [*c, *c]\n",
    ],
    ids=["a circle", "a bomb"],
)
def test_aliases_do_not_explode(text: str) -> None:
    read_kustomization(text, file=FILE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a mapping"),
        ("[a]", "is not a mapping"),
        ("a: [", "is not YAML"),
        ("a: 1\na: 2\n", "is not YAML"),
        ("a: 1\n---\nb: 1\n", "is not YAML"),
        ("{a: 1}: 1\n", "is not YAML"),
        ("a: " + "x" * 300_000, "larger than 256 KiB"),
    ],
    ids=["empty", "a list", "broken", "a key twice", "two documents", "an odd key", "too large"],
)
def test_what_is_no_kustomization_is_refused(text: str, words: str) -> None:
    with pytest.raises(BotError, match=words) as refused:
        read_kustomization(text, file=FILE)
    assert refused.value.message.startswith(FILE)


@pytest.mark.parametrize(
    "text", ["resources: a\n", "patches: {a: 1}\n", "patches: [a]\n", "configMapGenerator: [a]\n", "replacements: [a]\n"]
)
def test_odd_shapes_are_left_to_kustomize(text: str) -> None:
    assert read_kustomization(text, file=FILE).targets == ()


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_kustomize_knows_three_names(name: str) -> None:
    assert is_kustomization(name)
    assert is_kustomization(f"a/b/{name}")
    assert not is_kustomization(f"my-{name}")


API = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "labels": {"app": "api"}}}
SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings-7k2bc9dfgh"}}


@pytest.mark.parametrize(
    ("target", "item", "matches"),
    [
        (Target("Deployment", "api", "apps"), API, True),
        (Target("Deployment", "ap.*"), API, True),
        (Target("Deployment", "ap"), API, False),
        (Target("Deploy"), API, False),
        (Target("Deployment|StatefulSet"), API, True),
        (Target(group="batch"), API, False),
        (Target(labels=(("app", "api"),)), API, True),
        (Target(labels=(("app", "web"),)), API, False),
        (Target("ConfigMap", "settings"), SETTINGS, True),
        (Target("ConfigMap", "settings-7k2bc9dfgh"), SETTINGS, True),
        (Target("ConfigMap", "sett"), SETTINGS, False),
        (Target(name="("), {**API, "metadata": {"name": "("}}, True),
        (Target("Deployment"), {"kind": "Deployment", "metadata": None}, True),
    ],
)
def test_a_target_is_an_anchored_pattern(target: Target, item: dict[str, object], *, matches: bool) -> None:
    assert target.matches(item) is matches


def test_a_target_has_words_for_messages() -> None:
    assert Target("Deployment", "api", "apps", (("app", "api"), ("tier", "web"))).words == "apps Deployment api app=api,tier=web"


def test_a_patch_that_deletes_has_no_target_to_look_for() -> None:
    text = "patches:\n  - target: {kind: ExternalSecret}\n    patch: |-\n      $patch: delete\n      kind: ExternalSecret\n"
    assert read_kustomization(text, file="kustomization.yaml").targets == ()
