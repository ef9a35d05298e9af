"""Policies of ServiceMonitors: each finds one Service and one port, under the job name that alerts ask for, through the mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.contracts import CONTRACTS
from bot.policies.fields import at, indexed, integer, mapping, mappings, seconds, text, words
from bot.policies.label_selectors import NAME, selects
from bot.policies.manifests import name_of, wrong
from bot.policies.mtls import is_strict
from bot.policies.ports import container_port, selected_pods, service_ports
from bot.policies.programs import programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Violation

CERTIFICATE_FILES = ("caFile", "certFile", "keyFile")


def scraped(manifests: Manifests, monitor: Object) -> tuple[Object, ...]:
    """The Services that a ServiceMonitor finds in its own namespace."""
    selector = mapping(monitor, "spec", "selector")
    return tuple(each for each in manifests.of("Service") if selects(selector, mapping(each, "metadata", "labels")))


def every_monitor_finds_one_service(manifests: Manifests) -> Iterator[Violation]:
    """Two would give each series twice, and sums that are wrong."""
    for monitor in manifests.of("ServiceMonitor"):
        found = scraped(manifests, monitor)
        if not found:
            what = "selects no Service: nothing is scraped, and alerts on missing data are all that is left"
            yield wrong(monitor, "spec.selector", what, hint="select labels that one Service carries")
        elif len(found) > 1:
            names = " and ".join(name_of(each) for each in found)
            what = f"selects the Services {names}: every Pod is scraped twice and sums are wrong"
            yield wrong(monitor, "spec.selector", what, hint="select a label that only the Service to be scraped carries")


def monitors_stay_in_their_namespace(manifests: Manifests) -> Iterator[Violation]:
    """A monitor that looks elsewhere scrapes other environments under this one's name."""
    for monitor in manifests.of("ServiceMonitor"):
        others = [name for name in words(monitor, "spec", "namespaceSelector", "matchNames") if name != manifests.namespace]
        if at(monitor, "spec", "namespaceSelector", "any") is True or others:
            what = "looks in other namespaces: other environments' Pods would count as this one's"
            yield wrong(monitor, "spec.namespaceSelector", what, hint="remove namespaceSelector: the own namespace is the default")


def every_endpoint_names_a_port(manifests: Manifests) -> Iterator[Violation]:
    """Its port is one of the Service's."""
    for monitor in manifests.of("ServiceMonitor"):
        for index, endpoint in indexed(monitor, "spec", "endpoints"):
            for service in scraped(manifests, monitor):
                port = text(endpoint, "port")
                if port not in service_ports(service):
                    what = f"Service {name_of(service)} has no port named {port}: nothing is scraped, without a word"
                    hint = f"name one of its ports: {', '.join(sorted(service_ports(service))) or 'it has none'}"
                    yield wrong(monitor, f"spec.endpoints[{index}].port", what, hint=hint)


def every_endpoint_asks_for_what_is_served(manifests: Manifests) -> Iterator[Violation]:
    """Its path is where the program behind the port has its metrics; other ports may be a sidecar's."""
    served = [(program, contract.metrics) for contract in CONTRACTS for program in programs(manifests, contract)]
    for monitor in manifests.of("ServiceMonitor") if served else ():
        found = scraped(manifests, monitor)
        for index, endpoint in indexed(monitor, "spec", "endpoints"):
            path, ports = text(endpoint, "path") or "/metrics", [each for one in found for each in mappings(one, "spec", "ports")]
            asked = [each for each in ports if text(each, "name") == text(endpoint, "port")]
            selected = [pods.owner for each in found for pods in selected_pods(manifests, each)]
            for program, right in served:
                opened = {integer(port, "containerPort") for port in mappings(program.container, "ports")} - {None}
                is_asked = program.pods.owner in selected and opened & {container_port(each, program.pods) for each in asked}
                if is_asked and path != right:
                    what = f"is {path}, and {program.pods.name} serves {right}: the target is down"
                    yield wrong(monitor, f"spec.endpoints[{index}].path", what, hint=f"write {right}")


def every_scrape_ends_before_the_next(manifests: Manifests) -> Iterator[Violation]:
    """The operator refuses an endpoint that waits for longer than its interval."""
    for kind, key in (("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")):
        for monitor in manifests.of(kind):
            for index, endpoint in indexed(monitor, "spec", key):
                every = text(endpoint, "interval") or manifests.scrape_interval
                longest, interval = seconds(endpoint, "scrapeTimeout"), seconds({"interval": every}, "interval")
                if longest is not None and interval is not None and longest > interval:
                    what = f"is {text(endpoint, 'scrapeTimeout')}, longer than the interval, {every}: the operator refuses it"
                    yield wrong(monitor, f"spec.{key}[{index}].scrapeTimeout", what, hint=f"write {every} or less, such as 10s")


def the_job_is_named_like_the_app(manifests: Manifests) -> Iterator[Violation]:
    """Alerts and the gate select by `job`, which is the label that jobLabel names, else the Service's name."""
    for monitor in manifests.of("ServiceMonitor"):
        label = text(monitor, "spec", "jobLabel")
        for service in scraped(manifests, monitor):
            job = text(service, "metadata", "labels", label) or name_of(service)
            for pods in selected_pods(manifests, service):
                app = text(mapping(pods.labels), NAME)
                if app and job != app:
                    what = f'series get job="{job}" while alerts and the gate ask for job="{app}": they see no data'
                    yield wrong(monitor, "spec.jobLabel", what, hint=f"write jobLabel: {NAME}, a label of the Service")


def every_endpoint_has_a_certificate(manifests: Manifests) -> Iterator[Violation]:
    """Where mutual TLS is STRICT, Prometheus shows the certificate that its sidecar writes."""
    if not is_strict(manifests):
        return
    for monitor in manifests.of("ServiceMonitor"):
        for index, endpoint in indexed(monitor, "spec", "endpoints"):
            where = f"spec.endpoints[{index}]"
            if text(endpoint, "scheme").lower() != "https":
                what = "scrapes in plain text, which STRICT refuses: the target is down"
                yield wrong(monitor, f"{where}.scheme", what, hint="write scheme: https, with the files of /etc/prom-certs/ in tlsConfig")
            for file in CERTIFICATE_FILES:
                if not text(endpoint, "tlsConfig", file):
                    what = f"has no {file}: without a certificate of the mesh, STRICT refuses the scrape"
                    yield wrong(monitor, f"{where}.tlsConfig.{file}", what, hint="name the file in /etc/prom-certs/")
            if at(endpoint, "tlsConfig", "insecureSkipVerify") is not True:
                what = "verifies a host name, which certificates of the mesh do not carry: the target is down"
                yield wrong(monitor, f"{where}.tlsConfig.insecureSkipVerify", what, hint="write insecureSkipVerify: true")


def no_label_that_selects_a_prometheus(manifests: Manifests) -> Iterator[Violation]:
    """kube-prometheus-stack selects monitors by no label `prometheus`."""
    for kind in ("ServiceMonitor", "PodMonitor", "PrometheusRule"):
        for item in manifests.of(kind):
            if "prometheus" in mapping(item, "metadata", "labels"):
                what = "carries the label prometheus, by which kube-prometheus-stack selects nothing"
                yield wrong(item, "metadata.labels.prometheus", what, hint="remove it; the clusters' Prometheus takes all of them")


MONITOR_POLICIES = (
    every_monitor_finds_one_service,
    monitors_stay_in_their_namespace,
    every_endpoint_names_a_port,
    every_endpoint_asks_for_what_is_served,
    every_scrape_ends_before_the_next,
    the_job_is_named_like_the_app,
    every_endpoint_has_a_certificate,
    no_label_that_selects_a_prometheus,
)
