"""Values of charts that the stack rests on: with another value an add-on still installs, and something of the stack ends without a sign.

Each row says what the chart does where the value is not written, so that a default that is right may be left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.contents import Problem
from bot.model import BotError
from bot.policies.add_ons import CHART, VALUES, values_of
from bot.policies.fields import at, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PROMETHEUS, GATEWAY, ISTIOD, ADAPTER = "kube-prometheus-stack", "gateway", "istiod", "prometheus-adapter"
SECRETS = "external-secrets"
OF_ISTIO = frozenset({"base", "cni", GATEWAY, ISTIOD})
SPEC = "prometheus.prometheusSpec"
DASHBOARDS = "grafana.sidecar.dashboards"
PASSWORD = re.compile(r"(?i)(?:.*(?:password|secretkey|apikey|accesskey)|token)")
UNSEEN = "environments write theirs in their own namespaces, and Prometheus reads none of them: no scrape, no alert, no word"


@dataclass(frozen=True)
class AddOn:
    """One chart of a cluster, with what its files say."""

    folder: str
    chart: str
    version: str
    namespace: str
    values: Mapping[str, Any]

    @property
    def release(self) -> str:
        """Its release's name, after which charts call their objects."""
        return self.folder.rsplit("/", 1)[-1]

    @property
    def file(self) -> str:
        """Where its values are."""
        return f"{self.folder}/{VALUES}"


def _kinds(end: str, wanted: object, default: object) -> dict[str, tuple[object, object, str]]:
    return {f"{SPEC}.{kind}{end}": (wanted, default, UNSEEN) for kind in ("serviceMonitor", "podMonitor", "rule")}


WANTED: Mapping[str, Mapping[str, tuple[object, object, str]]] = {  # chart -> path -> wanted, the chart's default, what else happens
    PROMETHEUS: {
        **_kinds("SelectorNilUsesHelmValues", False, True),  # noqa: FBT003 - values of YAML
        **_kinds("NamespaceSelector", {}, {}),
        **_kinds("Selector", {}, {}),
        "prometheus.enabled": (True, True, "nothing is measured, and the gate sees nothing"),
        "kubeStateMetrics.enabled": (True, True, "alerts on replicas, restarts and Jobs have no series, and stay silent"),
        "kubelet.enabled": (True, True, "alerts on volumes and memory have no series, and stay silent"),
        "alertmanager.enabled": (True, True, "alerts fire, and nobody is told"),
        f"{DASHBOARDS}.label": ("grafana_dashboard", "grafana_dashboard", "Grafana reads no dashboard of an environment"),
        f"{DASHBOARDS}.labelValue": ("1", "1", "Grafana reads no dashboard of an environment"),
        f"{DASHBOARDS}.searchNamespace": ("ALL", "ALL", "Grafana reads no dashboard of an environment"),
    },
    ISTIOD: {
        "cni.enabled": (True, False, "each Pod gets istio-init with NET_ADMIN, which Pod Security refuses: none starts"),
        "meshConfig.enablePrometheusMerge": (True, True, "what scrapes port 15020 finds Envoy's metrics alone"),
        "meshConfig.outboundTrafficPolicy.mode": (
            "ALLOW_ANY",
            "ALLOW_ANY",
            "Pods with a sidecar no longer reach object store and model hub",
        ),
    },
    "cert-manager": {
        "crds.enabled": (True, False, "there are no Certificates, and the gateway serves without one"),
        "prometheus.servicemonitor.enabled": (True, False, "the alert on certificates that expire has no series, and stays silent"),
    },
    "vertical-pod-autoscaler": {
        "updater.enabled": (False, True, "it evicts Pods, members of databases among them, to give them another size"),
        "admissionController.enabled": (False, True, "while it does not answer, Pods start with other sizes than Git says"),
    },
    ADAPTER: {"rules.default": (False, True, "every series of the cluster is offered as a metric, and asked for again and again")},
}


def read_add_ons(folders: Iterable[str], texts: Mapping[str, str]) -> tuple[AddOn, ...]:
    """The add-ons whose files can be read; of the others, something else is said."""
    found = []
    for folder in folders:
        try:
            chart, values = (values_of(path, texts[path]) for path in (f"{folder}/{CHART}", f"{folder}/{VALUES}"))
        except (BotError, KeyError):
            continue
        if isinstance(chart, dict) and isinstance(values, dict):
            found.append(AddOn(folder, text(chart, "chart"), text(chart, "version"), text(chart, "namespace"), values))
    return tuple(found)


def value_problems(add_ons: Iterable[AddOn]) -> Iterator[Problem]:
    """Values of one cluster's charts that break the stack, passwords, and charts of Istio that do not belong together."""
    add_ons = tuple(add_ons)
    for each in add_ons:
        for path, (wanted, default, why) in WANTED.get(each.chart, {}).items():
            said = at(each.values, *path.split("."))
            if (default if said is None else said) != wanted:
                what = f"{path} is {'not set' if said is None else shown(said)}: {why}"
                yield Problem(each.file, what, f"write {shown(wanted)}")
        for path in _passwords(each.values):
            yield Problem(each.file, f"{path} is written out: everyone who reads the repository has it", "name a Secret that exists")
    versions = {each.release: each.version for each in add_ons if each.chart in OF_ISTIO}
    if len(set(versions.values())) > 1:
        what = f"the charts of Istio are of several versions: {', '.join(f'{name} {version}' for name, version in versions.items())}"
        folder = next(each.folder for each in add_ons if each.release in versions)
        yield Problem(f"{folder}/{CHART}", what, "write one version into all of them: they are only tested together")


def shown(value: object) -> str:
    """A value as YAML writes it, nearly."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _passwords(values: object, path: str = "") -> Iterator[str]:
    for key, value in mapping(values).items():
        here = f"{path}.{key}".lstrip(".")
        if isinstance(value, str) and value and PASSWORD.fullmatch(str(key)):
            yield here
        yield from _passwords(value, here)
