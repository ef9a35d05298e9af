"""The forge: GitHub, or what speaks its REST API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.adapters import github_notes, github_pulls, github_reviews, github_setup
from bot.adapters.github_client import Client, credential_of, site_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.ports import Forge, PullRequest, Review, Status
    from bot.setup import Merging, Protection, Rights, Webhook


def open_forge(api_url: str, repository: str, *, token: str | None, app_id: int | None, app_key: str | None, timeout: float) -> Forge:
    """The forge of a repository (owner/name), as the App where its id and key are given, else by token; asks nothing yet."""
    site = site_of(api_url, repository, timeout=timeout)
    return GitHubForge(Client(site, credential_of(token, app_id=app_id, app_key=app_key)))


@dataclass
class GitHubForge:
    """GitHub by PyGithub."""

    client: Client

    def login(self) -> str:
        """Who we are there."""
        return self.client.run("who we are", lambda _: self.client.login())

    def pull(self, number: int) -> PullRequest:
        """One pull request; BotError when there is none or its head lies in a fork."""
        return self.client.run(_pull(number), lambda here: github_pulls.seen(github_pulls.own_pull(here, number)))

    def pull_of_branch(self, branch: str) -> PullRequest | None:
        """The open pull request of a branch of this repository into main; the oldest of several."""
        return self.client.run(f"pull requests of {branch}", lambda here: github_pulls.pull_of_branch(here, branch))

    def open_pulls(self) -> tuple[PullRequest, ...]:
        """All open pull requests into main from branches of this repository, oldest first."""
        return self.client.run("pull requests", github_pulls.open_pulls)

    def pull_of_commit(self, sha: str) -> PullRequest | None:
        """The merged pull request that brought a commit to main."""
        return self.client.run(f"pull requests of commit {sha[:12]}", lambda here: github_pulls.pull_of_commit(here, sha))

    def open_pull(self, branch: str, title: str, body: str) -> PullRequest:
        """Opens the pull request of a branch into main, or finds it."""
        return self.client.run(f"a pull request of {branch}", lambda here: github_pulls.open_pull(here, branch, title=title, body=body))

    def edit_pull(self, number: int, *, title: str, body: str) -> None:
        """Replaces title and body."""
        self.client.run(_pull(number), lambda here: github_pulls.edit_pull(here, number, title=title, body=body))

    def close_pull(self, number: int) -> None:
        """Closes without merging."""
        self.client.run(_pull(number), lambda here: github_pulls.close_pull(here, number))

    def add_labels(self, number: int, labels: Iterable[str]) -> None:
        """Adds labels that are missing."""
        wanted = tuple(labels)
        self.client.run(f"labels of {_pull(number)}", lambda here: github_pulls.add_labels(here, number, wanted))

    def reviews(self, number: int) -> tuple[Review, ...]:
        """The latest deciding review of each person."""
        return self.client.run(f"reviews of {_pull(number)}", lambda here: github_reviews.latest_reviews(here, number))

    def request_reviews(self, number: int, people: Iterable[str]) -> None:
        """Asks people (@user, @org/team) for a review, those not yet asked."""
        wanted = tuple(people)
        self.client.run(f"reviewers of {_pull(number)}", lambda here: github_reviews.request_reviews(here, number, wanted))

    def members(self, team: str) -> frozenset[str]:
        """Logins of a team written @org/team; of @user just that login."""
        return self.client.run(f"team {team}", lambda here: github_reviews.members(here, team))

    def sticky_comment(self, number: int, marker: str) -> str | None:
        """The text of our own comment that begins with a marker; the oldest of several."""
        login = self.login()
        found = self.client.run(_comments(number), lambda here: github_notes.own_comment(here, number, marker, login=login))
        return found.body if found else None

    def write_comment(self, number: int, marker: str, text: str) -> None:
        """Makes or replaces our comment that begins with a marker."""
        login = self.login()
        self.client.run(_comments(number), lambda here: github_notes.write_comment(here, number, marker, text=text, login=login))

    def statuses(self, sha: str) -> dict[str, Status]:
        """The newest status of each context on a commit."""
        return self.client.run(_statuses(sha), lambda here: github_notes.newest_statuses(here, sha))

    def set_status(self, sha: str, context: str, *, state: str, description: str) -> None:
        """Sets a commit status."""
        self.client.run(_statuses(sha), lambda here: github_notes.set_status(here, sha, context, state=state, description=description))

    def merge(self, number: int, *, head: str, subject: str, message: str) -> str:
        """Merges by a merge commit if the head is still this one; answers that commit, also when already merged so."""
        merge = github_pulls.merge
        return self.client.run(_pull(number), lambda here: merge(here, number, head=head, subject=subject, message=message))

    def rights(self) -> Rights:
        """What our credential may do, as far as the forge tells."""
        if self.client.is_app:
            return self.client.run("the App's installation", lambda _: github_setup.rights_of_app(self.client.installation()))
        return self.client.run("what the token may do", github_setup.rights_of_token)

    def protection(self) -> Protection:
        """What protects main."""
        return self.client.run("the rules of main", github_setup.protection)

    def merging(self) -> Merging:
        """How pull requests may be merged."""
        return self.client.run("how pull requests are merged", github_setup.merging)

    def owners_problems(self) -> tuple[str, ...]:
        """What the forge finds wrong in CODEOWNERS."""
        return self.client.run("CODEOWNERS", github_setup.owners_problems)

    def webhooks(self) -> tuple[Webhook, ...]:
        """The repository's webhooks; BotError when we may not see them."""
        return self.client.run("webhooks", github_setup.webhooks)


def _pull(number: int) -> str:
    return f"pull request {number}"


def _comments(number: int) -> str:
    return f"comments of {_pull(number)}"


def _statuses(sha: str) -> str:
    return f"statuses of commit {sha[:12]}"
