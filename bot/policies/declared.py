"""Programs find the variables that they read: no required one is missing, no unknown one is set, no secret is in the open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.policies.contracts import CONTEXT_API, CONTRACTS
from bot.policies.fields import mappings
from bot.policies.nearest import instead
from bot.policies.programs import Program, programs
from bot.policies.variables import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.contracts import Contract
    from bot.policies.manifests import Manifests, Violation

ADDRESS = re.compile(r"[a-z0-9+]+://(?:[^/@]*@)?(?P<host>[^/:]+)(?::(?P<port>\d+))?")


def required_variables_are_set(manifests: Manifests) -> Iterator[Violation]:
    """Each variable without which the program does not start is there."""
    for contract, program in _programs(manifests):
        for name in sorted(contract.required - program.variables.values.keys()) if program.variables.complete else ():
            what = "is not set: the program does not start, or talks to localhost"
            hint = f"take {name} from the app's Secret" if name in contract.secret else f"write {name} into settings.env"
            yield program.wrong(name, what, hint=hint)


def set_variables_are_known(manifests: Manifests) -> Iterator[Violation]:
    """Each variable that the API is given is one that it reads; those of OpenTelemetry are too many to list."""
    for program in programs(manifests, CONTEXT_API):
        known = CONTEXT_API.known | CONTEXT_API.required | helping_variables(program)
        for name in sorted(program.variables.values.keys() - known):
            if not name.startswith("OTEL_"):
                what = "is not a variable that the API reads: what it is meant to change stays as it is"
                yield program.wrong(name, what, hint=_instead(name))


def secrets_come_from_secrets(manifests: Manifests) -> Iterator[Violation]:
    """Passwords and keys are taken from Secrets, not written in manifests."""
    for contract, program in _programs(manifests):
        for name in sorted((contract.secret & program.variables.values.keys()) - program.variables.secret):
            what = "is a secret, and is not taken from a Secret: everyone who reads Git or the Pod has it"
            yield program.wrong(name, what, hint="take it with valueFrom.secretKeyRef from the app's Secret")


def addresses_lead_to_services(manifests: Manifests) -> Iterator[Violation]:
    """The databases that the API is told of are Services here, with that port."""
    for program in programs(manifests, CONTEXT_API):
        for name, host, port in _addresses(program):
            service = manifests.named("Service", host)
            opened = [str(each.get("port")) for each in mappings(service, "spec", "ports")]
            if service is None:
                what = f"leads to {host or 'nothing'}, which is not a Service here: the API starts without that database"
                yield program.wrong(
                    name, what, hint="name the Service alone, without namespace or domain: it is looked up in the Pod's own"
                )
            elif port not in opened:
                what = f"leads to port {port or 'nothing'} of Service {host}, which has {', '.join(opened)}: connections are refused"
                yield program.wrong(name, what, hint="correct the port")


DECLARED_POLICIES = (required_variables_are_set, set_variables_are_known, secrets_come_from_secrets, addresses_lead_to_services)


def helping_variables(program: Program) -> frozenset[str]:
    """Names that are there for other variables: shown fields of the Pod, and what $(…) refers to."""
    used = (name for value in program.variables.values.values() for name in REFERENCE.findall(value or ""))
    return frozenset((*used, *program.variables.fields))


def _programs(manifests: Manifests) -> Iterator[tuple[Contract, Program]]:
    for contract in CONTRACTS:
        for program in programs(manifests, contract):
            yield contract, program


def _instead(name: str) -> str:
    if name in CONTEXT_API.renamed:
        return f"the API reads {CONTEXT_API.renamed[name]}"
    otherwise = "remove it, or add it to bot/policies/contracts.py when the image reads it"
    return instead(name, CONTEXT_API.required | CONTEXT_API.known, otherwise, cutoff=0.8)


def _addresses(program: Program) -> Iterator[tuple[str, str, str]]:
    """Variable, host and port of each database."""
    uri = ADDRESS.match(program.value("NEO4J_URI"))
    if program.value("NEO4J_URI"):
        yield "NEO4J_URI", uri["host"] if uri else "", (uri["port"] if uri else "") or "7687"
    if program.value("QDRANT_HOST"):
        yield "QDRANT_HOST", program.value("QDRANT_HOST"), program.value("QDRANT_PORT")
