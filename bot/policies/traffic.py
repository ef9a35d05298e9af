"""Policies of VirtualServices: hosts that exist, weights that add up, retries that repeat no write, private paths kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.destinations import subsets_of
from bot.policies.fields import at, indexed, integer, mapping, seconds, text, words
from bot.policies.label_selectors import selects
from bot.policies.manifests import name_of, wrong
from bot.policies.ports import selected_pods, service_ports
from bot.policies.routes import destinations, is_public, leads, only_reads, routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Violation

PRIVATE_PATHS = ("/metrics", "/docs", "/redoc", "/openapi.json")
# The request may have been carried out: repeating a write does it twice.
AFTER_THE_FACT = frozenset({"5xx", "gateway-error", "reset", "retriable-4xx", "retriable-status-codes", "retriable-headers"})
ALL_OF_IT = 100


def destinations_exist(manifests: Manifests) -> Iterator[Violation]:
    """Each leads to a Service of the environment by its short name."""
    external = {host for entry in manifests.of("ServiceEntry") for host in words(entry, "spec", "hosts")}
    for service, where, destination, _ in destinations(manifests):
        host = text(destination, "host")
        if host not in external:
            yield from host_problems(manifests, service, f"{where}.host", host=host)
        port, target = integer(destination, "port", "number"), manifests.named("Service", host)
        if target and port is not None and port not in service_ports(target).values():
            what = f"Service {host} has no port {port}: requests get 503"
            yield wrong(service, f"{where}.port.number", what, hint="name one of the Service's ports")


def host_problems(manifests: Manifests, item: Object, where: str, *, host: str) -> Iterator[Violation]:
    """What is wrong with a host that must be a Service here."""
    if "." in host:
        what = f"names {host} in full: copied to another environment, its traffic goes to this one, or nowhere"
        yield wrong(item, where, what, hint=f"write the short name, {host.split('.', maxsplit=1)[0]}")
    elif manifests.named("Service", host) is None:
        what = f"there is no Service {host or '(none is named)'} here: requests get 503"
        yield wrong(item, where, what, hint="name a Service of this environment")


def subsets_in_use_exist(manifests: Manifests) -> Iterator[Violation]:
    """A subset that gets requests is defined, and selects Pods."""
    for service, where, destination, is_used in destinations(manifests):
        host, name = text(destination, "host"), text(destination, "subset")
        if not name or not is_used:
            continue
        subset, target = subsets_of(manifests, host).get(name), manifests.named("Service", host)
        if subset is None:
            what = f"no DestinationRule for {host} has a subset {name}: requests get 503"
            yield wrong(service, f"{where}.subset", what, hint="define the subset, or remove it from the route")
        elif target and not any(
            selects({"matchLabels": mapping(subset, "labels")}, pods.labels) for pods in selected_pods(manifests, target)
        ):
            what = f"subset {name} selects labels that no Pods of Service {host} carry: requests get 503"
            yield wrong(service, f"{where}.subset", what, hint="select labels of the Pods' template, or give the route weight 0")


def weights_add_up(manifests: Manifests) -> Iterator[Violation]:
    """The weights of a route make 100."""
    for service, where, route in routes(manifests, "http", "tls", "tcp"):
        weights = [at(each, "weight") for _, each in indexed(route, "route")]
        total = sum(weight for weight in weights if isinstance(weight, int))
        if (len(weights) > 1 or any(weight is not None for weight in weights)) and total != ALL_OF_IT:
            what = f"weights add up to {total}, so the shares are not what they say"
            yield wrong(service, f"{where}.route", what, hint="let the weights make 100")


def writes_are_not_repeated(manifests: Manifests) -> Iterator[Violation]:
    """Only GET and HEAD are tried again after an answer; others only when the connection was never made."""
    for service, where, route in routes(manifests, "http"):
        conditions = [word.strip() for word in text(route, "retries", "retryOn").split(",")]
        after = [word for word in conditions if word in AFTER_THE_FACT or word.isdecimal()]
        if after and at(route, "retries", "attempts") != 0 and not only_reads(route):
            what = f"tries writes again on {', '.join(after)}: one that was carried out is done twice"
            hint = "split the route by method; for others than GET and HEAD keep connect-failure,refused-stream"
            yield wrong(service, f"{where}.retries.retryOn", what, hint=hint)


def retries_fit_the_timeout(manifests: Manifests) -> Iterator[Violation]:
    """The attempts end before the whole request does."""
    for service, where, route in routes(manifests, "http"):
        each, whole = seconds(route, "retries", "perTryTimeout"), seconds(route, "timeout")
        attempts = integer(route, "retries", "attempts")
        if each is not None and attempts and whole and attempts * each > whole:
            what = f"{attempts} attempts of {float(each):g} s take longer than the timeout of {float(whole):g} s: the last are never made"
            yield wrong(service, f"{where}.retries.perTryTimeout", what, hint="lower attempts or perTryTimeout, or raise the timeout")


def private_paths_stay_inside(manifests: Manifests) -> Iterator[Violation]:
    """Metrics and the API's own documentation are not routed from a gateway."""
    for service in manifests.of("VirtualService"):
        if is_public(service):
            exposed = [(index, path) for path in PRIVATE_PATHS for index in leads(service, path)]
            for index in sorted({index for index, _ in exposed}):
                paths = ", ".join(path for each, path in exposed if each == index)
                what = f"routes {paths} from outside: anybody may read what only Prometheus and developers need"
                hint = "match the prefixes of the API alone, or answer these paths with directResponse 404 first"
                yield wrong(service, f"spec.http[{index}].match", what, hint=hint)


def credentials_have_known_origins(manifests: Manifests) -> Iterator[Violation]:
    """Cross-origin requests with credentials come from origins that are named in full."""
    for service, where, route in routes(manifests, "http"):
        cors = mapping(route, "corsPolicy")
        for index, origin in indexed(cors, "allowOrigins"):
            if at(cors, "allowCredentials") is True and _is_wide(origin):
                what = f"admits {next(iter(origin.values()), '')} with credentials: a site that fits the pattern acts as its visitor"
                yield wrong(service, f"{where}.corsPolicy.allowOrigins[{index}]", what, hint="name each origin with exact")


def _is_wide(origin: Object) -> bool:
    return "exact" not in origin or "*" in text(origin, "exact")


def hosts_are_served_by_the_gateway(manifests: Manifests) -> Iterator[Violation]:
    """A VirtualService for a gateway of the environment has hosts that the gateway takes."""
    for service in manifests.of("VirtualService"):
        for index, name in enumerate(words(service, "spec", "gateways")):
            gateway = manifests.named("Gateway", name.rpartition("/")[2])
            if name == "mesh" or (gateway is None and "/" in name):
                continue
            if gateway is None:
                what = f"there is no Gateway {name} here: no request arrives"
                yield wrong(service, f"spec.gateways[{index}]", what, hint="name a Gateway of this environment")
                continue
            served = {host.rpartition("/")[2] for _, server in indexed(gateway, "spec", "servers") for host in words(server, "hosts")}
            for place, host in enumerate(words(service, "spec", "hosts")):
                if host not in served and not any(each.startswith("*") and host.endswith(each[1:]) for each in served):
                    what = f"{host} is no host of Gateway {name_of(gateway)}: no request for it arrives"
                    yield wrong(service, f"spec.hosts[{place}]", what, hint="give Gateway and VirtualService the same hosts")


TRAFFIC_POLICIES = (
    destinations_exist,
    subsets_in_use_exist,
    weights_add_up,
    writes_are_not_repeated,
    retries_fit_the_timeout,
    private_paths_stay_inside,
    credentials_have_known_origins,
    hosts_are_served_by_the_gateway,
)
