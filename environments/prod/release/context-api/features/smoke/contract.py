"""Checks a running context-api against contract.json beside it: `contract.py URL [--version V]`; the standard library suffices.

V is a version, or an image's reference whose tag is the version. Ends with 1, and the names of what failed.
"""
# ruff: noqa: INP001 - mounted beside answers.py and contract.json, not a package

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from answers import ContractError, Process, ask, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONTRACT = Path(__file__).with_name("contract.json")
MOST_PROBLEMS = 5
MEASURED = "text/plain; version=0.0.4"
PARTS = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("_count", "_sum")}
TYPE = re.compile(r"# TYPE (\S+) (\S+)")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)')
SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?")

Fields = dict[str, Any]  # of the contract
Labels = dict[str, str]


@dataclass(frozen=True)
class Measured:
    """What `/metrics` says: the type of each metric, the labels of each series."""

    types: dict[str, str]
    series: dict[str, list[Labels]]


def health(process: Process, path: str) -> str:
    """A path of the process's health, which answers with a JSON object."""
    body = ask(process, path, "application/json")
    try:
        is_object = isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        raise ContractError(f"GET {path} is no JSON object: {shown(body)}")
    return f"GET {path} is 200"


def metrics(process: Process, contract: Fields) -> str:
    """Every metric of the contract, with its type, labels and buckets."""
    path, wanted = contract["paths"]["metrics"]["path"], contract["metrics"]
    measured = _measured(ask(process, path, MEASURED))
    problems = [f"{metric['name']} {problem}" for metric in wanted for problem in _problems(metric, measured)]
    if problems:
        more = len(problems) - MOST_PROBLEMS
        raise ContractError("; ".join(problems[:MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else ""))
    return f"GET {path} has the {len(wanted)} metrics of the contract"


def version(process: Process, contract: Fields, wanted: str | None) -> str:
    """The version that the process says it is."""
    measured = _measured(ask(process, contract["paths"]["metrics"]["path"], MEASURED))
    said = {labels.get("version", "") for labels in measured.series.get("app_info", [])}
    found = ", ".join(sorted(said - {""})) or "none"
    if wanted is None:
        return f"app_info says {found}; compared with nothing"
    if {each.removeprefix("v") for each in said} != {_tag(wanted).removeprefix("v")}:
        raise ContractError(f"app_info says {shown(found)}, not {_tag(wanted)}")
    return f"app_info says {found}"


def _tag(wanted: str) -> str:
    """The version itself, or the tag of host:port/name:tag@digest."""
    return wanted.partition("@")[0].rpartition("/")[2].rpartition(":")[2]


def _problems(metric: Fields, measured: Measured) -> Iterator[str]:
    name, of_type = metric["name"], metric["type"]
    if (found := measured.types.get(name)) != of_type:
        yield f"is {shown(found)}, not a {of_type}" if found else "is not there"
        return
    parts = {part: measured.series.get(part, []) for part in (f"{name}{suffix}" for suffix in PARTS.get(of_type, ("",)))}
    for part, series in parts.items():
        if not series and metric["series"] != "after an uncaught exception":
            yield f"has no series {part}"
    lacking = {label for series in parts.values() for labels in series for label in metric["labels"] if label not in labels}
    if lacking:
        yield f"has no label {', '.join(sorted(lacking))}"
    bounds = {_number(labels.get("le", "")) for labels in measured.series.get(f"{name}_bucket", [])}
    absent = [f"{bound:g}" for bound in metric.get("buckets", []) if bounds and bound not in bounds]
    if absent:
        yield f"has no bucket {', '.join(absent)}"


def _measured(body: str) -> Measured:
    measured = Measured({}, {})
    for number, line in enumerate(body.splitlines(), 1):
        if line.startswith("#") or not line.strip():
            if declared := TYPE.fullmatch(line.strip()):
                measured.types[declared[1]] = declared[2]
        elif (
            (sample := SAMPLE.fullmatch(line.strip()))
            and (labels := _labels(sample[2] or "")) is not None
            and _number(sample[3]) is not None
        ):
            measured.series.setdefault(sample[1], []).append(labels)
        else:
            raise ContractError(f"line {number} is no metric: {shown(line)}")
    return measured


def _labels(text: str) -> Labels | None:
    """The labels of a series; None where the text is something else."""
    found: Labels = {}
    place = 0
    while place < len(text):
        label = LABEL.match(text, place)
        if label is None:
            return None
        found[label[1]] = label[2]
        place = label.end()
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def check(checks: dict[str, Callable[[], str]], *, attempts: int, pause: float) -> list[str]:
    """Tries each check until it passes, a bounded number of times; says how each ended, gives the names of those that failed."""
    waiting, reasons = dict(checks), dict[str, str]()
    for attempt in range(attempts):
        time.sleep(pause if attempt else 0)
        for name, passes in list(waiting.items()):
            try:
                _say(f"ok      {name}: {passes()}")
                del waiting[name]
            except ContractError as error:
                reasons[name] = str(error)
        if not waiting:
            break
    for name in waiting:
        _say(f"failed  {name}: {reasons[name]}")
    return list(waiting)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the Job's log


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="contract.py", description="Checks a running context-api against its contract.")
    parser.add_argument("url", metavar="URL", help="where it listens, such as http://localhost:8000")
    parser.add_argument("--version", metavar="V", help="the version that it must be, or an image's reference with that tag")
    parser.add_argument("--attempts", type=int, default=5)
    parser.add_argument("--pause", type=float, default=3, help="seconds between attempts")
    parser.add_argument("--timeout", type=float, default=5, help="seconds for one answer")
    arguments = parser.parse_args(words)
    url = urlsplit(arguments.url)
    try:
        arguments.host, arguments.port = url.hostname, url.port or 80
    except ValueError:
        arguments.host = None
    if url.scheme != "http" or not arguments.host or url.path.strip("/") or url.query or url.username:
        parser.error(f"{arguments.url!r} is no http://HOST:PORT")
    if arguments.attempts < 1 or arguments.pause < 0 or arguments.timeout <= 0:
        parser.error("attempts and timeout must be above 0, the pause not below")
    return arguments


def main(words: list[str]) -> int:
    """Checks what the words say; 0 if all is as the contract says, 1 if not."""
    given = _arguments(words)
    contract = json.loads(CONTRACT.read_text("utf-8"))
    process, paths = Process(given.host, given.port, given.timeout), contract["paths"]
    checks = {
        "live": lambda: health(process, paths["live"]["path"]),
        "ready": lambda: health(process, paths["ready"]["path"]),
        "metrics": lambda: metrics(process, contract),
        "version": lambda: version(process, contract, given.version),
    }
    failed = check(checks, attempts=given.attempts, pause=given.pause)
    if failed:
        sys.stderr.write(f"error: {given.url} breaks its contract: {', '.join(failed)}\nhint:  apps/context-api/CONTRACT.md\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
