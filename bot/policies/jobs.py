"""Jobs run when they should, once at a time, and come to an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.hooks import HOOK
from bot.policies.fields import at, integer, mapping, number, strings, text
from bot.policies.manifests import wrong
from bot.policies.replicas import JOBS
from bot.policies.schedules import NO_FIELDS, as_fields, period, why_no_fields
from bot.time_zones import is_time_zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Violation

LEAST_DEADLINE = 10  # the controller looks every 10 s and skips what is late by then
NEVER = "0 0 31 2 *"  # how a CronJob says that it runs when people start it
LEAST_KEPT = 36 * 3600  # an alert comes after 30 hours without success


def schedules_can_be_read(manifests: Manifests) -> Iterator[Violation]:
    """A schedule is five fields of cron, or a macro, and comes round; that which never does is for suspended ones."""
    for item in manifests.of("CronJob"):
        schedule = text(item, "spec", "schedule")
        reason = _why_unreadable(schedule)
        if reason and not (schedule == NEVER and at(item, "spec", "suspend") is True):
            what = f"is {schedule or 'not set'}: {reason}; it is refused, or never runs"
            yield wrong(item, "spec.schedule", what, hint=f'write five fields, such as "15 2 * * *"; a suspended one may have "{NEVER}"')


def _why_unreadable(written: str) -> str:
    reason = "" if period(written) else why_no_fields(as_fields(written))
    return f"{reason}, and no macro such as @daily" if reason == NO_FIELDS else reason


def suspended_ones_never_run(manifests: Manifests) -> Iterator[Violation]:
    """A CronJob is suspended for good, and then its schedule says so; else it looks like one that runs."""
    for item in manifests.of("CronJob"):
        if at(item, "spec", "suspend") is True and text(item, "spec", "schedule") != NEVER:
            what = (
                f"is true beside the schedule {text(item, 'spec', 'schedule') or 'that is not set'}: it looks as if it ran, and never does"
            )
            hint = f'remove suspend; where people start it, as a restore, write the schedule "{NEVER}"; what must not run here is left out'
            yield wrong(item, "spec.suspend", what, hint=hint)


def schedules_have_a_time_zone(manifests: Manifests) -> Iterator[Violation]:
    """A schedule says in which time zone, one that there is."""
    for item in manifests.of("CronJob"):
        if not text(item, "spec", "timeZone") or "TZ=" in text(item, "spec", "schedule"):
            what = "is not set: the schedule follows the clock of the control plane, whatever that is"
            yield wrong(item, "spec.timeZone", what, hint="set timeZone: Etc/UTC, and no TZ= in the schedule")
        elif not is_time_zone(text(item, "spec", "timeZone")):
            what = f"is {text(item, 'spec', 'timeZone')}, which is no time zone: the API server refuses it"
            yield wrong(item, "spec.timeZone", what, hint="name one of the IANA database, such as Etc/UTC or Europe/Berlin")


def runs_do_not_overlap(manifests: Manifests) -> Iterator[Violation]:
    """A run that is late is not joined by the next."""
    for item in manifests.of("CronJob"):
        if text(item, "spec", "concurrencyPolicy") != "Forbid":
            what = f"is {text(item, 'spec', 'concurrencyPolicy') or 'not set (Allow)'}: two backups at once spoil each other"
            yield wrong(item, "spec.concurrencyPolicy", what, hint="set concurrencyPolicy: Forbid")


def late_runs_still_start(manifests: Manifests) -> Iterator[Violation]:
    """A run that was missed is made up for, within limits."""
    for item in manifests.of("CronJob"):
        if number(item, "spec", "startingDeadlineSeconds", default=0) < LEAST_DEADLINE:
            what = f"is not set, or below {LEAST_DEADLINE}: after 100 missed starts the CronJob never starts again"
            yield wrong(item, "spec.startingDeadlineSeconds", what, hint="set it to an hour or so: 3600")


def runs_come_to_an_end(manifests: Manifests) -> Iterator[Violation]:
    """A run has a longest time and a number of attempts."""
    for item, where in _jobs(manifests):
        then = "with Forbid no later run starts" if text(item, "kind") == "CronJob" else "whoever waits for it, as a sync does, waits on"
        for key, reason in (("activeDeadlineSeconds", "a run that hangs stays for ever"), ("backoffLimit", "it is tried 6 times over")):
            if not isinstance(at(item, *where.split("."), key), int):
                yield wrong(item, f"{where}.{key}", f"is not set: {reason}, and {then}", hint=f"set {key}")


def history_is_short(manifests: Manifests) -> Iterator[Violation]:
    """What is kept of past runs is written down; a failed one is kept, for people to look at."""
    for item in manifests.of("CronJob"):
        for key in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
            limit, of_failed = at(item, "spec", key), key.startswith("failed")
            if not isinstance(limit, int) or (limit < 1 and of_failed):
                reason = (
                    "nobody can see why the last run failed"
                    if limit == 0
                    else "the default is kept, 3 of those that succeeded and 1 that failed"
                )
                what = f"is {'not set' if limit is None else limit}: {reason}"
                yield wrong(item, f"spec.{key}", what, hint=f"set {key}{' to 1 or more' if of_failed else ''}")


def jobs_are_not_made_anew(manifests: Manifests) -> Iterator[Violation]:
    """A Job that is no hook does not remove itself: Argo CD would make it, and run it, again."""
    for item in manifests.of("Job"):
        if "ttlSecondsAfterFinished" in mapping(item, "spec") and HOOK not in strings(item, "metadata", "annotations"):
            what = "removes the finished Job, and Argo CD, which heals, makes it again: it runs for ever"
            yield wrong(item, "spec.ttlSecondsAfterFinished", what, hint=f"remove it, or make the Job a hook ({HOOK})")


def failed_runs_are_new_pods(manifests: Manifests) -> Iterator[Violation]:
    """A Job's failed Pods stay, with their logs."""
    for pods in manifests.pods:
        policy = text(pods.spec, "restartPolicy")
        if pods.kind in JOBS and policy != "Never":
            refused = f"is {policy or 'not set (Always)'}, which the API server refuses for a Job"
            what = "is OnFailure: after the last attempt the Pod is removed, and its logs with it" if policy == "OnFailure" else refused
            yield pods.wrong(f"{pods.path}.restartPolicy", what, hint="set restartPolicy: Never, which keeps the logs of failed runs")


def failed_runs_outlive_their_alert(manifests: Manifests) -> Iterator[Violation]:
    """What failed at night is still there when somebody is told."""
    for item in manifests.of("CronJob"):
        where = "spec.jobTemplate.spec.ttlSecondsAfterFinished"
        kept = integer(item, *where.split("."))
        if kept is not None and kept < LEAST_KEPT and at(item, "spec", "suspend") is not True:
            what = f"is {kept}: a run that failed is gone before the alert on it fires"
            yield wrong(item, where, what, hint=f"write {LEAST_KEPT} or more, or leave it to failedJobsHistoryLimit")


JOB_POLICIES = (
    schedules_can_be_read,
    suspended_ones_never_run,
    schedules_have_a_time_zone,
    runs_do_not_overlap,
    late_runs_still_start,
    runs_come_to_an_end,
    history_is_short,
    jobs_are_not_made_anew,
    failed_runs_are_new_pods,
    failed_runs_outlive_their_alert,
)


def _jobs(manifests: Manifests) -> Iterator[tuple[Object, str]]:
    yield from ((item, "spec") for item in manifests.of("Job"))
    yield from ((item, "spec.jobTemplate.spec") for item in manifests.of("CronJob"))
