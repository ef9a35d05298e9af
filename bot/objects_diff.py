"""How two renders differ, object by object; pure."""

from __future__ import annotations

import difflib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

from bot.kustomizations import HASH_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ruamel.yaml.nodes import ScalarNode

Manifest = dict[str, Any]  # Any: arbitrary YAML
Key = tuple[str, str, str, str]

GENERATED = frozenset({"ConfigMap", "Secret"})


@dataclass(frozen=True)
class ObjectChange:
    """One object that was added, removed or changed, with its unified diff."""

    kind: str
    name: str
    namespace: str
    what: str  # added, removed, changed
    diff: str
    before: Manifest | None
    after: Manifest | None

    @property
    def title(self) -> str:
        """`Deployment context-api`."""
        return f"{self.kind} {self.name}"


class _Line(str):
    """A line that is shown as it is and compared as it would be elsewhere."""

    __slots__ = ("alike",)
    alike: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Line) and self.alike == other.alike

    def __hash__(self) -> int:
        return hash(self.alike)


def diff_objects(
    before: Iterable[Manifest], after: Iterable[Manifest], *, alike: Callable[[str], str] | None = None
) -> tuple[ObjectChange, ...]:
    """The objects that differ, in the order of their names.

    Across environments `alike` gives what a text of the one would be in the other: namespaces are no part of a name then, and
    what is alike does not differ.
    """
    old, new = _by_key(before, across=alike is not None), _by_key(after, across=alike is not None)
    if alike:
        new = {(key[0], key[1] if key in old else alike(key[1]), *key[2:]): item for key, item in new.items()}
    keys = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    changes = (_change(old.get(key), new.get(key), alike or str) for key in keys)
    return tuple(change for change in changes if change.diff or alike is None)


def _by_key(items: Iterable[Manifest], *, across: bool) -> dict[Key, Manifest]:
    """Each object under its short name; one whose short name another has goes by its full name."""
    found: dict[Key, Manifest] = {}
    for item in sorted(items, key=_full_key):
        key = _key(item, across=across)
        found[_full_key(item) if key in found else key] = item
    return found


def _full_key(item: Manifest) -> Key:
    metadata = item["metadata"]
    return (item["kind"], metadata["name"], metadata.get("namespace", ""), item["apiVersion"].rpartition("/")[0])


def _key(item: Manifest, *, across: bool) -> Key:
    kind, name, namespace, group = _full_key(item)
    return (kind, HASH_SUFFIX.sub("", name) if kind in GENERATED else name, "" if across else namespace, group)


def _change(before: Manifest | None, after: Manifest | None, alike: Callable[[str], str]) -> ObjectChange:
    item = after or before or {}
    what = "added" if before is None else "removed" if after is None else "changed"
    metadata = item["metadata"]
    diff = _diff(_without_secrets(before), _without_secrets(after, before), alike=alike)
    return ObjectChange(item["kind"], metadata["name"], metadata.get("namespace", ""), what, diff, before, after)


def _diff(before: Manifest | None, after: Manifest | None, *, alike: Callable[[str], str]) -> str:
    old, new = (_lines(item) for item in (before, after))
    known = set(old)
    old, new = [_line(line, line) for line in old], [_line(line, line if line in known else alike(line)) for line in new]
    names = (
        f"{_title(before or after)} ({'before' if before else 'absent'})",
        f"{_title(after or before)} ({'after' if after else 'removed'})",
    )
    return "\n".join(line.rstrip("\n") for line in difflib.unified_diff(old, new, *names))


def _title(item: Manifest | None) -> str:
    kind, name, namespace, _ = _full_key(item or {})
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def _line(text: str, alike: str) -> _Line:
    line = _Line(text)
    line.alike = alike
    return line


class _InLines(SafeRepresenter):
    """Texts of several lines are written as such, so that a diff shows the lines that differ."""

    def in_lines(self, text: str) -> ScalarNode:
        node: ScalarNode = self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
        return node


_InLines.add_representer(str, _InLines.in_lines)


def _lines(item: Manifest | None) -> list[str]:
    if item is None:
        return []
    yaml, text = YAML(typ="safe"), io.StringIO()
    yaml.Representer = _InLines
    yaml.default_flow_style = False
    yaml.width = 2**30
    yaml.dump(item, text)
    return text.getvalue().splitlines()


def _without_secrets(item: Manifest | None, before: Manifest | None = None) -> Manifest | None:
    """A Secret with its values hidden; whether each one is another than before can still be seen."""
    if item is None or item["kind"] != "Secret":
        return item
    hidden = dict(item)
    for section in ("data", "stringData"):
        if values := item.get(section):
            old = {**values, **((before or {}).get(section) or {})}
            hidden[section] = {key: "(hidden)" if old[key] == value else "(hidden, changed)" for key, value in values.items()}
    return hidden
