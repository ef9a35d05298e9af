"""Every container is bounded: it gets what it asked for, and cannot take what others asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import mapping, mappings
from bot.policies.quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation

NAMES = ("cpu", "memory", "ephemeral-storage")
WITHOUT_REQUEST = {
    "cpu": "it gets nothing on a busy node",
    "memory": "it is placed on a node without room and killed first",
    "ephemeral-storage": "it is evicted first when its node's disk fills",
}
WITHOUT_LIMIT = {
    "cpu": "it can starve its neighbours, and the quota refuses the Pod",
    "memory": "a leak takes its node down, and the quota refuses the Pod",
    "ephemeral-storage": "logs and temporary files can fill its node's disk",
}


def asks_for_resources(manifests: Manifests) -> Iterator[Violation]:
    """Requests cpu, memory and ephemeral storage, init containers and Jobs too."""
    for pods, where, container in manifests.containers():
        written = mapping(container, "resources", "requests")
        for name in NAMES:
            if name not in written:
                place = f"{where}.resources.requests.{name}"
                yield pods.wrong(place, f"is not set: {WITHOUT_REQUEST[name]}", hint=f"set a request for {name}")


def is_limited(manifests: Manifests) -> Iterator[Violation]:
    """Limits cpu, memory and ephemeral storage, init containers and Jobs too."""
    for pods, where, container in manifests.containers():
        written = mapping(container, "resources", "limits")
        for name in NAMES:
            if name not in written:
                place = f"{where}.resources.limits.{name}"
                yield pods.wrong(place, f"is not set: {WITHOUT_LIMIT[name]}", hint=f"set a limit for {name}")


def limits_cover_requests(manifests: Manifests) -> Iterator[Violation]:
    """No limit is below its request, and each is an amount."""
    for pods, where, container in manifests.containers():
        requests, limits = mapping(container, "resources", "requests"), mapping(container, "resources", "limits")
        for name in limits.keys() & requests.keys():
            asked, allowed = quantity(requests[name]), quantity(limits[name])
            place = f"{where}.resources.limits.{name}"
            if asked is None or allowed is None:
                what = f"{requests[name]} and {limits[name]} are not both amounts"
                yield pods.wrong(place, what, hint="write amounts such as 500m, 2 or 4Gi")
            elif allowed < asked:
                what = f"{limits[name]} is below the request of {requests[name]}: the API server refuses the Pod"
                yield pods.wrong(place, what, hint="raise the limit, or lower the request")


def scratch_space_is_limited(manifests: Manifests) -> Iterator[Violation]:
    """Every emptyDir has a size."""
    for pods in manifests.pods:
        for volume in mappings(pods.spec, "volumes"):
            if "emptyDir" in volume and quantity(mapping(volume, "emptyDir").get("sizeLimit")) is None:
                place = f"{pods.path}.volumes[{volume.get('name')}].emptyDir.sizeLimit"
                what = "is not set: the volume may grow until the whole Pod, or its node, is out of disk"
                yield pods.wrong(place, what, hint="set a sizeLimit, within the containers' limits for ephemeral-storage")


RESOURCE_POLICIES = (asks_for_resources, is_limited, limits_cover_requests, scratch_space_is_limited)
