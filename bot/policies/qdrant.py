"""Qdrant: members that form one cluster, data on more than one of them, and an image that runs without root."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from bot.policies.contracts import QDRANT, QDRANT_SECTIONS
from bot.policies.fields import at, mappings, text, words
from bot.policies.programs import programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation
    from bot.policies.programs import Program

ENABLED = "QDRANT__CLUSTER__ENABLED"
REPLICATION = "QDRANT__STORAGE__COLLECTION__REPLICATION_FACTOR"
INIT_FILE = "QDRANT_INIT_FILE_PATH"
CONFIGURATION = "/qdrant/config"
LEAST_COPIES = 2  # of each point, where there are several members


def qdrant_settings_exist(manifests: Manifests) -> Iterator[Violation]:
    """Each QDRANT variable is a setting of the pinned version."""
    for program in programs(manifests, QDRANT):
        for name in sorted(program.variables.values):
            if name.startswith("QDRANT_") and name not in QDRANT.known and not _is_setting(name):
                near = get_close_matches(name, _names(), n=1, cutoff=0.8)
                what = "is not a setting of Qdrant 1.19: it is ignored without a word"
                hint = f"did you mean {near[0]}?" if near else "write QDRANT__SECTION__KEY with two underscores, as config.yaml has them"
                yield program.wrong(name, what, hint=hint)


def qdrant_members_form_one_cluster(manifests: Manifests) -> Iterator[Violation]:
    """Several members are told to form a cluster."""
    for program in programs(manifests, QDRANT):
        members = program.members
        if members > 1 and not _is_cluster(program):
            what = f"is not true for {members} members: each is a database of its own, and a search finds a part of the points"
            yield program.wrong(ENABLED, what, hint="set it to true: the feature `replicated` does")


def qdrant_members_have_addresses(manifests: Manifests) -> Iterator[Violation]:
    """Every member of a cluster knows its own address and the first member's."""
    for program in programs(manifests, QDRANT):
        given = " ".join((*words(program.container, "command"), *words(program.container, "args")))
        for name, option in (("QDRANT_URI", "--uri"), ("QDRANT_BOOTSTRAP", "--bootstrap")):
            if _is_cluster(program) and name not in program.variables.values and option not in given:
                what = "is not set although the cluster is enabled: the members never find each other"
                hint = "set QDRANT_URI to http://$(POD_NAME).qdrant-headless:6335 and QDRANT_BOOTSTRAP to that of qdrant-0"
                yield program.wrong(name, what, hint=hint)
        uri = program.value("QDRANT_URI")
        if uri and not any(f"$({name})" in uri for name, path in program.variables.fields.items() if path == "metadata.name"):
            what = f"is {uri} for every member: each needs an address of its own"
            hint = "write $(POD_NAME) into it, declared above from metadata.name"
            yield program.wrong("QDRANT_URI", what, hint=hint)


def qdrant_points_are_on_several_members(manifests: Manifests) -> Iterator[Violation]:
    """New collections keep each point on two members or more, and not on more than there are."""
    for program in programs(manifests, QDRANT):
        written, members = program.value(REPLICATION), program.members
        copies = int(written) if written.isdecimal() else 1
        if members > 1 and not LEAST_COPIES <= copies <= members:
            what = f"is {written or 'not set (1)'} for {members} members: the loss of one member loses points, or writes fail"
            yield program.wrong(REPLICATION, what, hint="set it to 2 before the first collection is made")


def qdrant_runs_without_root(manifests: Manifests) -> Iterator[Violation]:
    """The image is the one that is built for a user other than root."""
    for program in programs(manifests, QDRANT):
        if program.image.tag and not program.image.tag.endswith("-unprivileged"):
            what = f"has the tag {program.image.tag}, built for root: its files belong to root, and as user 1000 it cannot write"
            yield program.pods.wrong(f"{program.where}.image", what, hint=f"use the tag {program.image.tag}-unprivileged")


def qdrant_keeps_its_configuration(manifests: Manifests) -> Iterator[Violation]:
    """No volume covers the folder with the image's own configuration."""
    for program in programs(manifests, QDRANT):
        for mount in mappings(program.container, "volumeMounts"):
            if text(mount, "mountPath").rstrip("/") == CONFIGURATION and not mount.get("subPath"):
                where = f"{program.where}.volumeMounts[{mount.get('mountPath')}].mountPath"
                what = "covers the folder of the image's own config.yaml, whose values are then gone"
                yield program.pods.wrong(where, what, hint="mount one file, such as local.yaml, with subPath; or set variables")


def qdrant_marks_its_start_in_a_volume(manifests: Manifests) -> Iterator[Violation]:
    """With a read-only root, the file that says that the start went well lies in a volume."""
    for program in programs(manifests, QDRANT):
        paths = [text(mount, "mountPath").rstrip("/") for mount in mappings(program.container, "volumeMounts")]
        is_writable = any(program.value(INIT_FILE).startswith(f"{path}/") for path in paths)
        if at(program.container, "securityContext", "readOnlyRootFilesystem") is True and not is_writable:
            what = "is in no volume, and the root is read-only: after a crash the start cannot tell whether it was the first"
            yield program.wrong(INIT_FILE, what, hint="set it to /qdrant/init/.qdrant-initialized and mount an emptyDir at /qdrant/init")


QDRANT_POLICIES = (
    qdrant_settings_exist,
    qdrant_members_form_one_cluster,
    qdrant_members_have_addresses,
    qdrant_points_are_on_several_members,
    qdrant_runs_without_root,
    qdrant_keeps_its_configuration,
    qdrant_marks_its_start_in_a_volume,
)


def _is_cluster(program: Program) -> bool:
    return program.value(ENABLED).lower() == "true"


def _is_setting(name: str) -> bool:
    prefix, section, key, *_ = [*name.split("__"), "", ""]
    keys = QDRANT_SECTIONS.get(section)
    return prefix == "QDRANT" and keys is not None and (not keys or key in keys)


def _names() -> list[str]:
    keys = [f"QDRANT__{section}__{key}" for section, keys in QDRANT_SECTIONS.items() for key in keys]
    return [*keys, *(f"QDRANT__{section}" for section in QDRANT_SECTIONS), *QDRANT.known]
