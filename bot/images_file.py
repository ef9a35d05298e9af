"""`apps/<app>/images/kustomization.yaml`: reading it, and changing single scalars in it to the byte.

Long, because what is read and what is edited must be one grammar.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from ruamel.yaml import YAML
from ruamel.yaml.events import AliasEvent, DocumentStartEvent, NodeEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from bot.model import BotError, Image
from bot.references import digest, repository, shown, tag_and_digest
from bot.simple_yaml import check_simple, load_simple, readable, reads_as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ruamel.yaml.error import StreamMark
    from ruamel.yaml.events import Event
    from ruamel.yaml.nodes import Node

REQUIRED = ("name", "newTag")
TAG_HINT = "write it as v1.5.0 or v1.5.0@sha256:<64 hexadecimal digits>"
KEYS = {
    "name": (repository, "write it without tag and digest"),
    "newTag": (tag_and_digest, TAG_HINT),
    "newName": (repository, "write it without tag and digest"),
    "digest": (digest, "write sha256:<64 hexadecimal digits>"),
}
ONE_WORD = frozenset({None, "'", '"'})  # styles of scalars: plain or quoted, not | and >


@dataclass(frozen=True)
class _Entry:
    """One item of `images:` and the scalars that it was read from."""

    image: Image
    scalars: Mapping[str, ScalarNode]


@dataclass(frozen=True)
class _Edit:
    """A scalar's new value; `index` is the entry's place in the list."""

    index: int
    key: str
    value: str
    scalar: ScalarNode


def parse_images(text: str, *, file: str) -> tuple[Image, ...]:
    """The images that a file declares, in its order; BotError names file, line and what is wrong."""
    try:
        return _images(text)
    except BotError:
        return tuple(entry.image for entry in _entries(text, file))  # refuses it again, by its name


@lru_cache(maxsize=256)
def _images(text: str) -> tuple[Image, ...]:
    """The same release lies in several environments and in many commits."""
    return tuple(entry.image for entry in _entries(text, "images"))


def write_images(text: str, images: Iterable[Image], *, file: str) -> str:
    """The text with the tags and digests of these images, and nothing else, changed."""
    entries = _entries(text, file)
    wanted = {image.name: _checked(image, entries, file=file) for image in images}
    pairs = [(index, entry, wanted[entry.image.name]) for index, entry in enumerate(entries) if entry.image.name in wanted]
    edits = [edit for index, entry, image in pairs for edit in _edits(index, entry, image=image, file=file)]
    changed = _spliced(text, edits)
    expected = tuple(wanted.get(entry.image.name, entry.image) for entry in entries)
    if changed != text and (parse_images(changed, file=file) != expected or load_simple(changed) != _data_after(text, edits)):
        raise BotError(f"{file} cannot be edited without changing more than asked", "write its entries as plain YAML")
    return changed


def parse_tag(text: str) -> tuple[str, str | None]:
    """The tag and digest of `v1.5.0` or `v1.5.0@sha256:…`; a wrong one is a wrong use."""
    try:
        return tag_and_digest(text)
    except ValueError as error:
        raise BotError(str(error), TAG_HINT, usage=True) from error


def _refusal(file: str, mark: StreamMark, *, problem: str, hint: str) -> BotError:
    return BotError(f"{file}:{mark.line + 1}: {problem}", hint)


def _entries(text: str, file: str) -> tuple[_Entry, ...]:
    with readable(file):
        check_simple(text)
        _refuse_indirection(YAML(typ="safe", pure=True).parse(text), file)
        load_simple(text)  # refuses, among others, keys that are there twice
        root = YAML(typ="safe", pure=True).compose(text)
        if not isinstance(root, MappingNode):
            raise BotError(f"{file}: the file is not a mapping of keys", "write a kustomize Component with `images:`")
        entries = tuple(_entry(item, file) for item in _items(root, file))
    _refuse_doubles(entries, file)
    return entries


def _refuse_indirection(events: Iterable[Event], file: str) -> None:
    """Refuses what makes one text mean something in another place or in another way."""
    documents = 0
    for event in events:
        problem = None
        if isinstance(event, DocumentStartEvent):
            documents += 1
            problem = "a second document" if documents > 1 else "a % directive" if event.version or event.tags else None
        elif isinstance(event, NodeEvent) and event.anchor is not None:
            problem = f"the {'alias *' if isinstance(event, AliasEvent) else 'anchor &'}{event.anchor}"
        elif tag := getattr(event, "tag", None):
            problem = f"the YAML tag {tag}"
        elif isinstance(event, ScalarEvent) and event.value == "<<" and event.style is None:
            problem = "the merge key <<"
        if problem:
            raise _refusal(file, event.start_mark, problem=f"{problem} is not allowed here", hint="write each value where it is used")


def _items(root: MappingNode, file: str) -> list[Node]:
    for key, _ in root.value:  # kustomize takes these for the same, and one of them for the last word
        if str(key.value).casefold() in {"images", "imagetags"} and key.value != "images":
            raise _refusal(file, key.start_mark, problem=f"{key.value} is not allowed here", hint="write images")
    found = next((value for key, value in root.value if key.value == "images"), None)
    if found is None:
        raise BotError(f"{file}: there is no `images:`", "write `images: []` if there are none")
    if not isinstance(found, SequenceNode):
        raise _refusal(file, found.start_mark, problem="images is not a list", hint="write `images: []` if there are none")
    return list(found.value)


def _entry(item: Node, file: str) -> _Entry:
    if not isinstance(item, MappingNode):
        raise _refusal(file, item.start_mark, problem="the entry is not a mapping", hint="write name and newTag")
    scalars = {key.value: _scalar(key, value, file=file) for key, value in item.value}
    for key in REQUIRED:
        if key not in scalars:
            raise _refusal(file, item.start_mark, problem=f"the entry has no {key}", hint="each image needs name and newTag")
    tag, inner = tag_and_digest(scalars["newTag"].value)
    outer = scalars.get("digest")
    if inner and outer:
        raise _refusal(file, outer.start_mark, problem="the digest is written twice", hint="write it in newTag or in digest")
    new_name = scalars["newName"].value if "newName" in scalars else None
    return _Entry(Image(scalars["name"].value, tag, outer.value if outer else inner, new_name), scalars)


def _scalar(key: Node, value: Node, *, file: str) -> ScalarNode:
    """The value of a known key, if it is text in one piece that every reader of YAML reads alike."""
    wrong = _wrong_key(key) or _wrong_style(key.value, value) or _wrong_value(key.value, cast("ScalarNode", value))
    if wrong:
        raise _refusal(file, key.start_mark, problem=wrong[0], hint=wrong[1])
    return cast("ScalarNode", value)


def _wrong_key(key: Node) -> tuple[str, str] | None:
    """What is wrong, and what to do about it."""
    if isinstance(key, ScalarNode) and key.value in KEYS:
        return None
    return f"unknown key {shown(str(key.value))}", f"the keys of an image are: {', '.join(KEYS)}"


def _wrong_style(key: str, value: Node) -> tuple[str, str] | None:
    if isinstance(value, ScalarNode) and value.style in ONE_WORD:
        return None
    return f"{key} is not one plain or quoted word", f'write {key}: "…" in one line'


def _wrong_value(key: str, value: ScalarNode) -> tuple[str, str] | None:
    parse, hint = KEYS[key]
    try:
        parse(value.value)
    except ValueError as error:
        return f"{key}: {error}", hint
    if value.style is None and not reads_as_text(value.value):
        return f"{key}: {value.value} is not text in YAML", f'quote it: {key}: "{value.value}"'
    return None


def _refuse_doubles(entries: tuple[_Entry, ...], file: str) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.image.name in seen:
            hint = "two tags of one image need two names, each with its newName"
            raise _refusal(file, entry.scalars["name"].start_mark, problem=f"{entry.image.name} is there twice", hint=hint)
        seen.add(entry.image.name)


def _checked(image: Image, entries: tuple[_Entry, ...], *, file: str) -> Image:
    """The image, if the file has it under this name and its tag and digest can be written."""
    found = next((entry.image for entry in entries if entry.image.name == image.name), None)
    if found is None or found.new_name != image.new_name:
        known = ", ".join(entry.image.name for entry in entries) or "none"
        raise BotError(f"{file} has no image {image.repository} under the name {image.name}", f"its images are: {known}", usage=True)
    parse_tag(_joined(image))
    return image


def _joined(image: Image) -> str:
    return image.tag if image.digest is None else f"{image.tag}@{image.digest}"


def _edits(index: int, entry: _Entry, *, image: Image, file: str) -> Iterator[_Edit]:
    outer = entry.scalars.get("digest")
    if outer and image.digest is None:
        raise _refusal(file, outer.start_mark, problem=f"the digest would not be that of {image.tag}", hint="give a digest, too")
    values = {"newTag": image.tag, "digest": str(image.digest)} if outer else {"newTag": _joined(image)}
    for key, value in values.items():
        if entry.scalars[key].value != value:
            yield _Edit(index, key, value, entry.scalars[key])


def _spliced(text: str, edits: Iterable[_Edit]) -> str:
    for edit in sorted(edits, key=lambda each: -each.scalar.start_mark.index):
        quote = edit.scalar.style or ("" if reads_as_text(edit.value) else '"')
        text = text[: edit.scalar.start_mark.index] + quote + edit.value + quote + text[edit.scalar.end_mark.index :]
    return text


def _data_after(text: str, edits: Iterable[_Edit]) -> object:
    data = load_simple(text)
    for edit in edits:
        data["images"][edit.index][edit.key] = edit.value
    return data
