"""YAML in the repository's small files: at most 64 KiB, shallow, few aliases; anything else is refused with file and line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import FileMark, MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.reader import ReaderError

from bot.model import BotError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ruamel.yaml.events import Event

MOST_BYTES = 64 * 1024
MOST_DEPTH = 20
MOST_ALIASES = 8  # each may repeat what holds others: few enough that nothing explodes
VERSIONS = ((1, 1), (1, 2))  # of YAML: readers differ in what they take for numbers and booleans
ONE_LETTER_BOOLEANS = frozenset("yYnN")  # in some readers of YAML 1.1


@contextmanager
def readable(file: str) -> Iterator[None]:
    """Turns whatever reading YAML raises into a BotError that names the file, and the line where it is known."""
    try:
        yield
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else file
        raise BotError(f"{where} is not YAML that can be read: {_reason(error)}", "correct the file") from error
    except (TypeError, ValueError, RecursionError) as error:
        hint = "write plain keys, strings, numbers and lists, few aliases, at most 64 KiB"
        raise BotError(f"{file} cannot be read: {_reason(error)}", hint) from error


def load_simple(text: str) -> Any:  # noqa: ANN401 - YAML enters here
    """The data of one document; raises what `readable` understands."""
    check_simple(text)
    return YAML(typ="safe", pure=True).load(text)


def check_simple(text: str) -> None:
    """Refuses, before anything is built, what would take long to read: size, deep nesting and many aliases."""
    if len(text) > MOST_BYTES or len(text.encode()) > MOST_BYTES:
        raise ValueError("it is larger than 64 KiB")
    try:
        _check_events(YAML(typ="safe", pure=True).parse(text))
    except ReaderError as error:  # which knows its position, but not its line
        mark = FileMark("", error.position, text.count("\n", 0, error.position), 0)
        raise MarkedYAMLError(problem=f"it holds the character U+{_number(error.character):04X}", problem_mark=mark) from error


def reads_as_text(value: str) -> bool:
    """Whether a plain scalar of these characters is a string to every reader of YAML, and not a number, date or boolean."""
    return value not in ONE_LETTER_BOOLEANS and all(_tag(value, version) == "tag:yaml.org,2002:str" for version in VERSIONS)


def _tag(value: str, version: tuple[int, int]) -> str | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    node = yaml.compose(value)
    return None if node is None else str(node.tag)


def _check_events(events: Iterable[Event]) -> None:
    depth = aliases = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        aliases += isinstance(event, AliasEvent)
        if depth > MOST_DEPTH or aliases > MOST_ALIASES:
            raise ValueError(f"it nests deeper than {MOST_DEPTH} levels or has more than {MOST_ALIASES} aliases")


def _number(character: str | int) -> int:
    return character if isinstance(character, int) else ord(character)


def _reason(error: Exception) -> str:
    problem = getattr(error, "problem", None) or str(error) or type(error).__name__
    return " ".join(str(problem).split("\n")[0].split())
