"""`make demo`, as a newcomer runs it on a machine without Prometheus: every step checks itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(300)
def test_the_demo_tells_the_whole_story_without_prometheus(snapshot: str, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), "here"], cwd=tmp_path, check=True)
    subprocess.run(["git", "fetch", "--quiet", "origin", snapshot], cwd=tmp_path / "here", check=True)
    subprocess.run(["git", "checkout", "--quiet", "--detach", snapshot], cwd=tmp_path / "here", check=True)
    command = [sys.executable, "-m", "bot.sandbox.demo", "--stand-in"]
    done = subprocess.run(command, cwd=tmp_path / "here", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "a stand-in for Prometheus" in done.stdout
    assert "a firing alert refuses the promotion" in done.stdout
    assert done.stdout.count("✔") == 7
