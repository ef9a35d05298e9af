"""The reason codes that the gate may give, by reading its source; those that pass need no help."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = ("bot/gate", "bot/workflows", "bot/adapters")
CODE = re.compile(r"[a-z]+(-[a-z]+)*")
VERDICTS = {"hold": "HOLD", "unknown": "UNKNOWN", "fail": "FAIL", "problem": "FAIL", "approval": "HOLD"}
CONSTANTS = {"FAULTS": "UNKNOWN", "NEEDS_PERSON": "HOLD"}
MONITORING = {  # their adapters say the end of a code, as their connection says what is asked
    "prometheus.py": ("prometheus-",),
    "prometheus_replies.py": ("prometheus-",),
    "alertmanager.py": ("alertmanager-",),
    "monitoring_http.py": ("prometheus-", "alertmanager-"),
}
UNSEEN = {"Unseen", "UnobservableError", "unseen", "_unseen"}  # whatever could not be observed is UNKNOWN


def reason_codes() -> dict[str, set[str]]:
    """Each code, with the verdicts that it comes with."""
    found: dict[str, set[str]] = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*.py")):
            for code, verdict in _codes(ast.parse(path.read_text("utf-8"))):
                for service in MONITORING.get(path.name, ("",)):
                    found.setdefault(service + code, set()).add(verdict)
    return found


def _codes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield from _of_constant(node.targets[0].id, node.value)


def _of_call(call: ast.Call) -> Iterator[tuple[str, str]]:
    name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in VERDICTS:
        yield from ((code, VERDICTS[name]) for code in _words(call.args[name == "problem"]))
    elif name in UNSEEN:
        yield from ((code, "UNKNOWN") for argument in call.args[:2] for code in _words(argument))
    elif name == "Service":
        yield from ((code, "UNKNOWN") for code in _words(call.args[2]))
    elif name == "Finding" and len(call.args) > 2 and isinstance(call.args[2], ast.Attribute) and call.args[2].attr != "PASS":
        yield from ((code, call.args[2].attr) for code in _words(call.args[1]))


def _of_constant(name: str, value: ast.expr) -> Iterator[tuple[str, str]]:
    """Codes that are kept by name: the faults of rules and targets, what waits for a person, and what cannot be read."""
    if name in CONSTANTS and isinstance(value, ast.Dict):
        yield from ((code, CONSTANTS[name]) for key in value.keys if key for code in _words(key))
    if name == "UNREADABLE":
        yield from ((code, "UNKNOWN") for code in _words(value))


def _words(expression: ast.expr) -> list[str]:
    """The code that an expression is, of a choice between two both."""
    if isinstance(expression, ast.IfExp):
        return _words(expression.body) + _words(expression.orelse)
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str) and CODE.fullmatch(expression.value):
        return [expression.value]
    return []
