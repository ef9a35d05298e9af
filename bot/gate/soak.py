"""Row 11 in the source: each release was healthy long enough, and the source stands still."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.gate.outcomes import Outcome, good, hold, in_words, iso, unknown
from bot.gate.scope import can_block, is_live, live_releases, run_of
from bot.gate.silences import silenced
from bot.model import Verdict
from bot.observations import RUNNING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.gate.scope import Place
    from bot.model import Release
    from bot.observations import FiringSpan, PrometheusSeen, RunSeen


def releases_are_soaked(place: Place) -> list[Outcome]:
    """Every release to be promoted was healthy in the source for the law's soak."""
    if not place.is_source:
        return []
    if not place.seen.releases:
        return [unknown("nothing-to-promote", "no release to be promoted was observed")]
    return [_soak(place, release) for release in place.seen.releases]


def _soak(place: Place, release: Release) -> Outcome:
    about = f"release {release.app}"
    run = run_of(place, release)
    if run is None:
        return unknown("run-unseen", f"main's history does not show {release.app} at this tree", about=about, tree=release.tree)
    live = is_live(place, release)
    if not live and not run.verified:
        hint = f"run `bot verify {place.environment.name}` while a release is live"
        return unknown("run-unverified", f"{release.app} was replaced before it was verified", about=about, hint=hint)
    begin = _begin(place, run, about=about) if live else _latest(run)
    return begin if isinstance(begin, Outcome) else _healthy_time(place, run, begin=begin, about=about)


def _latest(run: RunSeen) -> datetime:
    return max(run.since, run.synced_at or run.since)


def _begin(place: Place, run: RunSeen, *, about: str) -> datetime | Outcome:
    """Since when a live release is healthy, as far as Git and Argo CD know."""
    app = place.application
    if app is None:
        return unknown("health-unseen", "its health in Argo CD cannot be seen", about=about)
    if app.health != "Healthy":
        return hold("soak-not-begun", f"it is {app.health}, so its healthy time has not begun", about=about)
    if app.healthy_since is None:
        return unknown("health-unseen", "Argo CD does not say since when it is healthy", about=about)
    return max(_latest(run), app.healthy_since)


def _healthy_time(place: Place, run: RunSeen, *, begin: datetime, about: str) -> Outcome:
    soak = place.law.soak
    finish = min(run.until or place.now, place.now)
    if soak and not _is_seen_since(place, max(begin, finish - soak)):
        return unknown("window-too-short", "alerts cannot be seen back to the start of the soak", about=about)
    start = max([begin, *_ends(place, finish)])
    healthy = max(finish - start, timedelta(0))
    facts = {
        "since": iso(start),
        "until": iso(finish),
        "healthy": in_words(healthy),
        "wanted": in_words(soak),
        "commit": run.commit,
    }
    if finish - start < soak:
        return hold("soak-not-over", f"it was healthy for {facts['healthy']} of {facts['wanted']}", about=about, **facts)
    return good("soaked", f"it was healthy for {facts['healthy']}", about=about, **facts)


def _is_seen_since(place: Place, moment: datetime) -> bool:
    starts = [replica.window_start for replica in place.replicas]
    return bool(starts) and all(start is not None and start <= moment for start in starts)


def _ends(place: Place, finish: datetime) -> list[datetime]:
    """When blocking alerts of this environment ended that fired before a moment."""
    spans = [(replica, span) for replica in place.replicas for span in replica.firing_in_window if span.first <= finish]
    ends = [_end(place, replica, span) for replica, span in spans if can_block(place.environment, span.labels)]
    return [end for end in ends if end is not None]


def _end(place: Place, replica: PrometheusSeen, span: FiringSpan) -> datetime | None:
    """When an alert ended, or when a silence that the law honours began; None where that was before it fired."""
    end = span.last + timedelta(seconds=_interval(replica, span))
    now = silenced(place, span.labels)
    if now is None:
        return end
    return min(end, now.since) if span.first < now.since else None


def _interval(replica: PrometheusSeen, span: FiringSpan) -> float:
    """How long a sample of the alert is worth: its rule's interval; of a rule that is gone, the longest."""
    rules = replica.samples[-1].rules if replica.samples else ()
    own = [rule.interval for rule in rules if rule.name == span.labels.get("alertname")]
    return max(own or [rule.interval for rule in rules], default=0)


def source_stands_still(place: Place) -> list[Outcome]:
    """Nothing newer is on its way in the source, unless the release has soaked already."""
    if not place.is_source:
        return []
    found = [outcome for release in place.seen.releases for outcome in _moving(place, release)]
    app = place.application
    if app and app.operation and app.operation.phase in RUNNING and live_releases(place):
        found.append(hold("source-moving", "Argo CD is syncing it", operation=app.operation.phase))
    return found or [good("source-still", "the source stands still, or its releases have soaked")]


def _moving(place: Place, release: Release) -> list[Outcome]:
    about, seen = f"release {release.app}", place.seen
    if release.app not in seen.main_trees:
        return [unknown("main-unseen", f"what main holds of {release.app} cannot be seen", about=about)]
    on_main, synced = seen.main_trees[release.app], seen.synced_trees.get(release.app)
    if on_main == synced or _soak(place, release).verdict is Verdict.PASS:
        return []
    summary = f"main holds another {release.app} than is synced, and this one has not soaked"
    return [hold("source-moving", summary, about=about, main=str(on_main), synced=str(synced))]
