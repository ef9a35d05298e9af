"""Git over HTTP for Argo CD: lighttpd in front of `git http-backend`, read only."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from tests.e2e.processes import free_ports

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.e2e.processes import Processes

CONFIGURATION = """
server.document-root = "{root}"
server.port = {port}
server.bind = "127.0.0.1"
server.modules = ( "mod_alias", "mod_cgi", "mod_setenv" )
alias.url = ( "/git" => "{backend}" )
$HTTP["url"] =~ "^/git" {{
  cgi.assign = ( "" => "" )
  setenv.set-environment = ( "GIT_PROJECT_ROOT" => "{root}", "GIT_HTTP_EXPORT_ALL" => "1" )
}}
"""


@dataclass(frozen=True)
class GitServer:
    """Serves the repositories that are linked into its root."""

    url: str
    root: Path

    def serve(self, bare: Path, name: str) -> str:
        """The address of a bare repository from now on."""
        link = self.root / f"{name}.git"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(bare)
        return self.address(name)

    def address(self, name: str) -> str:
        """What the address of a repository is, or will be."""
        return f"{self.url}/git/{name}.git"


def start_git_server(folder: Path, processes: Processes, peers: Mapping[str, Path]) -> GitServer:
    """A running server; it knows no repository yet."""
    root = folder / "repositories"
    root.mkdir(parents=True)
    exec_path = subprocess.run([peers["git"], "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    (port,) = free_ports(1)
    text = CONFIGURATION.format(root=root, port=port, backend=os.path.join(exec_path, "git-http-backend"))  # noqa: PTH118 - Git's text
    (folder / "lighttpd.conf").write_text(text, "utf-8")
    processes.start("lighttpd", peers["lighttpd"], "-D", "-f", folder / "lighttpd.conf")
    url = f"http://127.0.0.1:{port}"
    processes.wait_for("lighttpd", lambda: _answers(url), seconds=10)
    return GitServer(url, root)


def _answers(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False)
    except httpx.HTTPError:
        return False
    return True
