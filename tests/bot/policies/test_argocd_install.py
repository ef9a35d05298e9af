"""Argo CD's installation: patches of what the release has, each setting once, no file that nothing reads."""

from __future__ import annotations

import pytest

from bot.policies.argocd_install import ADDRESS, install_problems

FOLDER = "argocd/install"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\ndata:\n  url: https://argocd.example.com\n"
GOOD = {
    "kustomization.yaml": f"resources:\n  - namespace.yaml\n  - {ADDRESS}\npatches:\n  - path: settings.yaml\n  - path: rights.yaml\n",
    "namespace.yaml": "kind: Namespace\n",
    "settings.yaml": CONFIG,
    "rights.yaml": CONFIG.replace("argocd-cm", "argocd-rbac-cm"),
}
TARGETED = "  - target:\n      kind: Deployment\n      name: argocd-{}\n    patch: |-\n      - op: remove\n        path: /spec/replicas\n"


def found(changes: dict[str, str]) -> list[tuple[str, str]]:
    problems = list(install_problems(FOLDER, {f"{FOLDER}/{name}": text for name, text in {**GOOD, **changes}.items()}))
    assert all(each.is_error and each.hint for each in problems)
    return [(each.file.removeprefix(f"{FOLDER}/"), each.what) for each in problems]


def test_patches_of_what_is_there_pass() -> None:
    assert found({}) == []
    assert found({"kustomization.yaml": GOOD["kustomization.yaml"] + TARGETED.format("(server|repo-server)")}) == []


@pytest.mark.parametrize(
    ("name", "text", "file", "what"),
    [
        ("settings.yaml", CONFIG.replace("argocd-cm", "argo-cd-cm"), "settings.yaml", "changes ConfigMap argo-cd-cm, which Argo CD v3.5.1"),
        ("settings.yaml", CONFIG.replace("ConfigMap", "ConfigMaps"), "settings.yaml", "changes ConfigMaps argocd-cm"),
        ("settings.yaml", "data: [", "settings.yaml", "changes  , which"),
        ("rights.yaml", CONFIG, "rights.yaml", "sets url of argocd-cm, as argocd/install/settings.yaml does"),
        ("links.yaml", CONFIG, "links.yaml", "is read by nothing"),
        (
            "kustomization.yaml",
            GOOD["kustomization.yaml"] + TARGETED.format("servers"),
            "kustomization.yaml",
            "changes Deployment argocd-servers",
        ),
        (
            "kustomization.yaml",
            GOOD["kustomization.yaml"] + "  - path: login.yaml\n",
            "kustomization.yaml",
            "names the patch login.yaml, which is not there",
        ),
        (
            "kustomization.yaml",
            GOOD["kustomization.yaml"].replace("v3.5.1", "v3.4.7"),
            "kustomization.yaml",
            "does not refer to the release v3.5.1",
        ),
    ],
    ids=["a name", "a kind", "no YAML", "a setting twice", "an unlisted file", "a target", "a file that is gone", "another release"],
)
def test_what_changes_nothing_is_named(name: str, text: str, file: str, what: str) -> None:
    ((at, said),) = found({name: text})
    assert at == file
    assert said.startswith(what)


def test_a_folder_without_a_kustomization_is_named() -> None:
    assert any("does not refer to the release" in each.what for each in install_problems(FOLDER, {}))
