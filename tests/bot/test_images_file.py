"""Images files: whatever a file looks like, only the changed scalars change, to the byte."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.images_file import parse_images, parse_tag, write_images
from bot.model import BotError, Image

FILE = "apps/api/images/kustomization.yaml"
OLD, NEW = "sha256:" + "0a" * 32, "sha256:" + "1b" * 32
NAME = "ghcr.io/team/api"
HEAD = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
PLAIN = f"{HEAD}images:\n  - name: {NAME}\n    newTag: v1.4.1\n"
API = Image(NAME, "v1.4.2")
PINNED = Image(NAME, "v1.4.2", NEW)

COMMENTED = (
    f"# v1.4.1 is not this\n{HEAD}images: # v1.4.1\n  # - newTag: v1.4.1\n"
    f"  - name: {NAME} # v1.4.1\n    newTag: v1.4.1 # why v1.4.1\n# v1.4.1\n"
)
LONG = PLAIN + f"labels: [{{pairs: {{a: '{'x ' * 600}'}}}}]\n"
ODD = PLAIN.replace("  - name", "    -   name").replace("    newTag: ", "        newTag:   ")
SECOND = "  - name: b\n    newTag: v1.4.1\n"

EDITS: dict[str, tuple[str, Image, str]] = {
    "a plain tag": (PLAIN, API, PLAIN.replace("v1.4.1", "v1.4.2")),
    "a tag with a digest": (PLAIN, PINNED, PLAIN.replace("v1.4.1", f"v1.4.2@{NEW}")),
    "a digest goes away": (PLAIN.replace("v1.4.1", f"v1.4.1@{OLD}"), API, PLAIN.replace("v1.4.1", "v1.4.2")),
    "double quotes": (PLAIN.replace("v1.4.1", '"v1.4.1"'), PINNED, PLAIN.replace("v1.4.1", f'"v1.4.2@{NEW}"')),
    "single quotes": (PLAIN.replace("v1.4.1", "'v1.4.1'"), API, PLAIN.replace("v1.4.1", "'v1.4.2'")),
    "an escape": (PLAIN.replace("v1.4.1", '"v1\\x2e4.1"'), API, PLAIN.replace("v1.4.1", '"v1.4.2"')),
    "a digest beside the tag": (
        PLAIN + f"    digest: {OLD} # Renovate\n",
        PINNED,
        PLAIN.replace("v1.4.1", "v1.4.2") + f"    digest: {NEW} # Renovate\n",
    ),
    "a digest before the tag": (
        f'{HEAD}images:\n- digest: "{OLD}"\n  newTag: v1.4.1\n  name: {NAME}',
        PINNED,
        f'{HEAD}images:\n- digest: "{NEW}"\n  newTag: v1.4.2\n  name: {NAME}',
    ),
    "comments": (COMMENTED, API, COMMENTED.replace("v1.4.1 # why", "v1.4.2 # why")),
    "Windows line ends": (PLAIN.replace("\n", "\r\n"), PINNED, PLAIN.replace("v1.4.1", f"v1.4.2@{NEW}").replace("\n", "\r\n")),
    "mixed line ends": (PLAIN.replace("t\n", "t\r\n"), API, PLAIN.replace("t\n", "t\r\n").replace("v1.4.1", "v1.4.2")),
    "no final newline": (PLAIN.rstrip("\n"), API, PLAIN.rstrip("\n").replace("v1.4.1", "v1.4.2")),
    "many final newlines": (PLAIN + "\n\n  \n", API, PLAIN.replace("v1.4.1", "v1.4.2") + "\n\n  \n"),
    "a byte order mark": ("\ufeff" + PLAIN, API, "\ufeff" + PLAIN.replace("v1.4.1", "v1.4.2")),
    "a document's marks": (f"---\n{PLAIN}...\n", API, f"---\n{PLAIN}...\n".replace("v1.4.1", "v1.4.2")),
    "flow style": (
        f"kind: Component\nimages: [{{newTag: v1.4.1,   name: {NAME}}}, {{name: a, newTag: v1.4.1}}]\n",
        PINNED,
        f"kind: Component\nimages: [{{newTag: v1.4.2@{NEW},   name: {NAME}}}, {{name: a, newTag: v1.4.1}}]\n",
    ),
    "JSON": (
        f'{{"kind": "Component", "images": [{{"name": "{NAME}", "newTag": "v1.4.1"}}]}}',
        API,
        f'{{"kind": "Component", "images": [{{"name": "{NAME}", "newTag": "v1.4.2"}}]}}',
    ),
    "wide characters before it": (f"# 🚀 ñ 漢字 e\u0301\n{PLAIN}", API, f"# 🚀 ñ 漢字 e\u0301\n{PLAIN}".replace("v1.4.1", "v1.4.2")),
    "a long line": (LONG, API, LONG.replace("v1.4.1", "v1.4.2")),
    "odd indentation": (ODD, API, ODD.replace("v1.4.1", "v1.4.2")),
    "a tag on its own line": (PLAIN.replace(" v1.4.1", "\n      v1.4.1"), API, PLAIN.replace(" v1.4.1", "\n      v1.4.2")),
    "another image with the same tag": (PLAIN + SECOND, API, PLAIN.replace("v1.4.1", "v1.4.2") + SECOND),
    "a number becomes text": (PLAIN, Image(NAME, "1.10"), PLAIN.replace("v1.4.1", '"1.10"')),
    "a date becomes text": (PLAIN, Image(NAME, "2026-11-24"), PLAIN.replace("v1.4.1", '"2026-11-24"')),
    "a quoted number stays quoted": (PLAIN.replace("v1.4.1", "'1.10'"), Image(NAME, "1.11"), PLAIN.replace("v1.4.1", "'1.11'")),
    "the same": (PLAIN, Image(NAME, "v1.4.1"), PLAIN),
}


@pytest.mark.parametrize("name", EDITS)
def test_only_the_asked_scalars_change(name: str) -> None:
    before, image, after = EDITS[name]
    assert write_images(before, [image], file=FILE) == after
    assert image in parse_images(after, file=FILE)


@pytest.mark.parametrize("name", EDITS)
def test_writing_what_was_read_changes_nothing(name: str) -> None:
    before = EDITS[name][0]
    assert write_images(before, parse_images(before, file=FILE), file=FILE) == before


def test_a_placeholder_keeps_its_new_name() -> None:
    text = f"{HEAD}images:\n  - name: api\n    newName: {NAME}\n    newTag: v1\n  - name: worker\n    newName: {NAME}\n    newTag: v2\n"
    first, second = parse_images(text, file=FILE)
    assert (first.reference, second.reference) == (f"{NAME}:v1", f"{NAME}:v2")
    assert write_images(text, [replace(second, tag="v3")], file=FILE) == text.replace("v2", "v3")


@pytest.mark.parametrize(
    "tag", ["1.10", "1e5", "null", "0x1f", "2026-11-24", "12_30", "on", "y", "0o17", "017", "True", "NaN", "1_000", "_", "v1"]
)
def test_a_tag_is_text_to_every_reader(tag: str) -> None:
    """Whatever it looks like; a file that said it plainly is refused."""
    written = write_images(PLAIN, [Image(NAME, tag)], file=FILE)
    assert parse_images(written, file=FILE) == (Image(NAME, tag),)
    assert written in {PLAIN.replace("v1.4.1", f'"{tag}"'), PLAIN.replace("v1.4.1", tag)}


def test_a_hundred_bumps_change_a_hundred_scalars() -> None:
    """And nothing else: every other byte of the file is what it was."""
    text = "\ufeff# top\r\n" + COMMENTED.replace("\n", "\r\n") + f"  - {{name: b, newTag: 'v1', digest: {OLD}}} # 漢字"
    rest = text
    for number in range(100):
        image = Image(NAME, f"v2.{number}", NEW) if number % 2 else Image("b", f"v2.{number}", f"sha256:{number:064x}")
        changed = write_images(text, [image], file=FILE)
        olds, news = text.split("\r\n"), changed.split("\r\n")
        assert [old == new for old, new in zip(olds, news, strict=True)].count(False) == 1
        assert image in parse_images(changed, file=FILE)
        text = changed
    first, second = parse_images(text, file=FILE)
    back = write_images(text, [replace(first, tag="v1.4.1", digest=None), replace(second, tag="v1", digest=OLD)], file=FILE)
    assert back == rest


REFUSED: dict[str, tuple[str, int | None, str]] = {
    "an anchor": (PLAIN.replace("v1.4.1", "&tag v1.4.1"), 5, "anchor &tag"),
    "an alias": (PLAIN + "  - name: b\n    newTag: *tag\n", 7, "alias *tag"),
    "a merge key": (PLAIN + "  - {<<: {newTag: v1}, name: b}\n", 6, "merge key <<"),
    "a tag of YAML": (PLAIN.replace("v1.4.1", "!!str v1.4.1"), 5, "YAML tag"),
    "a directive": (f"%YAML 1.1\n---\n{PLAIN}", None, "% directive"),
    "a second document": (f"{PLAIN}---\n{PLAIN}", 6, "second document"),
    "a block of text": (PLAIN.replace("v1.4.1", "|-\n      v1.4.1"), 5, "not one plain or quoted word"),
    "a folded text": (PLAIN.replace("v1.4.1", ">-\n      v1.4.1"), 5, "not one plain or quoted word"),
    "a list for a tag": (PLAIN.replace("v1.4.1", "[v1.4.1]"), 5, "not one plain or quoted word"),
    "no tag": (f"{HEAD}images:\n  - name: {NAME}\n", 4, "no newTag"),
    "an empty tag": (PLAIN.replace(" v1.4.1", ""), 5, "'' is not a tag"),
    "no name": (f"{HEAD}images:\n  - newTag: v1\n", 4, "no name"),
    "an unknown key": (PLAIN + "    tag: v1\n", 6, "unknown key 'tag'"),
    "a key in another case": (PLAIN.replace("newTag", "newtag"), 5, "unknown key 'newtag'"),
    "a key that is a list": (PLAIN + "    ? [a]\n    : v1\n", 6, "unknown key"),
    "a key twice": (PLAIN + "    newTag: v1.4.2\n", 6, "not YAML that can be read"),
    "an image twice": (PLAIN + f"  - name: {NAME}\n    newTag: v2\n", 6, f"{NAME} is there twice"),
    "a number for a tag": (PLAIN.replace("v1.4.1", "1.10"), 5, "1.10 is not text"),
    "a date for a tag": (PLAIN.replace("v1.4.1", "2026-11-24"), 5, "2026-11-24 is not text"),
    "a word that some read as true": (PLAIN.replace("v1.4.1", "on"), 5, "on is not text"),
    "latest": (PLAIN.replace("v1.4.1", "latest"), 5, "latest is not a tag that names a version"),
    "a tag with a space": (PLAIN.replace("v1.4.1", "v1 4 1"), 5, "'v1 4 1' is not a tag"),
    "a tag over two lines": (PLAIN.replace("v1.4.1", "v1.4.1\n      more"), 5, "is not a tag"),
    "a tag with a line end inside": (PLAIN.replace("v1.4.1", '"v1.4.1\\n"'), 5, "is not a tag"),
    "a tag that is too long": (PLAIN.replace("v1.4.1", "v" * 129), 5, "is not a tag"),
    "half a digest": (PLAIN.replace("v1.4.1", "v1.4.1@sha256:abc"), 5, "'sha256:abc' is not a digest"),
    "a digest in capitals": (PLAIN.replace("v1.4.1", f"v1.4.1@{OLD.replace('a', 'A')}"), 5, "is not a digest"),
    "two digests": (PLAIN.replace("v1.4.1", f"v1.4.1@{OLD}") + f"    digest: {OLD}\n", 6, "digest is written twice"),
    "a name with a tag": (PLAIN.replace(NAME, f"{NAME}:v1"), 4, "is not a repository"),
    "an entry that is a word": (f"{HEAD}images:\n  - {NAME}\n", 4, "not a mapping"),
    "images that are no list": (f"{HEAD}images: {{}}\n", 3, "images is not a list"),
    "no images": (HEAD, None, "there is no `images:`"),
    "images in another case": (PLAIN + "Images: []\n", 6, "Images is not allowed here"),
    "images under their old name": (PLAIN + "imageTags: []\n", 6, "imageTags is not allowed here"),
    "a list": ("- a\n", None, "not a mapping"),
    "nothing": ("", None, "not a mapping"),
    "a tab for indentation": (PLAIN.replace("    newTag", "\tnewTag"), 5, "not YAML that can be read"),
    "a tab before a comment": (PLAIN.replace("v1.4.1", "v1.4.1\t# ruamel takes it for wrong"), 5, "not YAML that can be read"),
    "a broken file": (f"{HEAD}images: [\n", 4, "not YAML that can be read"),
    "a control character": (PLAIN.replace("v1.4.1", "v1.4.1\x07"), 5, "not YAML that can be read"),
    "a very long file": (PLAIN + "#" * 70_000, None, "64 KiB"),
    "a very deep file": (PLAIN + "labels: " + "[" * 50 + "]" * 50 + "\n", None, "nests deeper"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_edited_safely_is_refused_with_file_and_line(name: str) -> None:
    text, line, words = REFUSED[name]
    with pytest.raises(BotError) as refused:
        parse_images(text, file=FILE)
    assert words in refused.value.message
    assert refused.value.message.startswith(f"{FILE}:{line}" if line else FILE)
    assert refused.value.hint
    with pytest.raises(BotError):
        write_images(text, [API], file=FILE)


def test_line_numbers_are_those_of_windows_editors_too() -> None:
    with pytest.raises(BotError, match=f"^{FILE}:5: "):
        parse_images(PLAIN.replace("v1.4.1", "latest").replace("\n", "\r\n"), file=FILE)


NOT_WRITTEN: dict[str, tuple[str, Image, str]] = {
    "an image that is not there": (PLAIN, Image("other", "v1"), "has no image other"),
    "another new name": (PLAIN, Image(NAME, "v1", new_name="other"), "has no image other"),
    "a wrong tag": (PLAIN, Image(NAME, "v 1"), "'v 1' is not a tag"),
    "latest": (PLAIN, Image(NAME, "latest"), "latest"),
    "a tag that would break the line": (PLAIN, Image(NAME, "v1\n"), "is not a tag"),
    "a wrong digest": (PLAIN, Image(NAME, "v1", "sha256:1"), "is not a digest"),
    "a tag without a digest, where one stands beside": (PLAIN + f"    digest: {OLD}\n", API, ":6: the digest would not be"),
}


@pytest.mark.parametrize("name", NOT_WRITTEN)
def test_what_cannot_be_written_is_refused(name: str) -> None:
    text, image, words = NOT_WRITTEN[name]
    with pytest.raises(BotError) as refused:
        write_images(text, [image], file=FILE)
    assert words in refused.value.message


def test_a_wrong_tag_on_the_command_line_is_a_wrong_use() -> None:
    assert parse_tag(f"v1.5.0@{NEW}") == ("v1.5.0", NEW)
    with pytest.raises(BotError, match="'v1:5' is not a tag") as refused:
        parse_tag("v1:5")
    assert refused.value.usage


def test_a_component_without_images_has_none() -> None:
    assert parse_images(f"{HEAD}images: []\n", file=FILE) == ()
