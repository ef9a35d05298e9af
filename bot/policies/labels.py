"""Labels say what an object belongs to: selectors, dashboards, alerts and people find it by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import strings
from bot.policies.label_selectors import NAME
from bot.policies.manifests import wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation

WHOLE = "app.kubernetes.io/part-of"
VERSION = "app.kubernetes.io/version"
ENVIRONMENT = "environment"


def objects_say_their_environment(manifests: Manifests) -> Iterator[Violation]:
    """Every object has the label of the environment that it is in."""
    for item in manifests.objects:
        written = strings(item, "metadata", "labels").get(ENVIRONMENT)
        if written != manifests.environment:
            what = f"is {written or 'not set'}: alerts and dashboards of {manifests.environment} do not find it"
            hint = "set it once, with `labels:` in the environment's own kustomization.yaml"
            yield wrong(item, f"metadata.labels.{ENVIRONMENT}", what, hint=hint)


def pods_say_their_environment(manifests: Manifests) -> Iterator[Violation]:
    """Every Pod has the label of the environment that it is in."""
    for pods in manifests.pods:
        written = pods.labels.get(ENVIRONMENT)
        if written != manifests.environment:
            what = f"is {written or 'not set'}: metrics of the Pod are counted for no environment, or for another"
            yield pods.wrong(
                f"{pods.path.removesuffix('.spec')}.metadata.labels.{ENVIRONMENT}",
                what,
                hint="set includeTemplates: true beside that label",
            )


def objects_say_what_they_are_part_of(manifests: Manifests) -> Iterator[Violation]:
    """Every object says that it is part of the stack."""
    for item in manifests.objects:
        if not strings(item, "metadata", "labels").get(WHOLE):
            what = "is not set: what belongs to the stack cannot be listed"
            hint = "write it where the object is: a Component comes after the labels of its base"
            yield wrong(item, f"metadata.labels.{WHOLE}", what, hint=hint)


def pods_have_names(manifests: Manifests) -> Iterator[Violation]:
    """Every Pod says which program it is; selectors, policies and metrics go by it."""
    for pods in manifests.pods:
        if not pods.labels.get(NAME):
            what = "is not set: no Service, NetworkPolicy or metric can tell these Pods from others"
            hint = f"set it in the template, such as {NAME}: {pods.name}"
            yield pods.wrong(f"{pods.path.removesuffix('.spec')}.metadata.labels.{NAME}", what, hint=hint)


def labels_hold_no_version(manifests: Manifests) -> Iterator[Violation]:
    """No label repeats the version, which is in the image: it would be wrong after the first bump."""
    for item in manifests.objects:
        if VERSION in strings(item, "metadata", "labels"):
            yield wrong(item, f"metadata.labels.{VERSION}", "is wrong after the next bump, which changes the image alone", hint="remove it")


LABEL_POLICIES = (
    objects_say_their_environment,
    pods_say_their_environment,
    objects_say_what_they_are_part_of,
    pods_have_names,
    labels_hold_no_version,
)
