"""How a repository is set up on GitHub: what our credential may do, what protects main, how merges happen, webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from github import GithubException

from bot.adapters.github_errors import FORBIDDEN, NOT_FOUND
from bot.adapters.github_setup_shapes import BRANCH, HOOKS, INSTALLATION, OWNERS, PROTECTION, REPOSITORY, RULES
from bot.model import MAIN
from bot.setup import Merging, Protection, RequiredCheck, Rights, Webhook

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from github.Repository import Repository
    from pydantic import TypeAdapter

    from bot.adapters.github_setup_shapes import Parameters, Reviews, Rule

Content = TypeVar("Content")
ANYBODY = -1  # how branch protection writes a check that every App, and every person, may set
MANY = {"per_page": 100}  # no repository has more rules or webhooks


def rights_of_app(installation: dict[str, Any]) -> Rights:
    """What the App's installation may do."""
    found = INSTALLATION.validate_python(installation)
    return Rights("app", app=found.app, permissions=found.permissions)


def rights_of_token(here: Repository) -> Rights:
    """What a token may do: GitHub tells a classic one's scopes, of a fine-grained one its owner's role alone."""
    headers, content = here.requester.requestJsonAndCheck("GET", here.url)
    repository = REPOSITORY.validate_python(content)
    may_push = repository.permissions.push if repository.permissions else None
    scopes = headers.get("x-oauth-scopes")
    listed = tuple(scope.strip() for scope in str(scopes or "").split(",") if scope.strip())
    return Rights("token" if scopes is None else "classic", scopes=listed, may_push=may_push, is_private=repository.private)


def protection(here: Repository) -> Protection:
    """Rulesets, which every reader sees, and branch protection, of which only administrators see the reviews."""
    rules = _ask(here, f"/rules/branches/{MAIN}", RULES, MANY)
    branch = _ask(here, f"/branches/{MAIN}", BRANCH).protection
    classic, is_whole = _reviews(here) if branch.enabled else (None, True)
    reviews: list[Parameters | Reviews] = [rule.parameters for rule in rules if rule.type == "pull_request" and rule.parameters]
    reviews += [classic] if classic else []
    of_branch = branch.required.checks if branch.required else ()
    checks = [*_checks(rules), *(RequiredCheck(each.context, None if each.app == ANYBODY else each.app) for each in of_branch)]
    return Protection(
        checks=tuple(dict.fromkeys(checks)),
        pull_request=_known(reviews, is_whole=is_whole),
        owners_review=_known([each for each in reviews if each.owners_review], is_whole=is_whole),
        last_push_approval=_known([each for each in reviews if each.last_push], is_whole=is_whole),
    )


def merging(here: Repository) -> Merging:
    """How pull requests may be merged, as it is now."""
    found = _ask(here, "", REPOSITORY)
    return Merging(found.auto_merge, found.merge_commit)


def owners_problems(here: Repository) -> tuple[str, ...]:
    """What GitHub finds wrong in CODEOWNERS on the default branch."""
    found = _ask(here, "/codeowners/errors", OWNERS).errors
    return tuple(f"{each.path}:{each.line}: {each.kind}" for each in found)


def webhooks(here: Repository) -> tuple[Webhook, ...]:
    """The webhooks; GitHub hides them from who may not change them."""
    found = _ask(here, "/hooks", HOOKS, MANY)
    return tuple(Webhook(each.config.url, each.active, each.events, each.last.code if each.last else None) for each in found)


def _checks(rules: Sequence[Rule]) -> list[RequiredCheck]:
    wanted = (rule.parameters for rule in rules if rule.type == "required_status_checks" and rule.parameters)
    return [RequiredCheck(check.context, check.app) for parameters in wanted for check in parameters.checks]


def _reviews(here: Repository) -> tuple[Reviews | None, bool]:
    """The reviews that branch protection wants, and whether that could be seen."""
    try:
        return _ask(here, f"/branches/{MAIN}/protection", PROTECTION).reviews, True
    except GithubException as error:
        if error.status not in {FORBIDDEN, NOT_FOUND}:
            raise
        return None, False


def _known(found: Sequence[object], *, is_whole: bool) -> bool | None:
    return True if found else (False if is_whole else None)


def _ask(here: Repository, path: str, shape: TypeAdapter[Content], parameters: dict[str, Any] | None = None) -> Content:
    """One question; a reply of another shape is a ValueError (pydantic's), which the client explains."""
    _, content = here.requester.requestJsonAndCheck("GET", f"{here.url}{path}", parameters=parameters)
    return shape.validate_python(content)
