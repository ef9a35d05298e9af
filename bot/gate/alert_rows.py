"""Rows 10 and 11 about alerts and releases: what fires, what is pending, what may not be promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.gate.outcomes import fail, good, hold, iso, labels_in_words, unknown
from bot.gate.scope import can_block, instances
from bot.gate.silences import silenced
from bot.observations import Unseen
from bot.rollback import quarantines

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.gate.outcomes import Outcome
    from bot.gate.scope import Instance, Replica
    from bot.gate.silences import Silenced
    from bot.model import Hold, Policy, Release


def no_alert_fires(replica: Replica) -> list[Outcome]:
    """Row 10: no blocking alert fires in a sample or between two; one may that is silenced by the law, or that the promotion is to end."""
    found = _by_name(replica, lambda seen: _fires(seen) and not _silenced(replica, seen))
    problems = [_firing(replica, name, seen) for name, seen in found.items()]
    quiet = _by_name(replica, lambda seen: _fires(seen) and _silenced(replica, seen) is not None)
    passed = [outcome for name, seen in quiet.items() for outcome in _passed(replica, name, seen)]
    problems += [outcome for name, outcome in _between(replica).items() if name not in found]
    return (problems or [good("no-alert-fires", "no blocking alert fires" + (" that is not silenced" if quiet else ""))]) + passed


def _between(replica: Replica) -> dict[str, Outcome]:
    """Row 13: the samples are in a row only if nothing fired between them either."""
    place = replica.place
    found = {}
    for span in replica.seen.firing_between:
        name = span.labels.get("alertname", "an alert")
        is_fixed = name in place.fixes and place.cured_by is None  # the cure has not come yet
        if can_block(place.environment, span.labels) and not is_fixed and not silenced(place, span.labels):
            facts = {"first": iso(span.first), "last": iso(span.last), "labels": labels_in_words(span.labels)}
            found[name] = hold("alert-fired-between", f"{name} fired between two samples", about=f"alert {name}", **facts)
    return found


def _fires(seen: Instance) -> bool:
    return seen.blocks and seen.alert.state == "firing"


def _silenced(replica: Replica, seen: Instance) -> Silenced | None:
    """How an alert is silenced; of one that the promotion is to end that says nothing: a silence is no cure."""
    return None if seen.name in replica.place.fixes else silenced(replica.place, {**seen.labels, "alertname": seen.name})


def _passed(replica: Replica, name: str, seen: list[Instance]) -> list[Outcome]:
    """For each silence that lets an alert pass, by whose word it does."""
    known = [_silenced(replica, each) for each in seen]
    found = {silence.id: silence for each in known if each for silence in each.silences}
    return [
        good(
            "alert-silenced",
            f"{name} is firing, and policy honours that {silence.who} silenced it until {iso(silence.ends)}: {silence.why}",
            about=f"alert {name}",
            **_facts(seen),
            silence=silence.id,
            who=silence.who,
            until=iso(silence.ends),
            why=silence.why,
        )
        for silence in found.values()
    ]


def _firing(replica: Replica, name: str, seen: list[Instance]) -> Outcome:
    place, about, facts = replica.place, f"alert {name}", _facts(seen)
    if name not in place.fixes:
        return fail("alert-firing", f"{name} is firing", about=about, **facts)
    if place.cured_by is None:
        return good("alert-to-be-ended", f"{name} is firing; this promotion is to end it", about=about, **facts)
    if place.now < place.cured_by:
        return hold("alert-not-ended", f"{name} still fires; it must end by {iso(place.cured_by)}", about=about, **facts)
    return fail("alert-not-cured", f"{name} still fires: the promotion that was to end it has failed", about=about, **facts)


def no_alert_is_pending(replica: Replica) -> list[Outcome]:
    """Row 11: no blocking alert is pending in any sample, but those that the promotion is to end."""
    found = _by_name(replica, lambda seen: seen.blocks and seen.alert.state == "pending" and seen.name not in replica.place.fixes)
    problems = [hold("alert-pending", f"{name} is pending", about=f"alert {name}", **_facts(seen)) for name, seen in found.items()]
    return problems or [good("no-alert-pending", "no blocking alert is pending")]


def alert_states_are_known(replica: Replica) -> list[Outcome]:
    """Row 10: every blocking alert says whether it is pending or firing."""
    found = _by_name(replica, lambda seen: seen.blocks and seen.alert.state not in {"pending", "firing"})
    return [
        unknown("alert-state-unknown", f"{name} is neither pending nor firing", about=f"alert {name}", **_facts(seen))
        for name, seen in found.items()
    ]


def other_alerts(replica: Replica) -> list[Outcome]:
    """Row 10: alerts that fire and do not block are shown; the watchdog fires by design."""
    watchdog = replica.environment.policy.watchdog
    found = _by_name(replica, lambda seen: not seen.blocks and seen.alert.state == "firing" and seen.name != watchdog)
    return [
        good(
            "alert-not-blocking",
            f"{name} is firing; policy does not let it block",
            about=f"alert {name}",
            **_facts(seen),
        )
        for name, seen in found.items()
    ]


def _by_name(replica: Replica, is_wanted: Callable[[Instance], bool]) -> dict[str, list[Instance]]:
    found: dict[str, list[Instance]] = {}
    for seen in instances(replica):
        if is_wanted(seen):
            found.setdefault(seen.name, []).append(seen)
    return found


def _facts(seen: list[Instance]) -> dict[str, str]:
    distinct = sorted({labels_in_words(instance.labels) for instance in seen})
    since = min((instance.alert.active_at for instance in seen if instance.alert.active_at), default=None)
    return {
        "alert": seen[0].name,
        "since": "unknown" if since is None else iso(since),
        "alerts": str(len(distinct)),
        "labels": distinct[0],
    }


def releases_are_not_quarantined(
    releases: tuple[Release, ...], holds: tuple[Hold, ...] | Unseen, readable: tuple[Hold, ...] = ()
) -> list[Outcome]:
    """Row 10: no release to be promoted is quarantined, by its tree or by a digest, wherever that was decided.

    Where a hold cannot be read, those that can (`readable`) count all the same.
    """
    known = readable if isinstance(holds, Unseen) else holds
    caught = [(release, held) for release in releases for held in known if quarantines(held, release)]
    problems = [unknown(holds.code, f"the holds cannot be read: {holds.detail}")] if isinstance(holds, Unseen) else []
    problems += [
        fail(
            "release-quarantined",
            f"{release.app} {release.version} is quarantined: {held.why}",
            about=release.app,
            **_law(held),
        )
        for release, held in caught
    ]
    return problems or [good("not-quarantined", "no release to be promoted is quarantined", holds=str(len(known)))]


def images_are_pinned(releases: tuple[Release, ...], law: Policy, rendered: frozenset[str] | None) -> list[Outcome]:
    """Row 10: where policy wants digests, every image that would run has one: a tag alone may be another image tomorrow.

    A release may declare images that another environment alone runs; where nobody knows what is rendered (None), all of them count.
    """
    if not law.require_digests:
        return []
    loose = [
        (release.app, image.reference)
        for release in releases
        for image in release.images
        if not image.digest and (rendered is None or image.reference in rendered)
    ]
    problems = [
        fail("image-unpinned", f"{reference} has no digest; `bot pin {app}` resolves it", about=app, image=reference)
        for app, reference in loose
    ]
    return problems or [good("images-pinned", "every image that would run is pinned by its digest")]


def _law(held: Hold) -> dict[str, str]:
    return {"hold": held.id, "environment": held.environment, "who": held.who, "when": held.when}
