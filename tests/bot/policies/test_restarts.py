"""Settings and their readers."""

from __future__ import annotations

import pytest

from bot.policies.restarts import RESTART_POLICIES, settings_restart_their_readers
from tests.bot.policies.examples import changed, check_odd, good

READERS = {
    "StatefulSet qdrant spec.template.spec.containers[qdrant].envFrom[0].configMapRef": {"name": "plain"},
    "StatefulSet neo4j spec.template.spec.volumes[conf].configMap": {"name": "plain"},
    "Deployment context-api spec.template.spec.volumes[tmp].projected": {"sources": [{"configMap": {"name": "plain"}}]},
}


@pytest.mark.parametrize("reader", READERS)
def test_settings_of_a_name_that_stays_do_not_reach_who_serves(reader: str) -> None:
    found = changed(reader, READERS[reader])
    assert not [*settings_restart_their_readers(found)]  # is not there, which is named elsewhere
    item = found.named("ConfigMap", "qdrant-settings-6d572t28mm")
    assert item
    item["metadata"]["name"] = "plain"
    (violation,) = settings_restart_their_readers(found)
    assert [violation.kind, violation.name] == reader.split(" ")[:2]
    assert "disableNameSuffixHash" in violation.hint


def test_the_good_stack_passes() -> None:
    assert not [*settings_restart_their_readers(good())]


def test_a_job_reads_them_anew_each_time() -> None:
    found = changed("CronJob qdrant-backup spec.jobTemplate.spec.template.spec.volumes[script].configMap", {"name": "plain"})
    item = found.named("ConfigMap", "qdrant-backup-script-2b7ck9f4dd")
    assert item
    item["metadata"]["name"] = "plain"
    assert not [*settings_restart_their_readers(found)]


def test_odd_shapes_are_passed_over() -> None:
    check_odd(RESTART_POLICIES)
