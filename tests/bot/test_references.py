"""The grammar of tags, digests and repositories."""

from __future__ import annotations

import pytest

from bot.references import digest, repository, shown, tag_and_digest

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize("tag", ["v1.5.0", "1", "_", "V-1_2.3", "a" * 128])
def test_a_tag_may_have_a_digest(tag: str) -> None:
    assert tag_and_digest(tag) == (tag, None)
    assert tag_and_digest(f"{tag}@{DIGEST}") == (tag, DIGEST)


@pytest.mark.parametrize(
    "text",
    ["", "-v1", ".v1", "v1/2", "v1:2", "v 1", "v1\n", "a" * 129, "vé", "latest",
     f"latest@{DIGEST}", "v1@", "v1@sha256:0a", f"@{DIGEST}", f"v1@{DIGEST}@x"],
)  # fmt: skip
def test_what_is_not_a_tag_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        tag_and_digest(text)


@pytest.mark.parametrize(
    "text", ["", "0a" * 32, "sha512:" + "0a" * 32, DIGEST.upper(), DIGEST + "0", DIGEST[:-1], DIGEST + "\n", DIGEST.replace("0", "\u0660")]
)
def test_what_is_not_a_digest_is_refused(text: str) -> None:
    assert digest(DIGEST) == DIGEST
    with pytest.raises(ValueError, match="is not a digest"):
        digest(text)


@pytest.mark.parametrize(
    "name", ["neo4j", "qdrant/qdrant", "ghcr.io/team/context-api", "localhost:5000/a/b", "a/b__c/d.e/f---g", "127.0.0.1:65535/x", "Host/x"]
)
def test_a_repository_may_name_its_registry(name: str) -> None:
    assert repository(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "/a", "a/", "a//b", "a b", "team/App", "a:v1", "localhost:5000", f"a@{DIGEST}",
     "https://ghcr.io/a", "../a", "a/../b", "a/-b", "a___b", "a\n", "x/" * 130 + "x"],
)  # fmt: skip
def test_what_is_not_a_repository_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a repository"):
        repository(name)


@pytest.mark.timeout(5)
def test_a_long_name_is_refused_at_once() -> None:
    """The pattern must not try every way of splitting it."""
    with pytest.raises(ValueError, match="is not a repository"):
        repository("a-" * 120 + "A")


def test_a_foreign_value_is_shown_short_and_escaped() -> None:
    assert shown("a\nb\x1b[1m") == r"'a\nb\x1b[1m'"
    assert len(shown("x" * 1000)) < 100
