"""`make demo`, as a newcomer runs it on a machine without Prometheus: every step checks itself."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.sandbox.ending import SIGNALS, leaving_nothing_behind

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "bot.sandbox.demo", "--stand-in", "--keep"]
BOT = [sys.executable, "-m", "bot"]


@pytest.fixture
def kept(snapshot: str, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A demo that runs in a clone, with a folder of its own for what is temporary."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), "here"], cwd=tmp_path, check=True)
    subprocess.run(["git", "fetch", "--quiet", "origin", snapshot], cwd=tmp_path / "here", check=True)
    subprocess.run(["git", "checkout", "--quiet", "--detach", snapshot], cwd=tmp_path / "here", check=True)
    (tmp_path / "temporary").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    with (
        (tmp_path / "errors").open("w") as errors,
        subprocess.Popen(PROGRAM, cwd=tmp_path / "here", env=environment, stdout=subprocess.PIPE, stderr=errors, text=True) as demo,
    ):
        yield demo
        demo.kill()


@pytest.mark.timeout(300)
def test_the_demo_tells_the_whole_story_and_what_it_then_says_to_try_works(kept: subprocess.Popen[str], tmp_path: Path) -> None:
    assert kept.stdout
    told = ""
    for line in kept.stdout:
        told += line
        if "Ctrl-C" in line:
            break
    assert "Ctrl-C" in told, told[-3000:] + (tmp_path / "errors").read_text()[-3000:]
    assert "a stand-in for Prometheus" in told
    assert "a firing alert refuses the promotion" in told
    assert told.count("✔") == 7
    environment = {**os.environ, **dict(re.findall(r"^export (\w+)=(.*)$", told, re.MULTILINE))}
    for words in re.findall(r"^(?:  try:|      ) bot (.+)$", told, re.MULTILINE):
        tried = subprocess.run([*BOT, *words.split()], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert (tried.returncode, "opened: #" in tried.stdout) == (0, True), tried
    assert "clone it first" in told
    (clone,) = re.findall(r"^  push to it as a person: (.+)$", told, re.MULTILINE)
    subprocess.run([*clone.split(), "mine"], cwd=tmp_path, check=True, timeout=60)
    subprocess.run(["git", "push", "--quiet", "origin", "HEAD:refs/heads/mine"], cwd=tmp_path / "mine", check=True, timeout=60)
    kept.send_signal(signal.SIGTERM)
    assert kept.wait(30) == 128 + signal.SIGTERM
    assert list((tmp_path / "temporary").iterdir()) == []


def end_twice(number: int, folder: Path) -> None:
    """Makes a folder; a signal comes while it is there, and another one while it is removed."""
    with leaving_nothing_behind(), ExitStack() as stack:
        folder.mkdir()
        stack.callback(folder.rmdir)
        stack.callback(os.kill, os.getpid(), number)
        os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda each: each.name)
def test_a_signal_to_end_cleans_up_as_an_error_does(number: signal.Signals, tmp_path: Path) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # whatever these tests themselves were started with
    try:
        with pytest.raises(SystemExit) as ended:
            end_twice(number, tmp_path / "made")
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)
    assert ended.value.code == 128 + number
    assert not (tmp_path / "made").exists()


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with leaving_nothing_behind():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
