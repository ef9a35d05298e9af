"""Images: named in full, and for good."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.policies.images import (
    IMAGE_POLICIES,
    digests_are_real,
    is_pulled_when_missing,
    names_a_registry,
    names_a_version,
    stays_what_it_is,
    unpinned,
)
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd, good

if TYPE_CHECKING:
    from bot.policies.manifests import Digests

IMAGE = "Deployment context-api spec.template.spec.containers[api].image"

FAILING = (
    Failing(
        names_a_registry,
        "Deployment context-api spec.template.spec.containers[api].image",
        "context-api:v1.4.2",
        "docker.io/library/context-api",
    ),
    Failing(names_a_registry, "Deployment context-api spec.template.spec.containers[api].image", "team/context-api:v1.4.2", "in full"),
    Failing(
        names_a_version,
        "Deployment context-api spec.template.spec.containers[api].image",
        "ghcr.io/team/context-api",
        "images/kustomization.yaml",
    ),
    Failing(names_a_version, "Deployment context-api spec.template.spec.containers[api].image", GONE, "images/kustomization.yaml"),
    Failing(
        stays_what_it_is, "Deployment context-api spec.template.spec.containers[api].image", "ghcr.io/team/context-api:latest", "bot bump"
    ),
    Failing(
        stays_what_it_is, "Deployment context-api spec.template.spec.containers[api].image", "ghcr.io/team/context-api:staging", "bot bump"
    ),
    Failing(
        stays_what_it_is,
        "CronJob qdrant-backup spec.jobTemplate.spec.template.spec.containers[backup].image",
        "docker.io/library/python:3.14-slim",
        "one released version",
    ),
    Failing(is_pulled_when_missing, "Deployment context-api spec.template.spec.containers[api].imagePullPolicy", "Always", "IfNotPresent"),
    Failing(
        digests_are_real,
        "Deployment context-api spec.template.spec.containers[api].image",
        "ghcr.io/team/context-api:v1.4.2@sha256:abc",
        "bot pin",
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(IMAGE_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(IMAGE_POLICIES)


TAG = "ghcr.io/team/context-api:v1.4.2"


def told(*environments: tuple[str, Digests], image: str = TAG) -> list[tuple[str, str, bool]]:
    base = changed(IMAGE, image)
    return list(unpinned(replace(base, environment=name, digests=digests) for name, digests in environments))


def test_a_tag_without_a_digest_is_one_warning_whatever_runs_it_and_where() -> None:
    assert list(unpinned([good(), good()])) == []
    (found,) = told(("dev", "wanted"), ("staging", "wanted"))
    why = "tags can be moved, and where digests are required it is not promoted"
    what = f"ghcr.io/team/context-api is without a digest, v1.4.2 in dev, staging: {why}"
    assert found == ("ghcr.io/team/context-api", what, False)


@pytest.mark.parametrize(
    ("digests", "is_error", "words"),
    [("required", True, ": prod requires one and refuses the Pod"), ("required once live", False, "an error once it is live")],
)
def test_where_digests_are_required_a_tag_alone_is_an_error_once_the_environment_is_live(
    digests: Digests, words: str, *, is_error: bool
) -> None:
    ((_, what, found),) = told(("dev", "wanted"), ("prod", digests))
    assert found is is_error
    assert words in what
    assert "v1.4.2 in dev, prod" in what


def test_other_tags_of_an_image_are_named_with_their_environments() -> None:
    one, other = (changed(IMAGE, f"ghcr.io/team/context-api:{tag}") for tag in ("v1", "v2"))
    ((_, what, _),) = unpinned([replace(one, environment="dev"), other])
    assert "is without a digest, v1 in dev; v2 in staging: " in what


@pytest.mark.parametrize("tag", ["v1.4.2", "5.26.29-enterprise", "v1.19.0-unprivileged", "2026.08.0", "20260823"])
def test_a_released_version_stays_what_it_is(tag: str) -> None:
    assert not list(stays_what_it_is(changed(IMAGE, f"ghcr.io/team/context-api:{tag}")))


def test_a_digest_makes_a_short_version_good_enough() -> None:
    assert not list(stays_what_it_is(changed(IMAGE, "docker.io/library/python:3.14-slim@sha256:" + 64 * "a")))
