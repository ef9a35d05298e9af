"""What Argo CD's installation sets: who may do what, how objects are told apart, and no secret in the open."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from bot.contents import Problem
from bot.model import BotError
from bot.policies.fields import at, mapping, mappings, text
from bot.policies.manifests import wrong
from bot.simple_yaml import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.policies.manifests import Object, Violation

SETTINGS, RIGHTS, PARAMETERS, NOTIFICATIONS = "argocd-cm", "argocd-rbac-cm", "argocd-cmd-params-cm", "argocd-notifications-cm"
WANTED = {  # what must be said, since Argo CD's default is another
    (SETTINGS, "application.resourceTrackingMethod"): (
        ("annotation", "annotation+label"),
        "labels that charts set themselves claim objects of others, which are then pruned",
    ),
    (SETTINGS, "application.sync.requireOverridePrivilegeForRevisionSync"): (
        ("true",),
        "the right to sync is the right to deploy any commit, whatever main says",
    ),
}
KEPT = {  # what may be left unsaid, but not be another
    (SETTINGS, "users.anonymous.enabled"): (("false",), "everyone who reaches Argo CD is let in"),
    (SETTINGS, "exec.enabled"): (("false",), "who may see a Pod in Argo CD gets a shell in it"),
    (SETTINGS, "admin.enabled"): (("true", "false"), "it is neither on nor off"),
    (RIGHTS, "policy.default"): (("",), "everyone who can log in has this role"),
    (PARAMETERS, "applicationsetcontroller.policy"): (
        ("create-update",),
        "it is above what each set says: with a vanished folder goes the Application, and all that it runs",
    ),
    (PARAMETERS, "server.disable.auth"): (("false",), "everyone who reaches Argo CD may do everything"),
}
SECRETS = {"argocd-secret": SETTINGS, "argocd-notifications-secret": NOTIFICATIONS}  # -> whose settings refer to it
KNOWN_HEALTH = (
    *("Pod", "PersistentVolumeClaim", "Service", "apps/DaemonSet", "apps/Deployment", "apps/ReplicaSet", "apps/StatefulSet"),
    *("autoscaling/HorizontalPodAutoscaler", "batch/CronJob", "batch/Job", "cert-manager.io/Certificate"),
    *("external-secrets.io/ExternalSecret", "external-secrets.io/SecretStore", "policy/PodDisruptionBudget"),
)
ALLOWED = frozenset({"get", "sync"})
BUILD = re.compile(r"--(enable-alpha-plugins|enable-exec|enable-helm|load-restrictor|network)\b")
SECRET = re.compile(r"(?i)[\w.-]*(?:secret|password|token|authorization)[\w.-]*$")
REFERENCE = re.compile(r"(?:Bearer )?\$[\w.:-]+")
REFERRED = re.compile(r"(?m)(?::|^)\s*(?:Bearer )?\$([\w.-]+)")
ASSIGNED = re.compile(r"^\s*(?:- )?([\w.-]+):\s+(\S.*?)\s*(?:#.*)?$", re.MULTILINE)

Written = dict[str, dict[str, tuple[str, str]]]  # ConfigMap -> key -> value, and the file that says it


def written(folder: str, texts: Mapping[str, str]) -> Written:
    """What the patches of the installation say, by ConfigMap and key."""
    found: Written = {}
    for path, said in texts.items():
        loaded = _loaded(path, said) if posixpath.dirname(path) == folder else None
        if text(loaded, "kind") == "ConfigMap":
            for key, value in mapping(loaded, "data").items():
                found.setdefault(text(loaded, "metadata", "name"), {})[str(key)] = (str(value), path)
    return found


def setting_problems(folder: str, texts: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with what the installation sets."""
    said = written(folder, texts)
    for (name, key), (values, why) in (WANTED | KEPT).items():
        value, path = said.get(name, {}).get(key, ("", ""))
        if (path or (name, key) in WANTED) and value not in values:
            what = f"{key} of {name} is {value or 'not set'}: {why}"
            yield Problem(path or folder, what, f"write {values[0] or 'an empty text'}")
    options, path = said.get(SETTINGS, {}).get("kustomize.buildOptions", ("", ""))
    if BUILD.search(options):
        what = f"kustomize.buildOptions is {options}: Argo CD renders what `bot validate` and the gate do not"
        yield Problem(path, what, "remove it")
    yield from _plain_addresses(said)
    yield from _replaced_health(*said.get(SETTINGS, {}).get("resource.customizations", ("", "")))
    yield from _rights(*said.get(RIGHTS, {}).get("policy.csv", ("", "")))
    for name in (SETTINGS, NOTIFICATIONS):
        for key, (value, path) in said.get(name, {}).items():
            yield from _open_secrets(key, value, path)


def _plain_addresses(said: Written) -> Iterator[Problem]:
    """Argo CD's own address, from which links and the way back from a login are made."""
    url, context = said.get(SETTINGS, {}).get("url", ("", "")), said.get(NOTIFICATIONS, {}).get("context", ("", ""))
    told = (text(_loaded(context[1], context[0]), "argocdUrl"), context[1])
    for name, (address, path) in (("url of argocd-cm", url), (f"argocdUrl in context of {NOTIFICATIONS}", told)):
        if address and not address.startswith("https://"):
            what = (
                f"{name} is {address}, which is not https: who follows a link, or comes back from a login, sends the session in plain text"
            )
            yield Problem(path, what, "write the address that people open, with https://")


def secret_faults(items: Iterable[Object], said: Written) -> Iterator[Violation]:
    """What fills Argo CD's own Secrets leaves its keys in them, and brings each key that the settings refer to."""
    for item in items:
        name, policy = text(item, "spec", "target", "name"), text(item, "spec", "target", "creationPolicy")
        source = SECRETS.get(name) if text(item, "kind") == "ExternalSecret" else None
        if source is None:
            continue
        if policy != "Merge":
            what = f"is {policy or 'not set (Owner)'}: it takes away the keys that Argo CD itself keeps in {name}, and nobody can log in"
            yield wrong(item, "spec.target.creationPolicy", what, hint="write Merge")
        there = {text(each, "secretKey") for each in mappings(item, "spec", "data")}
        named = {key for value, _ in said.get(source, {}).values() for key in REFERRED.findall(value)}
        for key in sorted(named - there) if not at(item, "spec", "dataFrom") else ():
            what = f"lacks {key}, which {source} refers to: what needs it is refused, without a word here"
            yield wrong(item, "spec.data", what, hint=f"fetch it, one of {', '.join(sorted(there))}, or correct the reference")


def triggers(said: Written) -> frozenset[str]:
    """The names of what people may be told of."""
    return frozenset(key.partition(".")[2] for key in said.get(NOTIFICATIONS, {}) if key.startswith("trigger."))


def services(said: Written) -> frozenset[str]:
    """The names of those by whom they are told."""
    return frozenset(key.rpartition(".")[2] for key in said.get(NOTIFICATIONS, {}) if key.startswith("service."))


def _replaced_health(customizations: str, path: str) -> Iterator[Problem]:
    """The gate asks Argo CD whether workloads are healthy; what it knows by itself is not to be said anew."""
    for pattern, each in mapping({"all": _loaded(path, customizations)}, "all").items():
        hidden = [kind for kind in KNOWN_HEALTH if fnmatchcase(kind, str(pattern))]
        if hidden and "health.lua" in mapping(each):
            what = f"resource.customizations replaces the health of {', '.join(hidden)}, by which the gate knows whether a release works"
            yield Problem(path, what, "name the kinds whose health Argo CD does not know, and no others")


def _rights(policy: str, path: str) -> Iterator[Problem]:
    for line in policy.splitlines():
        kind, role, resource, action, *_ = [*(part.strip() for part in line.split(",")), *[""] * 4]
        if kind == "p" and action not in ALLOWED:
            what = f"policy.csv gives {role} the right to {action or 'nothing'} of {resource}, and deploying is merging alone"
            yield Problem(path, what, f"keep to {', '.join(sorted(ALLOWED))}; administrators log in as admin")
        if kind == "p" and action == "sync" and resource != "applications":
            yield Problem(path, f"policy.csv gives {role} the right to sync {resource}, of which there is none", "write applications")
        if kind == "g" and resource == "role:admin":
            what = f"policy.csv makes {role} administrators: they may delete every Application, and what it runs"
            yield Problem(path, what, "give them role:operator")


def _open_secrets(key: str, value: str, path: str) -> Iterator[Problem]:
    """A value that is called a secret is a reference to one: $name is a key of a Secret."""
    for name, said in [(key, value)] if "\n" not in value else ASSIGNED.findall(value):
        plain = said.strip("\"'")
        if SECRET.fullmatch(name) and plain and plain not in {"|", ">-"} and not REFERENCE.fullmatch(plain):
            yield Problem(path, f"{name} is written out: everyone who reads the repository has it, for ever", "write $KEY, of a Secret")


def _loaded(path: str, said: str) -> object:
    try:
        with readable(path):
            return YAML(typ="safe").load(said)
    except BotError:
        return None  # which is read by nothing, and named so
