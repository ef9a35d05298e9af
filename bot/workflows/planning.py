"""From what is observed to a plan: which trees the source runs, and what the target would be with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.environments import check_promotion
from bot.messages import promotion_body, promotion_commit, promotion_subject
from bot.model import BotError
from bot.ports import FOLDER, Entry
from bot.promotion import allowed_paths, branch_of, check_alert_names, plan_promotion, record_files
from bot.risks import dangerous_first, risks
from bot.workflows.approvals import second_person
from bot.workflows.changes import Changes, Proposal, candidate
from bot.workflows.effects import compare, content_problems, drift_problems, images_at
from bot.workflows.exercised import unexercised
from bot.workflows.inside import commits_inside
from bot.workflows.law import weakened_finding
from bot.workflows.observe import see_application
from bot.workflows.offered import named_release, offered_by
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from bot.model import Environment, Release
    from bot.objects_diff import ObjectChange
    from bot.observations import ApplicationSeen, Finding, Unseen
    from bot.ports import World
    from bot.promotion import Plan
    from bot.workflows.approvals import SecondPerson
    from bot.workflows.stack import Stack


@dataclass(frozen=True)
class Planned:
    """A promotion that has not been judged: nothing was written."""

    stack: Stack
    source: Environment
    target: Environment
    application: ApplicationSeen | Unseen | None  # the source's
    plan: Plan
    proposal: Proposal
    commit: str  # that would be the head
    landing: str  # the tree that main would have
    changes: tuple[ObjectChange, ...]
    risks: tuple[str, ...]
    problems: tuple[Finding, ...]
    images: frozenset[str] | None  # that the target would render; None where it does not

    @property
    def releases(self) -> tuple[Release, ...]:
        """What is to be promoted."""
        return tuple(change.after for change in self.plan.changes)

    @property
    def fixes(self) -> tuple[str, ...]:
        """Alerts that it is to end."""
        return self.plan.fixes


@dataclass(frozen=True)
class Nothing:
    """There is nothing to promote: the target has all that the source is seen to run."""

    stack: Stack
    source: Environment
    target: Environment
    application: ApplicationSeen | Unseen | None  # the source's
    releases: tuple[Release, ...]  # that the source runs
    problems: tuple[Finding, ...] = ()
    fixes: tuple[str, ...] = ()
    images: frozenset[str] | None = None  # that the target renders


@dataclass(frozen=True)
class Wish:
    """What was asked of a promotion beside its source and target."""

    apps: tuple[str, ...] = ()  # none: the whole stack
    release: str | None = None  # an earlier one of the source, by its tree
    drop_hotfix: str | None = None  # why a hotfix of the target may go
    fixes: tuple[str, ...] = ()  # alerts of the target that it is to end


WHOLE = Wish()


def plan(world: World, source_name: str, target_name: str, wish: Wish = WHOLE) -> Planned | Nothing:
    """What promoting now would do; a hotfix that would be lost is a BotError unless it is said why."""
    stack = read_stack(world.origin, world.origin.fetch_main())
    source, target = stack.environment(source_name), stack.environment(target_name)
    if stack.disorder:
        raise stack.disorder
    check_promotion(tuple(stack.environments.values()), source_name, target_name)
    if wish.release is not None and len(wish.apps) != 1:
        raise BotError("--release goes with exactly one app", "name the app", usage=True)
    world.progress.say(f"asking Argo CD what {source_name} runs")
    application = see_application(world, source)
    offered, runs = offered_by(world, stack, source, application=application)
    if wish.release is not None:
        offered, runs = named_release(world, stack, source, app=wish.apps[0], wanted=wish.release)
    found = plan_promotion(
        source,
        target,
        offered=offered,
        current=stack.releases[target_name],
        overlays=stack.overlays[target_name],
        runs=runs,
        asked=wish.apps,
    )
    if found is None:
        running = tuple(offered[app] for app in wish.apps or offered if app in offered)
        return Nothing(stack, source, target, application, running, images=images_at(world, target, stack.commit))
    found = replace(found, drop_reason=wish.drop_hotfix, fixes=check_alert_names(wish.fixes))
    if found.dropped and not wish.drop_hotfix:
        hint = "bring its image into apps/ and promote that, or say --drop-hotfix REASON"
        raise BotError(f"{target_name} runs a hotfix of {', '.join(found.dropped)} that this would take away", hint)
    proposal = propose(stack, found)
    return prepare(world, stack, found, application=application, proposal=proposal, commit=candidate(world, proposal))


def propose(stack: Stack, found: Plan) -> Proposal:
    """The head that a plan would have; its pull request's body is still to be written."""
    target = stack.environment(found.target)
    placement: Changes = {
        target.release_path(change.app): Entry(target.release_path(change.app), FOLDER, change.after.tree) for change in found.changes
    }
    return Proposal(
        branch=branch_of(target.name, found.asked),
        main=stack.commit,
        changes={**placement, **record_files(target, found.changes)},
        message=promotion_commit(found),
        title=promotion_subject(found),
        body="",
        allowed=allowed_paths(target, found.apps),
    )


def prepare(
    world: World,
    stack: Stack,
    found: Plan,
    *,
    application: ApplicationSeen | Unseen | None,
    proposal: Proposal,
    commit: str,
    branch: str | None = None,
) -> Planned:
    """Renders the target before and after a head is merged, and looks for problems; `branch`: where the head lies, if elsewhere."""
    source, target = stack.environment(found.source), stack.environment(found.target)
    landing = world.origin.merged_tree(stack.commit, commit) or commit
    changes, problems, images = compare(world, target, before=stack.commit, after=landing, releases=_after(stack, found))
    problems += drift_problems(stack, found) + content_problems(world, [change.after for change in found.changes])

    def second() -> SecondPerson:
        return second_person(world, world.forge.pull_of_branch(branch or proposal.branch), commit, [target])

    problems += tuple(weakened_finding(world, target, before=stack.commit, after=landing, second=second))
    dangers = risks(changes, target)
    changes = dangerous_first(changes, dangers)
    sentences = tuple(risk.sentence for risk in dangers)
    body = promotion_body(
        found,
        commits=commits_inside(world, found),
        changes=changes,
        risks=sentences,
        unexercised=unexercised(world.origin, stack, found, application=application, landing=landing),
    )
    proposal = replace(proposal, body=body)
    return Planned(stack, source, target, application, found, proposal, commit, landing, changes, sentences, problems, images)


def _after(stack: Stack, found: Plan) -> tuple[Release, ...]:
    current = dict(stack.releases[found.target])
    return tuple((current | {change.app: change.after for change in found.changes}).values())
