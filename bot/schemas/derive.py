"""Writes the schemas again from the modules that `pins.py` names: `python -m bot.schemas.derive`, with `--check` compares only."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from bot.schemas.custom import custom_schemas
from bot.schemas.kubernetes import kubernetes_schema
from bot.schemas.pins import CUSTOM_RESOURCES, ENUMS, KUBERNETES, KUBERNETES_KINDS, KUBERNETES_VERSIONS, SPECIFICATION, Resources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.schemas.shapes import Schema

HERE = Path(__file__).parent
MADE_BY = "python -m bot.schemas.derive"
BY_HAND = "removed.json"


def main(arguments: list[str]) -> int:
    """Writes what differs, or only says so; 1 when something differed and was not written."""
    made = dict(files())
    stale = sorted(path.name for path in HERE.glob("*.json") if path.name not in {*made, BY_HAND})
    different = sorted(name for name, text in made.items() if _read(HERE / name) != text) + stale
    for name in different:
        sys.stdout.write(f"{name} differs from what {MADE_BY} makes\n" if arguments == ["--check"] else f"{name} written\n")
    if arguments == ["--check"]:
        return bool(different)
    for name in different:
        (HERE / name).unlink(missing_ok=True) if name in stale else (HERE / name).write_text(made[name], "utf-8")
    return 0


def files() -> Iterator[tuple[str, str]]:
    """Every schema file, its name with its text."""
    for version, release in KUBERNETES_VERSIONS.items():
        yield f"kubernetes-{version}.json", _kubernetes(release)
    for resources in CUSTOM_RESOURCES:
        yield from _custom(resources)


def _kubernetes(release: str) -> str:
    folder = module_folder(KUBERNETES, release)
    specification = json.loads((folder / SPECIFICATION).read_text("utf-8"))["definitions"]
    schema = kubernetes_schema(specification, (folder / ENUMS).read_text("utf-8"), KUBERNETES_KINDS)
    return as_text(_header(KUBERNETES, release, (SPECIFICATION, ENUMS)) | schema)


def _custom(resources: Resources) -> Iterator[tuple[str, str]]:
    folder = module_folder(resources.module, resources.version)
    header = _header(resources.module, resources.version, resources.paths, note=resources.note)
    found = [item for path in resources.paths for item in YAML(typ="safe").load_all((folder / path).read_text("utf-8")) if item]
    for group, schema in custom_schemas(found, resources.kinds).items():
        yield f"{group}.json", as_text(header | schema)


def _header(module: str, version: str, paths: tuple[str, ...], *, note: str = "") -> Schema:
    return {"made by": MADE_BY, "module": module, "version": version, "paths": list(paths)} | ({"note": note} if note else {})


def module_folder(module: str, version: str) -> Path:
    """Where the module cache has a module; fetched if need be."""
    with tempfile.TemporaryDirectory() as outside:  # of every Go module
        command = ["go", "mod", "download", "-json", f"{module}@{version}"]
        done = subprocess.run(command, cwd=outside, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        sys.exit(f"{module}@{version} cannot be had\n{done.stdout}{done.stderr}")
    return Path(json.loads(done.stdout)["Dir"])


def as_text(schema: Schema) -> str:
    """JSON with one line for each definition and each kind, so that a change shows in a diff."""
    lines = []
    for key, value in schema.items():
        if isinstance(value, dict):
            inner = ",\n".join(f"{json.dumps(name)}:{_compact(each)}" for name, each in value.items())
            lines.append(f"{json.dumps(key)}:{{\n{inner}\n}}")
        else:
            lines.append(f"{json.dumps(key)}:{_compact(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _compact(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
