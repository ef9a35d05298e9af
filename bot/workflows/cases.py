"""A pull request as it would land: what it reaches, and what is judged of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.gate import judge, worst
from bot.gate.freeze_rows import target_is_not_frozen
from bot.gate.outcomes import names
from bot.model import BotError, Verdict
from bot.observations import Finding, Judgement, Observations
from bot.risks import lasting_risks, stateful
from bot.workflows.approvals import second_person
from bot.workflows.effects import compare, problem
from bot.workflows.judging import judge_planned
from bot.workflows.law import weakened_finding
from bot.workflows.observe import Question, see_application, see_environments
from bot.workflows.pulls import planned_of
from bot.workflows.reach import reach
from bot.workflows.rendering import render_at
from bot.workflows.stack import read_stack
from bot.workflows.ways import approval, way_findings, way_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.model import Environment
    from bot.ports import PullRequest, World
    from bot.workflows.reach import Reach
    from bot.workflows.stack import Stack
    from bot.workflows.ways import Way

SUBJECT = "pull request"
SHOWN = "shown, not blocking: "


@dataclass(frozen=True)
class Case:
    """What was judged: a head, the main that it would land on, and the tree that main would then be."""

    stack: Stack
    head: str
    landing: str
    targets: tuple[Environment, ...]  # gated environments that it reaches
    judgement: Judgement


def judge_case(world: World, pull: PullRequest) -> Case:
    """Judges a pull request by its kind: a promotion by the whole table, everything else by what it reaches."""
    stack = read_stack(world.origin, world.origin.fetch_main())
    if world.origin.fetch_branch(pull.branch) != pull.head:
        raise BotError(f"pull request {pull.number} moved while it was read", "run this again")
    landing = world.origin.merged_tree(stack.commit, pull.head)
    if landing is None:
        fault = Finding(12, "conflict", Verdict.FAIL, SUBJECT, "it does not merge with main; run `bot promote` again if it is a promotion")
        return Case(stack, pull.head, pull.head, (), _judgement(world, [fault]))
    after = read_stack(world.origin, landing)
    reached = reach(stack, after, world.origin.changed_paths(stack.commit, landing))
    targets = tuple(stack.environments[name] for name in reached.environments if name in stack.environments)
    ways = [way_of(world, stack, after, stack.environment(name), app) for name, apps in reached.releases.items() for app in apps]
    if any(way.kind == "promoted" for way in ways):
        judgement = _promotion(world, pull, reached)
    else:
        judgement = _judgement(world, _Look(world, pull, stack, after, landing).findings(reached, ways))
    return Case(stack, pull.head, landing, targets, judgement)


def _promotion(world: World, pull: PullRequest, reached: Reach) -> Judgement:
    if len(reached.releases) > 1:
        what = f"it changes releases of {names(set(reached.releases))}: a promotion is into one environment"
        return _judgement(world, [Finding(12, "not-promoted", Verdict.FAIL, SUBJECT, what)])
    return judge_planned(world, planned_of(world, pull))


def _judgement(world: World, findings: Iterable[Finding]) -> Judgement:
    ordered = sorted(findings, key=lambda each: (-each.verdict, each.row, each.subject, each.code))
    return Judgement(worst(ordered), tuple(ordered), world.now())


@dataclass(frozen=True)
class _Look:
    """What a pull request that promotes nothing would do."""

    world: World
    pull: PullRequest
    stack: Stack
    after: Stack
    landing: str

    def findings(self, reached: Reach, ways: list[Way]) -> Iterator[Finding]:
        """Everything that is known of it; nothing is a finding, too."""
        yield Finding(12, "reach", Verdict.PASS, SUBJECT, f"it reaches {', '.join(reached.environments) or 'no gated environment'}")
        for name in sorted({*reached.releases, *reached.overlays}):
            yield from self._environment(name, reached, [way for way in ways if way.environment.name == name])
        yield from self._law(reached)
        for hold in reached.lifted:
            subject = f"{hold.environment}: holds"
            who = self._approved([hold.environment])
            yield approval("hold-lifted", subject, f"the hold {hold.id} would be lifted: {hold.why}", approved=who)

    def _environment(self, name: str, reached: Reach, ways: list[Way]) -> Iterator[Finding]:
        environment = self.after.environments.get(name) or self.stack.environments.get(name)
        if name in self.after.unreadable or environment is None:
            what = self.after.unreadable[name].message if name in self.after.unreadable else f"environments/{name} has no environment.yaml"
            yield Finding(12, "environment-contents", Verdict.FAIL, name, what)
            return
        releases = tuple(self.after.releases[name].values())
        changes, problems = compare(self.world, environment, before=self.stack.commit, after=self.landing, releases=releases)
        yield from problems
        yield from (problem(environment, "release-not-recorded", release.drift) for release in releases if release.drift)
        who = self._approved([name])
        for way in ways:
            yield from way_findings(self.stack, way, is_stateful=self._keeps_data(environment, way), approved=who)
        if any(way.kind == "returned" for way in ways):
            yield from (problem(environment, "rollback-loses-data", risk) for risk in lasting_risks(changes))
        returned = {way.app for way in ways if way.kind == "returned"}
        others = {way.app for way in ways} - returned
        foreign = [path for path in reached.overlays.get(name, ()) if path.split("/")[2] not in returned]
        if others or foreign:
            yield from self._frozen(environment, (*returned, *others))
        yield from self._alerts(environment)

    def _keeps_data(self, environment: Environment, way: Way) -> bool:
        if way.kind != "returned":
            return False
        try:
            rendered = render_at(self.world.origin, self.world.renderer, commit=self.landing, environment=environment, folder=way.app)
        except BotError:
            return True  # what cannot be rendered is refused anyway
        return bool(stateful(rendered.objects))

    def _frozen(self, environment: Environment, apps: tuple[str, ...]) -> Iterator[Finding]:
        freezes = [freeze for freeze in self.stack.freezes if freeze.environment == environment.name]
        for outcome in target_is_not_frozen(self._law_of(environment).policy, freezes, apps, now=self.world.now()):
            yield Finding(11, outcome.code, outcome.verdict, f"{environment.name}: freezes", outcome.summary, outcome.facts)

    def _law_of(self, environment: Environment) -> Environment:
        """The environment as main declares it; of a new one there is only its own word."""
        return self.stack.environments.get(environment.name, environment)

    def _alerts(self, environment: Environment) -> Iterator[Finding]:
        """What the environment's gate says now: shown, since this may be the cure."""
        if environment.name not in self.stack.environments:
            return
        law = self.stack.environments[environment.name]
        current = tuple(self.stack.releases[law.name].values())
        application = see_application(self.world, law)
        question = Question(law, "target", self.stack.commit, current, application, law.policy, sync_window=None)
        (seen,) = see_environments(self.world, [question])
        for finding in judge(Observations(None, seen, ()), now=self.world.now()).findings:
            if finding.verdict is not Verdict.PASS:
                yield replace(finding, verdict=Verdict.PASS, summary=f"{SHOWN}{finding.verdict.name}: {finding.summary}")

    def _law(self, reached: Reach) -> Iterator[Finding]:
        if self.after.disorder:
            yield Finding(12, "environment-contents", Verdict.FAIL, SUBJECT, self.after.disorder.message)
        for name in reached.policies:
            if name in self.after.unreadable:
                yield Finding(12, "environment-contents", Verdict.FAIL, name, self.after.unreadable[name].message)
            what = f"environments/{name}/environment.yaml, by which promotions are judged, would be another"
            yield approval("law-changed", f"{name}: policy", what, approved=self._approved([name]))
        if reached.law:
            what = f"it changes {', '.join(reached.law[:5])}" + (f" and {len(reached.law) - 5} more" if reached.law[5:] else "")
            yield approval("law-changed", SUBJECT, what, approved=self._approved(list(self.stack.environments)))
        for environment in self.stack.environments.values():
            if environment.name in self.after.environments:
                who = self._approved([environment.name])
                yield from weakened_finding(self.world, environment, before=self.stack.commit, after=self.landing, approved=who)

    def _approved(self, environments: list[str]) -> str | None:
        known = [self.stack.environments[name] for name in environments if name in self.stack.environments]
        return second_person(self.world, self.pull, self.pull.head, known)
