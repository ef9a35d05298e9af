"""Whatever the adapter asks and the stand-in answers is as GitHub's own description of its API says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from bot.model import BotError
from bot.sandbox.forge_state import Hook, Protection
from tests.bot.forge_contract import PATHS, Exchange, Recorder, description, violations
from tests.bot.forge_situations import MARKER, Situation, key_pair, start

if TYPE_CHECKING:
    from openapi_core import OpenAPI

    from bot.ports import Forge

KNOWN = ("Unknown response http status: 401",)  # what a wrong token gets: GitHub's description says so in prose, and at few paths


@pytest.fixture(scope="module")
def api() -> OpenAPI:
    return description()


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, api: OpenAPI) -> list[Exchange]:
    """Everything between the adapter (by token and as an App), people and the stand-in."""
    private, public = key_pair()
    recorders: list[Recorder] = []

    def record(app: object) -> Recorder:
        recorders.append(Recorder(app))  # type: ignore[arg-type]  # an ASGI app
        return recorders[0]

    here = start(tmp_path_factory.mktemp("forge"), wrapped=record, public_key=public)
    _everything(here, here.forge(), branch="by-token")
    _everything(here, here.forge(app_key=private), branch="by-app")
    _refusals(here)
    _setups(here)
    here.server.stop()
    return recorders[0].exchanges


def _everything(here: Situation, forge: Forge, *, branch: str) -> None:
    head = here.branch(branch, path=f"{branch}.txt")
    forge.login()
    number = forge.open_pull(branch, "title", "body").number
    forge.edit_pull(number, title="new", body="new")
    forge.add_labels(number, ["promotion"])
    forge.request_reviews(number, ["@acme/platform", "@ben"])
    here.ada.approve(number)
    review = here.ben.call("POST", f"/pulls/{number}/reviews", {"event": "REQUEST_CHANGES", "body": "no"})
    here.ben.call("PUT", f"/pulls/{number}/reviews/{review['id']}/dismissals", {"message": "settled"})
    here.ada.call("GET", f"/pulls/{number}/requested_reviewers")
    forge.reviews(number)
    forge.members("@acme/platform")
    for text in ("one", "two"):
        forge.write_comment(number, MARKER, f"{MARKER} {text}")
        forge.set_status(head, "promotion/gate", state="pending", description=text)
    forge.sticky_comment(number, MARKER)
    forge.statuses(head)
    here.ada.call("GET", f"/commits/{head}/status")
    here.ada.call("GET", f"/issues/{number}/labels")
    forge.open_pulls()
    forge.pull_of_branch(branch)
    commit = forge.merge(number, head=head, subject="s", message="m")
    forge.pull_of_commit(commit)
    forge.pull(number)
    here.branch(f"{branch}-2", path=f"{branch}-2.txt")
    forge.close_pull(forge.open_pull(f"{branch}-2", "closed", "").number)


def _setups(here: Situation) -> None:
    """What doctor asks, of each way to protect main, by those who may see it all and those who may not."""
    forge = here.forge()
    with pytest.raises(BotError):
        forge.owners_problems()
    head = here.branch("owners", "* @ada nobody\n", path=".github/CODEOWNERS")
    forge.merge(forge.open_pull("owners", "owners", "").number, head=head, subject="s", message="m")
    here.state.required, here.state.hooks = frozenset({"promotion/gate"}), (Hook(1, "https://argocd.test/api/webhook", 200), Hook(2, "x"))
    for protection in (Protection(app=4711), Protection(by_ruleset=False, app=4711), Protection(by_ruleset=False), None):
        for admins in (frozenset({"context-bot"}), frozenset[str]()):
            here.state.protection, here.state.admins = protection, admins
            for read in (forge.rights, forge.protection, forge.merging, forge.owners_problems):
                read()
    with pytest.raises(BotError):
        forge.webhooks()
    here.state.admins = frozenset({"context-bot"})
    forge.webhooks()
    here.state.required = frozenset()


def _refusals(here: Situation) -> None:
    one, two = here.branch("one", "1\n"), here.branch("two", "2\n")
    forge = here.forge()
    first, second = (forge.open_pull(branch, branch, "").number for branch in ("one", "two"))
    forge.merge(first, head=one, subject="s", message="m")
    refused = (
        lambda: forge.merge(second, head=two, subject="s", message="m"),
        lambda: forge.pull(999),
        lambda: forge.open_pull("none", "t", "b"),
        lambda: forge.request_reviews(second, ["@nobody"]),
        lambda: here.forge("wrong").login(),
    )
    for action in refused:
        with pytest.raises(BotError):
            action()
    for path, body in (
        (f"/pulls/{second}/merge", {"sha": one}),
        (f"/pulls/{first}/reviews/1/dismissals", {"message": "none"}),
    ):
        with pytest.raises(httpx.HTTPStatusError):
            here.ada.call("PUT", path, body)
    with pytest.raises(httpx.HTTPStatusError):
        here.bot.call("POST", f"/pulls/{second}/reviews", {"event": "APPROVE"})


def test_every_request_and_reply_is_as_github_describes(api: OpenAPI, said: list[Exchange]) -> None:
    found = [violation for exchange in said for violation in violations(api, exchange)]
    assert [violation for violation in found if not any(known in violation for known in KNOWN)] == []


def test_every_endpoint_that_is_described_here_was_used(said: list[Exchange]) -> None:
    used = {exchange.path for exchange in said}

    def matches(path: str, template: str) -> bool:
        parts, wanted = path.split("/"), template.split("/")
        return len(parts) == len(wanted) and all(a == b or b.startswith("{") for a, b in zip(parts, wanted, strict=True))

    assert [template for template in PATHS if not any(matches(path, template) for path in used)] == []
    assert {200, 201, 401, 404, 405, 409, 422} <= {exchange.status for exchange in said}


def test_a_reply_that_is_not_as_described_is_noticed(api: OpenAPI, said: list[Exchange]) -> None:
    """The check itself: a field taken away, or of another type, is found."""
    told = next(exchange for exchange in said if exchange.method == "GET" and b'"creator"' in exchange.reply)
    for before, after in ((b'"creator"', b'"maker"'), (b'"id":', b'"id":"x","was":')):
        broken = Exchange(**{**vars(told), "reply": told.reply.replace(before, after)})
        assert violations(api, broken)
