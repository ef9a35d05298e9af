"""The shape of the code: who may import whom, who may read the clock and the environment, how long things may be."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "bot").rglob("*.py"))
CORE = {
    "contents", "environment_keys", "environment_names", "environments", "freezes", "gate", "holds", "hooks", "images_file",
    "kustomizations", "markdown", "messages", "model", "objects_diff", "observations", "own_files", "policies", "ports", "promotion",
    "references", "releases", "rendered_changes", "reversible", "risks", "rollback", "runs", "setup", "simple_yaml", "time_zones",
    "urgent_messages",
}  # fmt: skip
MAY_IMPORT = {
    "core": {"core"},
    "workflows": {"core", "workflows"},
    "adapters": {"core", "adapters"},
    "settings": {"core"},
    "wiring": {"core", "adapters", "settings"},
    "cli": {"core", "workflows", "wiring", "cli", "sandbox"},
    "sandbox": {"core", "workflows", "adapters", "sandbox", "cli"},
}
THIRD_PARTY = {
    "core": {"cronsim", "ruamel", "pydantic", "pydantic_core", "promql_parser"},
    "workflows": set[str](),
    "settings": {"platformdirs"},
    "wiring": set[str](),
    "cli": {"typer", "click", "rich"},
}
SDKS = {  # each in its own adapter alone
    "git": "adapters/git_",
    "gitdb": "adapters/git_",
    "github": "adapters/github",
    "argocd_python_client": "adapters/argocd",
    "oras": "adapters/registry",
    "jsonschema_rs": "adapters/schemas",
}
IMPURE = {"os", "pathlib", "subprocess", "socket", "time", "tempfile", "shutil", "threading", "random", "secrets", "urllib.request"}


def layer(path: Path) -> str:
    top = path.relative_to(ROOT / "bot").parts[0].removesuffix(".py")
    return "core" if top in CORE else top


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imported(path: Path, *, types: bool) -> Iterator[str]:
    """The dotted names that a module imports, wherever; those for types alone only when asked."""

    def visit(node: ast.AST) -> Iterator[str]:
        if is_type_checking(node) and not types:
            return
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)
        for child in ast.iter_child_nodes(node):
            yield from visit(child)

    yield from visit(ast.parse(path.read_text()))


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


everywhere = pytest.mark.parametrize("path", MODULES, ids=short)


@everywhere
def test_imports_go_one_way(path: Path) -> None:
    mine = layer(path)
    if mine not in MAY_IMPORT:
        return
    for name in imported(path, types=True):
        if name.startswith("bot."):
            other = name.split(".")[1]
            theirs = "core" if other in CORE else other
            assert theirs in MAY_IMPORT[mine], f"{short(path)} imports {name}"


@everywhere
def test_third_party_packages_stay_where_they_belong(path: Path) -> None:
    allowed = THIRD_PARTY.get(layer(path))
    for name in imported(path, types=True):
        top = name.split(".")[0]
        if top in SDKS:
            assert short(path).startswith(f"bot/{SDKS[top]}"), f"{short(path)} imports {name}"
        if allowed is not None and top not in sys.stdlib_module_names and top not in {"bot", "__future__"}:
            assert top in allowed, f"{short(path)} imports {name}"


@everywhere
def test_the_core_does_no_input_or_output(path: Path) -> None:
    if layer(path) == "core":
        found = {name for name in imported(path, types=False) if name in IMPURE or name.split(".")[0] in IMPURE}
        assert not found
        assert "datetime.now" not in path.read_text()


@everywhere
def test_only_settings_read_the_environment(path: Path) -> None:
    allowed = {"settings", "sandbox"}
    if layer(path) not in allowed and path.name != "render.py":  # which hands its program a clean one
        assert not any(word in path.read_text() for word in ("os.environ", "getenv"))


@everywhere
def test_nothing_is_too_long_to_read(path: Path) -> None:
    text = path.read_text()
    reason = "Long, because" in (ast.get_docstring(ast.parse(text)) or "")
    assert reason or text.count("\n") <= 200, "a longer module says why in its docstring"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 40, node.name
