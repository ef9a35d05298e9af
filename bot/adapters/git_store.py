"""The objects of one repository: read through one lasting git process, written without any. A process for each took most of the time."""

from __future__ import annotations

import io
import re
import threading
from functools import cached_property
from typing import TYPE_CHECKING

from git import Git
from gitdb import IStream
from gitdb.db.loose import LooseObjectDB

from bot.adapters.git_command import ISOLATED
from bot.model import BotError

if TYPE_CHECKING:
    from bot.adapters.git_command import GitRunner

MOST, MOST_BYTES = 4096, 64 * 1024  # what is remembered
ATTEMPTS = 2
MISSING = re.compile(r"git returned: b?['\"].* missing")


class Store:
    """Objects by hash: what that names never changes, so small ones are remembered."""

    def __init__(self, runner: GitRunner) -> None:
        self._runner = runner
        self._git = Git(runner.folder)
        self._git.update_environment(**ISOLATED, **runner.environment)
        self._lock = threading.Lock()  # of the process, one question at a time, and of what is known
        self._known: dict[str, tuple[str, bytes]] = {}

    def read(self, name: str) -> tuple[str, str, bytes] | None:
        """Hash, kind and content of what a hash or another name of git's names; None when there is no such object."""
        if (known := self._known.get(name)) is not None:
            return name, *known
        with self._lock:
            answer = self._ask(name)
            if answer and len(answer[2]) <= MOST_BYTES:
                self._known[answer[0]] = answer[1:]
                if len(self._known) > MOST:
                    del self._known[next(iter(self._known))]
        return answer

    def _ask(self, name: str) -> tuple[str, str, bytes] | None:
        """Asks git; one that died meanwhile is started again, once. Only its word that there is nothing counts as nothing."""
        for _ in range(ATTEMPTS):
            try:
                *told, size, content = self._git.get_object_data(name)
            except ValueError as error:
                if MISSING.search(str(error)):
                    return None
            except OSError:
                pass  # it is gone: the pipe is broken
            else:
                if len(content) == size:
                    sha, kind = (word.decode() if isinstance(word, bytes) else word for word in told)  # bytes, whatever its types say
                    return sha, kind, content
            self._git.clear_cache()
        raise BotError(f"git ends while it reads objects in {self._runner.folder}", "try again; is there memory left?")

    def knows(self, sha: str) -> bool:
        """Whether an object is remembered."""
        return sha in self._known

    @cached_property
    def _loose(self) -> LooseObjectDB:
        return LooseObjectDB(str(self._runner.folder / self._runner.text("rev-parse", "--git-path", "objects")))

    def write(self, kind: str, content: bytes) -> str:
        """Writes an object; its hash."""
        stored: IStream = self._loose.store(IStream(kind.encode(), len(content), io.BytesIO(content)))
        return str(stored.hexsha.decode())
