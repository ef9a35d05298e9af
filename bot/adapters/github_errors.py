"""What can go wrong with GitHub, in our words; no text of these holds a token."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import requests
from github import BadAttributeException, GithubException, RateLimitExceededException

from bot.adapters.foreign import printable
from bot.model import BotError

if TYPE_CHECKING:
    from collections.abc import Mapping

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED, CONFLICT, UNPROCESSABLE, TOO_MANY = 401, 403, 404, 405, 409, 422, 429
SERVER_ERROR = 500
# PyGithub asserts that replies lead to their own host, gives up on redirects by RuntimeError, and on broken JSON by ValueError;
# a page for people in place of an object or a list is an AttributeError, TypeError or KeyError
STRANGE = (BadAttributeException, AssertionError, AttributeError, KeyError, RuntimeError, TypeError, ValueError)
FAILURES = (GithubException, requests.RequestException, *STRANGE)
PASSING = (requests.exceptions.ConnectionError, requests.exceptions.Timeout, requests.exceptions.ChunkedEncodingError)
CREDENTIALS = {
    False: ("the forge does not accept the token", "it may have expired: put a valid one into the file that BOT_GITHUB_TOKEN_FILE names"),
    True: ("the forge does not accept the App's key", "check BOT_GITHUB_APP_ID, BOT_GITHUB_APP_KEY_FILE and this machine's clock"),
}


def may_pass(error: BaseException) -> bool:
    """Whether asking again may help."""
    if isinstance(error, GithubException):
        return error.status >= SERVER_ERROR
    return isinstance(error, PASSING) and not isinstance(error, requests.exceptions.SSLError)


def refusal(error: GithubException) -> str:
    """GitHub's own reason, on one line."""
    told = error.data if isinstance(error.data, dict) else {}
    details = told.get("errors") or []
    texts = [str(told.get("message") or f"HTTP {error.status}")]
    texts += [str(_detail(detail)) for detail in details] if isinstance(details, list) else []
    return printable("; ".join(texts))


def explained(error: Exception, server: str, *, subject: str, is_app: bool) -> BotError:
    """The same for people: `subject` is what was asked about."""
    if isinstance(error, GithubException):
        return _of_status(error, server, subject=subject, is_app=is_app)
    if isinstance(error, requests.exceptions.Timeout):
        return BotError(f"{server} did not answer about {subject} in time", "try again; is the forge slow or down?")
    if isinstance(error, requests.exceptions.SSLError):
        hint = "its certificate must be valid and signed by a known authority: name a file of others in REQUESTS_CA_BUNDLE"
        return BotError(f"{server} cannot be trusted", hint)
    if isinstance(error, requests.RequestException):
        return BotError(f"{server} cannot be reached", "check the network and BOT_GITHUB_URL")
    return strange(server, subject)


def strange(server: str, subject: str) -> BotError:
    """A reply that is not GitHub's API."""
    return BotError(
        f"{server} does not answer about {subject} as GitHub's API does", "check BOT_GITHUB_URL; is there a login in front of it?"
    )


def _of_status(error: GithubException, server: str, *, subject: str, is_app: bool) -> BotError:
    status = error.status
    if status == UNAUTHORIZED:
        return BotError(*CREDENTIALS[is_app])
    headers: Mapping[str, str] = {name.lower(): str(value) for name, value in (error.headers or {}).items()}
    if isinstance(error, RateLimitExceededException) or status == TOO_MANY or "retry-after" in headers:
        return BotError(f"{server} refuses for now: its rate limit is used up", _wait(headers))
    if status == FORBIDDEN:
        hint = "the token needs write access to contents, pull requests, issues and commit statuses, and read access to members"
        return BotError(f"the forge does not allow us to work on {subject}: {refusal(error)}", hint)
    if status == NOT_FOUND:
        return BotError(f"{subject} is not on {server}, or the token may not see it", "check the name, and what the token may see")
    if status >= SERVER_ERROR:
        return BotError(f"{server} fails with HTTP {status} on {subject}", "try again later; is the forge in trouble?")
    return BotError(f"the forge refuses {subject}: {refusal(error)}", "correct what it names and run this again")


def _wait(headers: Mapping[str, str]) -> str:
    if headers.get("retry-after", "").isdecimal():
        return f"try again in {headers['retry-after']} s"
    reset = headers.get("x-ratelimit-reset", "")
    if reset.isdecimal():
        return f"try again after {datetime.fromtimestamp(int(reset), UTC):%Y-%m-%d %H:%M:%S} UTC"
    return "try again in a few minutes"


def _detail(detail: object) -> object:
    if not isinstance(detail, dict):
        return detail
    return detail.get("message") or " ".join(str(detail[key]) for key in ("resource", "field", "code") if key in detail)
