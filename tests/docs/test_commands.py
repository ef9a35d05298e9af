"""Commands in documents are real: those that can run anywhere do, and the others name what exists."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from bot.adapters.git_command import ISOLATED
from bot.adapters.render import OURS
from bot.cli.app import app
from tests.docs import commands
from tests.docs.commands import DOCUMENTS, READMES
from tests.docs.markdown import Block, blocks
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.docs.stack import Stack

BOT = re.compile(r"(?<![\w./-])bot ([a-z]+)((?: [^&|>#;`]*)?)")
OPTION = re.compile(r"(?<!\S)--[a-z-]+")
SECRET = re.compile(r"(?:-p|api-key:|token|--from-literal=\S+)[ =]*[\"']?\$")
SOMEBODY = {
    f"GIT_{role}_{part}": text for role in ("AUTHOR", "COMMITTER") for part, text in (("NAME", "docs"), ("EMAIL", "docs@localhost"))
}
documents = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
texts = pytest.mark.parametrize("path", DOCUMENTS + READMES, ids=lambda path: str(path.relative_to(ROOT)))


def runnable() -> Iterator[object]:
    for path in DOCUMENTS:
        for number, block in enumerate(each for each in blocks(path.read_text("utf-8")) if each.runnable):
            yield pytest.param(block, id=f"{path.name}-{number}")


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the repository with its files as they are now."""
    clone = tmp_path_factory.mktemp("documents") / "clone"
    git("clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone), cwd=ROOT)
    changed = git("ls-files", "-z", "--modified", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    for name in filter(None, changed):
        copy_or_remove(ROOT / name, clone / name)
    return clone


def copy_or_remove(source: Path, target: Path) -> None:
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    else:
        target.unlink(missing_ok=True)


def git(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=cwd, env={**os.environ, **ISOLATED}, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("block", list(runnable()))
def test_a_runnable_block_runs(block: Block, copied: Path, tmp_path: Path) -> None:
    """In a copy of its own, so that what one block changes is not there for the next."""
    place = tmp_path / "repository"
    shutil.copytree(copied, place, symlinks=True)
    programs = [str(Path(sys.executable).parent), str(kustomize().parent)]
    environment = {**os.environ, **SOMEBODY, "PATH": os.pathsep.join([*programs, os.environ["PATH"]])}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text], cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{block.text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def kustomize() -> Path:
    from platformdirs.unix import Unix  # noqa: PLC0415 - only here

    return Unix("gitops-bot").user_cache_path / OURS


@documents
def test_commands_name_objects_that_exist(path: Path, stack: Stack) -> None:
    assert commands.named_objects(path) <= commands.known_objects(stack)


@documents
def test_the_text_names_objects_that_exist(path: Path, stack: Stack) -> None:
    known = {each.lower() for each in commands.known_objects(stack)}
    charts = {f"chart/{item['metadata']['name']}" for items in stack.clusters.values() for item in items if item["kind"] == "Chart"}
    assert {each.lower() for each in commands.written_objects(path)} <= known | charts


@documents
def test_commands_name_namespaces_that_exist(path: Path, stack: Stack) -> None:
    assert commands.namespaces(path) <= commands.known_namespaces(stack)


@texts
def test_commands_of_the_bot_exist_with_their_options(path: Path) -> None:
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined] # a group, since there are many
    for line in commands.commands(path):
        for name, rest in BOT.findall(line):
            assert name in known, f"{line}: there is no bot {name}"
            options = {option for parameter in known[name].params for option in parameter.opts}
            assert set(OPTION.findall(rest)) <= options | {"--help"}, line


@texts
def test_scripts_and_targets_exist(path: Path) -> None:
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for line in commands.commands(path):
        assert all((ROOT / script).is_file() for script in re.findall(r"(?<!\S)scripts/[a-z-]+\.sh", line)), line
        assert set(re.findall(r"(?:^|\s|&& )make ([a-z0-9-]+)", line.partition("#")[0])) <= set(targets), line


@texts
def test_every_block_of_commands_is_read_by_a_shell(path: Path) -> None:
    for block in (each for each in blocks(path.read_text("utf-8")) if each.language == "sh"):
        read = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
        assert read.returncode == 0, f"{block.text}\n{read.stderr}"


@texts
def test_no_secret_stands_on_a_command_line(path: Path) -> None:
    assert [line for line in commands.commands(path) if SECRET.search(line)] == []


def test_a_secret_on_a_command_line_is_seen() -> None:
    for line in (
        'cypher-shell -p "$PASSWORD"',
        'curl -H "api-key: $KEY" http://x',
        'create secret x --from-literal=password="$(openssl rand 9)"',
    ):
        assert SECRET.search(line), line


def test_documents_have_blocks_that_run() -> None:
    assert len(list(runnable())) >= 3
