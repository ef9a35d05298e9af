"""Settings of Argo CD's installation: this repository's own, with one thing changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from bot.policies.argocd_settings import secret_faults, services, setting_problems, triggers, written

if TYPE_CHECKING:
    from bot.policies.manifests import Violation

ROOT = Path(__file__).parents[3]
FOLDER = "argocd/install"
TEXTS = {f"{FOLDER}/{path.name}": path.read_text("utf-8") for path in (ROOT / FOLDER).glob("*.yaml")}
SECRETS = (ROOT / "argocd/secrets/external-secrets.yaml").read_text("utf-8")


def changed(name: str, old: str, new: str) -> dict[str, str]:
    path = f"{FOLDER}/{name}.yaml"
    assert old in TEXTS[path]
    return {**TEXTS, path: TEXTS[path].replace(old, new)}


def test_the_settings_of_this_repository_pass() -> None:
    assert not [*setting_problems(FOLDER, TEXTS)]


WRONG = {
    "tracked by label": ("settings", "resourceTrackingMethod: annotation", "resourceTrackingMethod: label", "resourceTrackingMethod"),
    "any commit": ("settings", '  application.sync.requireOverridePrivilegeForRevisionSync: "true"\n', "", "is not set"),
    "everyone": ("settings", 'anonymous.enabled: "false"', 'anonymous.enabled: "true"', "everyone who reaches"),
    "a shell": ("settings", 'exec.enabled: "false"', 'exec.enabled: "true"', "a shell"),
    "plain text": ("settings", "url: https://", "url: http://", "url of argocd-cm is http://"),
    "no scheme": ("notifications", "argocdUrl: https://", "argocdUrl: ", "argocdUrl in context of argocd-notifications-cm is argocd."),
    "plugins": ("settings", "  url:", "  kustomize.buildOptions: --enable-exec\n  url:", "kustomize.buildOptions"),
    "a role for all": ("rights", 'policy.default: ""', "policy.default: role:readonly", "policy.default"),
    "every right": ("rights", "applications, sync,", "applications, *,", "the right to *"),
    "deletion": ("rights", "clusters, get,", "clusters, delete,", "the right to delete"),
    "a sync of nothing": ("rights", "clusters, get,", "clusters, sync,", "sync clusters"),
    "administrators": ("rights", "platform-team, role:operator", "platform-team, role:admin", "administrators"),
    "above each set": ("parameters", "data:\n", "data:\n  applicationsetcontroller.policy: sync\n", "applicationsetcontroller.policy"),
    "health of everything": ("health", '"*.istio.io/*"', '"*"', "the health of Pod"),
    "health of workloads": ("health", '"*.istio.io/*"', '"apps/*"', "the health of apps/DaemonSet"),
    "a secret": ("login", "clientSecret: $dex.github.clientSecret", "clientSecret: abcdef0123", "clientSecret is written out"),
    "a token": ("notifications", "token: $slack-token", "token: xoxb-1", "token is written out"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_its_file(case: str) -> None:
    name, old, new, what = WRONG[case]
    (found,) = setting_problems(FOLDER, changed(name, old, new))
    assert what in found.what
    assert found.file.startswith(f"{FOLDER}/{name}.yaml" if "is not set" not in what else FOLDER)
    assert found.hint


def test_what_may_be_left_unsaid_may_be_left_unsaid() -> None:
    assert not [*setting_problems(FOLDER, changed("settings", '  exec.enabled: "false"\n', ""))]


def test_whom_people_may_be_told_by_is_read_from_the_installation() -> None:
    said = written(FOLDER, TEXTS)
    assert triggers(said) == {"deployed", "degraded", "sync-failed"}
    assert services(said) == {"slack", "bot"}


def faults(old: str = "", new: str = "") -> list[Violation]:
    assert old in SECRETS
    return [*secret_faults(YAML(typ="safe").load_all(SECRETS.replace(old, new) if old else SECRETS), written(FOLDER, TEXTS))]


def test_secrets_are_added_to_and_bring_each_key() -> None:
    assert faults() == []
    assert [each.field for each in faults("creationPolicy: Merge", "creationPolicy: Owner")] == ["spec.target.creationPolicy"] * 2
    assert ["lacks slack-token" in each.what for each in faults("secretKey: slack-token", "secretKey: slack")] == [True]
    assert ["lacks bot-webhook-token" in each.what for each in faults("secretKey: bot-webhook-token", "secretKey: bot")] == [True]
    assert ["lacks dex.github.clientID" in each.what for each in faults("dex.github.clientID", "dex.clientID")] == [True]


def test_a_file_that_cannot_be_read_says_nothing() -> None:
    assert written(FOLDER, {f"{FOLDER}/a.yaml": "a: [", f"{FOLDER}/b.yaml": "- 1", f"{FOLDER}/c/d.yaml": "kind: ConfigMap\n"}) == {}
