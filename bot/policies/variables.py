"""Variables of containers: each declared once, and before it is referred to."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.policies.fields import mapping, mappings, strings, text, words
from bot.policies.supplies import config_keys, secret_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.policies.manifests import Manifests, Object, Violation

REFERENCE = re.compile(r"(?<!\$)\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")
UPPER_CASE = re.compile(r"[A-Z][A-Z0-9_]*")  # in a command, $(date) is the shell's


@dataclass(frozen=True)
class Variables:
    """What a container's program finds in its environment."""

    values: Mapping[str, str | None]  # None: from a Secret, or known only when the Pod runs
    secret: frozenset[str]  # names that come from Secrets
    fields: Mapping[str, str]  # of the Pod, such as metadata.name, by the names that show them
    shared: frozenset[str]  # names that come whole from ConfigMaps and Secrets
    complete: bool  # whether every name is known here


def variables_of(manifests: Manifests, container: Object) -> Variables:
    """A container's variables, those of envFrom first, as the kubelet sets them."""
    values, secret, complete = _shared(manifests, container)
    shared, fields = frozenset(values), dict[str, str]()
    for variable in mappings(container, "env"):
        name, source = text(variable, "name"), mapping(variable, "valueFrom")
        named = mapping(source, "configMapKeyRef")
        values[name] = _config_value(manifests, named) if named else None if source else text(variable, "value")
        secret = secret | {name} if "secretKeyRef" in source else secret - {name}
        if source.keys() & {"fieldRef", "resourceFieldRef"}:
            fields[name] = text(source, "fieldRef", "fieldPath")
    return Variables(values, secret, fields, shared, complete)


def declared_before_use(manifests: Manifests) -> Iterator[Violation]:
    """A value refers only to variables declared above it; others stay in it as they are written."""
    for pods, where, container in manifests.containers():
        variables = variables_of(manifests, container)
        known = set(variables.shared)
        for variable in mappings(container, "env") if variables.complete else ():
            for name in dict.fromkeys(REFERENCE.findall(text(variable, "value"))):
                if name not in known:
                    late = name in variables.values
                    what = (
                        f"refers to {name}, which is {'declared below it' if late else 'not declared'}: the program gets the text $({name})"
                    )
                    hint = f"move {name} above {variable.get('name')}" if late else f"declare {name} above it"
                    yield pods.wrong(f"{where}.env[{variable.get('name')}].value", what, hint=hint)
            known.add(text(variable, "name"))


def commands_know_their_variables(manifests: Manifests) -> Iterator[Violation]:
    """Commands and arguments refer only to variables of their container."""
    for pods, where, container in manifests.containers():
        variables = variables_of(manifests, container)
        for key in ("command", "args"):
            for name in dict.fromkeys(REFERENCE.findall(" ".join(words(container, key)))):
                if variables.complete and UPPER_CASE.fullmatch(name) and name not in variables.values:
                    what = f"refers to {name}, which this container does not have: the program gets the text $({name})"
                    yield pods.wrong(f"{where}.{key}", what, hint=f"declare {name} in env")


def declared_once(manifests: Manifests) -> Iterator[Violation]:
    """No name is declared twice: the last one wins, and server-side apply refuses the object."""
    for pods, where, container in manifests.containers():
        for name, times in Counter(text(each, "name") for each in mappings(container, "env")).items():
            if times > 1:
                what = f"is declared {times} times: the last one wins, and server-side apply refuses the object"
                yield pods.wrong(f"{where}.env[{name}]", what, hint="keep one of them")


VARIABLE_POLICIES = (declared_before_use, commands_know_their_variables, declared_once)


def _shared(manifests: Manifests, container: Object) -> tuple[dict[str, str | None], frozenset[str], bool]:
    values: dict[str, str | None] = {}
    secret: frozenset[str] = frozenset()
    complete = True
    for source in mappings(container, "envFrom"):
        is_secret = "secretRef" in source
        name = text(source, "secretRef" if is_secret else "configMapRef", "name")
        keys = (secret_keys if is_secret else config_keys)(manifests).get(name)
        complete = complete and keys is not None
        prefix, found = text(source, "prefix"), strings(manifests.named("ConfigMap", name), "data")
        names = frozenset(f"{prefix}{key}" for key in keys or ())
        values |= {each: None if is_secret else found.get(each.removeprefix(prefix)) for each in names}
        secret = secret | names if is_secret else secret - names
    return values, secret, complete


def _config_value(manifests: Manifests, named: Object) -> str | None:
    item = manifests.named("ConfigMap", text(named, "name"))
    return strings(item, "data").get(text(named, "key"))
