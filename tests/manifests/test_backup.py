"""Backups: the very programs and command lines of the manifests, against a stand-in for Qdrant and a folder as the object store."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.policies.backup_jobs import backups
from bot.policies.backup_programs import KINDS
from tests.conftest import require_peer
from tests.manifests.backup_neo4j import Neo4j, stand_in
from tests.manifests.backup_programs import NEO4J, QDRANT, command_of, containers_of, pod_of, run
from tests.manifests.backup_qdrant import LONGEST, Snapshots, StandIn, running
from tests.manifests.backup_store import NAME, Store
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.manifests.renders import Render


@pytest.fixture
def cluster() -> Iterator[list[StandIn]]:
    """Three nodes with two collections, each node with shards of its own."""
    nodes = [StandIn({name: f"{name} of node {number}\n".encode() * 999 for name in ("docs", "a b/c")}) for number in (1, 2, 3)]
    nodes[0].aliases = {"context": "docs"}
    with running(nodes):
        yield nodes


@pytest.fixture
def snapshots(renders: Mapping[str, Render], tmp_path: Path) -> Snapshots:
    backup = command_of(renders["prod"], "qdrant-backup", "snapshots", QDRANT)
    return Snapshots(backup, command_of(renders["prod"], "qdrant-restore", "restore", QDRANT), tmp_path / "files")


def test_a_backup_has_every_collection_of_every_node_and_restores_it(cluster: list[StandIn], snapshots: Snapshots) -> None:
    before = [dict(node.collections) for node in cluster]
    assert snapshots.run(snapshots.backup, cluster).code == 0
    (manifest,) = (json.loads(path.read_text("utf-8")) for path in snapshots.manifests())
    taken = {(name, entry["node"]) for name, entries in manifest["collections"].items() for entry in entries}
    assert taken == {(name, node.address) for name in ("docs", "a b/c") for node in cluster}
    assert manifest["nodes"] == dict.fromkeys((node.address for node in cluster), "1.19.0")
    assert not any(node.snapshots for node in cluster)  # none stays on a node

    for node in cluster:
        node.collections, node.aliases = {"docs": b"spoiled"}, {}
    done = snapshots.run(snapshots.restore, cluster)
    assert done.code == 0, done.said
    assert [node.collections for node in cluster] == before
    assert {each["priority"] for node in cluster for each in node.restored} == {"snapshot"}
    assert cluster[0].aliases == {"context": "docs"}


def at(seconds_ago: int) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%d-%H-%M-%S")


def test_what_a_killed_run_left_is_removed_and_nothing_else(cluster: list[StandIn], snapshots: Snapshots) -> None:
    left = [f"docs-7001-{at(LONGEST + 60)}.snapshot", f"a b/c-7001-{at(30 * 86400)}.snapshot"]
    kept = [f"docs-7001-{at(LONGEST - 60)}.snapshot", "docs-before-the-upgrade.snapshot", f"docs-shard-0-{at(86400)}.snapshot"]
    cluster[1].snapshots = dict.fromkeys([*left, *kept], b"")
    done = snapshots.run(snapshots.backup, cluster)
    assert done.code == 0, done.said
    assert list(cluster[1].snapshots) == kept
    assert all(f"removing {name}" in done.said for name in left)


def goes_down(nodes: list[StandIn]) -> None:
    nodes[1].address = "127.0.0.2:1"


def forgets_a_collection(nodes: list[StandIn]) -> None:
    del nodes[1].collections["docs"]


def gives_a_wrong_checksum(nodes: list[StandIn]) -> None:
    nodes[1].wrong_checksum = "docs"


def breaks_off(nodes: list[StandIn]) -> None:
    nodes[1].truncated = "docs"


def refuses(nodes: list[StandIn]) -> None:
    nodes[1].refuses_snapshots = True


def has_a_member_more(nodes: list[StandIn]) -> None:
    nodes[1].peers = 4


FAULTS = [
    (goes_down, r"127\.0\.0\.2:1: GET /: .*refused"),
    (forgets_a_collection, r"127\.0\.0\.2:\d+: collection docs: this node does not know it"),
    (gives_a_wrong_checksum, r"127\.0\.0\.2:\d+: collection docs: .* has checksum \w+, not 0000"),
    (breaks_off, r"127\.0\.0\.2:\d+: (collection docs: .* bytes, not|GET /collections/docs/snapshots/.*IncompleteRead)"),
    (refuses, r"127\.0\.0\.2:\d+: POST /collections/a%20b%2Fc/snapshots: HTTP 404"),
    (has_a_member_more, r"127\.0\.0\.2:\d+: the cluster has 4 members, QDRANT_NODES names 3"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_a_fault_on_one_node_leaves_no_backup_that_looks_whole(
    fault: Callable[[list[StandIn]], None], words: str, cluster: list[StandIn], snapshots: Snapshots
) -> None:
    snapshots.run(snapshots.backup, cluster)  # what an attempt before this one left is no excuse
    fault(cluster)
    done = snapshots.run(snapshots.backup, cluster)
    assert done.code == 1
    assert re.search(f"^error: {words}", done.said, re.MULTILINE), done.said
    assert snapshots.manifests() == []
    assert not any(node.snapshots for node in cluster)


NO_KEY = [("", "QDRANT_API_KEY is not set"), ("another", r"127\.0\.0\.1:\d+: GET /collections: HTTP 401")]


@pytest.mark.parametrize(("key", "words"), NO_KEY, ids=["no-key", "another-key"])
def test_without_the_key_there_is_no_backup(key: str, words: str, cluster: list[StandIn], snapshots: Snapshots) -> None:
    done = snapshots.run(snapshots.backup, cluster, key)
    assert done.code == 1
    assert re.search(f"^error: {words}", done.said, re.MULTILINE), done.said
    assert snapshots.manifests() == []


def spoils_a_file(nodes: list[StandIn], folder: Path) -> None:
    (file,) = folder.glob("*/collections/docs@127.0.0.2*")
    file.write_bytes(b"spoiled")


def loses_a_file(nodes: list[StandIn], folder: Path) -> None:
    (file,) = folder.glob("*/collections/docs@127.0.0.2*")
    file.unlink()


def has_another_node(nodes: list[StandIn], folder: Path) -> None:
    nodes.pop()


def runs_another_minor_version(nodes: list[StandIn], folder: Path) -> None:
    nodes[1].version = "1.18.3"


def has_no_whole_backup(nodes: list[StandIn], folder: Path) -> None:
    next(folder.glob("*/manifest.json")).unlink()


REFUSALS = [
    (spoils_a_file, r"127\.0\.0\.2:\d+: collection docs: .* has checksum"),
    (loses_a_file, r"127\.0\.0\.2:\d+: collection docs: .* is missing"),
    (has_another_node, r"the backup is of .*, the cluster is"),
    (runs_another_minor_version, r"127\.0\.0\.2:\d+: the backup is of Qdrant 1\.19\.0, this node runs 1\.18\.3"),
    (has_no_whole_backup, r".* has 0 whole backups, not one"),
]


@pytest.mark.parametrize(("change", "words"), REFUSALS, ids=[change.__name__ for change, _ in REFUSALS])
def test_a_restore_that_cannot_be_right_changes_nothing(
    change: Callable[[list[StandIn], Path], None], words: str, cluster: list[StandIn], snapshots: Snapshots
) -> None:
    snapshots.run(snapshots.backup, cluster)
    nodes = list(cluster)
    change(nodes, snapshots.folder)
    done = snapshots.run(snapshots.restore, nodes)
    assert done.code == 1
    assert re.search(f"^error: {words}", done.said, re.MULTILINE), done.said
    assert not any(node.restored for node in cluster)


def test_a_restore_fails_when_a_replica_does_not_settle(cluster: list[StandIn], snapshots: Snapshots) -> None:
    snapshots.run(snapshots.backup, cluster)
    cluster[2].replica_state = "Partial"
    done = snapshots.run(snapshots.restore, cluster)
    assert done.code == 1
    assert re.search(r"error: collection .*: not settled after 1 s: 127\.0\.0\.3:\d+: shard 0 is Partial", done.said), done.said


@pytest.fixture
def store(renders: Mapping[str, Render], tmp_path: Path) -> Store:
    require_peer("rclone")
    commands = [command_of(renders["prod"], f"qdrant-{job}", name, QDRANT) for job, name in (("backup", "upload"), ("restore", "download"))]
    for each in ("files", "remote"):
        (tmp_path / each).mkdir()
    return Store(commands[0], commands[1], tmp_path / "files", tmp_path / "remote")


def test_an_uploaded_backup_can_be_downloaded(store: Store) -> None:
    older = store.has(1)
    newest = store.made()
    assert store.run(store.upload).code == 0
    assert store.names() == sorted([*older, newest])
    for name, settings in ((newest, {}), (older[0], {"BACKUP_NAME": older[0]})):
        done = store.run(store.download, **settings)
        assert done.code == 0, done.said
        assert [path.name for path in store.files.iterdir()] == [name]
        assert (store.files / name / "collections" / "docs.snapshot").read_text("utf-8") == name


def test_retention_removes_by_age_and_never_the_newest(store: Store) -> None:
    ages = (5, 29, 31, 40, 400)
    kept = [*store.has(*ages)[:2], store.made()]
    done = store.run(store.upload)
    assert done.code == 0, done.said
    assert store.names() == sorted(kept)


def test_the_newest_stay_when_all_are_older_than_the_limit(store: Store) -> None:
    names = store.has(100, 200, 300, 400)
    name = store.made(days_ago=90)
    assert store.run(store.upload).code == 0
    assert store.names() == sorted([name, *names[:2]])


def test_what_was_never_whole_does_not_count_among_the_newest(store: Store) -> None:
    whole = store.has(100, 200)
    store.has(50, 60, 70, whole=False)
    recent = store.has(2, whole=False)  # may still be on its way
    name = store.made()
    assert store.run(store.upload).code == 0
    assert store.names() == sorted([name, *recent, *whole])


def test_nothing_else_in_the_store_is_touched(store: Store) -> None:
    for other in ("notes", "2020-01-01"):
        (store.remote / other).mkdir()
        (store.remote / other / "file").write_text("", "utf-8")
    name = store.made()
    assert store.run(store.upload).code == 0
    assert store.names() == sorted([name, "2020-01-01", "notes"])


@pytest.mark.parametrize(("setting", "value"), [("BACKUP_KEEP", "0"), ("BACKUP_KEEP_DAYS", "0"), ("BACKUP_KEEP_DAYS", "a")])
def test_retention_that_keeps_nothing_is_refused(setting: str, value: str, store: Store) -> None:
    names = [*store.has(1, 50, 60, 70, 80), store.made()]
    done = store.run(store.upload, **{setting: value})
    assert (done.code, f"error: {setting} is {value}" in done.said) == (1, True), done.said
    assert store.names() == sorted(names)


def test_what_is_not_whole_is_not_uploaded(store: Store) -> None:
    (store.files / store.made() / "manifest.json").unlink()
    done = store.run(store.upload)
    assert (done.code, "has no whole backup" in done.said) == (1, True)
    assert store.names() == []


def test_a_store_that_does_not_answer_fails_the_job_and_removes_nothing(store: Store) -> None:
    store.made()
    assert store.run(store.upload, BACKUP_STORE="store:bucket/qdrant").code != 0  # there is no such remote
    assert store.run(store.download, BACKUP_STORE=str(store.remote / "absent")).code != 0


@pytest.mark.parametrize("settings", [{}, {"BACKUP_NAME": "2020-01-01T00-00-00Z"}], ids=["newest", "by-name"])
def test_only_whole_backups_are_downloaded(settings: dict[str, str], store: Store) -> None:
    store.has(1, whole=False)
    done = store.run(store.download, **settings)
    assert (done.code, "has no whole backup" in done.said) == (1, True)


def test_both_databases_carry_their_backups_in_the_same_way(renders: Mapping[str, Render]) -> None:
    """No app may refer to another's folder, so each has the program."""
    assert (QDRANT / "store.sh").read_text("utf-8") == (NEO4J / "store.sh").read_text("utf-8")
    for job, name in (("backup", "upload"), ("restore", "download")):
        qdrant, neo4j = (command_of(renders["prod"], f"{app}-{job}", name, QDRANT) for app in ("qdrant", "neo4j"))
        assert qdrant == neo4j


@pytest.fixture
def neo4j(renders: Mapping[str, Render], tmp_path: Path) -> Neo4j:
    backup, restore = (command_of(renders["prod"], f"neo4j-{name}", name, NEO4J) for name in ("backup", "restore"))
    return stand_in(backup, restore, tmp_path)


def test_a_backup_of_neo4j_is_whole_when_every_database_is_proven(neo4j: Neo4j) -> None:
    done = neo4j.run(neo4j.backup)
    assert done.code == 0, done.said
    (manifest,) = neo4j.manifests()
    assert json.loads(manifest.read_text("utf-8")) == {"made_at": manifest.parent.name, "neo4j_version": "5.26.29", "databases": 2}
    assert datetime.strptime(manifest.parent.name, NAME).replace(tzinfo=UTC) <= datetime.now(UTC)


NEO4J_FAULTS = [
    ({"FAULT": "backup"}, "could not back up all databases from neo4j-0.neo4j-headless:6362"),
    ({"FAULT": "inspect"}, ""),
    ({"FAULT": "check system"}, "the backup of database system is inconsistent"),
    ({"DATABASES": "neo4j"}, "there is no backup of database system"),
    ({"DATABASES": "system"}, "there is no backup of database neo4j"),
]


@pytest.mark.parametrize(("fault", "words"), NEO4J_FAULTS, ids=[" ".join(fault.values()) for fault, _ in NEO4J_FAULTS])
def test_a_fault_of_neo4j_leaves_no_backup_that_looks_whole(fault: dict[str, str], words: str, neo4j: Neo4j) -> None:
    neo4j.run(neo4j.backup)
    done = neo4j.run(neo4j.backup, **fault)
    assert done.code == 1
    assert words in done.said
    assert neo4j.manifests() == []


def test_neo4j_is_restored_by_seeds_and_without_its_system_database(neo4j: Neo4j) -> None:
    neo4j.run(neo4j.backup, DATABASES="system neo4j new-one")
    name = neo4j.manifests()[0].parent.name
    done = neo4j.run(neo4j.restore)
    assert done.code == 0, done.said
    seeds = [f"http://neo4j-restore:8080/{name}/{database}-2026-11-23T03-45-00.backup" for database in ("neo4j", "new-one")]
    assert neo4j.asked() == [
        "STOP DATABASE `neo4j` WAIT",
        f"CALL dbms.cluster.recreateDatabase('neo4j', {{seedURI: '{seeds[0]}'}})",
        f"CREATE DATABASE `new-one` OPTIONS {{existingData: 'use', seedURI: '{seeds[1]}'}}",
    ]


def test_a_spoiled_backup_of_neo4j_is_not_restored(neo4j: Neo4j) -> None:
    neo4j.run(neo4j.backup)
    next((neo4j.folder / "files").glob("*/neo4j-*.backup")).write_text("spoiled", "utf-8")
    done = neo4j.run(neo4j.restore)
    assert (done.code, "does not have the checksums" in done.said) == (1, True)
    assert neo4j.asked() == []


def state_of(neo4j: Neo4j, database: str = "neo4j") -> str:
    return (neo4j.folder / f"state.{database}").read_text("utf-8").strip()


def test_a_seed_that_no_member_can_read_fails_the_restore(neo4j: Neo4j) -> None:
    neo4j.run(neo4j.backup)
    done = neo4j.run(neo4j.restore, OUTCOME="quarantined")
    assert done.code == 1
    assert 'error: database neo4j is not online everywhere after 1 s: "quarantined", "neo4j-0:7687"' in done.said
    assert "its former store is given up; restore it again" in done.said


REFUSED = {
    "no stop": "error: database neo4j could not be stopped",
    "no recreation": "error: dbms.cluster.recreateDatabase was refused for database neo4j",
    "killed": "",
}


@pytest.mark.parametrize("outcome", REFUSED)
def test_a_database_that_was_stopped_for_nothing_is_started_again(outcome: str, neo4j: Neo4j) -> None:
    neo4j.run(neo4j.backup)
    done = neo4j.run(neo4j.restore, OUTCOME=outcome)
    assert done.code != 0
    assert REFUSED[outcome] in done.said
    assert "database neo4j is started again, with what it had before; restored until then: none" in done.said
    assert neo4j.asked()[-1] == "START DATABASE `neo4j`"
    assert state_of(neo4j) == "online"


def test_a_database_that_stays_offline_is_said_to_be(neo4j: Neo4j) -> None:
    neo4j.run(neo4j.backup)
    done = neo4j.run(neo4j.restore, OUTCOME="no start")
    assert done.code == 1
    assert "error: database neo4j is offline, with what it had before: START DATABASE `neo4j`" in done.said


def test_a_database_that_was_offline_stays_so_when_its_restore_is_refused(neo4j: Neo4j) -> None:
    neo4j.run(neo4j.backup)
    (neo4j.folder / "state.neo4j").write_text("offline\n", "utf-8")
    assert neo4j.run(neo4j.restore, OUTCOME="no recreation").code == 1
    assert state_of(neo4j) == "offline"


@pytest.mark.parametrize(
    ("state", "outcome", "words"),
    [
        ("online", "no procedure", "neo4j cannot call dbms.cluster.recreateDatabase"),
        (
            "quarantined",
            "online",
            'neither online nor offline everywhere, and can only be recreated from there; nothing was changed: "quarantined"',
        ),
    ],
    ids=["no procedure", "quarantined"],
)
def test_no_database_is_stopped_before_all_can_be_replaced(state: str, outcome: str, words: str, neo4j: Neo4j) -> None:
    """The second of two cannot; the first is left alone."""
    neo4j.run(neo4j.backup, DATABASES="system a-first neo4j")
    (neo4j.folder / "state.a-first").write_text("online\n", "utf-8")
    (neo4j.folder / "state.neo4j").write_text(f"{state}\n", "utf-8")
    done = neo4j.run(neo4j.restore, OUTCOME=outcome)
    assert (done.code, words in done.said) == (1, True), done.said
    assert neo4j.asked() == []


def test_a_cluster_that_does_not_answer_is_not_taken_for_one_without_the_database(neo4j: Neo4j) -> None:
    neo4j.run(neo4j.backup)
    done = neo4j.run(neo4j.restore, OUTCOME="silent")
    assert (done.code, "does not say what databases it has" in done.said) == (1, True)
    assert neo4j.asked() == []


@pytest.mark.parametrize("program", sorted([*QDRANT.glob("*.sh"), *NEO4J.glob("*.sh")]), ids=lambda path: f"{path.parts[-4]}-{path.name}")
def test_shellcheck_finds_nothing(program: Path) -> None:
    done = run([str(Path(sys.executable).with_name("shellcheck")), str(program)], {})
    assert done.code == 0, done.said


CRON_JOBS = ("neo4j-backup", "neo4j-restore", "qdrant-backup", "qdrant-restore")


@pytest.fixture(params=["staging", "prod"])
def replicated(request: pytest.FixtureRequest, renders: Mapping[str, Render]) -> Render:
    return renders[request.param]


def test_backups_run_every_night_and_restores_only_when_asked(replicated: Render) -> None:
    assert sorted(item["metadata"]["name"] for item in replicated.of("CronJob")) == list(CRON_JOBS)
    for item in replicated.of("CronJob"):
        is_restore = item["metadata"]["name"].endswith("-restore")
        assert item["spec"].get("suspend", False) is is_restore
        assert item["spec"]["timeZone"] == "Etc/UTC"
        assert item["spec"]["concurrencyPolicy"] == "Forbid"
        assert item["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 24 * 3600
        assert item["metadata"]["annotations"]["argocd.argoproj.io/ignore-healthcheck"] == "true"


def test_job_pods_are_restricted_and_no_service_of_a_database_leads_to_them(replicated: Render) -> None:
    for item in replicated.of("CronJob"):
        pod = pod_of(item)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
        for container in containers_of(item):
            context = container["securityContext"]
            assert context == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
            assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"]["limits"].keys()
        labels = item["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
        leading = {each["metadata"]["name"] for each in replicated.of("Service") if each["spec"]["selector"].items() <= labels.items()}
        assert leading == ({"neo4j-restore"} if item["metadata"]["name"] == "neo4j-restore" else set())


def test_a_failed_backup_can_be_looked_at_when_its_alert_comes(replicated: Render) -> None:
    for app in ("qdrant", "neo4j"):
        (rule,) = (rule for rule in replicated.rules() if rule.get("alert", "").lower() == f"{app}backupstale")
        ((hours, seconds),) = re.findall(r"time\(\) - (\d+) \* (\d+)", rule["expr"])
        job = replicated.one("CronJob", f"{app}-backup")["spec"]["jobTemplate"]["spec"]
        assert job["ttlSecondsAfterFinished"] > int(hours) * int(seconds) + 12 * 3600
        assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_each_job_is_known_for_what_it_is(replicated: Render) -> None:
    """Whatever `bot validate` asks of backups, it asks of these."""
    found = {each.pods.name: each.kind for each in backups(replicated.manifests)}
    assert found == {f"{kind.name.removesuffix('-backup')}-{kind.part}": kind for kind in KINDS}


def test_only_the_mesh_features_speak_of_the_mesh() -> None:
    """A cluster without Istio knows none of its kinds, so that an environment without these features could not be applied."""
    kinds = re.compile(r"^apiVersion: \S+\.istio\.io/", re.MULTILINE)
    assert {path.parent.name for path in (ROOT / "apps").rglob("*.yaml") if kinds.search(path.read_text("utf-8"))} == {"mesh"}
