"""Notifications of Argo CD: this repository's own, with one thing changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.policies.message_templates import fault_of_json, is_closed
from bot.policies.notifications import notification_problems

FOLDER = "argocd/install"
FILE = f"{FOLDER}/notifications.yaml"
TEXTS = {f"{FOLDER}/{path.name}": path.read_text("utf-8") for path in (Path(__file__).parents[3] / FOLDER).glob("*.yaml")}
DATA = "data:\n"
SAID = "  subscriptions: |\n    - recipients: ['slack:all', bot]\n      triggers: [degraded]\n    - recipients: ['slack:all']\n"
DEFAULTS = "  defaultTriggers: |\n    - degraded\n  defaultTriggers.slack: |\n    - deployed\n"


def found(old: str, new: str) -> list[str]:
    assert old in TEXTS[FILE]
    problems = [*notification_problems(FOLDER, {**TEXTS, FILE: TEXTS[FILE].replace(old, new)})]
    assert all(each.is_error and each.hint and each.file == FILE for each in problems)
    return [each.what.replace(" of argocd-notifications-cm", "") for each in problems]


def test_the_notifications_of_this_repository_pass() -> None:
    assert found(DATA, DATA) == []
    assert found(DATA, DATA + SAID + DEFAULTS + "  trigger.later: ''\n") == []
    assert found("service.slack:", "service.slack.ours:") == []


WRONG = {
    "a template of another name": ("send: [degraded]", "send: [degrade]", ["trigger.degraded sends degrade, which is no template here"]),
    "a template that none sends": ("send: [deployed]", "send: [degraded]", ["template.deployed is sent by no trigger"]),
    "a trigger by default": (DATA, DATA + DEFAULTS.replace("- deployed", "- deploy"), ["defaultTriggers.slack names deploy"]),
    "a trigger of everyone": (DATA, DATA + SAID.replace("[degraded]", "[degrade]"), ["subscriptions names degrade"]),
    "a service of everyone": (DATA, DATA + SAID.replace(", bot", ", 'bott:x'"), ["subscriptions tells by bott"]),
    "a webhook of another name": (
        "service.webhook.bot:",
        "service.webhook.bots:",
        ["template.deployed has a part for webhook.bot (so do template.degraded, template.sync-failed), and there is no service.webhook"],
    ),
    "no Slack": ("service.slack:", "service.teams:", ["template.deployed has a part for slack (so do"]),
    "a service of another type": ("service.webhook.bot:", "service.teams.bot:", ["template.deployed has a part for webhook.bot"]),
    "no YAML": ("- when: app.status?.health?.status == 'Degraded'", "- when: [", ["trigger.degraded is not YAML"]),
    "no list": (DATA, f"{DATA}  trigger.later: |\n    when: a\n", ["trigger.later is no list"]),
    "no mapping": ('    message: "{{ .app.metadata.name }} is live"', "    is live\n  other: |", ["template.deployed is no mapping"]),
    "an action without its end": ("name }} is live", "name } is live", ["template.deployed has an action {{ … }} that does not end"]),
    "a comma too few": (
        '"event": "deployed",',
        '"event": "deployed"',
        ["template.deployed has webhook.bot.body that is no JSON (Expecting ',' delimiter: line 3"],
    ),
    "a quote too few": ('"color": "#18be52"', '"color": "#18be52', ["template.deployed has slack.attachments that is no JSON"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_once(case: str) -> None:
    old, new, expected = WRONG[case]
    assert [what[: len(start)] for what, start in zip(found(old, new), expected, strict=True)] == expected


def test_a_webhook_that_does_not_say_that_it_takes_json_may_take_anything() -> None:
    form = TEXTS[FILE].replace("value: application/json", "value: text/plain").replace('"event": "deployed",', "event=deployed&")
    assert not [*notification_problems(FOLDER, {FILE: form})]


def test_what_argo_cds_own_catalog_holds_is_not_known() -> None:
    path = f"{FOLDER}/kustomization.yaml"
    texts = {
        path: TEXTS[path].replace("ha/install.yaml\n", "ha/install.yaml\n  - https://example.com/notifications_catalog/install.yaml\n")
    }
    others = {FILE: TEXTS[FILE].replace("send: [deployed]", "send: [app-deployed]")}
    assert [each.what for each in notification_problems(FOLDER, texts | others)] == []
    assert [each.what for each in notification_problems(FOLDER, others)] != []


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ('[{"a": {{ .x | toJson }}, "b": "{{ .y }} {{ .z }}"}]', ""),
        ('[{{ printf "%s}}" .x | toJson -}}]', ""),
        ('[{"a": "\\"{{ .x }}"}]', ""),
        ("", ""),
        ("[{{ .x }} {{ .y }}]", ""),  # an expression may bring its own comma
        ('[{{ if .x }}"a",{{ end }} "b"]', ""),
        ('[{"a": "{{ if .x }}a{{ else }}b{{ end }}",}]', ""),
        ('[{"a": {{ .x | toJson }},}]', "no JSON"),
        ('[{"a": "{{ .x | toJson }}" "b"}]', "no JSON"),
        ('{"a": {{ .x | toJson }}}', "no list"),
    ],
)
def test_what_is_no_json_whatever_its_values_are_is_known(template: str, fault: str) -> None:
    assert fault_of_json(template, is_list=True).partition(" (")[0] == fault


@pytest.mark.parametrize(
    ("template", "is_right"),
    [
        ('{"a": {{ .x }}}', True),
        ('{{ printf "{{ %s }}" .x }}', True),
        ("{{/* it's {one} */}}{{ `{` }}{{ '}' }}", True),
        ("{{ .x }", False),
        ("{{ .x } {{ .y }}", False),
        ('{{ printf "a }}', False),
    ],
)
def test_actions_end(template: str, *, is_right: bool) -> None:
    assert is_closed(template) is is_right
