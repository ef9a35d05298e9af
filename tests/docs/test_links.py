"""Links inside the repository lead somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.commands import DOCUMENTS, READMES
from tests.docs.markdown import anchors_of, links_of
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_README = 40  # lines

texts = pytest.mark.parametrize("path", DOCUMENTS + READMES, ids=lambda path: str(path.relative_to(ROOT)))


@texts
def test_links_lead_to_files_and_headings(path: Path) -> None:
    for link in links_of(path.read_text("utf-8")):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), f"{path.name}: {link} leads to no file"
        assert not anchor or anchor in anchors_of(target), f"{path.name}: {link} leads to no heading of {target.name}"


@pytest.mark.parametrize("path", sorted(ROOT.glob("[!.]*/README.md")), ids=lambda path: path.parent.name)
def test_the_readme_of_a_folder_is_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < LONGEST_README


def test_every_document_is_linked_from_a_readme() -> None:
    """Whoever looks for it finds it."""
    linked = {
        (path.parent / link.partition("#")[0]).resolve() for path in READMES + DOCUMENTS for link in links_of(path.read_text("utf-8"))
    }
    assert {path for path in DOCUMENTS if path.resolve() not in linked} == set()


def test_anchors_follow_the_forges_rule(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# The `a` and *b*: c/d!\n## Same\n## Same\n```sh\n# no heading\n```\n", "utf-8")
    assert anchors_of(page) == {"the-a-and-b-cd", "same", "same-1"}
