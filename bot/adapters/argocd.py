"""Argo CD over its client of 2021: its models fail on what today's servers send, so replies are read in shapes of our own."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from argocd_python_client.api.application_service_api import ApplicationServiceApi
from argocd_python_client.api_client import ApiClient
from argocd_python_client.configuration import Configuration
from argocd_python_client.model.application_application_sync_request import ApplicationApplicationSyncRequest
from urllib3 import Timeout

from bot.adapters.argocd_errors import RefusedError, unseen
from bot.adapters.argocd_http import Connection, connect
from bot.adapters.argocd_replies import application_seen, operation_seen, parsed, set_seen
from bot.adapters.argocd_setup_shapes import APPLICATION_SETS, CAN, USER, VERSION
from bot.adapters.argocd_shapes import APPLICATION, DONE, TREE
from bot.adapters.argocd_windows import WINDOWS, window_seen
from bot.model import UnobservableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.adapters.argocd_shapes import Application
    from bot.adapters.foreign import Answer
    from bot.model import ArgoCDAddress
    from bot.observations import ApplicationSeen, SyncWindow
    from bot.ports import ArgoCD
    from bot.setup import ApplicationSetSeen

POLL = 0.1  # seconds between looks at an operation that is being ended
ENDING = 90.0  # seconds that it may take: a busy controller comes to it late, and hooks are deleted first
NONE_RUNNING = "no operation is in progress"
ALREADY_RUNNING = "another operation is already in progress"


def open_argocd(address: ArgoCDAddress, *, token: str | None, authorities: str | None = None, timeout: float) -> ArgoCD:
    """One Application on its server; `timeout` in seconds is the deadline of each question."""
    url = address.url.rstrip("/")
    connection = connect(url, address.project, authorities)
    client = ApiClient(Configuration(host=url))
    client.rest_client.pool_manager = connection
    client.set_default_header("Content-Type", "application/json")  # without it, DELETE is refused
    if token:
        client.set_default_header("Authorization", f"Bearer {token}")
    return ClientArgoCD(address, ApplicationServiceApi(client), connection, timeout)


@dataclass(frozen=True)
class ClientArgoCD:
    """The ArgoCD port."""

    address: ArgoCDAddress
    service: ApplicationServiceApi
    connection: Connection
    timeout: float
    ending: float = ENDING

    def application(self) -> ApplicationSeen | None:
        """The Application as it is now, Pods included; None when there is none, or it goes away meanwhile."""
        try:
            application = self._application()
            answer = self._ask(self.service.application_service_resource_tree)
        except RefusedError as error:
            if error.is_missing:
                return None
            raise
        return application_seen(application, parsed(self.connection.url, answer, TREE))

    def sync_window(self) -> SyncWindow | None:
        """What keeps it from syncing by itself now."""
        answer = self._ask(self.service.application_service_get_application_sync_windows)
        return window_seen(parsed(self.connection.url, answer, WINDOWS))

    def refresh(self) -> None:
        """Has Argo CD look at Git now."""
        try:
            self._application(refresh="normal")
        except UnobservableError as error:
            if error.code != "argocd-timeout":  # it was asked, and answers only when it has compared
                raise

    def sync(self) -> None:
        """Starts a sync to the target revision; one that runs already is a success."""
        body = ApplicationApplicationSyncRequest(project=self.address.project)
        self._write(lambda: self._ask(self.service.application_service_sync, body=body), already=ALREADY_RUNNING)

    def terminate(self) -> None:
        """Ends the running operation; none running is a success."""
        self._write(lambda: self._ask(self.service.application_service_terminate_operation), already=NONE_RUNNING)
        deadline = time.monotonic() + self.ending
        while self._is_ending():  # a sync that comes too early would be refused: another operation is in progress
            if time.monotonic() > deadline:
                message = f"is still ending the operation of {self.address.application} after {self.ending:.0f} s"
                raise unseen(self.connection.url, "argocd-timeout", message=message)
            time.sleep(POLL)

    def version(self) -> str:
        """The server's version; told to everybody."""
        return parsed(self.connection.url, self._get("/api/version"), VERSION).version

    def user(self) -> str | None:
        """Whose our token is, proj:PROJECT:ROLE for a project's role; None when the server does not accept it."""
        user = parsed(self.connection.url, self._get("/api/v1/session/userinfo"), USER)
        return user.name if user.is_known else None

    def may(self, action: str) -> bool:
        """Whether our token may do this with the Application; asked, never tried."""
        where = f"{quote(self.address.project, safe='')}/{quote(self.address.application, safe='')}"
        answer = self._get(f"/api/v1/account/can-i/applications/{quote(action, safe='')}/{where}")
        return parsed(self.connection.url, answer, CAN).value == "yes"

    def has_project(self) -> bool:
        """Whether the Application's project exists."""
        try:
            parsed(self.connection.url, self._get(f"/api/v1/projects/{quote(self.address.project, safe='')}"), DONE)
        except RefusedError as error:
            if error.is_missing:
                return False
            raise
        return True

    def application_sets(self) -> tuple[ApplicationSetSeen, ...]:
        """The ApplicationSets that our token may see; often none."""
        sets = parsed(self.connection.url, self._get("/api/v1/applicationsets"), APPLICATION_SETS)
        return tuple(set_seen(each) for each in sets.items or ())

    def _get(self, path: str) -> Answer:
        """A question that the client does not know, or that is about no Application."""
        headers = self.service.api_client.default_headers
        timeout = Timeout(total=self.timeout)
        return replace(self.connection, project="").request("GET", f"{self.connection.url}{path}", headers=headers, timeout=timeout)

    def _application(self, **parameters: str) -> Application:
        answer = self._ask(self.service.application_service_get, **parameters)
        application = parsed(self.connection.url, answer, APPLICATION)
        if application.metadata.name != self.address.application:
            message = f"answers {answer.path} with another Application"
            raise unseen(self.connection.url, "argocd-malformed", message=message)
        return application

    def _is_ending(self) -> bool:
        operation = operation_seen(self._application())
        return operation is not None and operation.phase == "Terminating"

    def _write(self, ask: Callable[[], Answer], *, already: str) -> None:
        try:
            parsed(self.connection.url, ask(), DONE)
        except RefusedError as error:
            if not error.says(already):
                raise

    def _ask(self, call: Callable[..., Answer], **parameters: object) -> Answer:
        """One call of the client, its own reading of replies turned off."""
        return call(self.address.application, **parameters, _preload_content=False, _request_timeout=self.timeout)
