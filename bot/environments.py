"""Environments: `environment.yaml` to values (an unknown key is refused, never passed over), and the order of promotion."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from bot.environment_keys import FILE, SECTIONS, FileShape, dns_label
from bot.model import Alerts, ArgoCDAddress, BotError, Environment, FreezeWindow, Policy
from bot.simple_yaml import load_simple, readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

LATER = frozenset({"people.rollback"})
UNKNOWN_KEY = "unexpected_keyword_argument"
WORDS = {"dataclass_type": "must be a mapping of keys", "missing": "is missing"}


@lru_cache(maxsize=64)
def parse_environment(name: str, text: str) -> Environment:
    """The environment that a file declares; BotError names the file, the key and what is wrong with it."""
    file = f"environments/{name}/environment.yaml"
    try:
        dns_label(name)
    except ValueError as error:
        raise BotError(f"environments/{name}: the folder's name {error}", "rename the folder") from error
    with readable(file):
        written = json.dumps(load_simple(text), allow_nan=False)
    try:
        shape = FILE.validate_json(written)
    except ValidationError as error:
        raise _refusal(file, error) from None
    if shape.gate.alerts.silences == "honour" and not shape.alertmanager:
        raise BotError(f"{file}: gate.alerts.silences is honour, and no Alertmanager is listed", "list all of its replicas in alertmanager")
    return _environment(name, shape)


def _refusal(file: str, refused: ValidationError) -> BotError:
    """The first unknown key, which explains more than what is then missing; else the first error."""
    errors = refused.errors(include_url=False, include_input=False)
    first = next((error for error in errors if error["type"] == UNKNOWN_KEY), errors[0])
    path = ".".join(str(part) for part in first["loc"])
    if first["type"] == UNKNOWN_KEY:
        section = ".".join(part for part in first["loc"][:-1] if isinstance(part, str))  # places in lists aside
        return BotError(f"{file}: unknown key {path}", _known_keys(path, section))
    return BotError(f"{file}: {path or 'the file'} {_what(first)}", "correct it in a pull request")


def _known_keys(path: str, section: str) -> str:
    if path in LATER:
        return f"{path} comes later: nothing checks it yet, so remove it until then"
    keys = ", ".join(to_camel(each.name) for each in fields(SECTIONS[section]))
    return f"the keys of {section or 'the file'} are: {keys}"


def _what(error: ErrorDetails) -> str:
    own = error.get("ctx", {}).get("error")
    if own:
        return str(own)
    return WORDS.get(error["type"], f"is wrong: {error['msg']}")


def _environment(name: str, shape: FileShape) -> Environment:
    gate, alerts = shape.gate, shape.gate.alerts
    return Environment(
        name=name,
        cluster=shape.cluster,
        namespace=shape.namespace,
        argocd=ArgoCDAddress(shape.argocd.url, shape.argocd.project, shape.argocd.application),
        prometheus=shape.prometheus,
        policy=Policy(
            soak=gate.soak,
            samples=gate.samples.count,
            interval=gate.samples.interval,
            alerts=Alerts(alerts.label, alerts.block, alerts.otherwise.severity, alerts.may_be_absent, alerts.silences),
            watchdog=gate.watchdog,
            required_jobs=gate.required_jobs,
            watch=gate.watch,
            require_digests=gate.require_digests,
            freeze=tuple(FreezeWindow(each.cron, each.duration, each.time_zone, each.reason) for each in gate.freeze),
            auto_rollback=gate.auto_rollback,
        ),
        alertmanager=shape.alertmanager,
        promotes_from=shape.promotes_from,
        live=shape.live,
        merge=shape.merge,
        approvers=shape.people.approve,
    )


def order(environments: Iterable[Environment]) -> tuple[Environment, ...]:
    """Each environment after the one that it promotes from; BotError when that is not one chain of command."""
    known = {environment.name: environment for environment in sorted(environments, key=lambda each: each.name)}
    for environment in known.values():
        _check_source(environment, known)
    _check_one_follows_main(known)
    _check_own_place(known.values())
    return tuple(sorted(known.values(), key=lambda environment: len(_sources(environment, known))))


def check_promotion(environments: Iterable[Environment], source: str, target: str) -> None:
    """Refuses, as a wrong use, a promotion that leaves out an environment or goes another way."""
    known = {environment.name: environment for environment in environments}
    for name in (source, target):
        if name not in known:
            raise BotError(f"no environment {name!r}", f"the environments are: {', '.join(known) or 'none'}", usage=True)
    wanted = known[target].promotes_from
    if wanted is None:
        hint = "merge a pull request that changes apps/ instead"
        raise BotError(f"{target} cannot take images from {source}; it follows main", hint, usage=True)
    if wanted != source:
        message = f"{target} cannot take images from {source}; it promotes from {wanted}"
        raise BotError(message, f"run `bot promote {wanted} {target}`", usage=True)


def _check_source(environment: Environment, known: Mapping[str, Environment]) -> None:
    name = environment.promotes_from
    if name is not None and name not in known:
        message = f"{environment.folder}/environment.yaml: promotesFrom names {name!r}, which is no environment"
        raise BotError(message, f"the environments are: {', '.join(known)}")


def _sources(environment: Environment, known: Mapping[str, Environment]) -> list[str]:
    """The names from an environment's own source back to the one that follows main."""
    passed: list[str] = []
    source = environment.promotes_from
    while source is not None:
        if source in passed:
            circle = [*passed[passed.index(source) :], source]
            message = f"environments promote in a circle: {' -> '.join(reversed(circle))}"
            raise BotError(message, "correct promotesFrom in one environment.yaml; the first one has none")
        passed.append(source)
        source = known[source].promotes_from
    return passed


def _check_one_follows_main(known: Mapping[str, Environment]) -> None:
    """A forgotten promotesFrom would let main reach an environment without a promotion."""
    first = [environment.name for environment in known.values() if not _sources(environment, known)]
    if len(first) > 1:
        message = f"several environments have no promotesFrom: {', '.join(first)}"
        raise BotError(message, "only one follows main; give the others the environment that they promote from")


def _check_own_place(environments: Iterable[Environment]) -> None:
    places: dict[str, str] = {}
    for environment in environments:
        address = environment.argocd
        cluster = environment.cluster.rstrip("/")
        namespace = f"namespace {environment.namespace} of {cluster}"
        application = f"Application {address.application} of {address.url.rstrip('/')}"
        for place in (namespace, application):
            other = places.setdefault(place, environment.name)
            if other != environment.name:
                raise BotError(f"{other} and {environment.name} share the {place}", "each environment needs its own")
