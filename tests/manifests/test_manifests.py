"""What environments are to each other, and to `apps/`: what one of them must be by itself is for `bot/policies`."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from bot.contents import rendered_images
from bot.images_file import parse_images
from tests.manifests.renders import NAMES, ROOT, Render

if TYPE_CHECKING:
    from collections.abc import Mapping

FULL_NAME = re.compile(r"[a-z0-9.-]+\.[a-z]+/[a-z0-9._/-]+:[\w.-]+(@sha256:[0-9a-f]{64})?")


def test_kustomize_has_nothing_to_warn_of(render: Render) -> None:
    assert not render.rendered.warnings


def test_all_environments_have_the_same_folders() -> None:
    folders = {name: sorted(each.name for each in (ROOT / "environments" / name).iterdir() if each.is_dir()) for name in NAMES}
    overlays = {name: [each for each in found if each not in {"release", "holds"}] for name, found in folders.items()}
    apps = sorted(each.name for each in (ROOT / "apps").iterdir() if each.is_dir())
    assert overlays == dict.fromkeys(NAMES, apps)


def test_all_environments_have_the_same_files_in_an_overlay() -> None:
    for app in (ROOT / "apps").iterdir():
        if app.is_dir():
            files = [sorted(each.name for each in (ROOT / "environments" / name / app.name).iterdir()) for name in NAMES]
            assert files[0] == files[1] == files[2], app.name


def test_dev_follows_apps() -> None:
    link = ROOT / "environments" / "dev" / "release"
    assert link.is_symlink()
    assert str(link.readlink()) == "../../apps"


def test_the_order_of_promotion_is_dev_staging_prod(renders: Mapping[str, Render]) -> None:
    assert [renders[name].environment.promotes_from for name in NAMES] == [None, "dev", "staging"]


def test_images_are_named_in_full_with_a_version(render: Render) -> None:
    images = {image for item in render.objects for image in rendered_images(item)}
    for image in images:
        assert FULL_NAME.fullmatch(image), image
        assert ":latest" not in image
    unpinned = sorted(image for image in images if "@" not in image)
    if unpinned:
        warnings.warn(f"{render.environment.name} runs images without a digest: {', '.join(unpinned)}", stacklevel=1)


def test_images_come_from_images_folders_and_each_entry_is_used(renders: Mapping[str, Render]) -> None:
    files = sorted((ROOT / "apps").glob("*/images/kustomization.yaml"))
    declared = {image.reference for path in files for image in parse_images(path.read_text("utf-8"), file=str(path))}
    used = {image for render in renders.values() for item in render.objects for image in rendered_images(item)}
    assert used == declared


def test_base_manifests_name_images_without_a_tag() -> None:
    for path in (ROOT / "apps").rglob("*.yaml"):
        for image in re.findall(r"^\s*image: (\S+)", path.read_text("utf-8"), re.MULTILINE):
            assert ":" not in image, path
            assert "@" not in image, path


def test_required_jobs_are_those_that_are_scraped(render: Render) -> None:
    assert sorted(render.environment.policy.required_jobs) == sorted(item["metadata"]["name"] for item in render.of("ServiceMonitor"))
