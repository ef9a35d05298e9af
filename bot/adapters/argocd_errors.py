"""Why Argo CD did not say what was asked, in words and stable reason codes; never with a secret."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Any

from bot.adapters.foreign import quoted
from bot.adapters.trust import UNTRUSTED
from bot.model import UnobservableError

NOT_FOUND = 5  # gRPC's code
HINTS = {
    "argocd-tls": UNTRUSTED,
    "argocd-not-json": "is `argocd.url` in environment.yaml its base URL, with no login in front of it?",
    "argocd-forbidden": "is `argocd.project` in environment.yaml right, and does Argo CD have it? "
    "if so, set BOT_ARGOCD_TOKEN_FILE_<ENV> to a token of its role `bot`, which may get and sync",
}
IN_A_WINDOW = (
    "the window lacks `manualSync: true`: wait until it is over, or change it in argocd/projects and apply that, then `argocd app sync`"
)
NO_SESSION = "make a token by `argocd proj role create-token PROJECT bot`, and put it into the file that BOT_ARGOCD_TOKEN_FILE_<ENV> names"
NO_PROJECT = "apply `argocd/projects`, then make a token of its role `bot` for BOT_ARGOCD_TOKEN_FILE_<ENV>"


class RefusedError(UnobservableError):
    """A reply that is not 2xx: HTTP's status, and what gRPC's gateway says in it."""

    def __init__(self, refused: UnobservableError, *, status: int, grpc: int | None, words: str) -> None:
        super().__init__(refused.code, refused.message, refused.hint)
        self.status = status
        self.grpc = grpc
        self.words = words

    @property
    def is_missing(self) -> bool:
        """Whether Argo CD itself says that there is no such Application; a proxy's 404 is no evidence of that."""
        return self.status == HTTPStatus.NOT_FOUND and self.grpc == NOT_FOUND

    def says(self, words: str) -> bool:
        """Whether it is a refusal of the request for this reason."""
        return self.status == HTTPStatus.BAD_REQUEST and words in self.words.lower()


def refusal(url: str, path: str, *, status: int, body: bytes) -> RefusedError:
    """What a reply that is not 2xx means."""
    grpc, words = _gateway(body)
    if status == HTTPStatus.UNAUTHORIZED:
        what = _no_session(url, path, words)
    elif status == HTTPStatus.FORBIDDEN and "blocked by sync window" in words.lower():
        what = UnobservableError("argocd-forbidden", f"{url} refuses {path}: HTTP {status} {words}", IN_A_WINDOW)
    elif status == HTTPStatus.FORBIDDEN:
        what = unseen(url, "argocd-forbidden", message=f"refuses {path}: HTTP {status} {words}")
    elif 300 <= status < 400:  # noqa: PLR2004 - redirects
        what = unseen(url, "argocd-status", message=f"answers {path} by a redirect, which is not followed")
    else:
        what = unseen(url, "argocd-status", message=f"answers {path} with HTTP {status}: {words}")
    return RefusedError(what, status=status, grpc=grpc, words=words)


def _no_session(url: str, path: str, words: str) -> UnobservableError:
    """A token that is not accepted; of a project that is gone, the server says so in these words."""
    gone = re.search(r"appprojects?\.argoproj\.io \S+ not found", words)
    told = f"refuses {path}: HTTP 401 {words}"
    if gone:
        return UnobservableError("argocd-forbidden", f"{url} {told}", NO_PROJECT)
    return UnobservableError("argocd-forbidden", f"{url} {told}", NO_SESSION)


def unseen(url: str, code: str, *, message: str) -> UnobservableError:
    """A fact of this Argo CD that could not be found out."""
    return UnobservableError(code, f"{url} {message}", HINTS.get(code, "check that it runs, and `argocd` in environment.yaml"))


def _gateway(body: bytes) -> tuple[int | None, str]:
    """Code and message of gRPC's gateway, where the body is one."""
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None, quoted(body)
    if not isinstance(said, dict) or not isinstance(said.get("message"), str) or not isinstance(said.get("code"), int):
        return None, quoted(body)
    return said["code"], quoted(said["message"].encode(errors="replace"))
