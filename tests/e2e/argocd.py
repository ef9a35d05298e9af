"""The real Argo CD as a scenario sees it: its Applications, what it renders, its ApplicationSet, tokens and webhook."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from tests.e2e.processes import wait_for

if TYPE_CHECKING:
    from tests.e2e.cluster import Cluster, Object

NAMESPACE, IN_CLUSTER = "argocd", "https://kubernetes.default.svc"
APPLICATIONS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications"
APPLICATION_SETS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applicationsets"
START_SECONDS = 60
WEBHOOK_SECRET = secrets.token_hex(16)


@dataclass(frozen=True)
class ArgoCD:
    """A running Argo CD, its administrator, and the address that its Applications follow."""

    url: str
    cluster: Cluster
    repository: str
    administrator: httpx.Client = field(repr=False)

    def application(self, name: str) -> Object | None:
        """An Application as the cluster has it; None when there is none."""
        return next((app for app in self.cluster.items(APPLICATIONS) if app["metadata"]["name"] == name), None)

    def applications(self) -> dict[str, Object]:
        """All Applications by name."""
        return {app["metadata"]["name"]: app for app in self.cluster.items(APPLICATIONS)}

    def behind(self, commit: str) -> list[str]:
        """The Applications that have not seen a commit."""
        return [name for name, app in self.applications().items() if app.get("status", {}).get("sync", {}).get("revision") != commit]

    def set_conditions(self) -> dict[str, str]:
        """The ApplicationSet's conditions: type and status."""
        found = self.cluster.get(f"{APPLICATION_SETS}/environments")
        return {each["type"]: each["status"] for each in found.get("status", {}).get("conditions", ())}

    def manifests(self, name: str, *, revision: str | None = None) -> list[Object]:
        """What Argo CD renders for an Application."""
        answer = self.administrator.get(f"/api/v1/applications/{name}/manifests", params={"revision": revision} if revision else {})
        answer.raise_for_status()
        return [json.loads(text) for text in answer.json()["manifests"]]

    def tree(self, name: str) -> list[Object]:
        """The nodes of an Application's resource tree."""
        answer = self.administrator.get(f"/api/v1/applications/{name}/resource-tree")
        answer.raise_for_status()
        found: list[Object] = answer.json()["nodes"]
        return found

    def refresh(self, *names: str) -> None:
        """Has it look at Git at once, as a webhook would; it compares every object with the cluster each time."""
        for name in names:
            self.cluster.patch(f"{APPLICATIONS}/{name}", {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}})

    def end_operation(self, name: str) -> None:
        """Ends the sync that runs, and starts one to main: a sync that waits for health does so for ever, whatever main says."""
        self.administrator.delete(f"/api/v1/applications/{name}/operation")
        wait_for(f"{name}'s sync to end", lambda: not is_syncing(self.applications()[name]), seconds=START_SECONDS)
        answer = self.administrator.post(f"/api/v1/applications/{name}/sync", json={})
        if "already in progress" not in answer.text:  # auto-sync may have been faster
            answer.raise_for_status()

    def look(self) -> None:
        """Has the ApplicationSet look at `environments/` at once, and waits until it has, or says that it cannot."""
        path, asked = f"{APPLICATION_SETS}/environments", "argocd.argoproj.io/application-set-refresh"
        self.cluster.patch(path, {"metadata": {"annotations": {asked: secrets.token_hex(4)}}})  # one that is there already is no event

        def has_looked() -> bool:
            is_asked = asked in self.cluster.get(path)["metadata"].get("annotations", {})
            return not is_asked or self.set_conditions()["ErrorOccurred"] == "True"

        wait_for("the ApplicationSet to look at Git", has_looked, seconds=START_SECONDS)

    def tell(self, *, before: str, after: str) -> None:
        """What GitHub's webhook tells it of a push to main, signed with the secret that it shares."""
        page = self.repository.removesuffix(".git")
        said = {"ref": "refs/heads/main", "before": before, "after": after, "repository": {"html_url": page, "default_branch": "main"}}
        body = json.dumps(said).encode()
        signed = {
            f"X-Hub-Signature{suffix}": f"{name}={hmac.new(WEBHOOK_SECRET.encode(), body, name).hexdigest()}"
            for suffix, name in (("", "sha1"), ("-256", "sha256"))
        }
        headers = {"Content-Type": "application/json", "X-GitHub-Event": "push", **signed}
        httpx.post(f"{self.url}/api/webhook", content=body, headers=headers, trust_env=False).raise_for_status()

    def project_token(self, project: str, role: str = "bot") -> str:
        """A token of a project's role, made as `argocd proj role create-token` does."""
        answer = self.administrator.post(f"/api/v1/projects/{project}/roles/{role}/token", json={"project": project, "role": role})
        answer.raise_for_status()
        token: str = answer.json()["token"]
        return token

    def windows(self, project: str, windows: list[Object]) -> None:
        """Sets a project's sync windows; none: a sync is allowed at any time, which is how every test begins."""
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/appprojects/{project}"
        self.cluster.patch(path, {"spec": {"syncWindows": windows or None}})

    def as_bot(self, token: str) -> httpx.Client:
        """The API as the holder of a token."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=30, headers={"Authorization": f"Bearer {token}"})


def is_syncing(application: Object) -> bool:
    """Whether an operation runs or is about to."""
    return "operation" in application or _state(application).get("phase") in {"Running", "Terminating"}


def syncing(application: Object) -> str | None:
    """The commit that a running operation is for; none where none runs, or it has not come so far."""
    found: str | None = _state(application).get("syncResult", {}).get("revision")
    return found if is_syncing(application) else None


def _state(application: Object) -> Object:
    found: Object = application.get("status", {}).get("operationState", {})
    return found
