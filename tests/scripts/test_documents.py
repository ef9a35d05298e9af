"""Commands of documents that wait for Jobs end when those have ended, well or not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.docs.commands import DOCUMENTS, READMES
from tests.docs.markdown import blocks
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from tests.scripts.cluster import Cluster

STILL_WAITING = 9
WAITS = [
    block.text
    for block in blocks((ROOT / "docs" / "BACKUP_AND_RESTORE.md").read_text("utf-8").replace("\n   ", "\n"))
    if "while kubectl" in block.text
]


def _run(text: str, cluster: Cluster) -> int:
    """The block, with a sleep that ends it instead of going round for ever."""
    environment = {**os.environ, "PATH": f"{Path(__file__).parent}:{os.environ['PATH']}", "FAKE": str(cluster.notes)}
    command = ["bash", "-c", f"sleep() {{ exit {STILL_WAITING}; }}\n{text}"]
    return subprocess.run(command, capture_output=True, check=False, env=environment, timeout=60).returncode


@pytest.mark.parametrize("ended", ["SuccessCriteriaMet Complete", "FailureTarget Failed", "Failed"])
def test_waiting_ends_with_a_job_that_failed_too(ended: str, cluster: Cluster) -> None:
    cluster.answer("get job/", f"job {ended}")
    assert len(WAITS) == 2
    assert [_run(text, cluster) for text in WAITS] == [0, 0]
    assert len([call for call in cluster.calls() if " logs job/" in call]) == 2


def test_waiting_ends_with_a_job_that_is_gone(cluster: Cluster) -> None:
    """One that succeeded is removed at once by its CronJob."""
    cluster.answer("get job/", "")
    assert [_run(text, cluster) for text in WAITS] == [0, 0]


@pytest.mark.parametrize("meanwhile", ["", "FailureTarget", "SuccessCriteriaMet", "Suspended"])
def test_waiting_goes_on_meanwhile(meanwhile: str, cluster: Cluster) -> None:
    cluster.answer("get job/", f"job {meanwhile}")
    assert [_run(text, cluster) for text in WAITS] == [STILL_WAITING, STILL_WAITING]


@pytest.mark.parametrize("path", DOCUMENTS + READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_waits_for_success_alone(path: Path) -> None:
    assert "condition=complete" not in path.read_text("utf-8").lower()
