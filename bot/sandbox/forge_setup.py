"""What the forge stand-in tells of a repository's set-up: rules of main, webhooks, errors in CODEOWNERS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.adapters.git_command import GitRunner
from bot.model import MAIN, BotError
from bot.sandbox.forge_http import RefusedError, Reply, page, route
from bot.sandbox.forge_replies import FOUNDED, api, person, repository, repository_path

if TYPE_CHECKING:
    from starlette.routing import Route

    from bot.sandbox.forge_http import Asked
    from bot.sandbox.forge_state import Forge, Hook, Protection

OWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
BRANCH = "/repos/{owner}/{repo}/branches/{branch}"


def setup_routes(forge: Forge) -> list[Route]:
    """The endpoints."""
    return [
        route(forge, "GET", "/repos/{owner}/{repo}", _repository),
        route(forge, "GET", "/repos/{owner}/{repo}/rules/branches/{branch}", _rules),
        route(forge, "GET", BRANCH, _branch),
        route(forge, "GET", f"{BRANCH}/protection", _protection),
        route(forge, "GET", "/repos/{owner}/{repo}/codeowners/errors", _owners),
        route(forge, "GET", "/repos/{owner}/{repo}/hooks", _hooks),
    ]


def _repository(asked: Asked) -> Reply:
    """With what only those see who may push; a classic token's scopes are in a header."""
    is_admin = asked.login in asked.forge.admins
    role = {"admin": is_admin, "maintain": is_admin, "push": True, "triage": True, "pull": True}
    merging = {
        "allow_auto_merge": asked.forge.auto_merge,
        "allow_merge_commit": True,
        "allow_squash_merge": True,
        "allow_rebase_merge": True,
    }
    scopes = asked.forge.scopes.get(asked.login)
    return Reply({**repository(asked), **merging, "permissions": role}, headers={} if scopes is None else {"X-OAuth-Scopes": scopes})


def _rules(asked: Asked) -> Reply:
    found = asked.forge.protection
    if asked.where["branch"] != MAIN or found is None or not found.by_ruleset:
        return page(asked, [])
    source = {"ruleset_source_type": "Repository", "ruleset_source": asked.forge.full_name, "ruleset_id": 1}
    reviews = {
        "required_approving_review_count": 1,
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": found.owners_review,
        "require_last_push_approval": found.last_push_approval,
        "required_review_thread_resolution": False,
    }
    pinned = {} if found.app is None else {"integration_id": found.app}
    checks = [{"context": context, **pinned} for context in sorted(asked.forge.required)]
    wanted = {"required_status_checks": checks, "strict_required_status_checks_policy": False}
    rules: list[dict[str, Any]] = [{"type": "deletion"}, {"type": "pull_request", "parameters": reviews}]
    rules += [{"type": "required_status_checks", "parameters": wanted}] if checks else []
    return page(asked, [{**rule, **source} for rule in rules])


def _branch(asked: Asked) -> Reply:
    forge, name = asked.forge, asked.where["branch"]
    try:
        sha = GitRunner(forge.git_dir).text("rev-parse", "--verify", f"refs/heads/{name}")
    except BotError as error:
        raise RefusedError(404, "Branch not found") from error
    found = forge.protection if forge.protection and not forge.protection.by_ruleset else None
    required = {"enforcement_level": "everyone" if found else "off", **_checks(forge, found)}
    url = api(asked, f"{repository_path(asked)}/branches/{name}")
    return Reply(
        {
            "name": name,
            "commit": _commit(asked, sha),
            "_links": {"self": url, "html": f"{asked.root}/{forge.full_name}/tree/{name}"},
            "protected": forge.protection is not None,
            "protection": {"enabled": found is not None, "required_status_checks": required},
            "protection_url": f"{url}/protection",
        }
    )


def _commit(asked: Asked, sha: str) -> dict[str, Any]:
    url = api(asked, f"{repository_path(asked)}/commits/{sha}")
    tree = GitRunner(asked.forge.git_dir).text("rev-parse", f"{sha}^{{tree}}")
    who = {"name": "someone", "email": "someone@example.com", "date": FOUNDED}
    where = api(asked, f"{repository_path(asked)}/git/trees/{tree}")
    inner = {"author": who, "committer": who, "message": "", "tree": {"sha": tree, "url": where}, "url": url, "comment_count": 0}
    who_wrote = person(asked, asked.forge.owner)
    links = {"url": url, "html_url": url, "comments_url": f"{url}/comments"}
    return {"sha": sha, "node_id": f"C_{sha}", "commit": inner, **links, "author": who_wrote, "committer": who_wrote, "parents": []}


def _checks(forge: Forge, found: Protection | None) -> dict[str, Any]:
    contexts = sorted(forge.required) if found else []
    return {"contexts": contexts, "checks": [{"context": context, "app_id": found.app if found else None} for context in contexts]}


def _protection(asked: Asked) -> Reply:
    """For administrators; the others are told that there is nothing."""
    forge, found = asked.forge, asked.forge.protection
    if asked.login.endswith("[bot]") and asked.login not in forge.admins:
        raise RefusedError(403, "Resource not accessible by integration")
    if asked.login not in forge.admins:
        raise RefusedError(404, "Not Found")
    if found is None or found.by_ruleset:
        raise RefusedError(404, "Branch not protected")
    url = api(asked, f"{repository_path(asked)}/branches/{asked.where['branch']}/protection")
    reviews = {
        "url": f"{url}/required_pull_request_reviews",
        "dismiss_stale_reviews": True,
        "require_code_owner_reviews": found.owners_review,
        "required_approving_review_count": 1,
        "require_last_push_approval": found.last_push_approval,
    }
    checks = {"url": f"{url}/required_status_checks", "strict": False, **_checks(forge, found)}
    checks["contexts_url"] = f"{checks['url']}/contexts"
    return Reply({"url": url, "required_status_checks": checks, "required_pull_request_reviews": reviews})


def _owners(asked: Asked) -> Reply:
    """Of the syntax, the commonest error: an owner that is neither @user, @org/team nor an address."""
    git = GitRunner(asked.forge.git_dir)
    there = set(git.text("ls-tree", "-r", "--name-only", MAIN).splitlines())
    path = next((path for path in OWNERS if path in there), None)
    if path is None:
        raise RefusedError(404, "Not Found")
    lines = git.text("show", f"{MAIN}:{path}").splitlines()
    wrong = [(number, line) for number, line in enumerate(lines, 1) for owner in line.partition("#")[0].split()[1:] if "@" not in owner]
    errors = [
        {"line": number, "column": 1, "source": line, "kind": "Invalid owner", "message": f"Invalid owner on line {number}", "path": path}
        for number, line in wrong
    ]
    return Reply({"errors": errors})


def _hooks(asked: Asked) -> Reply:
    if asked.login.endswith("[bot]") and asked.login not in asked.forge.admins:
        raise RefusedError(403, "Resource not accessible by integration")
    if asked.login not in asked.forge.admins:
        raise RefusedError(404, "Not Found")
    return page(asked, [_hook(asked, hook) for hook in asked.forge.hooks])


def _hook(asked: Asked, hook: Hook) -> dict[str, Any]:
    url = api(asked, f"{repository_path(asked)}/hooks/{hook.id}")
    status = "unused" if hook.code is None else "active" if hook.code == 200 else "misconfigured"  # noqa: PLR2004 - HTTP's OK
    return {
        "type": "Repository",
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": ["push"],
        "config": {"url": hook.url, "content_type": "json", "insecure_ssl": "0", "secret": "********"},
        "created_at": FOUNDED,
        "updated_at": FOUNDED,
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": {"code": hook.code, "status": status, "message": None},
    }
