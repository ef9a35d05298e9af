"""What all commands share: --json, --repo, --verbose, one error form, exit codes."""

from __future__ import annotations

import inspect
import json
import sys
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

SCHEMA = "bot/v1"
DONE, ERROR, USAGE, REFUSED = 0, 1, 2, 3
INTERRUPTED = 130  # as shells say it

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout instead of text.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show tracebacks and more detail.")]
Repo = Annotated[str | None, typer.Option("--repo", metavar="URL", help="The repository, if not the checkout's origin.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")]


@dataclass(frozen=True)
class Answer:
    """What a command has to say: an outcome in one word, the result as JSON values, and how to show it to people."""

    outcome: str
    result: dict[str, Any]  # Any: JSON
    show: Callable[[Console], None]
    code: int = DONE


@dataclass
class Invocation:
    """The command that runs now, for the one place that reports errors."""

    command: str = ""
    as_json: bool = False
    verbose: bool = False
    repo: str | None = None
    writes: bool = False  # it has --dry-run, and was not told it
    extra: dict[str, str] = field(default_factory=dict)


current = Invocation()


def command(app: typer.Typer, name: str, *, on_origin: bool = False) -> Callable[[Callable[..., Answer]], None]:
    """Registers a function that returns an Answer as a command with the shared options."""
    shared = {"as_json": (AsJson, False), "verbose": (Verbose, False)} | ({"repo": (Repo, None)} if on_origin else {})

    def register(function: Callable[..., Answer]) -> None:
        @wraps(function)
        def run(**arguments: Any) -> int:  # noqa: ANN401 - typer fills in what the signature says
            current.command, current.writes = name, arguments.get("dry_run") is False
            for option in shared:
                setattr(current, option, arguments.pop(option))
            return answer(function(**arguments))

        parameters = list(inspect.signature(function, eval_str=True).parameters.values())
        parameters += [
            inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for option, (kind, default) in shared.items()
        ]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        del run.__wrapped__  # typer would read the annotations of the inner function
        app.command(name)(run)

    return register


def answer(given: Answer) -> int:
    """Prints an answer, as text or JSON, and gives its exit code."""
    if current.as_json:
        print_json(given.outcome, given.result, error=None)
    else:
        given.show(console())
    return given.code


def print_json(outcome: str, result: dict[str, Any] | None, *, error: dict[str, str] | None) -> None:
    """The one object on stdout."""
    document = {"schema": SCHEMA, "command": current.command, "outcome": outcome, "result": result, "error": error}
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")


def report(message: str, hint: str, *, code: int) -> int:
    """The one form of an error: a line that names it and a line that says what to do."""
    message, hint = (" ".join(text.split()) for text in (message, hint))
    if current.as_json:
        print_json("error", None, error={"message": message, "hint": hint})
    else:
        sys.stderr.write(f"error: {message}\nhint:  {hint}\n")
    return code


def interrupted() -> int:
    """Ctrl-C: one line, and what becomes of what was begun."""
    hint = "what was begun is finished by the same command" if current.writes else ""
    if current.as_json:
        print_json("interrupted", None, error={"message": "interrupted", "hint": hint})
        sys.stdout.flush()  # what threads still ask is waited for
    sys.stderr.write(": ".join(filter(None, ("interrupted", hint))) + "\n")
    return INTERRUPTED


def console() -> Console:
    """The console on stdout; wide when it is not a terminal, so that lines can be searched."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 200, highlight=False, emoji=False, soft_wrap=True)


class Spoken:
    """Progress as lines on stderr, each thing said once in a row."""

    def __init__(self) -> None:
        self._said = ""

    def say(self, text: str) -> None:
        """One line of progress."""
        if text != self._said:
            self._said = text
            sys.stderr.write(f"… {text}\n")
            sys.stderr.flush()
