"""ApplicationSets of Argo CD: what their own fields must say, and the Applications that they make of files, as texts by path.

Of Go's templates as much as ours use: a field, or one element of a list. Anything else is named, since nobody could tell what it makes.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from bot.model import MAIN, BotError
from bot.policies.fields import at, mapping, mappings, text, words
from bot.policies.manifests import name_of, wrong
from bot.simple_yaml import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.policies.manifests import Object, Violation

    Parameters = dict[str, Any]  # YAML enters here

APPLICATION_SET = "ApplicationSet"
ACTION = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
FIELD = re.compile(r"\.([\w.]+)")
ELEMENT = re.compile(r"index \.([\w.]+) (\d+)")
WANTED = {  # field -> value, and what another one does
    ("goTemplate",): (True, "without it the templates are of the old kind, which leave what they do not know as it is"),
    ("syncPolicy", "applicationsSync"): ("create-update", "with a vanished folder goes the Application, and all that it runs"),
    ("syncPolicy", "preserveResourcesOnDeletion"): (True, "who deletes the set deletes all that its Applications run"),
}


@dataclass(frozen=True)
class Made:
    """One Application, and the file that it is made of."""

    file: str
    application: Object

    @property
    def name(self) -> str:
        """The Application's name."""
        return name_of(self.application)

    @property
    def project(self) -> str:
        """The name of the project that limits it."""
        return text(self.application, "spec", "project")

    @property
    def repositories(self) -> tuple[str, ...]:
        """Where its sources lie."""
        spec = mapping(self.application, "spec")
        return tuple(text(each, "repoURL") for each in mappings(spec, "sources") or (mapping(spec, "source"),))

    @property
    def place(self) -> tuple[str, str]:
        """The cluster and the namespace that it goes to."""
        return text(self.application, "spec", "destination", "server"), text(self.application, "spec", "destination", "namespace")


class _UnknownError(Exception):
    """An action of a template has no value."""


def wrong_fields(item: Object) -> Iterator[Violation]:
    """What keeps Applications alive when files vanish, and limited by projects that no file chooses."""
    for path, (value, why) in WANTED.items():
        if at(item, "spec", *path) != value:
            yield wrong(item, f"spec.{'.'.join(path)}", f"is {at(item, 'spec', *path)}: {why}", hint=f"write {str(value).lower()}")
    if "missingkey=error" not in words(item, "spec", "goTemplateOptions"):
        what = "lacks missingkey=error: a key that a file lacks becomes the text <no value>"
        yield wrong(item, "spec.goTemplateOptions", what, hint="write missingkey=error")
    if "templatePatch" in mapping(item, "spec"):
        what = "is one text: a value with a line break in it adds fields, the project among them"
        yield wrong(item, "spec.templatePatch", what, hint="write the fields into the template")
    yield from _chosen_projects(item)
    yield from _other_revisions(item)


def made_of(item: Object, texts: Mapping[str, str]) -> tuple[tuple[Made, ...], tuple[Violation, ...]]:
    """The Applications that a set makes of these files, and why it makes none, or not all."""
    applications: list[Made] = []
    faults: list[Violation] = []
    for index, generator in enumerate(mappings(item, "spec", "generators")):
        where = f"spec.generators[{index}]"
        try:
            found = [(file, values) for file, values in _parameters(generator, texts)]
        except _UnknownError as error:
            faults.append(wrong(item, where, str(error), hint="bot validate reads git generators of files, and matrices of two of them"))
            continue
        if not found:
            faults.append(wrong(item, where, "finds no file, so that it makes nothing", hint="correct its path"))
        for file, values in found:
            try:
                applications.append(Made(file, filled(mapping(item, "spec", "template"), values)))
            except _UnknownError as error:
                what = f"{error} of {file}: the whole set makes nothing any more"
                faults.append(wrong(item, "spec.template", what, hint="write the key into the file, or correct the template"))
    faults += _same_names(item, [each.name for each in applications])
    return tuple(applications), tuple(dict.fromkeys(faults))


def _same_names(item: Object, names: list[str]) -> Iterator[Violation]:
    for name in sorted({each for each in names if names.count(each) > 1}):
        what = f"is {name} for two files: the set makes neither"
        yield wrong(item, "spec.template.metadata.name", what, hint="make the name of what differs")


def filled(template: Any, values: Parameters) -> Any:  # noqa: ANN401 - arbitrary YAML
    """A template with its values: each string by itself, so that no value can leave its field."""
    if isinstance(template, dict):
        return {key: filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    return ACTION.sub(lambda found: _value(found[1].strip(), values), template) if isinstance(template, str) else template


def _chosen_projects(item: Object) -> Iterator[Violation]:
    """The project may follow from where a file lies, which the owners of folders decide, not from what is written in it."""
    generators = [each for one in mappings(item, "spec", "generators") for each in _gits(one)]
    folders = {"path", *(f"{prefix}.path" for each in generators if (prefix := text(each, "pathParamPrefix")))}
    for action in ACTION.findall(text(item, "spec", "template", "spec", "project")):
        if not any(action.strip().startswith(f".{folder}.") for folder in folders):
            what = f"comes from {action.strip()}, a text in a file: who may edit the file chooses the project that limits it"
            yield wrong(item, "spec.template.spec.project", what, hint="write it out, or take the folder's name: .path.basename")


def _other_revisions(item: Object) -> Iterator[Violation]:
    """All that is in this repository is taken from main."""
    generators = [each for one in mappings(item, "spec", "generators") for each in _gits(one)]
    spec = mapping(item, "spec", "template", "spec")
    own = {text(each, "repoURL") for each in generators}
    sources = [each for each in (mapping(spec, "source"), *mappings(spec, "sources")) if text(each, "repoURL") in own]
    for each, key in [*((each, "revision") for each in generators), *((each, "targetRevision") for each in sources)]:
        if text(each, key) != MAIN:
            what = f"is {text(each, key) or 'not set'}: what is merged into {MAIN} does not arrive"
            yield wrong(
                item, f"spec.generators.{key}" if key == "revision" else f"spec.template.spec.source.{key}", what, hint=f"write {MAIN}"
            )
    if len(own) > 1:
        what = f"are {', '.join(sorted(own))}: files of one repository would decide what another runs"
        yield wrong(item, "spec.generators.repoURL", what, hint="name this repository alone")


def _gits(generator: Object) -> tuple[Object, ...]:
    parts = mappings(generator, "matrix", "generators") or (generator,)
    return tuple(mapping(each, "git") for each in parts if isinstance(each.get("git"), dict))


def _parameters(generator: Object, texts: Mapping[str, str]) -> Iterator[tuple[str, Parameters]]:
    """Of a git generator by files, or of a matrix of two, the second of which sees what the first found."""
    parts = mappings(generator, "matrix", "generators") or (generator,)
    gits = _gits(generator)
    if len(gits) != len(parts) or len(gits) > 2 or any(not mappings(each, "files") for each in gits):  # noqa: PLR2004
        raise _UnknownError("is not a generator of files in Git")
    for file, outer in _of_files(gits[0], {}, texts):
        if len(gits) == 1:
            yield file, outer
        for inner_file, inner in _of_files(gits[1], outer, texts) if len(gits) > 1 else ():
            yield inner_file, {**outer, **inner}


def _of_files(git: Object, known: Parameters, texts: Mapping[str, str]) -> Iterator[tuple[str, Parameters]]:
    for each in mappings(git, "files"):
        pattern = re.escape(filled(text(each, "path"), known)).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
        for file in sorted(path for path in texts if re.fullmatch(pattern, path)):
            folder, name = posixpath.split(file)
            where = {"path": folder, "basename": posixpath.basename(folder), "filename": name, "segments": folder.split("/")}
            prefix = text(git, "pathParamPrefix")
            yield file, {**_content(file, texts[file]), **({prefix: {"path": where}} if prefix else {"path": where})}


def _content(file: str, written: str) -> Parameters:
    try:
        with readable(file):
            loaded = YAML(typ="safe").load(written)
    except BotError:
        return {}  # named where the file is read for itself
    return loaded if isinstance(loaded, dict) else {}


def _value(action: str, values: Parameters) -> str:
    element, field = ELEMENT.fullmatch(action), FIELD.fullmatch(action)
    path = element[1] if element else field[1] if field else ""
    if not path:
        raise _UnknownError(f"{{{{ {action} }}}} is more than a field, so that nobody can tell what it makes")
    found: Any = at(values, *path.split("."))
    if element:
        found = found[int(element[2])] if isinstance(found, list) and int(element[2]) < len(found) else None
    if not isinstance(found, str | int):  # booleans are among them
        raise _UnknownError(f"{{{{ {action} }}}} has no value in the parameters")
    return str(found).lower() if isinstance(found, bool) else str(found)
