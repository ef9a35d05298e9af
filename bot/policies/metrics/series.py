"""The series that Prometheus has of an environment: which scrapes bring each, and under which labels; those of its rules, too."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bot.policies.fields import mapping, text
from bot.policies.metrics import exported
from bot.policies.metrics.expressions import metric, nodes, rules_in_groups, selectors
from bot.policies.metrics.inference import labels_of
from bot.policies.metrics.scrapes import OTHERS, all_scrapes, duration, scrapes_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    import promql_parser

    from bot.policies.manifests import Manifests, Object
    from bot.policies.metrics import Exported
    from bot.policies.metrics.inference import Labels
    from bot.policies.metrics.scrapes import Scrape

OF_ALERTS = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
EVALUATED_EVERY = "30s"  # as the operator has it, where a group of rules says nothing
OF_TARGETS = next(each for each in exported() if each.component == "prometheus")


@dataclass(frozen=True)
class Series:
    """Series of one name from one place."""

    job: str | None  # None for what rules write
    interval: timedelta  # from sample to sample
    labels: Mapping[str, str] | None  # each with the label that the program wrote; None where an expression decides, which may be any
    written: frozenset[str] = frozenset()  # by the program, before anything was put aside


@dataclass(frozen=True)
class Measured:
    """What is measured in an environment."""

    manifests: Manifests

    def of(self, name: str) -> tuple[Series, ...] | None:
        """The series of a name: none when nothing here brings them, None when the name is not known at all."""
        rules = self._recording.get(name)
        if rules is None:
            if name not in self._known:
                self._known[name] = self._exported(name)
            return self._known[name]
        return tuple(self._recorded(name, group, rule) for group, rule in rules)

    def labels(self, selector: promql_parser.VectorSelector) -> Labels:
        """All labels that series of this name may have; None for any."""
        found = self.of(str(metric(selector)))
        if not found or any(each.labels is None for each in found):
            return None
        return frozenset(label for each in found for label in each.labels or ())

    @cached_property
    def _known(self) -> dict[str, tuple[Series, ...] | None]:
        """What was asked for already: alerts and panels name the same few."""
        return {}

    @cached_property
    def _scrapes(self) -> tuple[tuple[Exported, tuple[Scrape, ...]], ...]:
        return tuple((each, scrapes_of(self.manifests, each)) for each in exported())

    def _exported(self, name: str) -> tuple[Series, ...] | None:
        if name in OF_ALERTS:
            return (Series(None, duration(EVALUATED_EVERY), None),)
        bring = [(component.labels[name], scrapes) for component, scrapes in self._scrapes if name in component.series]
        if name in OF_TARGETS.series:  # Prometheus writes them beside what it scrapes, whatever that is
            elsewhere = [each for component, scrapes in self._scrapes if component.elsewhere for each in scrapes]
            targets = (*all_scrapes(self.manifests), *elsewhere)
            return tuple(Series(each.job, each.interval, dict.fromkeys(each.adds, OTHERS)) for each in targets)
        stored = [(scrape, scrape.labels(name, written), written) for written, scrapes in bring for scrape in scrapes]
        found = [Series(scrape.job, scrape.interval, labels, written) for scrape, labels, written in stored if labels is not None]
        return tuple(found) if bring else None

    @cached_property
    def _recording(self) -> dict[str, list[tuple[Object, Object]]]:
        found: dict[str, list[tuple[Object, Object]]] = {}
        for _, _, group, rule in rules_in_groups(self.manifests):
            if "record" in rule:
                found.setdefault(text(rule, "record"), []).append((group, rule))
        return found

    def _recorded(self, name: str, group: Object, rule: Object) -> Series:
        every = duration(text(group, "interval") or EVALUATED_EVERY)
        parts = nodes(text(rule, "expr"))
        measured = {metric(each) for each in selectors(parts)}
        found = None if name in measured or not parts else labels_of(parts[0], self.labels)
        added = [label for label in mapping(rule, "labels") if isinstance(label, str)]
        return Series(None, every, None if found is None else dict.fromkeys((*found, *added), OTHERS))
