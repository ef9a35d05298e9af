"""The tables of environment variables: of the workloads by their manifests, of the bot by its source."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.docs.markdown import code, rows, table
from tests.docs.stack import at, containers_of, name_of
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.docs.stack import Item, Stack

SOURCE = ROOT / "bot" / "settings.py"
HEADER = ("variable", "value in prod", "differs in", "read by")
NOT_SET = "not set"

Values = dict[str, str]  # of one variable, by environment


def workload_settings(stack: Stack) -> str:
    """A table for each app; a variable that several containers have with the same values is one row."""
    found: dict[str, dict[str, Values]] = {}
    for place, render in stack.environments.items():
        for item in render.objects:
            for box in containers_of(item):
                for name, value in _variables(render.objects, box):
                    found.setdefault(f"{name_of(item)}/{box['name']}", {}).setdefault(name, {})[place] = value
    apps = sorted(path.name for path in (ROOT / "apps").iterdir() if path.is_dir())
    tables = {app: _table(app, found, list(stack.environments)) for app in apps}
    return "\n\n".join(f"### {app}\n\n{rows}" for app, rows in tables.items() if rows)


def _table(app: str, found: dict[str, dict[str, Values]], places: list[str]) -> str:
    """The variables of an app's containers; empty where it has none."""
    readers: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, None]] = {}
    for reader, variables in sorted(found.items()):
        if reader.startswith((f"{app}/", f"{app}-")):
            for name, values in variables.items():
                readers.setdefault((name, tuple(values.items())), {})[reader.partition("/")[0]] = None
    rows = (_row(name, dict(values), places, list(readers[name, values])) for name, values in sorted(readers))
    return table(HEADER, rows) if readers else ""


def _row(name: str, values: Values, places: list[str], readers: list[str]) -> tuple[str, str, str, str]:
    """The value in the last environment, which is prod, and where it is another."""
    last = values.get(places[-1], NOT_SET)
    others = [f"{place}: {values.get(place, NOT_SET)}" for place in places if values.get(place, NOT_SET) != last]
    return code(name), last, ", ".join(others), ", ".join(code(reader) for reader in readers)


def _variables(items: Iterable[Item], box: Item) -> Iterator[tuple[str, str]]:
    """Each variable of a container, with its value or where that comes from; what is set last wins."""
    maps = {item["metadata"]["name"]: item for item in items if item["kind"] == "ConfigMap"}
    for source in box.get("envFrom", []):
        for name, value in maps[at(source, "configMapRef.name")]["data"].items():
            yield name, _value(value)
    for each in box.get("env", []):
        yield each["name"], _source(each["valueFrom"]) if "valueFrom" in each else _value(each.get("value", ""))


def _value(value: str) -> str:
    return code(value) or "empty"


def _source(source: Item) -> str:
    """Where a value comes from; of a secret only its name."""
    if secret := source.get("secretKeyRef"):
        return f"Secret {code(secret['name'])}, key {code(secret['key'])}"
    if chosen := source.get("configMapKeyRef"):
        return f"ConfigMap {code(name_of({'kind': 'ConfigMap', 'metadata': chosen}))}, key {code(chosen['key'])}"
    return f"the Pod's {code(at(source, 'fieldRef.fieldPath') or at(source, 'resourceFieldRef.resource'))}"


def bot_settings(_: Stack) -> str:
    """The variables that the bot reads, with what its README says of each."""
    said = {name: row[1] for row in rows((ROOT / "bot" / "README.md").read_text("utf-8"), ("variable", "what")) for name in _names(row[0])}
    return table(("variable", "what"), ((code(name), said.get(name, "**not in bot/README.md**")) for name in bot_variables()))


def _names(cell: str) -> list[str]:
    return [name.strip().strip("`") for name in cell.split(",")]


def bot_variables() -> list[str]:
    """Every variable of the bot's settings, by their source; the environment's name as <ENV>."""
    tree = ast.parse(SOURCE.read_text("utf-8"))
    services = {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _is_token(call) and isinstance(call.args[0], ast.Constant)
    }
    plain = {
        each.value for each in ast.walk(tree) if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value.isupper()
    }
    made = {_filled(each, str(service)) for each in ast.walk(tree) if isinstance(each, ast.JoinedStr) for service in services}
    return sorted(name for name in plain | made if name.startswith("BOT_") and " " not in name and not name.endswith("_"))


def _is_token(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "_token"


def _filled(text: ast.JoinedStr, service: str) -> str:
    """A name that is put together, with the service's name and <ENV> in it."""
    words = [str(each.value) if isinstance(each, ast.Constant) else _placed(each, service) for each in text.values]
    return "".join(words)


def _placed(part: ast.expr, service: str) -> str:
    inner = part.value if isinstance(part, ast.FormattedValue) else part
    return service if isinstance(inner, ast.Name) and inner.id == "service" else "<ENV>" if isinstance(inner, ast.Call) else " "
