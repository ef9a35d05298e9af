"""Talking to GitHub: who we are there, and how often something is tried."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import jwt
from github import Auth, Github, GithubIntegration, UnknownObjectException

from bot.adapters.github_errors import FAILURES, explained, may_pass, strange
from bot.adapters.retries import retrying
from bot.model import BotError

if TYPE_CHECKING:
    from collections.abc import Callable

    from github.Repository import Repository

PER_PAGE = 100  # GitHub's most

Result = TypeVar("Result")


@dataclass(frozen=True)
class Site:
    """A repository on a server that speaks GitHub's API."""

    url: str
    name: str  # owner/name
    timeout: float

    @property
    def owner(self) -> str:
        """Whose it is."""
        return self.name.partition("/")[0]

    def github(self, auth: Auth.Auth) -> Github:
        """A client that asks for as little as possible, and leaves repetitions to us."""
        seconds = math.ceil(self.timeout)
        return Github(
            auth=auth,
            base_url=self.url,
            timeout=seconds,
            per_page=PER_PAGE,
            retry=0,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
        )


@dataclass
class Client:
    """One repository's forge, with what was once found out about it."""

    site: Site
    credential: Auth.Token | Auth.AppAuth
    _github: Github | None = field(default=None, repr=False)
    _repository: Repository | None = field(default=None, repr=False)
    _login: str | None = None

    @property
    def is_app(self) -> bool:
        """Whether we are a GitHub App."""
        return isinstance(self.credential, Auth.AppAuth)

    def run(self, subject: str, action: Callable[[Repository], Result]) -> Result:
        """Does something again when it failed: an action that writes looks first whether it has happened."""
        repeated = retrying(may_pass)
        try:
            return repeated(lambda: action(self.repository()))
        except FAILURES as error:
            raise explained(error, self.site.url, subject=subject, is_app=self.is_app) from error

    def repository(self) -> Repository:
        """The repository; asked for once, since its answer tells a wrong name from a wrong number, and a renamed one."""
        if self._repository is None:
            subject = f"repository {self.site.name}"
            try:
                found = self.github().get_repo(self.site.name).complete()
            except UnknownObjectException as error:
                raise explained(error, self.site.url, subject=subject, is_app=self.is_app) from error
            name = found.raw_data.get("full_name")  # PyGithub's own guesses one from the URL
            if not isinstance(name, str) or not isinstance(found.id, int):
                raise strange(self.site.url, subject)
            if name.lower() != self.site.name.lower():
                raise BotError(f"{subject} is now called {name}", "use its new address; see --repo")
            self._repository = found
        return self._repository

    def login(self) -> str:
        """Who we are there; an App acts as `slug[bot]`."""
        if self._login is None:
            if isinstance(self.credential, Auth.AppAuth):
                self._login = f"{self._integration().get_app().slug}[bot]"
            else:
                self._login = self.github().get_user().login
        return self._login

    def github(self) -> Github:
        """PyGithub, as we are; an App as its installation on this repository."""
        if self._github is None:
            auth: Auth.Auth = self.credential
            if isinstance(self.credential, Auth.AppAuth):
                auth = self.credential.get_installation_auth(self.installation()["id"])
            self._github = self.site.github(auth)
        return self._github

    def installation(self) -> dict[str, Any]:
        """The App's installation on this repository, as GitHub writes it."""
        try:
            return self._integration().get_repo_installation(*self.site.name.split("/")).raw_data
        except UnknownObjectException as error:
            message = f"the App is not installed on repository {self.site.name}, or there is none on {self.site.url}"
            raise BotError(message, "install the App there, or correct --repo") from error

    def _integration(self) -> GithubIntegration:
        as_app = self.site.github(self.credential)
        return GithubIntegration(**as_app.requester.kwargs)


def site_of(url: str, name: str, *, timeout: float) -> Site:
    """A repository's place; refuses an address that could carry a secret into messages."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password or parts.query:
        address = f"{parts.scheme}://{parts.hostname}"
        hint = "correct BOT_GITHUB_URL, such as https://api.github.com; the token comes from BOT_GITHUB_TOKEN_FILE"
        raise BotError(f"{address}: not the URL of a forge's API of the form https://host[:port][/prefix]", hint)
    return Site(url.rstrip("/"), name, timeout)


def credential_of(token: str | None, *, app_id: int | None, app_key: str | None) -> Auth.Token | Auth.AppAuth:
    """The App where there is one, else the token; BotError when neither can be used."""
    if app_id is not None and app_key is not None:
        app = Auth.AppAuth(app_id, app_key)
        try:
            app.create_jwt()
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            hint = "BOT_GITHUB_APP_KEY_FILE names the .pem file that GitHub gave for the App"
            raise BotError("the App's key is not an RSA key in PEM format", hint) from error
        return app
    if not token:
        raise BotError("no credential for the forge is configured", "set BOT_GITHUB_TOKEN_FILE, or the App's id and key")
    return Auth.Token(token)
