"""The forge stand-in keeps GitHub's rules, for people who speak HTTP to it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from bot.sandbox.forge_state import Status
from tests.bot.forge_situations import APP_ID, REPOSITORY, SLUG, Situation, key_pair, start
from tests.bot.repositories import git

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bot.sandbox.people import Person


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Situation]:
    situation = start(tmp_path)
    yield situation
    situation.server.stop()


@pytest.fixture
def opened(here: Situation) -> int:
    """The bot's pull request of the branch topic."""
    here.branch("topic")
    return open_pull(here.bot, "topic")


def open_pull(person: Person, branch: str) -> int:
    number: int = person.call("POST", "/pulls", {"title": f"from {branch}", "head": branch, "base": "main"})["number"]
    return number


def refusal(person: Person, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, str]:
    """How a request is refused: status and all that is said."""
    with pytest.raises(httpx.HTTPStatusError) as caught:
        person.call(method, path, body)
    told = caught.value.response.json()
    return caught.value.response.status_code, f"{told['message']} {told.get('errors', '')}"


def test_a_branch_has_one_open_pull_request(here: Situation, opened: int) -> None:
    status, told = refusal(here.ada, "POST", "/pulls", {"title": "again", "head": "topic", "base": "main"})
    assert status == 422
    assert "A pull request already exists for acme:topic." in told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"head": "topic", "base": "main"}, "'title'"),
        ({"title": "t", "head": "none", "base": "main"}, "'head'"),
        ({"title": "t", "head": "topic", "base": "none"}, "'base'"),
        ({"title": "t", "head": "main", "base": "main"}, "No commits between main and main"),
        ({"title": "t", "head": "topic", "base": "main", "body": "b" * 70000}, "too long"),
        ({"title": 7, "head": "topic", "base": "main"}, "not a string"),
    ],
)
def test_a_pull_request_that_cannot_be_is_refused(here: Situation, body: dict[str, Any], told: str) -> None:
    here.branch("topic")
    status, said = refusal(here.ada, "POST", "/pulls", body)
    assert status == 422
    assert told in said
    assert here.state.pulls == {}


def test_nobody_approves_what_they_opened_themselves(here: Situation, opened: int) -> None:
    assert refusal(here.bot, "POST", f"/pulls/{opened}/reviews", {"event": "APPROVE"}) == (
        422,
        "Unprocessable Entity ['Can not approve your own pull request']",
    )
    here.ada.approve(opened)
    assert [review.author for review in here.state.pulls[opened].reviews] == ["ada"]
    assert refusal(here.ada, "POST", f"/pulls/{opened}/reviews", {"event": "LIKE"})[0] == 422


def test_the_merge_button_makes_a_merge_commit_of_who_pressed_it(here: Situation, opened: int) -> None:
    commit = here.ada.merge(opened)
    assert git(here.repositories.bare, "log", "-1", "--format=%H|%an|%s|%b", "main") == (
        f"{commit}|ada|Merge pull request #{opened} from acme/topic|from topic"
    )
    assert refusal(here.ada, "PUT", f"/pulls/{opened}/merge", {}) == (405, "Pull Request is not mergeable ")


def test_merges_of_another_head_or_kind_are_refused(here: Situation, opened: int) -> None:
    status, told = refusal(here.ada, "PUT", f"/pulls/{opened}/merge", {"sha": here.main})
    assert (status, told) == (409, "Head branch was modified. Review and try the merge again. ")
    assert refusal(here.ada, "PUT", f"/pulls/{opened}/merge", {"merge_method": "squash"})[0] == 405


def test_pull_requests_follow_their_branches(here: Situation, opened: int) -> None:
    head = here.push("topic")
    assert here.ada.call("GET", f"/pulls/{opened}")["head"]["sha"] == head
    git(here.repositories.bare, "update-ref", "-d", "refs/heads/topic")
    found = here.ada.call("GET", f"/pulls/{opened}")
    assert (found["state"], found["merged"], found["head"]["sha"]) == ("closed", False, head)
    assert "cannot be reopened" in refusal(here.ada, "PATCH", f"/pulls/{opened}", {"state": "open"})[1]


def test_a_head_that_is_pushed_to_main_counts_as_merged(here: Situation, opened: int) -> None:
    head = here.state.pulls[opened].head
    git(here.repositories.bare, "update-ref", "refs/heads/main", head)
    found = here.ada.call("GET", f"/pulls/{opened}")
    assert (found["state"], found["merged"], found["merge_commit_sha"]) == ("closed", True, head)


def test_a_closed_pull_request_can_be_reopened(here: Situation, opened: int) -> None:
    for state in ("closed", "open"):
        assert here.ada.call("PATCH", f"/pulls/{opened}", {"state": state})["state"] == state


def test_whether_it_conflicts_is_said(here: Situation) -> None:
    here.branch("one", "1\n")
    here.branch("two", "2\n")
    one, two = open_pull(here.bot, "one"), open_pull(here.bot, "two")
    assert here.ada.call("GET", f"/pulls/{two}")["mergeable"] is True
    here.ada.merge(one)
    assert here.ada.call("GET", f"/pulls/{two}")["mergeable"] is False
    assert refusal(here.ada, "PUT", f"/pulls/{two}/merge", {})[0] == 405


def test_a_commit_takes_a_thousand_statuses_of_one_context(here: Situation) -> None:
    now = here.state.now()
    here.state.statuses[here.main] = [Status(number, "ada", "gate", "pending", None, None, now) for number in range(1000)]
    path = f"/statuses/{here.main}"
    assert "maximum number of statuses" in refusal(here.ada, "POST", path, {"state": "success", "context": "gate"})[1]
    here.ada.call("POST", path, {"state": "success", "context": "other"})


@pytest.mark.parametrize(
    ("sha", "body", "told"),
    [
        ("main", {"state": "great"}, "'state'"),
        ("main", {"state": "success", "description": "d" * 141}, "too long"),
        ("1" * 40, {"state": "success"}, "No commit found"),
    ],
)
def test_a_status_that_cannot_be_is_refused(here: Situation, sha: str, body: dict[str, Any], told: str) -> None:
    status, said = refusal(here.ada, "POST", f"/statuses/{here.main if sha == 'main' else sha}", body)
    assert status == 422
    assert told in said


@pytest.mark.parametrize(
    ("states", "together"),
    [([], "pending"), (["success", "success"], "success"), (["success", "pending"], "pending"), (["success", "error"], "failure")],
)
def test_statuses_together(here: Situation, states: list[str], together: str) -> None:
    for number, state in enumerate(states):
        here.ada.call("POST", f"/statuses/{here.main}", {"state": "failure", "context": f"{number}"})
        here.ada.call("POST", f"/statuses/{here.main}", {"state": state, "context": f"{number}"})
    found = here.ada.call("GET", f"/commits/{here.main}/status")
    assert (found["state"], found["total_count"]) == (together, len(states))


def test_lists_come_in_pages_with_links_to_the_same_host(here: Situation) -> None:
    here.branches(5)
    for number in range(5):
        open_pull(here.ada, f"topic-{number:03}")
    url = f"{here.api}/repos/{REPOSITORY}/pulls?per_page=2&sort=created&direction=asc"
    titles, pages = [], 0
    while url:
        answer = httpx.get(url, headers={"Authorization": f"Bearer {here.ada.token}"}, trust_env=False)
        titles += [pull["title"] for pull in answer.json()]
        pages += 1
        url = answer.links.get("next", {}).get("url", "")
        assert not url or url.startswith(here.api)
    assert (titles, pages) == ([f"from topic-{number:03}" for number in range(5)], 3)
    assert [pull["title"] for pull in here.ada.call("GET", "/pulls?per_page=1")] == ["from topic-004"]


def test_who_may_ask_and_what(here: Situation) -> None:
    assert httpx.get(f"{here.api}/user", trust_env=False).status_code == 401
    assert httpx.get(f"{here.api}/user", headers={"Authorization": "token nobody"}, trust_env=False).json()["message"] == "Bad credentials"
    known = {"Authorization": f"token {here.ada.token}"}
    assert httpx.get(f"{here.api}/repos/acme/other", headers=known, trust_env=False).status_code == 404
    assert httpx.get(f"{here.api}/repos/Acme/STACK", headers=known, trust_env=False).status_code == 200
    answer = httpx.post(f"{here.api}/repos/{REPOSITORY}/pulls", content=b"{", headers=known, trust_env=False)
    assert (answer.status_code, answer.json()["message"]) == (400, "Problems parsing JSON")


def test_a_page_shows_a_pull_request_to_people_and_escapes_what_they_wrote(here: Situation, opened: int) -> None:
    here.ada.call("PATCH", f"/pulls/{opened}", {"title": "<b>t</b>", "body": "<script>"})
    here.ada.call("POST", f"/issues/{opened}/comments", {"body": "said & done"})
    here.ada.call("POST", f"/statuses/{here.state.pulls[opened].head}", {"state": "pending", "context": "gate", "description": "soak"})
    here.ada.approve(opened)
    page = httpx.get(f"{here.server.url}/{REPOSITORY}/pull/{opened}", trust_env=False)
    assert page.headers["content-type"].startswith("text/html")
    for shown in ("&lt;b&gt;t", "&lt;script&gt;", "said &amp; done", "gate: pending, soak", "ada: APPROVED", "open: acme:topic"):
        assert shown in page.text
    assert "<script>" not in page.text
    here.ada.merge(opened)
    assert "merged: acme:topic" in httpx.get(page.url, trust_env=False).text
    assert httpx.get(f"{here.server.url}/{REPOSITORY}/pull/99", trust_env=False).status_code == 404
    assert httpx.get(f"{here.server.url}/acme/other/pull/{opened}", trust_env=False).status_code == 404


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 200),
        ({"iss": "1"}, 401),
        ({"exp": -10}, 401),
        ({"exp": 3600}, 401),
        ({"exp": None}, 401),
    ],
    ids=["good", "of another App", "over", "too long", "for ever"],
)
def test_an_app_shows_a_short_lived_token_of_its_own(tmp_path: Path, claims: dict[str, Any], status: int) -> None:
    private, public = key_pair()
    here = start(tmp_path, public_key=public)
    now = int(time.time())
    wanted: dict[str, Any] = {"iss": str(APP_ID), "exp": 300, **claims}
    wanted = {"iat": now, "iss": wanted["iss"]} | ({} if wanted["exp"] is None else {"exp": now + wanted["exp"]})
    headers = {"Authorization": f"Bearer {jwt.encode(wanted, private, algorithm='RS256')}"}
    answer = httpx.get(f"{here.api}/app", headers=headers, trust_env=False)
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["slug"] == SLUG
        token = httpx.post(f"{here.api}/app/installations/{APP_ID}/access_tokens", headers=headers, json={}, trust_env=False).json()[
            "token"
        ]
        refused = httpx.get(f"{here.api}/user", headers={"Authorization": f"token {token}"}, trust_env=False)
        assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    here.server.stop()
