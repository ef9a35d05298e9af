"""What a pull request that promotes nothing would do: what it reaches, what speaks against it, and who must say yes first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from bot.gate import judge
from bot.gate.freeze_rows import target_is_not_frozen
from bot.holds import hold_path
from bot.model import BotError, Verdict
from bot.observations import Finding, Observations, Unseen
from bot.risks import lasting_risks
from bot.workflows.approvals import second_person
from bot.workflows.effects import compare, problem
from bot.workflows.law import weakened_finding
from bot.workflows.observe import see_application
from bot.workflows.rollback_render import keeps_data
from bot.workflows.seeing import Question, see_environments
from bot.workflows.stack import NO_HOLDS
from bot.workflows.ways import approval, way_findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model import Environment, Freeze, Hold
    from bot.ports import PullRequest, World
    from bot.workflows.approvals import SecondPerson
    from bot.workflows.reach import Reach
    from bot.workflows.stack import Stack
    from bot.workflows.ways import Way

SUBJECT = "pull request"
SHOWN = "shown, not blocking: "


def forbidden_files(reached: Reach) -> Iterator[Finding]:
    """Files that may be nowhere, whatever else a pull request does."""
    for path in reached.forbidden:
        what = f"{path} changes what a checkout holds: Argo CD would run other files"
        yield Finding(12, "environment-contents", Verdict.FAIL, SUBJECT, what)


@dataclass(frozen=True)
class Unpromoted:
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
        yield from forbidden_files(reached)
        yield from self._law(reached)
        yield from self._odd_holds(reached)
        for hold in reached.lifted:
            subject = f"{hold.environment}: holds"
            who = self._second([hold.environment])
            yield approval("hold-lifted", subject, f"the hold {hold.id} would be lifted: {hold.why}", second=who)

    def _odd_holds(self, reached: Reach) -> Iterator[Finding]:
        """A hold that nobody can read stops promotions, and what goes of such ones may have been meant."""
        if isinstance(self.after.holds, Unseen) and not isinstance(self.stack.holds, Unseen):
            yield Finding(10, self.after.holds.code, Verdict.FAIL, SUBJECT, f"it would stop every promotion: {self.after.holds.detail}")
        held: tuple[Hold | Freeze, ...] = (*self.stack.readable_holds, *self.stack.freezes)
        readable = {hold_path(hold) for hold in held}
        for path in reached.holds:
            if path not in readable and path.rsplit("/", 1)[-1] not in NO_HOLDS and self.world.origin.entry(self.stack.commit, path):
                who = self._second([path.split("/")[1]])
                yield approval("hold-lifted", SUBJECT, f"{path}, which cannot be read, would be another or gone", second=who)

    def _environment(self, name: str, reached: Reach, ways: list[Way]) -> Iterator[Finding]:
        environment = self.after.environments.get(name)
        if environment is None and name in self.stack.environments and name not in self.after.unreadable:
            what = f"environments/{name} would be gone; what it runs goes on, and nobody sees to it"
            yield approval("environment-gone", name, what, second=self._second([name]))
            return
        if name in self.after.unreadable or environment is None:
            what = self.after.unreadable[name].message if name in self.after.unreadable else f"environments/{name} has no environment.yaml"
            yield Finding(12, "environment-contents", Verdict.FAIL, name, what)
            return
        releases = tuple(self.after.releases[name].values())
        changes, problems, images = compare(self.world, environment, before=self.stack.commit, after=self.landing, releases=releases)
        yield from problems
        yield from (problem(environment, "release-not-recorded", release.drift) for release in releases if release.drift)
        who = self._second([name])
        for way in ways:
            yield from way_findings(self.stack, way, is_stateful=self._keeps_data(environment, way), second=who, images=images)
        if any(way.kind == "returned" for way in ways):
            yield from (problem(environment, "rollback-loses-data", risk) for risk in lasting_risks(changes))
        returned = {way.app for way in ways if way.kind == "returned"}
        others = {way.app for way in ways} - returned
        foreign = [path for path in reached.overlays.get(name, ()) if not self._comes_back(path, ways)]
        if others or foreign:
            yield from self._frozen(environment, (*returned, *others))
        yield from self._alerts(environment)

    def _comes_back(self, path: str, ways: list[Way]) -> bool:
        """Whether an overlay's file is what it was when a release that comes back ran here."""
        run = next((way.run for way in ways if way.kind == "returned" and way.run and path.split("/")[2] == way.app), None)
        origin = self.world.origin
        return run is not None and origin.entry(run, path) == origin.entry(self.landing, path)

    def _keeps_data(self, environment: Environment, way: Way) -> bool:
        if way.kind != "returned":
            return False
        try:
            return keeps_data(self.world.origin, self.world.renderer, self.landing, environment, app=way.app)
        except BotError:
            return True  # what cannot be rendered is refused anyway

    def _frozen(self, environment: Environment, apps: tuple[str, ...]) -> Iterator[Finding]:
        """By the law that main declares; of a new environment there is only its own word."""
        law = self.stack.environments.get(environment.name, environment)
        for outcome in target_is_not_frozen(law, self.stack.freezes, apps, now=self.world.now()):
            yield Finding(11, outcome.code, outcome.verdict, f"{environment.name}: freezes", outcome.summary, outcome.facts)

    def _alerts(self, environment: Environment) -> Iterator[Finding]:
        """What the environment's gate says now: shown, since this may be the cure."""
        if environment.name not in self.stack.environments:
            return
        law = self.stack.environments[environment.name]
        current = tuple(self.stack.releases[law.name].values())
        question = Question(
            law, "target", self.stack.commit, current, lambda: see_application(self.world, law), law.policy, sync_window=None
        )
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
            yield approval("law-changed", f"{name}: policy", what, second=self._second([name]))
        if reached.law:
            what = f"it changes {', '.join(reached.law[:5])}" + (f" and {len(reached.law) - 5} more" if reached.law[5:] else "")
            yield approval("law-changed", SUBJECT, what, second=self._second(list(self.stack.environments)))
        for environment in self.stack.environments.values():
            if environment.name in self.after.environments:
                second = partial(self._second, [environment.name])
                yield from weakened_finding(self.world, environment, before=self.stack.commit, after=self.landing, second=second)

    def _second(self, environments: list[str]) -> SecondPerson:
        known = [self.stack.environments[name] for name in environments if name in self.stack.environments]
        if len(known) < len(environments):  # of one that is new, those of all the others may speak
            known = list(self.stack.environments.values())
        return second_person(self.world, self.pull, self.pull.head, known)
