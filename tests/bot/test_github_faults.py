"""The GitHub adapter when things go wrong: writes happen once all the same, errors say what to do and hold no secret."""

from __future__ import annotations

import socket
import traceback
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.routing import Route

from bot.adapters.github import open_forge
from bot.model import BotError, MergeRefusedError
from bot.sandbox.serving import Fault, serve
from tests.bot.forge_situations import APP_ID, MARKER, REPOSITORY, TOKEN, Situation, key_pair, start
from tests.bot.repositories import git

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

HERE = f"/api/v3/repos/{REPOSITORY}"
broken = pytest.mark.parametrize("status", [None, 502], ids=["reply lost", "502"])


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Situation]:
    situation = start(tmp_path)
    yield situation
    situation.server.stop()


def fail(here: Situation, method: str, path: str, *, status: int | None, times: int = 1) -> None:
    here.server.observed.faults.append(Fault(method, HERE + path, times, status))


@contextmanager
def refused(match: str) -> Iterator[None]:
    """An error that names this, and neither it nor its traceback holds a secret."""
    with pytest.raises(BotError, match=match) as caught:
        yield
    told = "".join(traceback.format_exception(caught.value)) + caught.value.message + caught.value.hint
    assert caught.value.hint
    assert TOKEN not in told
    assert "PRIVATE KEY" not in told


@broken
@pytest.mark.parametrize("times", [1, 2])
def test_a_pull_request_is_opened_once(here: Situation, status: int | None, times: int) -> None:
    here.branch("topic")
    fail(here, "POST", "/pulls", status=status, times=times)
    opened = here.forge().open_pull("topic", "t", "b")
    assert [pull.number for pull in here.state.pulls.values()] == [opened.number]


def test_a_pull_request_that_another_opened_in_between_is_found(here: Situation) -> None:
    here.branch("topic")
    faster = {"title": "faster", "head": "topic", "base": "main"}
    here.meanwhile.before("POST", f"{HERE}/pulls", lambda: here.ada.call("POST", "/pulls", faster))
    assert here.forge().open_pull("topic", "t", "b").title == "faster"
    assert len(here.state.pulls) == 1


@broken
def test_a_comment_is_made_once(here: Situation, status: int | None) -> None:
    here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    fail(here, "POST", f"/issues/{number}/comments", status=status)
    forge.write_comment(number, MARKER, f"{MARKER} one")
    fail(here, "PATCH", "/issues/comments", status=status)
    forge.write_comment(number, MARKER, f"{MARKER} two")
    assert [comment.body for comment in here.state.pulls[number].comments] == [f"{MARKER} two"]


@broken
def test_a_status_is_set_once(here: Situation, status: int | None) -> None:
    fail(here, "POST", f"/statuses/{here.main}", status=status)
    here.forge().set_status(here.main, "promotion/gate", state="pending", description="d" * 200)
    assert len(here.state.statuses[here.main]) == 1


@broken
def test_a_merge_happens_once_and_answers_its_commit(here: Situation, status: int | None) -> None:
    head = here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    fail(here, "PUT", f"/pulls/{number}/merge", status=status)
    commit = forge.merge(number, head=head, subject="s", message="m")
    bare = here.repositories.bare
    assert git(bare, "rev-parse", "main", "main^1", "main^2").split() == [commit, here.main, head]


@broken
def test_edits_labels_reviewers_and_closing_happen_once(here: Situation, status: int | None) -> None:
    here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    for method, path in (
        ("PATCH", f"/pulls/{number}"),
        ("POST", f"/issues/{number}/labels"),
        ("POST", f"/pulls/{number}/requested_reviewers"),
    ):
        fail(here, method, path, status=status)
    forge.edit_pull(number, title="new", body="new")
    forge.add_labels(number, ["prod"])
    forge.request_reviews(number, ["@acme/platform"])
    fail(here, "PATCH", f"/pulls/{number}", status=status)
    forge.close_pull(number)
    kept = here.state.pulls[number]
    assert (kept.title, kept.labels, kept.teams, kept.state) == ("new", ["prod"], ["acme/platform"], "closed")


def test_a_head_that_moves_just_before_the_merge_is_refused_by_the_forge(here: Situation) -> None:
    old = here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    here.meanwhile.before("PUT", f"{HERE}/pulls/{number}/merge", lambda: here.push("topic"))
    with refused("its head is"):
        forge.merge(number, head=old, subject="s", message="m")
    assert git(here.repositories.bare, "rev-parse", "main") == here.main


def test_trouble_that_stays_is_given_up_after_three_attempts(here: Situation) -> None:
    forge = here.forge()
    forge.login()
    fail(here, "GET", "/pulls", status=503, times=99)
    before = len(here.server.observed.calls)
    with refused("fails with HTTP 503 on pull requests"):
        forge.open_pulls()
    assert len(here.server.observed.calls) - before == 3


def test_a_wrong_token_is_named_and_not_shown(here: Situation) -> None:
    here.state.users.pop(TOKEN)
    with refused("the forge does not accept the token") as _:
        here.forge().open_pulls()
    with pytest.raises(BotError) as caught:
        here.forge().login()
    assert "BOT_GITHUB_TOKEN_FILE" in caught.value.hint


def test_a_used_up_rate_limit_says_until_when(here: Situation) -> None:
    here.state.limited_until = datetime(2099, 1, 2, 3, 4, 5, tzinfo=UTC)
    before = len(here.server.observed.calls)
    with pytest.raises(BotError, match="rate limit is used up") as caught:
        here.forge().open_pulls()
    assert caught.value.hint == "try again after 2099-01-02 03:04:05 UTC"
    assert len(here.server.observed.calls) - before == 1


def test_what_is_not_there_is_named(here: Situation) -> None:
    with refused("pull request 77 is not on"):
        here.forge().pull(77)
    with refused("repository acme/none is not on"):
        here.forge(name="acme/none").pull(77)
    with refused(r"refuses statuses of commit 111111111111: No commit found"):
        here.forge().statuses("1" * 40)
    with refused("a pull request of none: Validation Failed; PullRequest head invalid"):
        here.forge().open_pull("none", "t", "b")
    here.repositories.commit({}, branch="empty")
    git(here.repositories.bare, "update-ref", "refs/heads/same", "main")
    with refused("No commits between main and same"):
        here.forge().open_pull("same", "t", "b")


def test_a_person_who_is_nobody_is_the_forges_refusal(here: Situation) -> None:
    here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    with refused("not a collaborator"):
        forge.request_reviews(number, ["@nobody"])


def test_a_forge_that_does_not_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api/v3"
        began = datetime.now(UTC)
        with refused("did not answer about who we are in time"):
            open_forge(url, REPOSITORY, token=TOKEN, app_id=None, app_key=None, timeout=0.5).login()
        assert datetime.now(UTC) - began < timedelta(seconds=10)
    with refused("cannot be reached"):
        open_forge(url, REPOSITORY, token=TOKEN, app_id=None, app_key=None, timeout=1).login()


async def _login_page(_request: Request) -> Response:
    return HTMLResponse("<html>please log in</html>")


async def _other_api(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _renamed(_request: Request) -> Response:
    return JSONResponse({"id": 1, "full_name": "acme/other", "url": "http://127.0.0.1/api/v3/repos/acme/other"})


async def _elsewhere(_request: Request) -> Response:
    return RedirectResponse("https://evil.example/repos/acme/stack", 301)


async def _half(_request: Request) -> Response:
    return HTMLResponse('{"id": 1, "full_na', media_type="application/json")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (_login_page, "does not answer about repository acme/stack as GitHub's API does"),
        (_other_api, "does not answer about repository acme/stack as GitHub's API does"),
        (_renamed, "is now called acme/other"),
        (_elsewhere, "as GitHub's API does"),
        (_half, "as GitHub's API does"),
    ],
)
def test_what_is_not_the_repository_is_refused(answer: Callable[[Request], Awaitable[Response]], says: str) -> None:
    server = serve(Starlette(routes=[Route("/{path:path}", answer)]))
    with refused(says):
        open_forge(f"{server.url}/api/v3", REPOSITORY, token=TOKEN, app_id=None, app_key=None, timeout=2).open_pulls()
    server.stop()


@pytest.mark.parametrize("url", ["ftp://forge", f"https://bot:{TOKEN}@forge/api", "forge"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with refused("not the URL of a forge's API"):
        open_forge(url, REPOSITORY, token=TOKEN, app_id=None, app_key=None, timeout=2)


def test_an_app_without_a_right_key_is_named(tmp_path: Path) -> None:
    private, public = key_pair()
    here = start(tmp_path, public_key=public)
    other, _ = key_pair()
    with pytest.raises(BotError, match="does not accept the App's key") as caught:
        here.forge(app_key=other).login()
    assert "BOT_GITHUB_APP_KEY_FILE" in caught.value.hint
    damaged = "".join(private.splitlines(keepends=True)[:-3])
    with refused("not an RSA key"):
        here.forge(app_key=damaged)
    with refused("the App is not installed on repository acme/none"):
        here.forge(app_key=private, name="acme/none").open_pulls()
    with pytest.raises(BotError, match="no credential"):
        open_forge(here.api, REPOSITORY, token=None, app_id=APP_ID, app_key=None, timeout=1)
    here.server.stop()


def test_a_refused_merge_is_its_own_kind_of_error(here: Situation) -> None:
    here.state.required = frozenset({"promotion/gate"})
    head = here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    with pytest.raises(MergeRefusedError, match='Required status check "promotion/gate" is expected') as caught:
        forge.merge(number, head=head, subject="s", message="m")
    assert caught.value.hint
