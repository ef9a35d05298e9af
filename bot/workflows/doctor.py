"""Doctor: whether everything that promotions need is in place, each thing with its fix; reads alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from bot.model import ENVIRONMENTS, MAIN, BotError
from bot.observations import Unseen
from bot.setup import OK, PROBLEM, UNKNOWN, WARNING, Check
from bot.workflows.doctor_alertmanager import alertmanager_checks
from bot.workflows.doctor_argocd import argocd_checks
from bot.workflows.doctor_forge import FORGE, forge_checks
from bot.workflows.doctor_prometheus import prometheus_checks
from bot.workflows.observe import attempt
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.model import Environment
    from bot.ports import World
    from bot.setup import Program
    from bot.workflows.stack import Stack

MACHINE, REPOSITORY = "machine", "repository"
OWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")  # where GitHub looks
AT_ONCE = 8


def doctor(world: World, names: Sequence[str] = ()) -> tuple[Check, ...]:
    """Looks at this machine, the repository, the forge, and the named environments, or those that are live."""
    machine = _machine(world)
    stack = attempt(lambda: read_stack(world.origin, world.origin.fetch_main()))
    if isinstance(stack, Unseen):
        why = Check(PROBLEM, REPOSITORY, stack.detail, "without it no environment is known: see --repo and the credential for the forge")
        return (*machine, why, *forge_checks(world, ()))
    chosen = [stack.environment(name) for name in dict.fromkeys(names)] or [each for each in stack.environments.values() if each.live]
    skipped = [] if names else [each for each in stack.environments.values() if not each.live]
    work: list[Callable[[], Iterable[Check]]] = [lambda: forge_checks(world, tuple(stack.environments.values()))]
    work += [partial(argocd_checks, world, each) for each in chosen]
    work += [partial(prometheus_checks, world, each, stack.commit) for each in chosen]
    work += [partial(alertmanager_checks, world.alertmanager, each) for each in chosen]
    world.progress.say(f"asking the forge, and Argo CD and Prometheus of {', '.join(each.name for each in chosen) or 'no environment'}")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = list(pool.map(lambda each: list(each()), work))
    remote = [check for checks in asked for check in checks]
    order = [FORGE, *(each.name for each in chosen)]
    remote.sort(key=lambda check: order.index(check.place))  # what an environment has side by side
    return (*machine, *_repository(world, stack), *remote, *map(_skipped, skipped))


def _machine(world: World) -> list[Check]:
    try:
        return [_program(each) for each in world.programs()]
    except BotError as error:
        return [Check(PROBLEM, MACHINE, error.message, error.hint)]


def _program(found: Program) -> Check:
    version, least = (".".join(map(str, each)) for each in (found.version, found.least))
    if found.version == (0, 0):
        return Check(UNKNOWN, MACHINE, f"cannot tell the version of {found.name}", f"{least} or later is needed: run it by hand")
    if found.version < found.least:
        return Check(PROBLEM, MACHINE, f"{found.name} is {version}", f"install {least} or later")
    return Check(OK, MACHINE, f"{found.name} is {version}")


def _repository(world: World, stack: Stack) -> list[Check]:
    """What main itself says."""
    found = [Check(OK, REPOSITORY, f"{world.origin.url} answers; {MAIN} is at {stack.commit[:12]}")]
    found += [Check(PROBLEM, name, error.message, error.hint) for name, error in stack.unreadable.items()]
    if stack.disorder:
        found.append(Check(PROBLEM, ENVIRONMENTS, stack.disorder.message, stack.disorder.hint))
    if any(world.origin.entry(stack.commit, path) for path in OWNERS):
        found.append(Check(OK, REPOSITORY, "CODEOWNERS is on main"))
    else:
        found.append(Check(PROBLEM, REPOSITORY, "main has no CODEOWNERS, so nobody must approve", "write .github/CODEOWNERS"))
    return found


def _skipped(environment: Environment) -> Check:
    what = f"declared `live: false`, so not looked at; `bot doctor {environment.name}` looks"
    return Check(WARNING, environment.name, what, f"once it runs, set `live: true` in {environment.folder}/environment.yaml")
