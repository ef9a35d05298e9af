"""How uvicorn is started: it listens where it is asked, counts in one place, and keeps connections longer than the mesh does."""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING

from bot.policies.contracts import CONTEXT_API
from bot.policies.fields import at, indexed, mappings, seconds, text
from bot.policies.manifests import said_in, wrong
from bot.policies.ports import selected_pods
from bot.policies.programs import programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Violation
    from bot.policies.programs import Program

OPTION = re.compile(r"--([a-z-]+)(?:[= ]([^\s-]\S*))?")
DEFAULTS = {"host": "127.0.0.1", "port": "8000", "workers": "1", "timeout-keep-alive": "5"}
EVERYWHERE = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104 - compared, not bound
IDLE = 3600  # seconds after which Envoy closes an idle connection, where nothing is said
IDLE_FIELD = ("connectionPool", "http", "idleTimeout")


def it_listens_where_it_is_asked(manifests: Manifests) -> Iterator[Violation]:
    """On every address, on a port of the container."""
    for program in _served(manifests):
        opened = [str(port.get("containerPort")) for port in mappings(program.container, "ports")]
        if (host := _option(program, "host")) not in EVERYWHERE:
            yield _wrong(program, f"listen on {host} alone: neither probes nor the Service reach it", "write --host=0.0.0.0")
        if (port := _option(program, "port")) not in opened:
            what = f"listen on port {port}, and the container opens {', '.join(opened) or 'none'}: it is never ready"
            yield _wrong(program, what, "write the port of the container")


def it_counts_in_one_process(manifests: Manifests) -> Iterator[Violation]:
    """One worker: each has counters of its own, and /metrics shows those of whichever answers."""
    for program in _served(manifests):
        if (workers := _option(program, "workers")) != "1":
            what = f"start {workers} workers: each scrape shows another one's counters, so that rates, and alerts on them, are wrong"
            yield _wrong(program, what, "write --workers=1, and more replicas")


def it_keeps_connections_longer_than_the_mesh(manifests: Manifests) -> Iterator[Violation]:
    """The proxy ends an idle connection first, else it sends a request into one that closes: 503, now and then."""
    reached = {each.pods.name: each for each in _served(manifests)}
    for rule in manifests.of("DestinationRule") if reached else ():
        service = manifests.named("Service", text(rule, "spec", "host"))
        programs_behind = [reached[pods.name] for pods in selected_pods(manifests, service) if pods.name in reached] if service else []
        kept = min((int(said) for each in programs_behind if (said := _option(each, "timeout-keep-alive")).isdecimal()), default=None)
        for where, policy in _traffic(rule):
            idle = seconds(policy, *IDLE_FIELD)
            if kept is not None and (IDLE if idle is None else idle) >= kept:
                said = f"is {text(policy, *IDLE_FIELD)}" if idle is not None else f"is not set ({IDLE} s)"
                what = f"{said}, and uvicorn closes a connection after {kept} s: requests go into one that closes, and fail with 503"
                hint = f"write less than {kept}s, or a longer --timeout-keep-alive"
                yield wrong(rule, ".".join((where, *IDLE_FIELD)), what, hint=hint)


UVICORN_POLICIES = (it_listens_where_it_is_asked, it_counts_in_one_process, it_keeps_connections_longer_than_the_mesh)


def _served(manifests: Manifests) -> Iterator[Program]:
    for each in programs(manifests, CONTEXT_API):
        if any(posixpath.basename(word) == "uvicorn" for word in _words(each)):
            yield each


def _words(program: Program) -> list[str]:
    """The words of the command; of a shell's, those of what it is given to run, and what comes after that where it says so."""
    said = list(said_in(program.container))
    at_shell = next((index for index, word in enumerate(said) if "uvicorn " in word), None)
    if at_shell is None:
        return said
    found = _shell_words(said[at_shell])
    return [*found, *said[at_shell + 1 :]] if "$@" in found else found


def _shell_words(command: str) -> list[str]:
    words = shlex.shlex(command, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    try:
        return list(words)
    except ValueError:  # a quote that does not end: the shell says so
        return command.split()


def _wrong(program: Program, what: str, hint: str) -> Violation:
    return program.pods.wrong(f"{program.where}.args", what, hint=hint)


def _option(program: Program, name: str) -> str:
    """What uvicorn is told, or takes without a word."""
    said = dict(OPTION.findall(" ".join(_words(program))))
    return str(said.get(name) or DEFAULTS[name])


def _traffic(rule: Object) -> Iterator[tuple[str, Object]]:
    """The rule's own policy, and those of subsets and ports that say something of connections."""
    yield "spec.trafficPolicy", at(rule, "spec", "trafficPolicy") or {}
    for index, each in indexed(rule, "spec", "trafficPolicy", "portLevelSettings"):
        if at(each, "connectionPool"):
            yield f"spec.trafficPolicy.portLevelSettings[{index}]", each
    for index, subset in indexed(rule, "spec", "subsets"):
        if at(subset, "trafficPolicy", "connectionPool"):
            yield f"spec.subsets[{index}].trafficPolicy", subset["trafficPolicy"]
