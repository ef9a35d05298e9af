"""The GitHub adapter on the stand-in: what it finds, and that what it writes is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.model import BotError, MergeRefusedError
from bot.ports import Review, Status
from bot.sandbox.forge_state import Comment
from tests.bot.forge_situations import MARKER, Situation, key_pair, start
from tests.bot.repositories import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Situation]:
    situation = start(tmp_path)
    yield situation
    situation.server.stop()


def test_an_opened_pull_request_is_found_again_everywhere(here: Situation) -> None:
    head = here.branch("promote.prod")
    forge = here.forge()
    opened = forge.open_pull("promote.prod", "prod: api 1 -> 2", "The body\n")
    assert (opened.title, opened.body, opened.branch, opened.head) == ("prod: api 1 -> 2", "The body\n", "promote.prod", head)
    assert (opened.base, opened.author, opened.is_open, opened.merge_commit) == ("main", "context-bot", True, None)
    assert opened.url == f"{here.server.url}/acme/stack/pull/{opened.number}"
    assert forge.pull(opened.number) == opened == forge.pull_of_branch("promote.prod")
    assert forge.open_pulls() == (opened,)
    assert forge.pull_of_branch("promote") is None


def test_nothing_is_written_a_second_time(here: Situation) -> None:
    head = here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number

    def everything() -> None:
        forge.open_pull("topic", "t", "b")
        forge.edit_pull(number, title="new", body="new body")
        forge.add_labels(number, ["promotion", "prod"])
        forge.request_reviews(number, ["@acme/platform", "@ben", "@context-bot"])
        forge.write_comment(number, MARKER, f"{MARKER}\nevidence")
        forge.set_status(head, "promotion/gate", state="pending", description="waits")

    assert here.writes(everything) == 5
    assert here.writes(everything) == 0
    pull = forge.pull(number)
    assert (pull.title, pull.body, pull.labels) == ("new", "new body", ("promotion", "prod"))
    kept = here.state.pulls[number]
    assert (kept.reviewers, kept.teams) == (["ben"], ["acme/platform"])


def test_only_labels_that_are_missing_are_added(here: Situation) -> None:
    here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    forge.add_labels(number, ["Promotion"])
    forge.add_labels(number, ["promotion", "prod", "prod"])
    assert forge.pull(number).labels == ("Promotion", "prod")


def test_pull_requests_of_forks_do_not_count(here: Situation) -> None:
    here.fork("mallory", "promote.prod")
    made = here.ben.call("POST", "/pulls", {"title": "mine", "head": "mallory:promote.prod", "base": "main"})
    forge = here.forge()
    assert forge.pull_of_branch("promote.prod") is None
    assert forge.open_pulls() == ()
    with pytest.raises(BotError, match="comes from a fork"):
        forge.pull(made["number"])
    head = here.branch("promote.prod")
    assert forge.open_pull("promote.prod", "ours", "").head == head
    here.state.forks.clear()
    assert [pull.title for pull in forge.open_pulls()] == ["ours"]


def test_the_oldest_of_several_counts_and_other_bases_do_not(here: Situation) -> None:
    here.branch("other")
    here.branch("topic", path="other.txt")
    here.ada.call("POST", "/pulls", {"title": "into other", "head": "topic", "base": "other"})
    forge = here.forge()
    assert forge.pull_of_branch("topic") is None
    first = forge.open_pull("topic", "into main", "")
    assert forge.pull_of_branch("topic") == first
    assert forge.open_pulls() == (first,)


def test_more_than_a_page_is_read_to_the_end(here: Situation) -> None:
    here.branches(103)
    for number in range(103):
        here.ada.call("POST", "/pulls", {"title": f"{number}", "head": f"topic-{number:03}", "base": "main"})
    forge = here.forge()
    before = len(here.server.observed.calls)
    assert [pull.title for pull in forge.open_pulls()] == [f"{number}" for number in range(103)]
    assert len(here.server.observed.calls) - before == 3  # the repository, and two pages
    number = forge.open_pulls()[0].number
    now = here.state.now()
    here.state.pulls[number].comments += [Comment(1000 + text, "ada", f"{MARKER} {text}", now, now) for text in range(130)]
    here.bot.call("POST", f"/issues/{number}/comments", {"body": f"{MARKER} ours"})
    assert forge.sticky_comment(number, MARKER) == f"{MARKER} ours"


def test_only_our_own_oldest_comment_sticks(here: Situation) -> None:
    here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    assert forge.sticky_comment(number, MARKER) is None
    here.ada.call("POST", f"/issues/{number}/comments", {"body": f"{MARKER} of Ada"})
    here.bot.call("POST", f"/issues/{number}/comments", {"body": f"said {MARKER} later"})
    assert forge.sticky_comment(number, MARKER) is None
    forge.write_comment(number, MARKER, f"{MARKER} one")
    here.bot.call("POST", f"/issues/{number}/comments", {"body": f"{MARKER} a duplicate"})
    forge.write_comment(number, MARKER, f"{MARKER} two")
    assert forge.sticky_comment(number, MARKER) == f"{MARKER} two"
    texts = [comment.body for comment in here.state.pulls[number].comments]
    assert texts == [f"{MARKER} of Ada", f"said {MARKER} later", f"{MARKER} two", f"{MARKER} a duplicate"]


def test_the_latest_deciding_review_of_each_person_counts(here: Situation) -> None:
    head = here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    path = f"/pulls/{number}/reviews"
    here.ada.call("POST", path, {"event": "REQUEST_CHANGES", "body": "no"})
    here.ada.approve(number)
    here.ada.call("POST", path, {"event": "COMMENT", "body": "nice"})
    refused = here.ben.call("POST", path, {"event": "REQUEST_CHANGES", "body": "no"})
    approved, said = Review("ada", "APPROVED", head), Review("ada", "COMMENTED", head, "nice")
    assert forge.reviews(number) == (approved, said, Review("ben", "CHANGES_REQUESTED", head, "no"))
    here.ben.call("PUT", f"{path}/{refused['id']}/dismissals", {"message": "settled"})
    assert forge.reviews(number) == (approved, said, Review("ben", "DISMISSED", head, "no"))


def test_who_has_reviewed_this_head_is_not_asked_again_but_for_a_new_one(here: Situation) -> None:
    here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    people = ["@acme/platform", "@ben"]
    forge.request_reviews(number, people)
    here.ada.approve(number)
    here.ben.call("POST", f"/pulls/{number}/reviews", {"event": "COMMENT", "body": "hm"})
    assert here.writes(lambda: forge.request_reviews(number, people)) == 0
    here.push("topic")
    assert here.writes(lambda: forge.request_reviews(number, people)) == 1
    assert here.writes(lambda: forge.request_reviews(number, people)) == 0
    assert (here.state.pulls[number].reviewers, here.state.pulls[number].teams) == (["ben"], ["acme/platform"])


def test_members_of_teams_and_people(here: Situation) -> None:
    forge = here.forge()
    assert forge.members("@acme/platform") == {"ada"}
    assert forge.members("@ben") == {"ben"}
    with pytest.raises(BotError, match="team @acme/nobody is not on"):
        forge.members("@acme/nobody")
    with pytest.raises(BotError, match="names nobody"):
        forge.members("ben")


def test_the_newest_status_of_each_context_with_its_author(here: Situation) -> None:
    forge = here.forge()
    here.ada.call("POST", f"/statuses/{here.main}", {"state": "error", "context": "ci"})
    forge.set_status(here.main, "promotion/gate", state="pending", description="waits")
    forge.set_status(here.main, "promotion/gate", state="success", description="d" * 300)
    found = forge.statuses(here.main)
    assert found["ci"] == Status("ci", "error", "", "ada")
    assert found["promotion/gate"] == Status("promotion/gate", "success", "d" * 139 + "…", "context-bot")
    assert here.writes(lambda: forge.set_status(here.main, "promotion/gate", state="success", description="d" * 300)) == 0


def test_a_merge_is_a_merge_commit_and_repeating_it_answers_it(here: Situation) -> None:
    head = here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    commit = forge.merge(number, head=head, subject="t (#1)", message="Evidence: abc\n")
    bare = here.repositories.bare
    assert git(bare, "rev-parse", "main", "main^1", "main^2").split() == [commit, here.main, head]
    assert git(bare, "log", "-1", "--format=%an|%B", "main").rstrip() == "context-bot|t (#1)\n\nEvidence: abc"
    assert here.writes(lambda: forge.merge(number, head=head, subject="t (#1)", message="")) == 0
    assert forge.merge(number, head=head, subject="t (#1)", message="") == commit
    merged = forge.pull(number)
    assert (merged.is_open, merged.merge_commit, merged.head) == (False, commit, head)
    assert forge.pull_of_commit(commit) == forge.pull_of_commit(head) == merged
    assert forge.pull_of_commit(here.main) is None
    assert forge.open_pulls() == ()
    with pytest.raises(MergeRefusedError, match="its head is"):
        forge.merge(number, head=here.main, subject="", message="")


def test_a_moved_head_is_not_merged(here: Situation) -> None:
    old = here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    here.push("topic")
    with pytest.raises(MergeRefusedError, match="its head is"):
        forge.merge(number, head=old, subject="s", message="m")
    assert git(here.repositories.bare, "rev-parse", "main") == here.main


def test_a_conflict_is_refused_with_the_forges_reason(here: Situation) -> None:
    one, two = here.branch("one", "1\n"), here.branch("two", "2\n")
    forge = here.forge()
    first, second = (forge.open_pull(branch, "t", "b").number for branch in ("one", "two"))
    forge.merge(first, head=one, subject="s", message="m")
    with pytest.raises(MergeRefusedError, match="not mergeable"):
        forge.merge(second, head=two, subject="s", message="m")


def test_a_required_status_must_be_success(here: Situation) -> None:
    here.state.required = frozenset({"promotion/gate"})
    head = here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    for state, told in (("pending", "is pending"), ("failure", "is failing")):
        forge.set_status(head, "promotion/gate", state=state, description=state)
        with pytest.raises(MergeRefusedError, match=told):
            forge.merge(number, head=head, subject="s", message="m")
    forge.set_status(head, "promotion/gate", state="success", description="passed")
    forge.merge(number, head=head, subject="s", message="m")


def test_closing_is_done_once_and_a_closed_one_is_not_merged(here: Situation) -> None:
    head = here.branch("topic")
    forge = here.forge()
    number = forge.open_pull("topic", "t", "b").number
    forge.close_pull(number)
    assert here.writes(lambda: forge.close_pull(number)) == 0
    assert not forge.pull(number).is_open
    with pytest.raises(MergeRefusedError, match="closed without a merge"):
        forge.merge(number, head=head, subject="s", message="m")
    assert forge.open_pull("topic", "again", "").number != number


def test_an_app_acts_as_its_bot(tmp_path: Path) -> None:
    private, public = key_pair()
    here = start(tmp_path, public_key=public)
    head = here.branch("topic")
    forge = here.forge(app_key=private)
    assert forge.login() == "promoter[bot]"
    number = forge.open_pull("topic", "t", "b").number
    assert forge.pull(number).author == "promoter[bot]"
    forge.write_comment(number, MARKER, f"{MARKER} by the App")
    forge.write_comment(number, MARKER, f"{MARKER} again")
    assert [comment.body for comment in here.state.pulls[number].comments] == [f"{MARKER} again"]
    forge.set_status(head, "promotion/gate", state="pending", description="waits")
    assert forge.statuses(head)["promotion/gate"].author == "promoter[bot]"
    assert sum("access_tokens" in call.path for call in here.server.observed.calls) == 1
    here.server.stop()


def test_a_token_is_asked_who_it_is_once(here: Situation) -> None:
    forge = here.forge()
    assert forge.login() == forge.login() == "context-bot"
    assert [call.path for call in here.server.observed.calls].count("/api/v3/user") == 1
