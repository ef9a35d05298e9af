"""How the forge stand-in describes people, teams and repositories: with every field that GitHub's description promises."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from bot.sandbox.forge_http import API
from bot.sandbox.forge_state import ALIVE

if TYPE_CHECKING:
    from datetime import datetime

    from bot.sandbox.forge_http import Asked

FOUNDED = "2026-01-01T00:00:00Z"
PERSON_LINKS = {
    "events_url": "/events{/privacy}",
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "organizations_url": "/orgs",
    "received_events_url": "/received_events",
    "repos_url": "/repos",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
}
REPOSITORY_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "blobs_url": "/git/blobs{/sha}",
    "contents_url": "/contents/{+path}",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "trees_url": "/git/trees{/sha}",
    "collaborators_url": "/collaborators{/collaborator}",
    "compare_url": "/compare/{base}...{head}",
} | {
    f"{name}_url": f"/{name}"
    for name in (
        *("assignees", "branches", "comments", "commits", "contributors", "deployments", "downloads", "events", "forks", "hooks"),
        *("issues", "keys", "labels", "languages", "merges", "milestones", "notifications", "pulls", "releases", "stargazers"),
        *("statuses", "subscribers", "subscription", "tags", "teams"),
    )
}
NOTHING = ("description", "homepage", "language", "mirror_url", "license")
COUNTS = ("forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "size", "network_count", "subscribers_count")
SWITCHES = ("has_downloads", "has_projects", "has_wiki", "has_pages", "has_discussions", "archived", "disabled", "private")


def stamp(time: datetime) -> str:
    """A moment as GitHub writes it, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def id_of(name: str) -> int:
    """A number for a name, always the same."""
    return zlib.crc32(name.lower().encode())


def api(asked: Asked, path: str) -> str:
    """An address of the API on the host that was asked: clients follow no other."""
    return f"{asked.root}{API}{path}"


def repository_path(asked: Asked, owner: str | None = None) -> str:
    """The path of the repository, or of a fork."""
    return f"/repos/{owner or asked.forge.owner}/{asked.forge.name}"


def person(asked: Asked, login: str) -> dict[str, Any]:
    """Someone."""
    url = api(asked, f"/users/{login}")
    return {
        "login": login,
        "id": id_of(login),
        "node_id": f"U_{id_of(login)}",
        "avatar_url": f"{asked.root}/avatars/{login}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{asked.root}/{login}",
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
        **{name: url + path for name, path in PERSON_LINKS.items()},
    }


def oneself(asked: Asked) -> dict[str, Any]:
    """Who asks."""
    unsaid = dict.fromkeys(("name", "company", "blog", "location", "email", "hireable", "bio"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    times = {"created_at": FOUNDED, "updated_at": FOUNDED}
    return {**person(asked, asked.login), **unsaid, **counts, **times, "user_view_type": "public"}


def team(asked: Asked, name: str) -> dict[str, Any]:
    """A team, written org/team."""
    organization, _, slug = name.partition("/")
    url = api(asked, f"/orgs/{organization}/teams/{slug}")
    return {
        "id": id_of(name),
        "node_id": f"T_{id_of(name)}",
        "url": url,
        "html_url": f"{asked.root}/orgs/{organization}/teams/{slug}",
        "members_url": f"{url}/members{{/member}}",
        "repositories_url": f"{url}/repos",
        "name": slug,
        "slug": slug,
        "description": None,
        "permission": "push",
        "parent": None,
        "type": "organization",
    }


def repository(asked: Asked, owner: str | None = None) -> dict[str, Any]:
    """The repository, or someone's fork of it."""
    forge = asked.forge
    owner = owner or forge.owner
    name = f"{owner}/{forge.name}"
    url = api(asked, repository_path(asked, owner))
    alive = sum(pull.state == ALIVE for pull in forge.pulls.values())
    return {
        "id": id_of(name),
        "node_id": f"R_{id_of(name)}",
        "name": forge.name,
        "full_name": name,
        "owner": person(asked, owner),
        "fork": owner != forge.owner,
        "default_branch": "main",
        "url": url,
        "html_url": f"{asked.root}/{name}",
        "svn_url": f"{asked.root}/{name}",
        "clone_url": f"{asked.root}/{name}.git",
        "git_url": f"{asked.root}/{name}.git",
        "ssh_url": f"{asked.root}/{name}.git",
        "has_issues": True,
        "open_issues": alive,
        "open_issues_count": alive,
        **dict.fromkeys(("created_at", "updated_at", "pushed_at"), FOUNDED),
        **dict.fromkeys(NOTHING),
        **dict.fromkeys(COUNTS, 0),
        **dict.fromkeys(SWITCHES, False),
        **{field: url + path for field, path in REPOSITORY_LINKS.items()},
    }
