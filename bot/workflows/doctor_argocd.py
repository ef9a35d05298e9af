"""Doctor on an environment's Argo CD: reachable, tested, our token its project's, the Application as it must be."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from bot.model import BotError
from bot.observations import Unseen
from bot.setup import OK, PROBLEM, UNKNOWN, WARNING, Check
from bot.workflows.observe import attempt
from bot.workflows.sync_troubles import missing, set_troubles, troubles, version_trouble, window_trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model import Environment
    from bot.observations import ApplicationSeen
    from bot.ports import ArgoCD, World

AT_ONCE = 4  # as many connections as the adapter keeps
NO_KIND = re.compile(r'could not find the requested resource|no matches for kind|^\S+\.\S+ "" not found')  # as API servers say it
NEEDED, TOO_MUCH = ("get", "sync"), ("create", "update", "delete", "override")


def argocd_checks(world: World, environment: Environment) -> list[Check]:
    """In the order in which one thing needs the other; what a failure hides is not asked."""
    name, url = environment.name, environment.argocd.url
    try:
        argocd = world.argocd(environment)
        version = argocd.version()
        user = argocd.user()
    except BotError as error:
        return [Check(PROBLEM, name, error.message, error.hint)]
    untested = version_trouble(name, url, version)
    found = [untested or Check(OK, name, f"Argo CD at {url} is {version.partition('+')[0]}, a tested version")]
    if user is None:
        return [*found, _not_accepted(argocd, environment)]
    return [*found, _whose(user, environment), *_rights(argocd, environment), *_things(world, argocd, environment)]


def _not_accepted(argocd: ArgoCD, environment: Environment) -> Check:
    """A token that the server does not know; asked about the Application, it says why."""
    try:
        argocd.application()
    except BotError as error:
        return Check(PROBLEM, environment.name, error.message, error.hint)
    fix = f"make a token: `argocd proj role create-token {environment.argocd.project} bot`"
    return Check(WARNING, environment.name, "Argo CD answers without a token: anybody may read it", fix)


def _whose(user: str, environment: Environment) -> Check:
    project = environment.argocd.project
    if user.startswith(f"proj:{project}:"):
        return Check(OK, environment.name, f"the token is of {user}")
    fix = f"make one of the project's role: `argocd proj role create-token {project} bot`"
    if user.startswith("proj:"):
        return Check(PROBLEM, environment.name, f"the token is of {user}, not of the project {project}", fix)
    return Check(WARNING, environment.name, f"the token is of the account {user}, not of the project {project} alone", fix)


def _rights(argocd: ArgoCD, environment: Environment) -> Iterator[Check]:
    name, project = environment.name, environment.argocd.project
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda action: attempt(lambda: argocd.may(action)), (*NEEDED, *TOO_MUCH)))
    may = dict(zip((*NEEDED, *TOO_MUCH), answers, strict=True))
    for action in NEEDED:
        answer = may[action]
        right = f"p, proj:{project}:bot, applications, {action}, {project}/{environment.argocd.application}, allow"
        fix = f"add `{right}` to the role in argocd/projects"
        if isinstance(answer, Unseen):
            yield Check(UNKNOWN, name, f"cannot tell whether the token may {action} the Application: {answer.detail}", fix)
        elif answer:
            yield Check(OK, name, f"the token may {action} the Application")
        else:
            yield Check(PROBLEM, name, f"the token may not {action} the Application", fix)
    too_much = [action for action in TOO_MUCH if may[action] is True]
    if too_much:
        fix = "the bot needs get and sync alone: take the rest from its role"
        yield Check(WARNING, name, f"the token may also {', '.join(too_much)} the Application", fix)


def _things(world: World, argocd: ArgoCD, environment: Environment) -> Iterator[Check]:
    name = environment.name
    yield _project(argocd, environment)
    try:
        app = argocd.application()
    except BotError as error:
        yield Check(PROBLEM, name, error.message, error.hint)
    else:
        yield from [missing(environment)] if app is None else _application(world, app, environment)
        window = None if app is None else window_trouble(name, attempt(argocd.sync_window))
        yield from [window] if window else []
    sets = attempt(argocd.application_sets)
    if isinstance(sets, Unseen) or not sets:
        fix = "a project's role does not see them: `kubectl -n argocd get applicationset environments -o yaml`"
        yield Check(UNKNOWN, name, "cannot tell whether the ApplicationSet is well: the token may not see it", fix)
    else:
        named = ", ".join(each.name for each in sets)
        yield from [*set_troubles(name, sets)] or [Check(OK, name, f"the ApplicationSets are well: {named}")]


def _project(argocd: ArgoCD, environment: Environment) -> Check:
    name, project = environment.name, environment.argocd.project
    fix = "apply `argocd/projects`, or correct `argocd.project` in environment.yaml"
    seen = attempt(argocd.has_project)
    if isinstance(seen, Unseen):
        return Check(UNKNOWN, name, f"cannot tell whether Argo CD has the project {project}: {seen.detail}", fix)
    return Check(OK, name, f"the project {project} exists") if seen else Check(PROBLEM, name, f"Argo CD has no project {project}", fix)


def _application(world: World, app: ApplicationSeen, environment: Environment) -> list[Check]:
    found = [*troubles(app, environment, world.origin.url), *unknown_kinds(app, environment)]
    follows = f"the Application {app.name} has one source, {app.path} on {app.target_revision}, and syncs by itself"
    return found or [Check(OK, environment.name, follows)]


def unknown_kinds(app: ApplicationSeen, environment: Environment) -> Iterator[Check]:
    """Kinds that the cluster does not know, as far as the last sync tells; one that succeeded met none."""
    failed = app.operation.faults if app.operation else ()
    kinds = dict.fromkeys(fault.kind for fault in failed if NO_KIND.search(fault.message))
    for kind in kinds:
        fix = f"install the CRD that defines it: see clusters/ and argocd/, then `bot sync {environment.name}`"
        yield Check(PROBLEM, environment.name, f"the cluster does not know the kind {kind}", fix)
