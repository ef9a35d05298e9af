"""What all scripts have in common."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.manifests.renders import ROOT
from tests.scripts.cluster import NAMES, SCRIPTS, Cluster

FILES = [*sorted(SCRIPTS.glob("*.sh")), ROOT / "tests" / "scripts" / "kubectl"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_shellcheck_finds_nothing(file: Path) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    found = subprocess.run([shellcheck, "--external-sources", file], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.stdout == ""


@pytest.mark.parametrize("name", NAMES)
def test_a_failing_command_ends_a_script_and_none_is_hidden(name: str) -> None:
    text = (SCRIPTS / f"{name}.sh").read_text("utf-8")
    assert "set -euo pipefail" in text
    assert "|| true" not in text


@pytest.mark.parametrize("name", NAMES)
def test_help_is_no_error(name: str, cluster: Cluster) -> None:
    done = cluster.run(name, "--help")
    assert (done.returncode, done.stdout.startswith(f"usage: scripts/{name}.sh")) == (0, True)


WRONG = [
    (), ("nowhere", "--context", "prod-eu"), ("a", "b"),
    ("prod", "--unknown"), ("prod", "--context NAME"), ("prod", "--context"), ("prod", "--context", "--help"),
]  # fmt: skip


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
@pytest.mark.parametrize("name", ["deploy", "validate"])
def test_wrong_use_ends_with_2_and_touches_nothing(name: str, arguments: tuple[str, ...], cluster: Cluster) -> None:
    done = cluster.run(name, *arguments)
    assert (done.returncode, cluster.calls()) == (2, [])
    assert "usage: scripts/" in done.stderr


@pytest.mark.parametrize(("name", "target"), [("deploy", "production"), ("validate", "prod")])
def test_a_context_that_kubectl_does_not_know_is_refused(name: str, target: str, cluster: Cluster) -> None:
    done = cluster.run(name, target, "--context", "prod", typed="yes\n")  # a part of a known name
    assert (done.returncode, cluster.changes()) == (1, [])
    assert "kubectl has no context prod" in done.stderr


def test_a_context_is_found_among_very_many(cluster: Cluster) -> None:
    """More names than a pipe holds: kubectl must not die of a reader that has seen enough."""
    cluster.answer("config get-contexts", "prod-eu\n" + "".join(f"another-{number}\n" for number in range(20_000)))
    done = cluster.run("deploy", "production", "--context", "prod-eu", "--dry-run")
    assert done.returncode == 0, done.stderr


def test_a_cluster_that_does_not_answer_is_refused(cluster: Cluster) -> None:
    cluster.answer("get --raw=/readyz", status=1)
    done = cluster.run("deploy", "production", "--context", "prod-eu", "--yes")
    assert (done.returncode, cluster.changes()) == (1, [])
    assert "does not answer" in done.stderr
