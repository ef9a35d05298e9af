"""environment.yaml: what it means, and that everything else is refused with file, key and a way out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.environment_keys import duration
from bot.environments import check_promotion, order, parse_environment
from bot.model import Alerts, ArgoCDAddress, BotError, Environment, FreezeWindow, Policy

if TYPE_CHECKING:
    from collections.abc import Iterable

FULL = """\
cluster: https://kubernetes.default.svc     # what Argo CD calls it
namespace: context-prod
promotesFrom: staging
live: false
merge: bot
argocd: {url: https://argocd.example.com, project: context, application: context-prod}
prometheus: [https://one.example.com, "http://two.example.com:9090/prometheus/"]
alertmanager: [https://alerts.example.com]
gate:
  soak: 1h30m
  samples: {count: 5, interval: 10s}
  alerts: {label: gate, block: [block, stop], otherwise: {severity: [critical, page]}, mayBeAbsent: [lost_total], silences: honour}
  watchdog: Heartbeat
  requiredJobs: [context-api, monitoring/qdrant]
  watch: 45m
  autoRollback: true
  freeze: [{cron: "0 16 * * FRI", duration: 64h, timeZone: Europe/Berlin, reason: weekend}]
people: {approve: ["@dpdpdpdp0987", "@dpdpdpdp0987/platform-team"]}
"""
LEAST = """\
cluster: in-cluster
namespace: dev
argocd: {url: https://argocd.example.com, project: context, application: dev}
prometheus: [https://one.example.com]
"""
FILE = "environments/prod/environment.yaml"


def test_every_key_is_read() -> None:
    assert parse_environment("prod", FULL) == Environment(
        name="prod",
        cluster="https://kubernetes.default.svc",
        namespace="context-prod",
        argocd=ArgoCDAddress("https://argocd.example.com", "context", "context-prod"),
        prometheus=("https://one.example.com", "http://two.example.com:9090/prometheus/"),
        policy=Policy(
            soak=timedelta(minutes=90),
            samples=5,
            interval=timedelta(seconds=10),
            alerts=Alerts("gate", ("block", "stop"), ("critical", "page"), ("lost_total",), "honour"),
            watchdog="Heartbeat",
            required_jobs=("context-api", "monitoring/qdrant"),
            watch=timedelta(minutes=45),
            auto_rollback=True,
            freeze=(FreezeWindow("0 16 * * FRI", timedelta(hours=64), "Europe/Berlin", "weekend"),),
        ),
        promotes_from="staging",
        live=False,
        merge="bot",
        approvers=("@dpdpdpdp0987", "@dpdpdpdp0987/platform-team"),
        alertmanager=("https://alerts.example.com",),
    )


def test_what_is_left_out_has_the_default_of_the_policy() -> None:
    argocd = ArgoCDAddress("https://argocd.example.com", "context", "dev")
    assert parse_environment("dev", LEAST) == Environment("dev", "in-cluster", "dev", argocd, ("https://one.example.com",), Policy())


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("2h", 7200), ("30m", 1800), ("20s", 20), ("5s", 5), ("1h30m", 5400), ("1h1m1s", 3661), ("0s", 0), ("90m", 5400)],
)
def test_a_duration_is_hours_minutes_seconds(written: str, seconds: int) -> None:
    assert duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["", "2", "-2h", "2 h", "1m1h", "2d", "1.5h", "2H", "٢h", "1h\n", "9999999h", 20, None, ["1h"]])
def test_anything_else_is_no_duration(written: object) -> None:
    with pytest.raises(ValueError, match="must be a duration such as 2h"):
        duration(written)


def test_no_soak_is_a_soak() -> None:
    assert parse_environment("prod", FULL.replace("1h30m", "0s")).policy.soak == timedelta(0)


def test_a_few_aliases_are_read() -> None:
    text = FULL.replace("namespace: context-prod", "namespace: &name context-prod").replace(
        "application: context-prod", "application: *name"
    )
    assert parse_environment("prod", text) == parse_environment("prod", FULL)


@pytest.mark.parametrize(
    ("path", "text", "hint"),
    [
        (
            "colour",
            FULL + "colour: red\n",
            "the keys of the file are: cluster, namespace, argocd, prometheus, alertmanager, promotesFrom, live, merge, gate, people",
        ),
        ("promotes_from", FULL.replace("promotesFrom", "promotes_from"), "promotesFrom"),
        (
            "argocd.token",
            FULL.replace("project: context,", "project: context, token: x,"),
            "the keys of argocd are: url, project, application",
        ),
        (
            "gate.soaks",
            FULL.replace("soak:", "soaks:"),
            "the keys of gate are: soak, samples, alerts, watchdog, requiredJobs, watch",
        ),
        ("gate.samples.n", FULL.replace("count: 5", "n: 5"), "the keys of gate.samples are: count, interval"),
        (
            "gate.alerts.allow",
            FULL.replace("label: gate", "allow: [x]"),
            "the keys of gate.alerts are: label, block, otherwise, mayBeAbsent, silences",
        ),
        (
            "gate.alerts.otherwise.team",
            FULL.replace("severity:", "team:"),
            "the keys of gate.alerts.otherwise are: severity",
        ),
        ("gate.freeze.0.until", FULL.replace("reason:", "until:"), "the keys of gate.freeze are: cron, duration, timeZone, reason"),
        ("gate.a.b", FULL.replace("watch:", "a.b:"), "the keys of gate are:"),
        ("people.deny", FULL.replace("approve", "deny"), "the keys of people are: approve"),
        ("people.rollback", FULL.replace("approve", "rollback"), "people.rollback comes later"),
    ],
)
def test_an_unknown_key_is_refused_by_its_path(path: str, text: str, hint: str) -> None:
    with pytest.raises(BotError) as refused:
        parse_environment("prod", text)
    assert refused.value.message == f"{FILE}: unknown key {path}"
    assert hint in refused.value.hint
    assert not refused.value.usage


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("namespace: context-prod\n", "", "namespace is missing"),
        ("project: context, ", "", "argocd.project is missing"),
        ("namespace: context-prod", "namespace: Context", "namespace must be a name of at most 63"),
        ("namespace: context-prod", f"namespace: {'n' * 64}", "namespace must be a name of at most 63"),
        ("namespace: context-prod", "namespace: 5", "namespace is wrong: Input should be a valid string"),
        ("promotesFrom: staging", "promotesFrom: -x", "promotesFrom must be a name"),
        ("project: context", "project: a/b", "argocd.project must be a name"),
        ("cluster: https://kubernetes.default.svc", "cluster: a b", "cluster is wrong"),
        ("live: false", "live: 'no'", "live is wrong"),
        ("live: false", "live: 0", "live is wrong"),
        ("merge: bot", "merge: robot", "merge is wrong"),
        ("https://argocd.example.com", "ftp://argocd.example.com", "argocd.url must be an address that starts"),
        ("https://argocd.example.com", "https://", "argocd.url must be an address that starts"),
        ("https://argocd.example.com", "https://argocd.example.com:port", "argocd.url must be an address that starts"),
        ("https://argocd.example.com", '"https://argo cd.example.com"', "argocd.url must be an address that starts"),
        (
            "https://argocd.example.com",
            "https://me:word@argocd.example.com",
            "argocd.url must be an address without user",
        ),
        (
            "https://argocd.example.com",
            "https://argocd.example.com?token=word",
            "argocd.url must be an address without user",
        ),
        ("https://argocd.example.com", "https://argocd.example.com#word", "argocd.url must be an address without user"),
        (
            "https://one.example.com, ",
            "https://two.example.com, https://two.example.com/, ",
            "prometheus must not list anything twice",
        ),
        (
            '[https://one.example.com, "http://two.example.com:9090/prometheus/"]',
            "[]",
            "prometheus is wrong: Tuple should have at least 1 item",
        ),
        (
            '[https://one.example.com, "http://two.example.com:9090/prometheus/"]',
            "https://one.example.com",
            "prometheus is wrong",
        ),
        ("https://one.example.com", "ldap://one.example.com", "prometheus.0 must be an address"),
        ("https://alerts.example.com", "ldap://alerts.example.com", "alertmanager.0 must be an address"),
        ("https://alerts.example.com", "https://a.example, https://a.example/", "alertmanager must not list anything twice"),
        ("[https://alerts.example.com]", "[]", "gate.alerts.silences is honour, and no Alertmanager is listed"),
        ("silences: honour", "silences: trust", "gate.alerts.silences is wrong"),
        ("soak: 1h30m", "soak: -1h", "gate.soak must be a duration such as 2h"),
        ("soak: 1h30m", "soak: 90", "gate.soak must be a duration such as 2h"),
        ("interval: 10s", "interval: 0s", "gate.samples.interval must be longer than 0s"),
        ("watch: 45m", "watch: 0s", "gate.watch must be longer than 0s"),
        ("0 16 * * FRI", "0 16 * *", "gate.freeze.0.cron must be five fields of cron"),
        ("0 16 * * FRI", "0 0 31 2 *", "gate.freeze.0.cron must be five fields of cron"),
        ("0 16 * * FRI", "0 0 0 16 * * FRI", "gate.freeze.0.cron must be five fields of cron"),
        ("0 16 * * FRI", "* * * * * *", "gate.freeze.0.cron must be five fields of cron"),
        ("duration: 64h", "duration: 0s", "gate.freeze.0.duration must be longer than 0s"),
        ("Europe/Berlin", "Europe/Bonn", "gate.freeze.0.timeZone must be a time zone such as Europe/Berlin"),
        ("Europe/Berlin", "../../etc/passwd", "gate.freeze.0.timeZone must be a time zone such as Europe/Berlin"),
        ("Europe/Berlin", "Europe", "gate.freeze.0.timeZone must be a time zone such as Europe/Berlin"),
        ("Europe/Berlin", "+01:00", "gate.freeze.0.timeZone must be a time zone such as Europe/Berlin"),
        ("count: 5", "count: 0", "gate.samples.count is wrong"),
        ("count: 5", "count: '5'", "gate.samples.count is wrong"),
        ("label: gate", "label: a-b", "gate.alerts.label is wrong"),
        ("block: [block, stop]", "block: block", "gate.alerts.block is wrong"),
        ("[block, stop]", "[block, block]", "gate.alerts.block must not list anything twice"),
        ("watchdog: Heartbeat", "watchdog: ''", "gate.watchdog is wrong"),
        ('"@dpdpdpdp0987"', "dpdpdpdp0987", "people.approve.0 must be @user or @org/team"),
        ('"@dpdpdpdp0987"', '"@-x"', "people.approve.0 must be @user or @org/team"),
        (
            'people: {approve: ["@dpdpdpdp0987", "@dpdpdpdp0987/platform-team"]}',
            "people:",
            "people must be a mapping of keys",
        ),
    ],
)
def test_a_bad_value_is_refused_by_its_key(before: str, after: str, problem: str) -> None:
    assert before in FULL
    with pytest.raises(BotError) as refused:
        parse_environment("prod", FULL.replace(before, after))
    assert refused.value.message.startswith(f"{FILE}: {problem}")
    assert "word" not in refused.value.message.replace("password", "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file must be a mapping of keys"),
        ("- a", "the file must be a mapping of keys"),
        ("a: [", "is not YAML that can be read"),
        ("a: 1\na: 2", "is not YAML that can be read: found duplicate key"),
        ("a: 1\n---\nb: 2", "is not YAML that can be read"),
        ("a: !!python/name:os.system x", "is not YAML that can be read"),
        ("a: *nothing", "is not YAML that can be read: found undefined alias"),
        ("a: 2026-11-24", "cannot be read"),
        ("a: .nan", "cannot be read"),
        ("a: &a [*a]", "cannot be read"),
        (
            "a: &a [1]\nb: [" + "*a, " * 9 + "]",
            "cannot be read: it nests deeper than 20 levels or has more than 8 aliases",
        ),
        ("a: " + "[" * 60_000, "cannot be read: it nests deeper than 20 levels"),
        ("a: " + "[" * 20 + "]" * 20, "cannot be read: it nests"),
        ("# " + "ü" * 32 * 1024, "cannot be read: it is larger than 64 KiB"),
    ],
    ids=range(14),
)
def test_text_that_is_no_plain_mapping_is_refused(text: str, problem: str) -> None:
    with pytest.raises(BotError) as refused:
        parse_environment("prod", text)
    assert FILE in refused.value.message
    assert problem in refused.value.message
    assert "\n" not in refused.value.message


def test_sixty_four_kib_and_eight_aliases_are_read() -> None:
    text = LEAST.replace("prometheus:", "prometheus: &p")
    text += f"#{'x' * (64 * 1024 - len(text) - 2)}\n"
    assert parse_environment("dev", text) == parse_environment("dev", LEAST)
    eight = "a: &a [1]\nb: [" + "*a, " * 8 + "]"
    with pytest.raises(BotError, match="unknown key a"):
        parse_environment("dev", eight)
    with pytest.raises(BotError, match="unknown key a"):
        parse_environment("dev", "a: " + "[" * 19 + "]" * 19)


def test_the_folder_is_named_as_kubernetes_names_things() -> None:
    with pytest.raises(BotError, match="environments/Prod: the folder's name must be"):
        parse_environment("Prod", FULL)


def made(name: str, promotes_from: str | None = None) -> Environment:
    """An environment with a place of its own."""
    argocd = ArgoCDAddress("https://argocd.example.com", "context", name)
    return Environment(name, "https://k8s", name, argocd, ("https://p",), Policy(), promotes_from=promotes_from)


DEV, STAGING, PROD = made("dev"), made("staging", "dev"), made("prod", "staging")
AWAY = made("away", "staging")


@pytest.mark.parametrize("given", [(PROD, STAGING, DEV, AWAY), (AWAY, DEV, PROD, STAGING)])
def test_each_environment_follows_the_one_that_it_promotes_from(given: tuple[Environment, ...]) -> None:
    assert order(given) == (DEV, STAGING, AWAY, PROD)
    assert order(()) == ()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param(
            (DEV, PROD),
            "environments/prod/environment.yaml: promotesFrom names 'staging', which is no environment",
            id="unknown",
        ),
        pytest.param((made("a", "c"), made("b", "a"), made("c", "b"), DEV), "in a circle: c -> a -> b -> c", id="circle"),
        pytest.param((made("a", "a"), DEV), "in a circle: a -> a", id="itself"),
        pytest.param((DEV, made("a", "b"), made("b", "c"), made("c", "b")), "in a circle: b -> c -> b", id="before a circle"),
        pytest.param((DEV, made("eu")), "several environments have no promotesFrom: dev, eu", id="two first"),
        pytest.param(
            (DEV, replace(STAGING, namespace="dev", cluster="https://k8s/")),
            "dev and staging share the namespace dev of https://k8s",
            id="namespace",
        ),
        pytest.param(
            (DEV, replace(STAGING, argocd=replace(DEV.argocd, url="https://argocd.example.com/", project="x"))),
            "dev and staging share the Application dev of https://argocd.example.com",
            id="application",
        ),
    ],
)
def test_environments_without_one_order_are_refused(given: Iterable[Environment], problem: str) -> None:
    with pytest.raises(BotError) as refused:
        order(given)
    assert problem in refused.value.message


def test_the_same_namespace_on_another_cluster_is_another_place() -> None:
    other = replace(STAGING, namespace="dev", cluster="https://k9s")
    assert order((DEV, other)) == (DEV, other)


def test_a_promotion_follows_promotes_from() -> None:
    check_promotion((DEV, STAGING, PROD), "staging", "prod")


@pytest.mark.parametrize(
    ("source", "target", "message", "hint"),
    [
        ("dev", "prod", "prod cannot take images from dev; it promotes from staging", "run `bot promote staging prod`"),
        (
            "prod",
            "prod",
            "prod cannot take images from prod; it promotes from staging",
            "run `bot promote staging prod`",
        ),
        (
            "staging",
            "dev",
            "dev cannot take images from staging; it follows main",
            "merge a pull request that changes apps/ instead",
        ),
        ("qa", "prod", "no environment 'qa'", "the environments are: dev, staging, prod"),
        ("staging", "qa", "no environment 'qa'", "the environments are: dev, staging, prod"),
    ],
)
def test_another_promotion_is_a_wrong_use(source: str, target: str, message: str, hint: str) -> None:
    with pytest.raises(BotError) as refused:
        check_promotion((DEV, STAGING, PROD), source, target)
    assert (refused.value.message, refused.value.hint, refused.value.usage) == (message, hint, True)
