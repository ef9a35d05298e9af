"""Git over HTTP, against git's own server program."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from bot.adapters.git_checkout import open_checkout, origin_url
from bot.adapters.git_command import GitRunner
from bot.adapters.git_objects import GitObjects
from bot.adapters.git_origin import GitOrigin, open_origin
from bot.model import BotError, MovedRefError
from bot.ports import FOLDER, Entry
from bot.sandbox.git_server import git_app
from bot.sandbox.serving import Fault, Server, serve
from tests.bot.repositories import BOT, Repositories, git, make_repositories
from tests.conftest import require_peer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "sesame-1234"
LIGHTTPD = """
server.document-root = "{root}"
server.port = {port}
server.bind = "127.0.0.1"
server.modules = ( "mod_auth", "mod_authn_file", "mod_setenv", "mod_cgi", "mod_alias" )
setenv.set-environment = ( "GIT_PROJECT_ROOT" => "{root}", "GIT_HTTP_EXPORT_ALL" => "1" )
alias.url = ( "/" => "{backend}/" )
cgi.assign = ( "" => "" )
auth.backend = "plain"
auth.backend.plain.userfile = "{users}"
auth.require = ( "" => ( "method" => "basic", "realm" => "git", "require" => "valid-user" ) )
"""


@dataclass
class Served:
    """A repository that is served over HTTP."""

    repositories: Repositories
    url: str
    cache: Path
    server: Server | None = None

    def origin(self, token: str | None = TOKEN) -> GitOrigin:
        return open_origin(self.url, self.cache, token=token, author=BOT)

    def requests(self) -> int:
        assert self.server
        return len(self.server.observed.calls)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    repositories = make_repositories(tmp_path)
    server = serve(git_app(repositories.bare.parent, tokens={TOKEN}))
    yield Served(repositories, f"{server.url}/repo.git", tmp_path / "cache", server)
    server.stop()


@pytest.fixture
def by_lighttpd(tmp_path: Path) -> Iterator[Served]:
    """The same behind a web server that is not ours."""
    require_peer("lighttpd")
    repositories = make_repositories(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    core = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / "users").write_text(f"x-access-token:{TOKEN}\n")
    configuration = LIGHTTPD.format(root=repositories.bare.parent, port=port, backend=f"{core}/git-http-backend", users=tmp_path / "users")
    (tmp_path / "lighttpd.conf").write_text(configuration)
    process = subprocess.Popen(["lighttpd", "-D", "-f", tmp_path / "lighttpd.conf"])
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield Served(repositories, f"http://127.0.0.1:{port}/repo.git", tmp_path / "cache")
    process.terminate()
    process.wait(timeout=5)


@pytest.fixture(params=["served", "by_lighttpd"])
def any_server(request: pytest.FixtureRequest) -> Served:
    found: Served = request.getfixturevalue(request.param)
    return found


def test_a_change_travels_to_origin_and_back(any_server: Served) -> None:
    first = any_server.repositories.commit({"apps/a/base/x.yaml": "x: 1\n", "keep.txt": "k\n"})
    origin = any_server.origin()
    assert origin.fetch_main() == first
    made = origin.make_commit(first, {"apps/a/base/x.yaml": "x: 2\n", "apps/a/new.txt": "new\n"}, "move")
    origin.push(made, "promote.prod", expected=None)
    bare = any_server.repositories.bare
    assert git(bare, "rev-parse", "promote.prod") == made
    assert git(bare, "show", "promote.prod:apps/a/base/x.yaml") == "x: 2"
    assert git(bare, "show", "promote.prod:keep.txt") == "k"
    assert git(bare, "log", "-1", "--format=%an <%ae> %cn %s", "promote.prod") == f"{BOT} bot move"


def test_an_expired_token_is_named_and_never_shown(any_server: Served) -> None:
    any_server.repositories.commit({"a": "1"})
    with pytest.raises(BotError, match="not allowed in") as caught:
        any_server.origin(token="wrong-token-9")
    assert "wrong-token-9" not in caught.value.message + caught.value.hint + str(caught.value.__cause__)


def test_a_tree_is_read_without_any_blob_and_files_in_one_request(served: Served) -> None:
    files: dict[str, str | bytes | None] = {f"apps/a/base/f{number}.yaml": f"n: {number}\n" for number in range(50)}
    commit = served.repositories.commit(files)
    origin = served.origin()
    origin.fetch_main()
    before = served.requests()
    assert len(origin.walk(commit)) == 50
    assert origin.history(commit, "apps/a")[0].sha == commit
    assert served.requests() == before
    read = origin.read(commit, files)
    assert read == files
    assert served.requests() - before <= 3  # a ref advertisement and one fetch (protocol v2 asks twice)


def test_nothing_new_is_one_request(served: Served) -> None:
    served.repositories.commit({"a": "1"})
    origin = served.origin()
    origin.fetch_main()
    before = served.requests()
    origin.fetch_main()
    assert served.requests() - before <= 3


def test_a_moved_tree_pushes_no_blobs(served: Served) -> None:
    files: dict[str, str | bytes | None] = {f"apps/a/base/f{number}.yaml": "n: 1\n" * number for number in range(30)}
    commit = served.repositories.commit(files)
    origin = served.origin()
    origin.fetch_main()
    tree = origin.entry(commit, "apps/a")
    assert tree
    made = origin.make_commit(commit, {"environments/prod/release/a": Entry("", FOLDER, tree.sha)}, "promote")
    origin.push(made, "promote.prod", expected=None)
    assert git(served.repositories.bare, "rev-parse", "promote.prod:environments/prod/release/a") == tree.sha
    missing = origin.git.text("rev-list", "--objects", "--missing=print", "--all")
    assert sum(line.startswith("?") for line in missing.splitlines()) == 30


def test_a_lost_race_is_a_moved_ref(served: Served) -> None:
    first = served.repositories.commit({"a": "1"})
    origin = served.origin()
    origin.fetch_main()
    mine = origin.make_commit(first, {"a": "mine"}, "mine")
    theirs = origin.make_commit(first, {"a": "theirs"}, "theirs")
    origin.push(theirs, "topic", expected=None)
    with pytest.raises(MovedRefError):
        origin.push(mine, "topic", expected=None)
    with pytest.raises(MovedRefError):
        origin.push(mine, "topic", expected=first)
    assert origin.fetch_branch("topic") == theirs


def test_a_push_whose_answer_is_lost_happened_once(served: Served) -> None:
    first = served.repositories.commit({"a": "1"})
    origin = served.origin()
    origin.fetch_main()
    made = origin.make_commit(first, {"a": "2"}, "two")
    assert served.server
    served.server.observed.faults.append(Fault("POST", "/repo.git/git-receive-pack", 2))
    origin.push(made, "topic", expected=None)
    assert git(served.repositories.bare, "rev-parse", "topic") == made


def test_a_server_that_stumbles_is_asked_again(served: Served) -> None:
    first = served.repositories.commit({"a": "1"})
    assert served.server
    served.server.observed.faults.append(Fault("POST", "/repo.git/git-upload-pack", 1, 503))
    assert served.origin().fetch_main() == first


def test_no_secret_reaches_the_clone(served: Served) -> None:
    served.repositories.commit({"a": "1"})
    origin = served.origin()
    texts = [path.read_bytes() for path in origin.git.folder.rglob("*") if path.is_file()]
    assert not any(TOKEN.encode() in text for text in texts)


def test_a_clone_that_was_killed_is_made_anew(served: Served) -> None:
    first = served.repositories.commit({"a": "1"})
    folder = served.origin().git.folder
    (folder / "bot-ready").unlink()
    (folder / "HEAD").write_text("garbage")
    assert served.origin().fetch_main() == first


def test_a_branch_that_is_gone_is_deleted_already(served: Served) -> None:
    first = served.repositories.commit({"a": "1"})
    origin = served.origin()
    origin.fetch_main()
    origin.push(first, "topic", expected=None)
    origin.delete_branch("topic", expected=first)
    origin.delete_branch("topic", expected=first)
    assert origin.fetch_branch("topic") is None


def test_a_made_commit_is_what_plain_git_makes(served: Served) -> None:
    names = {f"d{n % 7}/sub {n % 3}/fü{n}.txt": f"{n}\n" for n in range(100)}
    first = served.repositories.commit({**names, "gone/only.txt": "x", "file": "f"})
    origin = served.origin()
    origin.fetch_main()
    changes: dict[str, Entry | str | None] = {"d1/sub 1/new.txt": "new\n", "gone/only.txt": None, "file/now/a-folder": "y\n"}
    made = origin.make_commit(first, changes, "odd")
    git(served.repositories.work, "rm", "-q", "gone/only.txt", "file")
    plain = served.repositories.commit({"d1/sub 1/new.txt": "new\n", "file/now/a-folder": "y\n"})
    assert git(served.repositories.work, "rev-parse", f"{plain}^{{tree}}") == origin.git.text("rev-parse", f"{made}^{{tree}}")


def test_conflicting_heads_do_not_merge_and_others_do(served: Served) -> None:
    first = served.repositories.commit({"a": "1\n", "b": "1\n"})
    origin = served.origin()
    origin.fetch_main()
    one, two, three = (origin.make_commit(first, changes, "x") for changes in ({"a": "2\n"}, {"a": "3\n"}, {"b": "2\n"}))
    assert origin.merged_tree(one, two) is None
    assert origin.merged_tree(one, three) is not None


def test_first_parent_history_shows_a_merge_not_its_inside(served: Served) -> None:
    repositories = served.repositories
    first = repositories.commit({"apps/a/x": "1"})
    git(repositories.work, "checkout", "-q", "-b", "topic")
    repositories.commit({"apps/a/x": "2"}, branch="topic")
    git(repositories.work, "checkout", "-q", "main")
    git(repositories.work, "merge", "-q", "--no-ff", "-m", "Merge pull request #7", "topic")
    merge = repositories.commit({}, "empty")
    history = served.origin().history(merge, "apps/a") if served.origin().fetch_main() else ()
    assert [commit.subject for commit in history] == ["Merge pull request #7", "change"]
    assert history[-1].sha == first


def test_materializing_writes_links_and_refuses_those_that_leave(served: Served, tmp_path: Path) -> None:
    (served.repositories.work / "environments/dev").mkdir(parents=True)
    (served.repositories.work / "environments/dev/release").symlink_to("../../apps")
    (served.repositories.work / "out").symlink_to("../../../etc/passwd")
    commit = served.repositories.commit({"apps/a/x": b"\xff\r\n"})
    origin = served.origin()
    origin.fetch_main()
    origin.materialize(commit, ["environments/dev", "apps"], tmp_path / "into")
    assert (tmp_path / "into/environments/dev/release/a/x").read_bytes() == b"\xff\r\n"
    with pytest.raises(BotError, match="leads out"):
        origin.materialize(commit, ["out"], tmp_path / "into")


@pytest.mark.parametrize("name", ["..", ".", ".git", ".GIT", "a/b"])
def test_a_hostile_tree_is_not_written_to_disk(name: str, tmp_path: Path) -> None:
    """Git makes no such entries; an object written by hand has them, and not every server looks."""
    repositories = make_repositories(tmp_path)
    repository = GitObjects(GitRunner(repositories.bare), "Ada <ada@example.com>")
    first = repositories.commit({"keep.txt": "k\n"})
    blob = repository.entries(first, "")["keep.txt"].sha
    raw = b"100644 pwned\0" + bytes.fromhex(blob)
    below = repository.git.text("hash-object", "-t", "tree", "--literally", "-w", "--stdin", stdin=raw)
    hostile = b"40000 " + name.encode() + b"\0" + bytes.fromhex(below)
    tree = repository.git.text("hash-object", "-t", "tree", "--literally", "-w", "--stdin", stdin=hostile)
    with pytest.raises(BotError, match="an entry named"):
        repository.walk(tree)
    top = repository.git.text("mktree", stdin=f"040000 tree {tree}\tapps\n".encode())
    with pytest.raises(BotError, match="an entry named"):
        repository.materialize(top, ["apps"], tmp_path / "into")
    assert not list(tmp_path.rglob("pwned"))


def test_a_tree_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    repositories = make_repositories(tmp_path)
    repository = GitObjects(GitRunner(repositories.bare), "Ada <ada@example.com>")
    repositories.commit({"keep.txt": "k\n"})
    tree = repository.git.text("mktree", stdin=b"")
    for _ in range(100):
        tree = repository.git.text("mktree", stdin=f"040000 tree {tree}\tx\n".encode())
    with pytest.raises(BotError, match="deeper than 64"):
        repository.walk(tree)


def test_a_git_that_dies_is_started_again_and_nothing_is_taken_for_missing(tmp_path: Path) -> None:
    repositories = make_repositories(tmp_path)
    repository = GitObjects(GitRunner(repositories.bare), "Ada <ada@example.com>")
    first = repositories.commit({"keep.txt": "k\n"})
    assert repository.find(first) == first
    for process in children("cat-file"):
        os.kill(process, signal.SIGKILL)
    assert repository.read("main", ["keep.txt"]) == {"keep.txt": "k\n"}
    assert repository.find("0" * 40) is None
    (repositories.bare / "HEAD").unlink()  # no repository to git
    for process in children("cat-file"):
        os.kill(process, signal.SIGKILL)
    with pytest.raises(BotError, match="git ends while it reads"):
        repository.find("1" * 40)


def children(command: str) -> list[int]:
    """Our processes of git with this command."""
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if command in line]


@pytest.mark.parametrize(
    ("url", "says"),
    [("http://127.0.0.1:1/repo.git", "cannot be reached"), ("SERVED/none.git", "no such repository")],
)
def test_an_origin_that_is_not_there_is_named(served: Served, url: str, says: str) -> None:
    assert served.server
    with pytest.raises(BotError, match=says):
        open_origin(url.replace("SERVED", served.server.url), served.cache, token=TOKEN, author=BOT)


def test_a_snapshot_holds_the_files_as_they_are_and_leaves_the_index_alone(served: Served) -> None:
    served.repositories.commit({"a.txt": "1\n", ".gitignore": "skip\n"})
    work = served.repositories.work
    (work / "a.txt").write_text("2\n")
    (work / "b.txt").write_text("new\n")
    (work / "skip").write_text("x")
    before = git(work, "status", "--porcelain")
    checkout = open_checkout(work, BOT)
    snapshot = checkout.snapshot()
    assert git(work, "status", "--porcelain") == before
    assert checkout.read(snapshot, ["a.txt", "b.txt", "skip"]) == {"a.txt": "2\n", "b.txt": "new\n"}


def test_a_placed_folder_is_the_same_tree(served: Served) -> None:
    commit = served.repositories.commit({"apps/a/x": "1\r\n", "environments/prod/release/a/old": "o"})
    checkout = open_checkout(served.repositories.work, BOT)
    checkout.place(commit, "apps/a", "environments/prod/release/a")
    snapshot = checkout.snapshot()
    assert checkout.entry(snapshot, "environments/prod/release/a") == Entry(
        "environments/prod/release/a", FOLDER, git(served.repositories.work, "rev-parse", f"{commit}:apps/a")
    )


def test_a_folder_without_repository_or_origin_is_named(tmp_path: Path) -> None:
    with pytest.raises(BotError, match="not in a Git repository"):
        open_checkout(tmp_path, BOT)
    git(tmp_path, "init", "-q", ".")
    with pytest.raises(BotError, match="no remote named origin"):
        origin_url(tmp_path)


def test_a_file_that_is_called_like_a_hash_is_not_taken_for_one(tmp_path: Path) -> None:
    """What a branch holds changes, so only what is asked by a commit's hash is remembered."""
    name = "a" * 40
    repositories = make_repositories(tmp_path)
    repository = GitObjects(GitRunner(repositories.bare), "Ada <ada@example.com>")
    first = repository.make_commit(repositories.commit({"keep.txt": "k\n"}), {name: "one\n"}, "one")
    repository.git.run("update-ref", "refs/heads/main", first)
    assert repository.read("main", [name]) == {name: "one\n"}
    second = repository.make_commit(first, {name: "two\n"}, "two")
    repository.git.run("update-ref", "refs/heads/main", second)
    assert repository.read("main", [name]) == {name: "two\n"}
    assert repository.read(first, [name]) == {name: "one\n"}
