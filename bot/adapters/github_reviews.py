"""Reviews on GitHub: who decided what, and who was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from github.NamedUser import NamedUser
from github.PaginatedList import PaginatedList

from bot.adapters.github_pulls import own_pull
from bot.model import BotError
from bot.ports import Review

if TYPE_CHECKING:
    from collections.abc import Iterable

    from github.Repository import Repository

DECIDING = {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}
KNOWN = DECIDING | {"COMMENTED"}
GIVEN = {"APPROVED", "CHANGES_REQUESTED", "COMMENTED"}


def latest_reviews(repository: Repository, number: int) -> tuple[Review, ...]:
    """The latest deciding review of each person, which a later comment does not take back, and their latest comment."""
    latest = {(review.login, review.state in DECIDING): review for review in _all(repository, number) if review.state in KNOWN}
    return tuple(latest.values())


def members(repository: Repository, team: str) -> frozenset[str]:
    """Logins of @org/team, or of @user."""
    organization, slug = _who(team)
    if organization is None:
        return frozenset({slug})
    path = f"/orgs/{organization}/teams/{slug}/members"
    return frozenset(member.login for member in PaginatedList(NamedUser, repository.requester, path))


def request_reviews(repository: Repository, number: int, people: Iterable[str]) -> None:
    """Asks those who are neither asked nor have reviewed this head: GitHub forgets a request once it is answered."""
    pull = own_pull(repository, number)
    answered = {review.login for review in _all(repository, number) if review.state in GIVEN and review.commit == pull.head.sha}
    asked_people = {user.login.lower() for user in pull.requested_reviewers} | {login.lower() for login in answered}
    asked_teams = {team.slug.lower() for team in pull.requested_teams}
    author = pull.user.login.lower() if pull.user else None  # GitHub refuses to ask an author
    users: list[str] = []
    teams: list[str] = []
    for organization, name in dict.fromkeys(_who(person) for person in people):
        if organization is None and name.lower() not in asked_people | {author}:
            users.append(name)
        elif organization is not None and name.lower() not in asked_teams and not _answers(repository, f"@{organization}/{name}", answered):
            teams.append(name)
    if users or teams:
        repository.get_pull(number).create_review_request(reviewers=users, team_reviewers=teams)


def _answers(repository: Repository, team: str, answered: set[str]) -> bool:
    return bool(answered) and not answered.isdisjoint(members(repository, team))


def _all(repository: Repository, number: int) -> list[Review]:
    """Every submitted review, oldest first."""
    found = repository.get_pull(number).get_reviews()
    return [Review(review.user.login, review.state, review.commit_id or "", review.body or "") for review in found if review.user]


def _who(person: str) -> tuple[str | None, str]:
    """(organization or None, name) of @org/team or @user."""
    name = person.removeprefix("@")
    organization, slash, team = name.partition("/")
    if not person.startswith("@") or not organization or bool(slash) != bool(team) or "/" in team:
        raise BotError(f"{person!r} names nobody on the forge", "people are written @user or @organization/team")
    return (organization, team) if slash else (None, name)
