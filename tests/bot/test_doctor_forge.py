"""Doctor on the forge: what GitHub tells, by each way to protect main and to each who asks; and what is made of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.environments import parse_environment
from bot.model import BotError
from bot.sandbox.forge_state import Hook
from bot.sandbox.forge_state import Protection as Protected
from bot.setup import OK, PROBLEM, UNKNOWN, WARNING, Merging, Protection, RequiredCheck, Rights, Webhook
from bot.workflows.doctor_forge import OF_APP, merging_checks, owners_checks, protection_checks, rights_checks, webhook_checks
from tests.bot.argocd_situations import ENVIRONMENT
from tests.bot.forge_situations import APP_ID, Situation, key_pair, start

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.setup import Check

GATE = "promotion/gate"
BOT = "context-bot"
PINNED = Protection((RequiredCheck(GATE, APP_ID),), pull_request=True, owners_review=True, last_push_approval=True)
HIDDEN = Protection((RequiredCheck(GATE, APP_ID),), pull_request=None, owners_review=None, last_push_approval=None)
NOTHING = Protection((), pull_request=False, owners_review=False, last_push_approval=False)
PROD = parse_environment("prod", ENVIRONMENT.format(name="prod").replace("http://argocd.invalid", "https://argocd.test"))
HOOK = Webhook("https://argocd.test/api/webhook", is_active=True, events=("push",), last_code=200)


def states(checks: Iterable[Check]) -> list[str]:
    found = list(checks)
    assert all(check.state == OK or check.fix for check in found), found
    return [check.state for check in found if check.state != OK] or [OK]


@pytest.fixture(scope="module")
def keys() -> tuple[str, str]:
    return key_pair()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, keys: tuple[str, str]) -> Iterator[Situation]:
    situation = start(tmp_path_factory.mktemp("forge"), public_key=keys[1])
    yield situation
    situation.server.stop()


@pytest.fixture(autouse=True)
def plain(here: Situation) -> None:
    here.state.required, here.state.protection, here.state.admins = frozenset({GATE}), None, frozenset()
    here.state.hooks, here.state.scopes, here.state.auto_merge = (), {}, False


SEEN = {
    "nothing": (None, False, NOTHING),
    "a ruleset that pins": (Protected(app=APP_ID), False, PINNED),
    "a ruleset": (Protected(), False, replace(PINNED, checks=(RequiredCheck(GATE, None),))),
    "branch protection, to an administrator": (Protected(by_ruleset=False, app=APP_ID), True, PINNED),
    "branch protection, to others": (
        Protected(by_ruleset=False, app=APP_ID),
        False,
        HIDDEN,
    ),
    "branch protection without owners": (
        Protected(by_ruleset=False, app=APP_ID, owners_review=False, last_push_approval=False),
        True,
        replace(PINNED, owners_review=False, last_push_approval=False),
    ),
}


@pytest.mark.parametrize("case", SEEN)
def test_what_protects_main_is_seen_as_far_as_we_may(here: Situation, case: str) -> None:
    here.state.protection, is_admin, expected = SEEN[case]
    here.state.admins = frozenset({BOT} if is_admin else ())
    assert here.forge().protection() == expected


def test_rights_of_a_token_and_of_an_app_are_seen(here: Situation, keys: tuple[str, str]) -> None:
    assert here.forge().rights() == Rights("token", may_push=True, is_private=False)
    here.state.scopes = {BOT: "repo, read:org"}
    assert here.forge().rights() == Rights("classic", scopes=("repo", "read:org"), may_push=True, is_private=False)
    found = here.forge(app_key=keys[0]).rights()
    assert (found.kind, found.app, found.permissions["contents"]) == ("app", APP_ID, "write")
    assert states(rights_checks(found)) == [OK]


def test_merging_and_hooks_are_seen(here: Situation) -> None:
    here.state.auto_merge, here.state.hooks = True, (Hook(1, "https://argocd.test/api/webhook", 200), Hook(2, "https://x.test"))
    assert here.forge().merging() == Merging(auto_merge=True, merge_commit=True)
    with pytest.raises(BotError, match="webhooks"):
        here.forge().webhooks()
    here.state.admins = frozenset({BOT})
    assert here.forge().webhooks() == (HOOK, Webhook("https://x.test", is_active=True, events=("push",), last_code=None))


def test_an_owner_that_does_not_exist_is_named_and_no_file_is_an_error(here: Situation) -> None:
    with pytest.raises(BotError, match="CODEOWNERS"):
        here.forge().owners_problems()
    head = here.branch("owners", "# who\n* @ada\n/x nobody\n", path=".github/CODEOWNERS")
    forge = here.forge()
    here.state.required = frozenset()
    forge.merge(forge.open_pull("owners", "owners", "").number, head=head, subject="s", message="m")
    assert forge.owners_problems() == (".github/CODEOWNERS:3: Invalid owner",)


RIGHTS = {
    "an App with all": (Rights("app", 1, dict(OF_APP)), [OK]),
    "an App that may write what it must read": (Rights("app", 1, {**OF_APP, "members": "write"}), [OK]),
    "an App that may only read statuses": (Rights("app", 1, {**OF_APP, "statuses": "read"}), [PROBLEM]),
    "an App without members": (Rights("app", 1, {name: right for name, right in OF_APP.items() if name != "members"}), [WARNING]),
    "a fine-grained token": (Rights("token", may_push=True), [UNKNOWN]),
    "a fine-grained token of a reader": (Rights("token", may_push=False), [PROBLEM, UNKNOWN]),
    "a classic token": (Rights("classic", scopes=("repo",), may_push=True), [OK]),
    "a classic token without scopes": (Rights("classic", may_push=True), [PROBLEM]),
    "public_repo on a private repository": (Rights("classic", scopes=("public_repo",), may_push=True), [PROBLEM]),
    "public_repo on a public repository": (Rights("classic", scopes=("public_repo",), may_push=True, is_private=False), [OK]),
}


@pytest.mark.parametrize("case", RIGHTS)
def test_rights_are_judged(case: str) -> None:
    rights, expected = RIGHTS[case]
    assert states(rights_checks(rights)) == expected


def required(*apps: int | None) -> Protection:
    return replace(PINNED, checks=tuple(RequiredCheck(GATE, app) for app in apps))


PROTECTION: dict[str, tuple[Protection, int | None, bool, list[str]]] = {
    "all in place": (PINNED, APP_ID, True, [OK]),
    "pinned twice": (required(APP_ID, APP_ID), APP_ID, True, [OK]),
    "from anybody, and the bot merges": (required(None), APP_ID, True, [PROBLEM]),
    "from anybody, and people merge": (required(None), APP_ID, False, [OK]),
    "from another App": (required(1), APP_ID, True, [PROBLEM]),
    "a token where the bot merges": (PINNED, None, True, [PROBLEM]),
    "a token where people merge": (required(None), None, False, [OK]),
    "another status is required": (replace(PINNED, checks=(RequiredCheck("ci", None),)), APP_ID, True, [PROBLEM]),
    "nothing": (NOTHING, APP_ID, True, [PROBLEM] * 4),
    "unseen": (HIDDEN, APP_ID, True, [UNKNOWN] * 3),
}


@pytest.mark.parametrize("case", PROTECTION)
def test_protection_is_judged(case: str) -> None:
    seen, app, bot_merges, expected = PROTECTION[case]
    assert states(protection_checks(seen, app, bot_merges=bot_merges)) == expected


HOOKS = {
    "told": ((HOOK,), [OK]),
    "none": ((), [WARNING]),
    "of another host": ((Webhook("https://elsewhere.test/api/webhook", is_active=True, events=("push",), last_code=200),), [WARNING]),
    "turned off": ((Webhook(HOOK.url, is_active=False, events=("push",), last_code=200),), [WARNING]),
    "not of pushes": ((Webhook(HOOK.url, is_active=True, events=("issues",), last_code=200),), [WARNING]),
    "never delivered": ((Webhook(HOOK.url, is_active=True, events=("*",), last_code=None),), [OK]),
    "refused": ((Webhook(HOOK.url, is_active=True, events=("push",), last_code=401),), [PROBLEM]),
}


@pytest.mark.parametrize("case", HOOKS)
def test_webhooks_are_judged(case: str) -> None:
    hooks, expected = HOOKS[case]
    assert states(webhook_checks(hooks, [PROD])) == expected


def test_merging_and_owners_are_judged() -> None:
    assert states(merging_checks(Merging(auto_merge=False, merge_commit=True))) == [OK]
    assert states(merging_checks(Merging(auto_merge=True, merge_commit=False))) == [PROBLEM, PROBLEM]
    assert states(merging_checks(Merging(auto_merge=None, merge_commit=True))) == [UNKNOWN]
    assert states(owners_checks(())) == [OK]
    assert states(owners_checks(("x:1: Invalid owner",))) == [PROBLEM]
