"""Projects of Argo CD: each allows the repositories, clusters and namespaces that its Applications use, the bot its two rights, no more."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bot.policies.fields import indexed, mapping, mappings, seconds, text, words
from bot.policies.manifests import name_of, wrong
from bot.policies.projects import IN_CLUSTER, IN_NAMESPACE, WILD
from bot.policies.schedules import why_no_fields
from bot.time_zones import is_time_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.policies.application_sets import Made
    from bot.policies.manifests import Object, Violation
    from bot.policies.projects import Kind

BOT = "bot"
RIGHTS = ("get", "sync")  # to read, and to end and start syncs: deploying is merging
BLOCKED = "namespaceResourceBlacklist"
PRESENT = frozenset({"default", "kube-system", "kube-public"})  # namespaces that every cluster has, so that nobody makes them
OF_ARGO_CD = "argoproj.io"


def refused_applications(project: Object, made: Sequence[Made]) -> Iterator[Violation]:
    """What a project's Applications use is allowed."""
    allowed = words(project, "spec", "sourceRepos")
    for each in sorted({repository for one in made for repository in one.repositories} - {*allowed}):
        what = f"lacks {each}, from which {_users(made, each)} comes: Argo CD refuses to sync it"
        yield wrong(project, "spec.sourceRepos", what, hint=f"add {each}, as it is written there")
    places = {(text(each, "server"), text(each, "namespace")) for each in mappings(project, "spec", "destinations")}
    for server, namespace in sorted({each.place for each in made} - places):
        users = ", ".join(each.name for each in made if each.place == (server, namespace))
        what = f"lack the namespace {namespace} of {server}, where {users} goes: Argo CD refuses to sync it"
        yield wrong(project, "spec.destinations", what, hint=f"add server {server}, namespace {namespace}")


def needless_limits(project: Object, made: Sequence[Made]) -> Iterator[Violation]:
    """What a project allows is used by its Applications."""
    used = {repository for each in made for repository in each.repositories}
    for index, repository in enumerate(words(project, "spec", "sourceRepos")):
        if repository not in used:
            yield _needless(project, f"spec.sourceRepos[{index}]", repository)
    places = {each.place for each in made}
    for index, each in indexed(project, "spec", "destinations"):
        place = (text(each, "server"), text(each, "namespace"))
        if place not in places:
            yield _needless(project, f"spec.destinations[{index}]", f"the namespace {place[1]} of {place[0] or text(each, 'name')}")


def made_namespaces(project: Object, made: Sequence[Made]) -> Iterator[Violation]:
    """Namespaces that Argo CD makes for its Applications are allowed by name, and no others."""
    wanted = {each.place[1] for each in made if _makes_its_namespace(each)} - PRESENT
    entries = [(index, each) for index, each in indexed(project, "spec", IN_CLUSTER) if text(each, "kind") == "Namespace"]
    for name in sorted(wanted - {text(each, "name") for _, each in entries}):
        what = f"does not allow Namespace {name}, which is made for an Application: Argo CD refuses the sync"
        yield wrong(project, f"spec.{IN_CLUSTER}", what, hint=f'add group "", kind Namespace, name {name}')
    for index, each in entries:
        if text(each, "name") not in wanted:
            yield _needless(project, f"spec.{IN_CLUSTER}[{index}]", f"Namespace {text(each, 'name') or 'of any name'}")


def refused_by_platform(project: Object, wanted: Iterable[Kind], server: str, namespaces: Iterable[str]) -> Iterator[Violation]:
    """What plain folders of a cluster render is allowed by a project that lists what it refuses, not what it takes."""
    for each in sorted(wanted):
        listed = mappings(project, "spec", BLOCKED if each.listed == IN_NAMESPACE else IN_CLUSTER)
        fits = [one for one in listed if fnmatchcase(each.group, text(one, "group")) and fnmatchcase(each.kind, text(one, "kind"))]
        named = any(not text(one, "name") or fnmatchcase(each.name, text(one, "name")) for one in fits)
        if (each.listed == IN_NAMESPACE) is named:
            where = f"spec.{BLOCKED if each.listed == IN_NAMESPACE else IN_CLUSTER}"
            yield wrong(project, where, f"refuses {each}, which a cluster's folder renders", hint="allow that kind, or do not render it")
    places = {(text(each, "server"), text(each, "namespace")) for each in mappings(project, "spec", "destinations")}
    for namespace in sorted({*namespaces} - {known for place, known in places if place == server}):
        what = f"lack the namespace {namespace} of {server}, where a cluster's folder has an object"
        yield wrong(project, "spec.destinations", what, hint=f"add server {server}, namespace {namespace}")


def platform_takes_no_applications(project: Object) -> Iterator[Violation]:
    """Who may write a chart's values must not write Applications or projects with it, nor any kind of the cluster."""
    if not any(text(each, "group") == OF_ARGO_CD and text(each, "kind") == "*" for each in mappings(project, "spec", BLOCKED)):
        what = f"does not refuse the kinds of {OF_ARGO_CD}: an add-on could bring Applications and projects, and with them any right"
        yield wrong(project, f"spec.{BLOCKED}", what, hint=f'write group {OF_ARGO_CD}, kind "*"')
    for index, each in indexed(project, "spec", IN_CLUSTER):
        called = f"{text(each, 'group')}/{text(each, 'kind')}".lstrip("/")
        if WILD & set(called):
            yield wrong(project, f"spec.{IN_CLUSTER}[{index}]", f"allows {called}, a pattern", hint="name each kind that charts render")


def the_bot_may_get_and_sync(project: Object, application: str) -> Iterator[Violation]:
    """The bot's role may read and sync its one Application, and nobody's group has that role."""
    roles = [(index, each) for index, each in indexed(project, "spec", "roles") if text(each, "name") == BOT]
    if not roles:
        yield wrong(project, "spec.roles", "has no role bot: no token can be made for it", hint="copy the one of another project")
    for index, role in roles:
        subject = f"proj:{name_of(project)}:{BOT}"
        wanted: set[tuple[str, ...]] = {
            ("p", subject, "applications", right, f"{name_of(project)}/{application}", "allow") for right in RIGHTS
        }
        written = {tuple(word.strip() for word in line.split(",")): line for line in words(role, "policies")}
        for line in sorted(wanted - written.keys()):
            what = f"lacks the right to {line[3]} {application}: the bot cannot observe it, or start a rollback's sync"
            yield wrong(project, f"spec.roles[{index}].policies", what, hint=f"add {', '.join(line)}")
        for line in sorted(written.keys() - wanted):
            what = f"says {written[line]}: more than to get and sync {application}, or no right at all"
            yield wrong(project, f"spec.roles[{index}].policies", what, hint="remove it; the bot needs no more")
        if words(role, "groups"):
            what = f"are {', '.join(words(role, 'groups'))}: whoever is in them may what the bot may"
            yield wrong(project, f"spec.roles[{index}].groups", what, hint="give people a role of their own in argocd/install/rights.yaml")


def windows_let_a_rollback_pass(project: Object, application: str, place: tuple[str, str]) -> Iterator[Violation]:
    """A sync that somebody starts passes each window: one that does not say so stops a rollback as well (canSync is of all together)."""
    for index, window in indexed(project, "spec", "syncWindows"):
        where = f"spec.syncWindows[{index}]"
        if window.get("manualSync") is not True:
            what = "does not say manualSync: true, so that the sync of a rollback waits until the window is over"
            yield wrong(project, f"{where}.manualSync", what, hint="write true; deploying by itself stays closed")
        if not _applies(window, application, place):
            what = f"is for nothing that {application} is: it holds up nothing"
            yield wrong(project, where, what, hint='name it in applications, such as "*"')


def windows_can_be_read(project: Object) -> Iterator[Violation]:
    """The schedule, length and time zone of each window are what Argo CD reads: with one that it cannot, nothing syncs at all."""
    for index, window in indexed(project, "spec", "syncWindows"):
        schedule, duration = (str(window.get(key) or "not set") for key in ("schedule", "duration"))
        if reason := why_no_fields(schedule):
            what = f"is {schedule}: {reason}; Argo CD cannot tell when the window is open, and syncs nothing"
            hint = 'write five fields of cron, such as "0 0 24 12 *"'
            yield wrong(project, f"spec.syncWindows[{index}].schedule", what, hint=hint)
        if not seconds(window, "duration"):
            what = f"is {duration}, which is no length of time: Argo CD cannot tell when the window is open, and syncs nothing"
            yield wrong(project, f"spec.syncWindows[{index}].duration", what, hint="write hours and minutes, such as 192h; a day is 24h")
        zone = text(window, "timeZone")
        if zone and not is_time_zone(zone):
            what = f"is {zone}, which is no time zone: Argo CD cannot tell when the window is open"
            hint = "name one of the IANA database, such as Europe/Berlin, or leave it out for UTC"
            yield wrong(project, f"spec.syncWindows[{index}].timeZone", what, hint=hint)


def _applies(window: Object, application: str, place: tuple[str, str]) -> bool:
    server, namespace = place
    listed = (("applications", application), ("clusters", server), ("namespaces", namespace))
    found = [any(fnmatchcase(value, pattern) for pattern in words(window, key)) for key, value in listed if words(window, key)]
    return bool(found) and (all(found) if window.get("andOperator") is True else any(found))


def _makes_its_namespace(made: Made) -> bool:
    return "CreateNamespace=true" in words(mapping(made.application, "spec"), "syncPolicy", "syncOptions")


def _needless(project: Object, where: str, what: str) -> Violation:
    return wrong(project, where, f"allows {what}, which none of its Applications uses", hint="remove it; name exactly what is used")


def _users(made: Sequence[Made], repository: str) -> str:
    return ", ".join(each.name for each in made if repository in each.repositories)
