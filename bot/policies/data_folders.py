"""Data outlives its Pod: a database's folder lies on a claim of its own, and whoever mounts a claim may write to it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from bot.policies.contracts import NEO4J, QDRANT
from bot.policies.fields import at, integer, mapping, mappings, text
from bot.policies.programs import programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.contracts import Contract
    from bot.policies.manifests import Manifests, Object, Pods, Violation
    from bot.policies.programs import Program

# Setting, folder that a relative value is below, and where the image keeps its data without it: Qdrant's config.yaml has ./storage
# (WORKDIR /qdrant); Neo4j's image links /var/lib/neo4j/data to /data.
FOLDERS: tuple[tuple[Contract, str, str, str], ...] = (
    (QDRANT, "QDRANT__STORAGE__STORAGE_PATH", "/qdrant", "/qdrant/storage"),
    (NEO4J, "NEO4J_server_directories_data", "/var/lib/neo4j", "/data"),
)
LINKED = {"/var/lib/neo4j/data": "/data"}
CLAIMS = ("persistentVolumeClaim", "ephemeral")


def data_lies_on_a_claim(manifests: Manifests) -> Iterator[Violation]:
    """The folder that a database keeps its data in is mounted from one of its volumeClaimTemplates."""
    for program, folder, mount in _data(manifests):
        claims = {text(each, "metadata", "name") for each in mappings(program.pods.owner, "spec", "volumeClaimTemplates")}
        if mount is None:
            what = "is mounted from no volume, and holds the data: each restart begins with an empty database"
        elif text(mount, "name") not in claims:
            what = f"is mounted from {text(mount, 'name')}, which is no claim of the member, and holds the data: it is gone with the Pod"
        else:
            continue
        hint = f"mount one of its volumeClaimTemplates ({', '.join(sorted(claims)) or 'there are none'}) at {folder}"
        yield program.pods.wrong(f"{program.where}.volumeMounts[{folder}]", what, hint=hint)


def claims_can_be_written(manifests: Manifests) -> Iterator[Violation]:
    """A user other than root has a group by which a claim's files are its own."""
    for pods in manifests.pods:
        claims = set(_claims(pods))
        mounting = [
            text(mount, "name")
            for _, container in pods.containers()
            if _user(pods, container) != 0
            for mount in mappings(container, "volumeMounts")
            if text(mount, "name") in claims
        ]
        if mounting and integer(pods.spec, "securityContext", "fsGroup") is None:
            names = ", ".join(dict.fromkeys(mounting))
            what = f"is not set, and a user other than root mounts the claim {names}: a new volume belongs to root, and cannot be written"
            hint = "set fsGroup to the group that the image runs with, and fsGroupChangePolicy: OnRootMismatch"
            yield pods.wrong(f"{pods.path}.securityContext.fsGroup", what, hint=hint)


DATA_FOLDER_POLICIES = (data_lies_on_a_claim, claims_can_be_written)


def data_classes(manifests: Manifests) -> frozenset[str]:
    """The storage classes that databases keep their data on."""
    return frozenset(
        text(claim, "spec", "storageClassName")
        for program, _, mount in _data(manifests)
        for claim in mappings(program.pods.owner, "spec", "volumeClaimTemplates")
        if mount and text(claim, "metadata", "name") == text(mount, "name")
    )


def _data(manifests: Manifests) -> Iterator[tuple[Program, str, Object | None]]:
    """Each database's folder of data, and what is mounted there."""
    for contract, setting, home, default in FOLDERS:
        for program in programs(manifests, contract):
            written = program.value(setting)
            folder = posixpath.normpath(posixpath.join(home, written)) if written else default
            folder = LINKED.get(folder, folder)
            yield program, folder, _mount_of(program, folder)


def _mount_of(program: Program, folder: str) -> Object | None:
    """The mount that a folder lies in: the deepest one that is above it."""
    mounts = [(text(each, "mountPath").rstrip("/"), each) for each in mappings(program.container, "volumeMounts")]
    above = [(path, each) for path, each in mounts if path and f"{folder}/".startswith(f"{path}/")]
    return max(above, key=lambda found: len(found[0]), default=("", None))[1]


def _claims(pods: Pods) -> Iterator[str]:
    for template in mappings(pods.owner, "spec", "volumeClaimTemplates") if pods.kind == "StatefulSet" else ():
        yield text(template, "metadata", "name")
    for volume in mappings(pods.spec, "volumes"):
        if any(kind in volume for kind in CLAIMS):
            yield text(volume, "name")


def _user(pods: Pods, container: Object) -> int | None:
    own = mapping(container, "securityContext")
    return integer(own, "runAsUser") if at(own, "runAsUser") is not None else integer(pods.spec, "securityContext", "runAsUser")
