"""The command line: wrong input is named in one line with a hint, nothing is written; output for people and for programs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bot.cli.app import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import Bot, Town

COMMANDS = ["init", "validate", "render", "diff", "history", "trace", "bump", "promote", "gate", "merge", "sync", "verify", "rollback"]
COMMANDS += ["freeze", "unfreeze", "unquarantine", "hotfix", "status", "doctor", "sandbox"]
BAD_INPUT = {
    "unknown environment": (("promote", "dev", "moon"), 2, "moon"),
    "wrong order": (("promote", "dev", "prod"), 2, "promotes from staging"),
    "backwards": (("promote", "prod", "staging"), 2, "promotes from dev"),
    "into dev": (("promote", "staging", "dev"), 2, "follows main"),
    "unknown app": (("promote", "dev", "staging", "nothing"), 2, "'nothing'"),
    "unknown app to bump": (("bump", "nothing", "v1"), 2, "'nothing'"),
    "an app without images": (("bump", "foundation", "v1"), 2, "no images file"),
    "a bad tag": (("bump", "context-api", "v1 5"), 2, "'v1 5'"),
    "latest": (("bump", "context-api", "latest"), 2, "latest"),
    "a bad digest": (("bump", "context-api", "v1.5.0@sha256:12"), 2, "digest"),
    "an image that is not in the file": (("bump", "context-api", "v1.5.0", "--image", "redis"), 2, "redis"),
    "a tag that is not in the registry": (("bump", "context-api", "v9.9.9"), 1, "v9.9.9"),
    "no such pull request": (("merge", "4711"), 1, "4711"),
    "a release that never ran": (("promote", "dev", "staging", "context-api", "--release", "abcdef0"), 2, "abcdef0"),
    "a release of several apps": (("promote", "dev", "staging", "--release", "abcdef0"), 2, "one app"),
    "a rollback without a reason": (("rollback", "prod", "context-api"), 2, "--reason"),
    "a rollback for a blank reason": (("rollback", "prod", "context-api", "--reason", " "), 2, "--reason"),
    "a freeze for an empty reason": (("freeze", "prod", "--reason", ""), 2, "--reason"),
    "the end of a freeze for a blank reason": (("unfreeze", "prod", "freeze-00000000", "--reason", "\t"), 2, "--reason is blank"),
    "the end of a quarantine for a blank reason": (("unquarantine", "prod", "hold", "--reason", " "), 2, "--reason is blank"),
    "a hotfix for an empty reason": (("hotfix", "prod", "context-api", "v1.5.0", "--reason", ""), 2, "--reason is blank"),
    "a hotfix dropped for a blank reason": (("promote", "dev", "staging", "--drop-hotfix", " "), 2, "--drop-hotfix"),
    "rollback to a tree that never ran": (("rollback", "prod", "context-api", "--reason", "x", "--to", "abcdef0"), 2, "abcdef0"),
    "a gate of nothing": (("gate",), 2, "SOURCE TARGET"),
    "an unknown command": (("destroy",), 2, "destroy"),
    "an unknown option": (("status", "--wide"), 2, "--wide"),
}


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nobody")


def test_bad_input_is_named_with_a_hint_and_nothing_is_written(town: Town) -> None:
    before, main = town.writes(), town.git("for-each-ref")
    for name, (words, wanted, named) in BAD_INPUT.items():
        code, out, err = town.say(*words)
        lines = [line for line in err.splitlines() if not line.startswith("…")]
        assert (code, out) == (wanted, ""), (name, err)
        assert len(lines) == 2, (name, err)
        assert lines[0].startswith("error: "), name
        assert named in lines[0], (name, err)
        assert lines[1].startswith("hint:  "), name
    assert town.writes() == before
    assert town.git("for-each-ref") == main


def test_an_expired_token_is_named_and_not_shown(town: Town) -> None:
    (town.sandbox.folder / "forge-token").write_text("sesame-9\n")
    code, _, err = town.say("status")
    assert code == 1
    assert "token" in err
    assert "sesame-9" not in err


def test_no_network_is_named(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_REPO", "http://127.0.0.1:9/o/n.git")
    code, _, err = town.say("status")
    assert code == 1
    assert "cannot be reached" in err
    assert "Traceback" not in err


def test_a_token_is_not_sent_to_a_host_that_git_alone_names(town: Town) -> None:
    path = "environments/dev/environment.yaml"
    text = town.git("show", f"main:{path}")
    town.push({path: text.replace(town.sandbox.argocd_server.url, "http://127.0.0.1:9")}, "elsewhere")
    code, _, err = town.say("sync", "dev")
    assert code == 1
    assert "127.0.0.1:9" in err
    assert "BOT_ARGOCD_HOST_DEV" in err


def test_an_environment_with_an_unknown_key_is_named_and_the_others_work(town: Town) -> None:
    path = "environments/prod/environment.yaml"
    town.push({path: town.git("show", f"main:{path}") + "\nsurprise: 1\n"}, "a surprise")
    code, _, err = town.say("promote", "staging", "prod")
    assert code == 1
    assert "unknown key surprise" in err
    code, out, _ = town.say("status")
    assert code == 0
    assert "unknown key surprise" in out


def test_environments_in_a_circle_are_named(town: Town) -> None:
    path = "environments/dev/environment.yaml"
    town.push({path: town.git("show", f"main:{path}") + "\npromotesFrom: prod\n"}, "a circle")
    code, _, err = town.say("promote", "dev", "staging")
    assert code == 1
    assert "circle" in err


def test_no_repository_and_no_origin_are_named(nobody: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("BOT_REPO", raising=False)
    monkeypatch.chdir(nobody)
    assert run(["status"]) == 1
    assert "not in a Git repository" in capsys.readouterr().err
    subprocess.run(["git", "init", "-q"], check=True)
    assert run(["status"]) == 1
    assert "no remote named origin" in capsys.readouterr().err


def test_status_shows_every_app_of_every_environment(town: Town) -> None:
    code, out, _ = town.say("status")
    assert code == 0
    for word in ("dev", "staging", "prod", "context-api", "qdrant", "neo4j", "v1.4.2", "Synced", "Healthy"):
        assert word in out
    found = town.bot("status").result["environments"]
    assert [env["environment"] for env in found] == ["dev", "staging", "prod"]
    assert all(row["live"] == "yes" for env in found for row in env["rows"])
    assert [env["problem"] for env in found] == ["", "", ""]


def test_status_shows_the_variant_of_an_image_that_the_environment_runs(town: Town) -> None:
    found = town.bot("status").result["environments"]
    versions = {env["environment"]: row["version"] for env in found for row in env["rows"] if row["app"] == "neo4j"}
    editions = {name: version.rpartition("-")[2] for name, version in versions.items()}
    assert editions == {"dev": "community", "staging": "enterprise", "prod": "enterprise"}


def test_json_is_one_object_also_for_errors(town: Town) -> None:
    failed = town.bot("promote", "dev", "moon")
    assert failed.code == 2
    assert set(failed.document) == {"schema", "command", "outcome", "result", "error"}
    assert failed.document["command"] == "promote"
    assert failed.document["error"]["hint"]


def test_a_promotion_shows_plan_diff_evidence_and_pull_request(dev_ahead: Town) -> None:
    code, out, _ = dev_ahead.say("promote", "dev", "staging")
    assert code == 0
    for words in ("context-api v1.4.2 -> v1.5.0", "Deployment context-staging/context-api", "gate: ", "/pull/"):
        assert words in out


def test_help_starts_at_once_and_imports_no_sdk() -> None:
    """A budget on imports, not on the clock: the time is in the closing note and in bench."""
    script = "import sys; from bot.cli.app import run; run(['--help']); print(sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "promote" in done.stdout
    modules = json.loads(done.stdout.splitlines()[-1].replace("'", '"'))
    assert not {"git", "github", "argocd_client", "oras", "httpx", "pydantic", "ruamel", "requests", "starlette"} & set(modules)


FINISHED = "what was begun is finished by the same command"
AT_A_TERMINAL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # what is started in the background ignores it
from bot.cli import main
main()
"""


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        pytest.param(("bump", "context-api", "v1.5.0"), FINISHED, id="writes"),
        pytest.param(("bump", "context-api", "v1.5.0", "--dry-run"), "", id="is told to write nothing"),
        pytest.param(("status",), "", id="reads alone"),
    ],
)
def test_ctrl_c_is_one_line_and_an_exit_code_of_its_own(words: tuple[str, ...], hint: str, tmp_path: Path) -> None:
    """A forge that takes connections and says nothing; the terminal's signal goes to git, too."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        repository = f"http://127.0.0.1:{silent.getsockname()[1]}/o/n.git"
        command = [sys.executable, "-c", AT_A_TERMINAL, *words, "--json", "--repo", repository]
        environment = {**os.environ, "BOT_CACHE": str(tmp_path)}
        with (tmp_path / "said").open("w+") as err:
            running = subprocess.Popen(command, env=environment, text=True, start_new_session=True, stdout=subprocess.PIPE, stderr=err)
            try:
                assert running.stdout
                with silent.accept()[0]:
                    os.killpg(running.pid, signal.SIGINT)
                    out = running.stdout.readline()
            finally:
                silent.close()  # a request in a thread is waited for: now it ends
                code = running.wait(30)
            err.seek(0)
            said = [line.strip() for line in err if not line.startswith("…")]
    assert (code, said) == (130, [f"interrupted: {hint}".rstrip(": ")])
    assert json.loads(out)["error"] == {"message": "interrupted", "hint": hint}


def test_every_command_has_help_and_json(bot: Bot) -> None:
    assert all(command in bot.say("--help")[1] for command in COMMANDS)
    for command in COMMANDS:
        code, out, _ = bot.say(command, "--help")
        assert (code, "--json" in out) == (0, True), command


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("promote st", ["staging"]),
        ("promote dev ", ["dev", "prod", "staging"]),
        ("bump con", ["context-api"]),
        ("rollback prod qd", ["qdrant"]),
    ],
)
def test_the_shell_completes_environments_and_apps(words: str, offered: list[str], tmp_path: Path) -> None:
    for name in ("environments/dev", "environments/staging", "environments/prod", "apps/context-api", "apps/qdrant", "below/here"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "apps/context.md").touch()
    asked = {"_BOT_COMPLETE": "complete_bash", "COMP_WORDS": f"bot {words}", "COMP_CWORD": str(words.count(" ") + 1)}
    for folder, wanted in ((tmp_path / "below/here", offered), (tmp_path.parent, [])):
        command = [sys.executable, "-c", "import sys; sys.argv[0] = 'bot'; from bot.cli import main; main()"]
        done = subprocess.run(command, cwd=folder, env={**os.environ, **asked}, capture_output=True, text=True, check=True)
        assert done.stdout.split() == wanted
