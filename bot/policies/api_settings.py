"""context-api's settings: values that it reads, Qdrant's REST port, nothing that opens it where the bot merges without a last look."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from bot.policies.contracts import CONTEXT_API, QDRANT
from bot.policies.fields import integer, mappings, text
from bot.policies.ports import container_port, selected_pods
from bot.policies.programs import programs
from bot.policies.variables import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation
    from bot.policies.programs import Program

TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})  # as pydantic reads them, in whatever case
FALSE = frozenset({"0", "off", "f", "false", "n", "no"})
COUNT = re.compile(r"[1-9][0-9]{0,8}")
REST_PORT, REST = "6333", "QDRANT__SERVICE__HTTP_PORT"


def the_api_is_closed(manifests: Manifests) -> Iterator[Violation]:
    """Where the bot merges, callers show who they are, with tokens that are signed, and see no stack traces."""
    for program in programs(manifests, CONTEXT_API) if manifests.merged_by_bot else ():
        said = {name: program.value(name).strip() for name in ("REQUIRE_AUTH", "JWT_ALGORITHM", "DEBUG", "CORS_ORIGINS")}
        if said["REQUIRE_AUTH"].lower() not in TRUE:
            what = f"is {said['REQUIRE_AUTH'] or 'not set here'}: whoever reaches the API reads and writes everything"
            yield _open(program, "REQUIRE_AUTH", what, "write REQUIRE_AUTH=true")
        if said["JWT_ALGORITHM"].lower() == "none":
            what = "is none: a token without a signature is taken, and everyone can write one"
            yield _open(program, "JWT_ALGORITHM", what, "write JWT_ALGORITHM=HS256")
        if said["DEBUG"].lower() in TRUE:
            yield _open(program, "DEBUG", f"is {said['DEBUG']}: callers see stack traces, and what is in them", "write DEBUG=false")
        if "*" in said["CORS_ORIGINS"]:
            what = f"is {said['CORS_ORIGINS']}: every web page may ask the API with its visitor's rights"
            yield _open(program, "CORS_ORIGINS", what, "list the origins in full, or write CORS_ORIGINS=[]")


def values_are_what_the_api_reads(manifests: Manifests) -> Iterator[Violation]:
    """Switches, numbers, words and lists are such, and what the stack needs is on: a value that is none ends the program at its start."""
    for program in programs(manifests, CONTEXT_API):
        for name, value in program.variables.values.items():
            if value is None or REFERENCE.search(value) or (manifests.merged_by_bot and name == "REQUIRE_AUTH"):  # the last is said already
                continue
            if wanted := _wanted(name, value.strip()):
                what = f"is {value.strip() or 'empty'}, and the API reads {wanted}: it does not start"
                yield program.wrong(name, what, hint=f"write {wanted} in settings.env")
            elif name in CONTEXT_API.must_be_on and value.strip().lower() in FALSE:
                what = f"is {value.strip()}: {CONTEXT_API.must_be_on[name]}"
                yield program.wrong(name, what, hint=f"write {name}=true in settings.env")


def _wanted(name: str, value: str) -> str:
    """What the API reads in the place of a value that it does not; empty where it takes it."""
    if name in CONTEXT_API.switches and value.lower() not in TRUE | FALSE:
        return "true or false"
    if name in CONTEXT_API.counts and not COUNT.fullmatch(value):
        return "a whole number from 1 on"
    if value not in CONTEXT_API.words.get(name, (value,)):
        return f"one of {', '.join(CONTEXT_API.words[name])}"
    return "a JSON list" if name in CONTEXT_API.lists and not _is_list(value) else ""


def _is_list(value: str) -> bool:
    try:
        return isinstance(json.loads(value), list)
    except ValueError:
        return False


def _open(program: Program, name: str, what: str, hint: str) -> Violation:
    return program.wrong(name, what, hint=f"{hint} in settings.env; the bot merges to this environment")


def the_api_asks_qdrants_rest_port(manifests: Manifests) -> Iterator[Violation]:
    """The port of Qdrant that the API is told of leads to REST, not to gRPC or to other members."""
    for program in programs(manifests, CONTEXT_API):
        service, told = manifests.named("Service", program.value("QDRANT_HOST")), program.value("QDRANT_PORT")
        ports = mappings(service, "spec", "ports")
        for database in programs(manifests, QDRANT):
            reached = service is not None and any(pods.owner is database.pods.owner for pods in selected_pods(manifests, service))
            rest = database.value(REST) or REST_PORT
            found = [port for port in ports if reached and str(port.get("port")) == told]
            for port in found:
                if str(container_port(port, database.pods)) != rest:
                    what = f"is {told}, the port {text(port, 'name')} of Service {program.value('QDRANT_HOST')}, which is not REST"
                    right = [integer(each, "port") for each in ports if str(container_port(each, database.pods)) == rest]
                    hint = f"write {right[0]}, which leads to REST" if right else f"add a port to the Service that leads to {rest}"
                    yield program.wrong("QDRANT_PORT", what, hint=hint)


API_SETTING_POLICIES = (the_api_is_closed, values_are_what_the_api_reads, the_api_asks_qdrants_rest_port)
