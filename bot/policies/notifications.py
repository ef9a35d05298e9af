"""Notifications of Argo CD: triggers send templates that are there, by services that are there, in the form that these take.

As its notifications-engine reads them: what one key says wrong, it tells of in a log that nobody reads, or it reads none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from bot.contents import Problem
from bot.model import BotError
from bot.policies.argocd_settings import NOTIFICATIONS, written
from bot.policies.fields import mapping, mappings, sequence, text, words
from bot.policies.message_templates import fault_of_json, is_closed
from bot.policies.nearest import instead
from bot.simple_yaml import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Parsed = Mapping[str, Any]  # key of the ConfigMap -> what its text holds

TRIGGER, TEMPLATE, SERVICE, DEFAULT, SUBSCRIPTIONS = "trigger.", "template.", "service.", "defaultTriggers", "subscriptions"
CATALOG = "notifications_catalog"  # triggers and templates of Argo CD itself, by their address: what they hold is not known here
SLACK, WEBHOOK = "slack", "webhook"
SLACK_LISTS = "attachments", "blocks"
NOBODY = "nobody is told"
NONE_READ = "Argo CD reads none of the notifications, and nobody is told of anything"


def notification_problems(folder: str, texts: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with the notifications that the installation sets; where one of them cannot be read, that alone."""
    said = written(folder, texts).get(NOTIFICATIONS, {})
    parsed: dict[str, Any] = {}
    unread = list[tuple[str, str, str]]()
    for key, (value, path) in said.items():
        if key.startswith((TRIGGER, TEMPLATE, SERVICE, DEFAULT, SUBSCRIPTIONS)):
            try:
                with readable(path):
                    parsed[key] = YAML(typ="safe").load(value)
            except BotError:
                unread.append((key, f"is not YAML: {NONE_READ}", "mend its text"))
    found = unread or [*_shapes(parsed), *_templates(parsed)]
    if not unread and not any(CATALOG in each for each in texts.values()):
        found += [*_sent(parsed), *_subscribed(parsed), *_served(parsed)]
    for key, what, hint in found:
        yield Problem(said[key][1], f"{key} of {NOTIFICATIONS} {what}", hint)


def _shapes(parsed: Parsed) -> Iterator[tuple[str, str, str]]:
    for key, value in parsed.items():
        is_list = key.startswith((TRIGGER, DEFAULT, SUBSCRIPTIONS))
        if value is not None and not isinstance(value, list if is_list else dict):
            what = f"is no {'list' if is_list else 'mapping'}: {NONE_READ}"
            yield key, what, "write it as a list, each item with a dash" if is_list else "write it as keys with values"


def _templates(parsed: Parsed) -> Iterator[tuple[str, str, str]]:
    """Each text of a template can be filled in, and is JSON where its service takes nothing else."""
    for key, value in _of(parsed, TEMPLATE):
        if not all(map(is_closed, _texts(value))):
            yield key, f"has an action {{{{ … }}}} that does not end: {NONE_READ}", "end each action with }}"
            continue
        bodies = [(f"{SLACK}.{part}", text(value, SLACK, part), True) for part in SLACK_LISTS]
        bodies += [(f"{WEBHOOK}.{name}.body", text(value, WEBHOOK, name, "body"), False) for name in _of_json(parsed)]
        for where, body, is_list in bodies:
            if fault := fault_of_json(body, is_list=is_list):
                what = f"has {where} that is {fault}: the message is refused, and {NOBODY}"
                yield key, what, "mend it; a value is written {{ … | toJson }}"


def _sent(parsed: Parsed) -> Iterator[tuple[str, str, str]]:
    """Each template that a trigger sends is there, and each is sent."""
    templates = {key.removeprefix(TEMPLATE) for key, _ in _of(parsed, TEMPLATE)}
    sent = [(key, name) for key, value in _of(parsed, TRIGGER) for each in mappings(value) for name in words(each, "send")]
    unknown = [(key, name) for key, name in sent if name not in templates]
    for key, name in unknown:
        yield key, f"sends {name}, which is no template here: {NOBODY}", _known(name, templates)
    for name in sorted(templates - {each for _, each in sent}) if not unknown else ():  # else it may be meant by one
        what = f"is sent by no trigger: {NOBODY} what it says"
        yield f"{TEMPLATE}{name}", what, "name it in the list `send` of a trigger, or remove it"


def _subscribed(parsed: Parsed) -> Iterator[tuple[str, str, str]]:
    """Who is told of everything is told of triggers that are there, by services that are there."""
    triggers, services = {key.removeprefix(TRIGGER) for key, _ in _of(parsed, TRIGGER)}, _types(parsed)
    for key, value in _of(parsed, DEFAULT):
        for name in words(value):
            if name not in triggers:
                yield key, f"names {name}, which is no trigger here: {NOBODY}", _known(name, triggers)
    for each in mappings(parsed, SUBSCRIPTIONS):
        for name in words(each, "triggers"):
            if name not in triggers:
                yield SUBSCRIPTIONS, f"names {name}, which is no trigger here: {NOBODY}", _known(name, triggers)
        for name in (recipient.partition(":")[0] for recipient in words(each, "recipients")):
            if name not in services:
                yield SUBSCRIPTIONS, f"tells by {name}, which is no service here: {NOBODY}", _known(name, services)


def _served(parsed: Parsed) -> Iterator[tuple[str, str, str]]:
    """Each part of a template is for a service that is there; each service that is not, once."""
    types, users = _types(parsed), dict[str, list[str]]()
    for key, value in _of(parsed, TEMPLATE):
        if SLACK in mapping(value) and SLACK not in types.values():
            users.setdefault(SLACK, []).append(key)
        for name in mapping(value, WEBHOOK):
            if types.get(name) != WEBHOOK:
                users.setdefault(f"{WEBHOOK}.{name}", []).append(key)
    for name, (key, *others) in users.items():
        also = f" (so do {', '.join(others)})" if others else ""
        yield key, f"has a part for {name}{also}, and there is no {SERVICE}{name}: {NOBODY}", f"add {SERVICE}{name}, or correct the name"


def _of(parsed: Parsed, start: str) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in parsed.items() if key.startswith(start))


def _types(parsed: Parsed) -> dict[str, str]:
    """Services by the names that people subscribe by, with their types: service.TYPE or service.TYPE.NAME."""
    return {key.rpartition(".")[2]: key.split(".")[1] for key, _ in _of(parsed, SERVICE)}


def _of_json(parsed: Parsed) -> Iterator[str]:
    """Webhooks that say that what they send is JSON."""
    for key, value in _of(parsed, f"{SERVICE}{WEBHOOK}."):
        if any("json" in text(each, "value") for each in mappings(value, "headers") if text(each, "name").lower() == "content-type"):
            yield key.rpartition(".")[2]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else sequence(value):
        yield from _texts(each)


def _known(name: str, known: Iterable[str]) -> str:
    return instead(name, known, f"there are {', '.join(sorted(known)) or 'none'}: correct the name, or add it")
