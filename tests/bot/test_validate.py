"""`bot validate` names what was planted in a checkout: file, object, field, why, and the fix.

The numbers are those of the list of errors of the earlier manifests; single objects: `tests/manifests/test_earlier_errors.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.bot.test_checkout_commands import append, commit, edit, take_anew, unpin

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import Bot

MERGE = "configMapGenerator:\n  - name: api-config\n    behavior: merge\n    literals: [A=1]\n"
STRAY_NAMESPACE = """patches:
  - patch: |-
      {apiVersion: v1, kind: Namespace, metadata: {name: context-foundation-dev, labels: {a: b}}}
"""


def told(bot: Bot, *words: str, environments: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    answered = bot.bot("validate", *environments)
    assert answered.code == (1 if any(problem["is_error"] for problem in answered.result["problems"]) else 0)
    found: list[dict[str, Any]] = [
        problem for problem in answered.result["problems"] if all(word in f"{problem['file']}: {problem['what']}" for word in words)
    ]
    assert found, answered.result
    assert all(problem["hint"] for problem in found)
    return found


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_nothing_is_wrong_with_this_repository(checkout: Path, bot: Bot) -> None:
    assert (checkout / "apps").is_dir()
    assert bot.bot("validate").result["problems"] == []


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("environments/prod/kustomization.yaml", "resources: [../prod]\n", ("environments/prod", "does not render")),
        ("environments/prod/qdrant/kustomization.yaml", "crds: [configmaps.yaml]\n", ("configmaps.yaml",)),
        ("environments/prod/context-api/size.yaml", 'x: "api\\.example"\n', ("environments/prod", "does not render")),
        ("environments/prod/context-api/kustomization.yaml", MERGE, ("environments/prod", "does not render", "api-config")),
        ("environments/prod/foundation/kustomization.yaml", STRAY_NAMESPACE, ("environments/prod", "does not render")),
    ],
)
def test_what_does_not_build_is_named(checkout: Path, bot: Bot, file: str, text: str, words: tuple[str, ...]) -> None:
    """1 to 5."""
    path = checkout / file
    path.write_text(_without(path.read_text(), text.partition(":")[0] + ":") + text)
    told(bot, *words)


def _without(text: str, key: str) -> str:
    """The text without a top-level key, which must not stand there twice."""
    kept, skipping = [], False
    for line in text.splitlines(keepends=True):
        skipping = line.startswith(key) or (skipping and line.startswith((" ", "-")))
        if not skipping:
            kept.append(line)
    return "".join(kept)


def test_a_cluster_s_storage_class_of_the_old_names_is_named(checkout: Path, bot: Bot) -> None:
    """69."""
    path = checkout / "clusters/production/storage-classes/storage-classes.yaml"
    replace(path, "name: ctx-fast-ssd", "name: fast-ssd")
    replace(path, "provisioner: ebs.csi.aws.com", "provisioner: kubernetes.io/aws-ebs")
    (named,) = told(bot, "StorageClass fast-ssd", "metadata.name")
    assert named["file"] == "clusters/production/storage-classes/storage-classes.yaml"
    assert len(told(bot, "provisioner", "kubernetes.io/aws-ebs")) == 3


def test_an_environment_s_file_that_names_nothing_is_named(checkout: Path, bot: Bot) -> None:
    path = checkout / "environments/prod/environment.yaml"
    replace(path, "watchdog: ContextFoundationWatchdog", "watchdog: ContextFoundationWatchdgo")
    replace(path, "    - neo4j", "    - neo5j")
    found = {problem["what"].split(" ")[0]: problem for problem in told(bot, "environments/prod/environment.yaml", environments=("prod",))}
    assert found.keys() == {"gate.watchdog", "gate.requiredJobs"}
    assert all(problem["is_error"] for problem in found.values())
    assert found["gate.watchdog"]["hint"] == "did you mean ContextFoundationWatchdog?"


def test_an_unreadable_environment_makes_no_other_the_last(checkout: Path, bot: Bot) -> None:
    replace(checkout / "environments/prod/environment.yaml", "  soak:", "  soakk:")
    (named,) = told(bot, "")
    assert named["file"] == "environments/prod/environment.yaml"
    assert "unknown key gate.soakk; until it can be read, nothing of prod is checked" in named["what"]


def test_an_unreadable_environment_is_not_a_source_that_is_not_there(checkout: Path, bot: Bot) -> None:
    path = checkout / "environments/staging/environment.yaml"
    path.write_text(re.sub(r"^  soak: .*$", "  soak: 1d", path.read_text(), flags=re.MULTILINE))
    (named,) = told(bot, "")
    assert named["file"] == "environments/staging/environment.yaml"
    assert "nothing of staging is checked" in named["what"]


def test_files_that_nothing_reads_and_fields_that_are_given_up_are_named(checkout: Path, bot: Bot) -> None:
    """8 and 9."""
    edit(checkout / "apps/qdrant/base/qdrant-deployment.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    append(checkout / "apps/neo4j/base/kustomization.yaml", "commonLabels:\n  app: neo4j\n")
    assert told(bot, "apps/qdrant/base/qdrant-deployment.yaml", "no kustomization reads")
    assert told(bot, "apps/neo4j/base/kustomization.yaml", "commonLabels", "selectors")


def test_a_fault_is_named_with_its_file_object_and_field(checkout: Path, bot: Bot) -> None:
    """In a base that dev runs, and in a feature that dev has not: named as what a promotion would bring."""
    replace(
        checkout / "apps/context-api/base/deployment.yaml", "          imagePullPolicy: IfNotPresent", "          imagePullPolice: Never"
    )
    replace(checkout / "apps/qdrant/features/replicated/settings.env", "QDRANT__CLUSTER__ENABLED=true", "QDRANT__CLUSTER__ENABLE=true")
    dashboard = checkout / "apps/monitoring/base/dashboards/context-foundation.json"
    replace(dashboard, r"job=\"neo4j\"", r"job=\"neo5j\"")
    (named,) = told(bot, "Deployment context-api: spec.template.spec.containers[0].imagePullPolice")
    assert (named["file"], named["is_error"]) == ("apps/context-api/base/deployment.yaml", True)
    assert "imagePullPolicy" in named["what"] + named["hint"]
    assert named["what"].startswith("Deployment context-api: ")  # every environment has it
    assert any(problem["is_error"] for problem in told(bot, ": staging, prod: StatefulSet qdrant: ", "QDRANT__CLUSTER__ENABLE"))
    panels = told(bot, "panel Neo4j: ", 'asks for job="neo5j"')
    assert {(problem["file"], problem["is_error"]) for problem in panels} == {("apps/monitoring/base/kustomization.yaml", True)}


def test_what_apps_has_mended_is_a_warning_until_it_is_promoted(checkout: Path, bot: Bot) -> None:
    """Nobody may edit a release, so what is wrong in it alone must not stop the promotion that mends it."""
    path = checkout / "apps/context-api/base/deployment.yaml"
    good = path.read_text()
    replace(path, "          imagePullPolicy: IfNotPresent", "          imagePullPolicy: Always")
    commit(checkout)
    take_anew(checkout, bot)
    assert all(problem["is_error"] for problem in told(bot, "imagePullPolicy"))
    path.write_text(good)
    mended = told(bot, "imagePullPolicy")
    assert not any(problem["is_error"] for problem in mended)
    assert all("promote it" in problem["hint"] for problem in mended)
    assert {problem["file"].split("/")[1] for problem in mended} == {"staging", "prod"}


def test_a_change_that_the_api_server_refuses_is_known_before_it_is_promoted(checkout: Path, bot: Bot) -> None:
    replace(checkout / "apps/qdrant/base/stateful-set.yaml", "podManagementPolicy: Parallel", "podManagementPolicy: OrderedReady")
    refused = told(bot, "StatefulSet qdrant: spec.podManagementPolicy", "API server refuses")
    assert not any(problem["is_error"] for problem in refused)


def test_environments_that_keep_their_backups_in_one_place_or_serve_one_host_are_named(checkout: Path, bot: Bot) -> None:
    """The retention of one would remove the backups of the other, and callers of one reach the other."""
    for name in ("staging", "prod"):
        replace(
            checkout / f"environments/{name}/qdrant/kustomization.yaml", f"context-foundation-{name}-backups", "backups-of-staging-and-prod"
        )
    replace(checkout / "environments/staging/context-api/hosts.yaml", "api.staging.context", "api.context")
    named = told(bot)
    places, hosts = (
        [each for each in named if words in each["what"]]
        for words in ("store:backups-of-staging-and-prod/qdrant is where", "api.context.example.com is served by")
    )
    assert {word for problem in places for word in ("staging", "prod") if f"where {word} keeps" in problem["what"]} == {"staging", "prod"}
    assert {word for problem in hosts for word in ("staging", "prod") if f"served by {word}" in problem["what"]} == {"staging", "prod"}
    assert all("CronJob qdrant-backup: " in each["what"] and "BACKUP_STORE" in each["what"] for each in places)
    assert all(each["is_error"] for each in (*places, *hosts))
    certificate = next(index for index, each in enumerate(named) if "whose Certificate is not for" in each["what"])
    assert max(map(named.index, hosts)) < certificate


def test_a_fault_of_apps_that_dev_does_not_use_is_an_error(checkout: Path, bot: Bot) -> None:
    """Dev has no backups; a warning would let it land, and no environment could take it then."""
    replace(checkout / "apps/neo4j/features/backup/ports.yaml", "name: neo4j", "name: neo5j")
    (named,) = told(bot, "apps/neo4j: does not build with what prod takes of it", environments=("prod",))
    assert named["is_error"]
    assert "nothing else was checked" in named["what"]
    assert "release/" not in named["what"]


def test_a_file_of_apps_that_is_no_yaml_is_an_error_whoever_uses_it(checkout: Path, bot: Bot) -> None:
    append(checkout / "apps/neo4j/features/backup/cron-jobs.yaml", "  broken: [\n")
    found = [problem for problem in told(bot, "") if problem["is_error"]]
    assert any(each["file"].startswith("apps/neo4j/features/backup/cron-jobs.yaml:") and "is not YAML" in each["what"] for each in found)
    assert {each["file"] for each in found if "does not build" in each["what"]} == {"apps/neo4j"}


def test_what_clusters_install_is_read(checkout: Path, bot: Bot) -> None:
    production, nonprod = (checkout / "clusters" / name for name in ("production", "nonprod"))
    append(production / "istiod/values.yaml", "autoscaleMin: [\n")
    replace(nonprod / "istiod/add-on.yaml", 'version: "1', 'version: "~1')
    replace(nonprod / "metrics-server/add-on.yaml", "https://kubernetes-sigs.github.io", "https://charts.example.com")
    (nonprod / "cert-manager/values.yaml").unlink()
    replace(production / "policies/validating-admission-policy.yaml", "failurePolicy: Fail", "failurePolicy: Ignore")
    replace(nonprod / "policies/validating-admission-policy-binding.yaml", "policyName: context-foundation", "policyName: context")
    replace(nonprod / "storage-classes/storage-classes.yaml", "name: ctx-fast-ssd", "name: ctx-fast")
    replace(production / "storage-classes/storage-classes.yaml", "reclaimPolicy: Retain", "reclaimPolicy: Delete")
    replace(production / "kube-prometheus-stack/values.yaml", "storageClassName: ctx-standard", "storageClassName: gp2")
    replace(production / "kube-prometheus-stack/values.yaml", "mountPath: /etc/prom-certs", "mountPath: /etc/certs")
    replace(production / "cert-manager/values.yaml", "crds:\n  enabled: true", "crds:\n  enabled: false")
    replace(production / "prometheus-adapter/values.yaml", "as: http_requests_per_second", "as: request_rate")
    replace(production / "gateway/certificates.yaml", "- api.context.example.com", "- api.other.example.com")
    replace(nonprod / "policies/validating-admission-policy.yaml", "registry.istio.io/release/proxyv2", "docker.io/istio/proxyv2")
    replace(nonprod / "istiod/values.yaml", "name: otel-tracing", "name: otel")
    replace(nonprod / "istio-ingress/add-on.yaml", "chart: gateway", "chart: gateways")
    replace(nonprod / "kube-prometheus-stack/values.yaml", "fullnameOverride: prometheus", "fullnameOverride: prom")
    replace(checkout / "environments/dev/environment.yaml", "kubernetes.nonprod.example.com", "kubernetes.dev.example.com")
    found = [f"{problem['file']}: {problem['what']}" for problem in told(bot, "") if problem["is_error"]]
    for words in (
        "clusters/nonprod/istiod/add-on.yaml: version is '~1",
        "clusters/nonprod/cert-manager/values.yaml: is not there",
        "clusters/production/istiod/values.yaml:",
        "platform.yaml: AppProject platform: spec.sourceRepos: lacks https://charts.example.com/metrics-server/, from which nonprod",
        "policies/validating-admission-policy.yaml: ValidatingAdmissionPolicy context-foundation: spec.failurePolicy: is Ig",
        "policies/validating-admission-policy.yaml: ValidatingAdmissionPolicy context-foundation: metadata.name: no ",
        "ValidatingAdmissionPolicyBinding context-foundation: spec.policyName: is context",
        "StatefulSet qdrant: spec.volumeClaimTemplates[qdrant-storage].spec.storageClassName: is ctx-fast-ssd, which nonprod does not have",
        "clusters/production/storage-classes/storage-classes.yaml: StorageClass ctx-fast-ssd: reclaimPolicy: is Delete where the last",
        "clusters/production/kube-prometheus-stack/values.yaml: names the storage class gp2",
        "ServiceMonitor context-api: spec.endpoints[0].tlsConfig: are in /etc/prom-certs, where clusters/production",
        "clusters/production/cert-manager/values.yaml: crds.enabled is false",
        "HorizontalPodAutoscaler context-api: spec.metrics[2].pods.metric.name: is http_requests_per_second",
        "Gateway context-api: spec.servers[0].tls.credentialName: is context-prod-tls, whose Certificate is not for api.context",
        "Namespace context-staging: metadata.labels: no admission policy of clusters/nonprod/policies selects them",
        "ValidatingAdmissionPolicy context-foundation: spec.variables[3].expression: lets sidecars of docker.io/istio pass",
        "Telemetry default: spec.tracing[0].providers: is otel-tracing, which clusters/nonprod/istiod/values.yaml does not have",
        "kind: nothing acts on it: its cluster has no chart gateway",
        "source.serviceAccounts: lets monitoring/prometheus-prometheus in, and its cluster has monitoring/prom-prometheus",
        "environments/dev/environment.yaml: cluster is https://kubernetes.dev.example.com, and no clusters/*/cluster.yaml says",
    ):
        assert any(words in each for each in found), (words, found)


def test_projects_allow_what_environments_use_and_nothing_more(checkout: Path, bot: Bot) -> None:
    projects, sets = checkout / "argocd/projects", checkout / "argocd/applicationsets"
    replace(projects / "context-prod.yaml", "    - group: batch\n      kind: CronJob\n", "")
    replace(projects / "context-prod.yaml", "context-foundation.git", "context-foundation")
    replace(projects / "context-prod.yaml", "manualSync: true", "manualSync: false")
    replace(projects / "context-dev.yaml", "kind: ConfigMap", "kind: Secret")
    replace(projects / "context-dev.yaml", "      namespace: context-dev", "      namespace: context-staging")
    replace(projects / "context-dev.yaml", "applications, sync, context-dev/context-dev", "applications, *, context-dev/*")
    replace(projects / "kustomization.yaml", "  - context-staging.yaml\n", "")
    replace(sets / "environments.yaml", "missingkey=error", "missingkey=zero")
    replace(sets / "add-ons.yaml", "applicationsSync: create-update", "applicationsSync: sync")
    replace(sets / "plain-folders.yaml", "project: platform", 'project: "{{ .server }}"')
    replace(sets / "environments.yaml", "selfHeal: true", "selfHeal: false")
    replace(sets / "add-ons.yaml", "subscribe.degraded.slack", "subscribe.degrade.slack")
    replace(checkout / "argocd/install/rights.yaml", "applications, sync,", "applications, *,")
    replace(checkout / "argocd/secrets/external-secrets.yaml", "secretKey: slack-token", "secretKey: slack")
    replace(checkout / "argocd/install/links.yaml", "name: argocd-cm", "name: argo-cd-cm")
    found = {f"{problem['file']}: {problem['what']}" for problem in told(bot, "argocd/") if problem["is_error"]}
    for words in (
        "context-prod.yaml: AppProject context-prod: spec.namespaceResourceWhitelist: does not allow batch/CronJob",
        "context-prod.yaml: AppProject context-prod: spec.sourceRepos: lacks https://github.com/dpdpdpdp0987/context-foundation.git",
        "context-prod.yaml: AppProject context-prod: spec.syncWindows[0].manualSync: does not say manualSync: true",
        "context-dev.yaml: AppProject context-dev: spec.namespaceResourceWhitelist: does not allow ConfigMap",
        "context-dev.yaml: AppProject context-dev: spec.namespaceResourceWhitelist[0]: allows Secret, which nothing renders",
        "context-dev.yaml: AppProject context-dev: spec.destinations: lack the namespace context-dev",
        "context-dev.yaml: AppProject context-dev: spec.destinations[0]: allows the namespace context-staging",
        "context-dev.yaml: AppProject context-dev: spec.roles[0].policies: lacks the right to sync",
        "context-dev.yaml: AppProject context-dev: spec.roles[0].policies: says p, proj:context-dev:bot, applications, *",
        "argocd/projects: has no AppProject context-staging",
        "environments.yaml: ApplicationSet environments: spec.goTemplateOptions: lacks missingkey=error",
        "add-ons.yaml: ApplicationSet add-ons: spec.syncPolicy.applicationsSync: is sync",
        "plain-folders.yaml: ApplicationSet plain-folders: spec.template.spec.project: comes from .server",
        "environments.yaml: ApplicationSet environments: spec.template.spec.syncPolicy.automated.selfHeal: is not true",
        "subscribe.degrade.slack]: is of the trigger degrade, which argocd/install does not have",
        "argocd/install/rights.yaml: policy.csv gives role:operator the right to *",
        "external-secrets.yaml: ExternalSecret argocd-notifications-secret: spec.data: lacks slack-token",
        "argocd/install/links.yaml: changes ConfigMap argo-cd-cm, which Argo CD",
    ):
        assert any(words in each for each in found), (words, found)


def test_an_unpinned_image_is_one_warning_and_an_error_where_digests_are_required_and_the_environment_is_live(
    checkout: Path, bot: Bot
) -> None:
    unpin(checkout)
    take_anew(checkout, bot)
    (warned,) = told(bot, "context-api is without a digest")
    assert "v1.4.2 in dev, staging, prod: prod requires one" in warned["what"]
    assert "an error once it is live" in warned["what"]
    assert (warned["file"], warned["is_error"]) == ("apps/context-api/images/kustomization.yaml", False)
    replace(checkout / "environments/prod/environment.yaml", "live: false", "live: true")
    (refused,) = told(bot, "context-api is without a digest", environments=("prod",))
    assert refused["is_error"]
    assert not told(bot, "context-api is without a digest", environments=("staging",))[0]["is_error"]


def test_a_digest_that_a_release_alone_still_lacks_is_a_warning(checkout: Path, bot: Bot) -> None:
    path = checkout / "apps/context-api/images/kustomization.yaml"
    pinned = path.read_text()
    unpin(checkout)
    take_anew(checkout, bot)
    path.write_text(pinned)
    (named,) = told(bot, "context-api is without a digest")
    assert "v1.4.2 in staging, prod: " in named["what"]
    assert (named["hint"], named["is_error"]) == ("the head of apps/ no longer has it: promote it", False)


def test_environments_that_are_named_are_looked_at_alone(checkout: Path, bot: Bot) -> None:
    for environment in ("dev", "staging"):
        append(checkout / f"environments/{environment}/qdrant/kustomization.yaml", "crds: [nothing.yaml]\n")
    assert {problem["file"].split("/")[1] for problem in bot.bot("validate", "staging").result["problems"]} == {"staging"}
    assert bot.bot("validate", "prod", "prod").result["problems"] == []
    unknown = bot.bot("validate", "pro")
    assert unknown.code == 2
    assert "dev, staging, prod" in unknown.document["error"]["hint"]


def test_a_fault_is_listed_once_where_environments_differ_in_the_hash_of_its_name(checkout: Path, bot: Bot) -> None:
    secret = "secretKeyRef:\n                  name: context-api\n                  key: jwt-secret-key"
    settings = "configMapKeyRef:\n                  name: context-api-settings\n                  key: NO_SUCH_KEY"
    replace(checkout / "apps/context-api/base/deployment.yaml", secret, settings)
    (named,) = told(bot, "NO_SUCH_KEY", "ConfigMap context-api-settings-")
    assert named["is_error"]


def test_a_message_names_its_file_once(checkout: Path, bot: Bot) -> None:
    path = checkout / "apps/context-api/images/kustomization.yaml"
    text = re.sub('newTag: "[^"]+"', 'newTag: "latest"', path.read_text())
    path.write_text(text)
    (named,) = told(bot, "latest is not a tag")
    line = text[: text.index('"latest"')].count("\n") + 1
    assert named["file"] == f"apps/context-api/images/kustomization.yaml:{line}"


@pytest.mark.parametrize(
    ("file", "name"),
    [("environment.yaml", "context-staging"), ("kustomization.yaml", "context-dve"), ("monitoring/scope.yaml", "context-staging")],
)
def test_a_namespace_that_one_file_says_wrong_is_one_error(checkout: Path, bot: Bot, file: str, name: str) -> None:
    """With what else is wrong, and without what follows from it: in this environment, in others, in projects."""
    replace(checkout / f"environments/dev/{file}", "namespace: context-dev", f"namespace: {name}")
    replace(checkout / "environments/dev/monitoring/scope.yaml", "environment: dev", "environment: dve")
    replace(checkout / "environments/staging/environment.yaml", "    - neo4j", "    - neo5j")
    found = [(problem["file"], problem["what"].partition(" ")[0]) for problem in told(bot, "")]
    assert found == [
        (f"environments/dev/{file}", "data.namespace" if "scope" in file else "namespace"),
        ("environments/dev/monitoring/scope.yaml", "data.environment"),
        ("environments/staging/environment.yaml", "gate.requiredJobs"),
    ]
    assert bot.bot("validate", "prod").result["problems"] == []
