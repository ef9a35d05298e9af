"""Jobs: on time, once at a time, to an end."""

from __future__ import annotations

import pytest

from bot.policies.jobs import (
    JOB_POLICIES,
    failed_runs_are_new_pods,
    failed_runs_outlive_their_alert,
    history_is_short,
    jobs_are_not_made_anew,
    late_runs_still_start,
    runs_come_to_an_end,
    runs_do_not_overlap,
    schedules_can_be_read,
    schedules_have_a_time_zone,
    suspended_ones_never_run,
)
from bot.policies.schedules import MACROS
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd

RESTART = "CronJob qdrant-backup spec.jobTemplate.spec.template.spec.restartPolicy"
SCHEDULE = "CronJob qdrant-backup spec.schedule"
FAILING = (
    Failing(schedules_can_be_read, SCHEDULE, GONE, "five fields"),
    Failing(schedules_can_be_read, SCHEDULE, "61 2 * * *", "five fields"),
    Failing(schedules_can_be_read, SCHEDULE, "15 2 * *", "five fields"),
    Failing(schedules_can_be_read, SCHEDULE, "0 15 2 * * *", "five fields"),
    Failing(schedules_can_be_read, SCHEDULE, "15 2 L * *", "five fields"),
    Failing(schedules_can_be_read, SCHEDULE, "15 2 * * 1-7", "five fields"),
    Failing(schedules_can_be_read, SCHEDULE, "15 2 * * SON", "five fields"),
    Failing(schedules_can_be_read, SCHEDULE, "0 0 31 2 *", "suspended"),  # never, though it is not suspended
    Failing(suspended_ones_never_run, "CronJob qdrant-backup spec.suspend", True, '"0 0 31 2 *"'),
    Failing(schedules_can_be_read, SCHEDULE, "@reboot", "five fields"),
    Failing(schedules_can_be_read, SCHEDULE, "@Daily", "five fields"),
    Failing(schedules_can_be_read, SCHEDULE, "@every day", "five fields"),
    Failing(schedules_can_be_read, SCHEDULE, "@every 0s", "five fields"),
    Failing(schedules_have_a_time_zone, "CronJob qdrant-backup spec.timeZone", GONE, "Etc/UTC"),
    Failing(schedules_have_a_time_zone, "CronJob qdrant-backup spec.timeZone", "Etc/UCTT", "Europe/Berlin"),
    Failing(schedules_have_a_time_zone, "CronJob qdrant-backup spec.timeZone", "Europe/Berln", "Europe/Berlin"),
    Failing(schedules_have_a_time_zone, "CronJob qdrant-backup spec.timeZone", "+01:00", "Europe/Berlin"),
    Failing(runs_do_not_overlap, "CronJob qdrant-backup spec.concurrencyPolicy", GONE, "Forbid"),
    Failing(late_runs_still_start, "CronJob qdrant-backup spec.startingDeadlineSeconds", GONE, "3600"),
    Failing(late_runs_still_start, "CronJob qdrant-backup spec.startingDeadlineSeconds", 5, "3600"),
    Failing(runs_come_to_an_end, "CronJob qdrant-backup spec.jobTemplate.spec.activeDeadlineSeconds", GONE, "activeDeadlineSeconds"),
    Failing(runs_come_to_an_end, "Job qdrant-check spec.backoffLimit", GONE, "backoffLimit"),
    Failing(history_is_short, "CronJob qdrant-backup spec.successfulJobsHistoryLimit", GONE, "set successfulJobsHistoryLimit"),
    Failing(history_is_short, "CronJob qdrant-backup spec.failedJobsHistoryLimit", 0, "1 or more"),
    Failing(jobs_are_not_made_anew, "Job qdrant-check spec.ttlSecondsAfterFinished", 60, "hook"),
    Failing(failed_runs_are_new_pods, RESTART, GONE, "Never"),
    Failing(failed_runs_are_new_pods, RESTART, "OnFailure", "Never"),
    Failing(failed_runs_outlive_their_alert, "CronJob qdrant-backup spec.jobTemplate.spec.ttlSecondsAfterFinished", 3600, "129600"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


@pytest.mark.parametrize("zone", ["Etc/UTC", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_time_zones_that_there_are_pass(zone: str) -> None:
    assert list(schedules_have_a_time_zone(changed("CronJob qdrant-backup spec.timeZone", zone))) == []


@pytest.mark.parametrize("schedule", [*MACROS, "@every 1h30m"])
def test_macros_that_kubernetes_reads_pass(schedule: str) -> None:
    assert list(schedules_can_be_read(changed(SCHEDULE, schedule))) == []


@pytest.mark.parametrize("schedule", ["15 2 * * *", "*/15 0-6,22-23 1 jan-mar MON-FRI", "0 7 7 7 0", "0 0 29 2 *"])
def test_schedules_that_kubernetes_reads_pass(schedule: str) -> None:
    assert list(schedules_can_be_read(changed(SCHEDULE, schedule))) == []


def test_a_suspended_one_may_never_come_round() -> None:
    manifests = changed(SCHEDULE, "0 0 31 2 *")
    manifests.of("CronJob")[0]["spec"]["suspend"] = True
    assert [*schedules_can_be_read(manifests), *suspended_ones_never_run(manifests)] == []


@pytest.mark.parametrize(
    ("where", "says", "says_not"),
    [
        ("CronJob qdrant-backup spec.jobTemplate.spec.backoffLimit", "with Forbid", "sync"),
        ("Job qdrant-check spec.backoffLimit", "as a sync does", "Forbid"),
    ],
    ids=["CronJob", "Job"],
)
def test_what_follows_is_that_of_the_kind(where: str, says: str, says_not: str) -> None:
    (found,) = runs_come_to_an_end(changed(where, GONE))
    assert says in found.what
    assert says_not not in found.what


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(JOB_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(JOB_POLICIES)
