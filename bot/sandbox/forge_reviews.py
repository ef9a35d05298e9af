"""The forge stand-in's reviews, who is asked for them, and teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.forge_http import RefusedError, Reply, page, route
from bot.sandbox.forge_pull_replies import pull_in_list, review_reply
from bot.sandbox.forge_pulls import known_commit, pull_of
from bot.sandbox.forge_replies import person, team
from bot.sandbox.forge_state import Review

if TYPE_CHECKING:
    from starlette.routing import Route

    from bot.sandbox.forge_http import Asked
    from bot.sandbox.forge_state import Forge, Pull

STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
UNPROCESSABLE = "Unprocessable Entity"


def review_routes(forge: Forge) -> list[Route]:
    """The endpoints."""
    pull = "/repos/{owner}/{repo}/pulls/{number:int}"
    return [
        route(forge, "GET", f"{pull}/reviews", _list),
        route(forge, "POST", f"{pull}/reviews", _review),
        route(forge, "PUT", f"{pull}/reviews/{{review:int}}/dismissals", _dismiss),
        route(forge, "GET", f"{pull}/requested_reviewers", lambda asked: Reply(_requested(asked, pull_of(asked)))),
        route(forge, "POST", f"{pull}/requested_reviewers", _request),
        route(forge, "GET", "/orgs/{org}/teams/{team}/members", _members),
    ]


def _list(asked: Asked) -> Reply:
    pull = pull_of(asked)
    return page(asked, [review_reply(asked, pull, review) for review in pull.reviews])


def _review(asked: Asked) -> Reply:
    pull, event, body = pull_of(asked), asked.text("event") or "", asked.text("body") or ""
    if event not in STATES:
        raise RefusedError(422, UNPROCESSABLE, ["Variable $event is invalid"])
    if asked.login == pull.author and event != "COMMENT":
        verb = {"APPROVE": "approve", "REQUEST_CHANGES": "request changes on"}[event]
        raise RefusedError(422, UNPROCESSABLE, [f"Can not {verb} your own pull request"])
    if event != "APPROVE" and not body:
        raise RefusedError(422, UNPROCESSABLE, ["Review body can not be blank"])
    commit = known_commit(asked, asked.text("commit_id") or pull.head)
    review = Review(next(asked.forge.ids), asked.login, STATES[event], body, commit, asked.forge.now())
    pull.reviews.append(review)
    pull.reviewers = [login for login in pull.reviewers if login != asked.login]
    pull.teams = [name for name in pull.teams if asked.login not in asked.forge.teams.get(name, ())]
    return Reply(review_reply(asked, pull, review))


def _dismiss(asked: Asked) -> Reply:
    pull = pull_of(asked)
    review = next((review for review in pull.reviews if review.id == int(asked.where["review"])), None)
    if review is None:
        raise RefusedError(404, "Not Found")
    if not asked.text("message"):
        raise RefusedError(422, UNPROCESSABLE, ["Message can not be blank"])
    if review.state not in {"APPROVED", "CHANGES_REQUESTED"}:
        raise RefusedError(422, UNPROCESSABLE, [f"Can not dismiss a {review.state.lower()} pull request review"])
    review.state = "DISMISSED"
    return Reply(review_reply(asked, pull, review))


def _requested(asked: Asked, pull: Pull) -> dict[str, object]:
    return {"users": [person(asked, login) for login in pull.reviewers], "teams": [team(asked, name) for name in pull.teams]}


def _request(asked: Asked) -> Reply:
    pull, forge = pull_of(asked), asked.forge
    people, teams = asked.texts("reviewers"), [f"{forge.owner}/{slug}" for slug in asked.texts("team_reviewers")]
    if pull.author in people:
        raise RefusedError(422, "Review cannot be requested from pull request author.")
    if not forge.collaborators().issuperset(people) or not set(forge.teams).issuperset(teams):
        told = "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator"
        raise RefusedError(422, f"{told} of the {forge.full_name} repository.")
    pull.reviewers = list(dict.fromkeys([*pull.reviewers, *people]))
    pull.teams = list(dict.fromkeys([*pull.teams, *teams]))
    return Reply(pull_in_list(asked, pull), 201)


def _members(asked: Asked) -> Reply:
    members = asked.forge.teams.get(f"{asked.where['org']}/{asked.where['team']}")
    if members is None:
        raise RefusedError(404, "Not Found")
    return page(asked, [person(asked, login) for login in sorted(members)])
