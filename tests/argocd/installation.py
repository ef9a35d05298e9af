"""Argo CD's installation as kustomize makes it, with the release out of the Go module proxy, which holds the same files as the tag."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from bot.adapters.render import open_renderer
from bot.schemas.derive import module_folder
from bot.schemas.pins import CUSTOM_RESOURCES
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from bot.ports import Rendered

INSTALL = ROOT / "argocd" / "install"
MODULE = "github.com/argoproj/argo-cd/v3"
REFERENCE = re.compile(r"https://raw\.githubusercontent\.com/argoproj/argo-cd/(v\d+\.\d+\.\d+)/manifests/ha/install\.yaml")


def render_installation(folder: Path) -> Rendered:
    """`argocd/install`, copied into a folder of the caller's; needs Go."""
    (schemas,) = (each for each in CUSTOM_RESOURCES if each.module == MODULE)
    copied = folder / "environments" / "install"
    shutil.copytree(INSTALL, copied)
    shutil.copyfile(module_folder(MODULE, schemas.version) / "manifests" / "ha" / "install.yaml", copied / "release.yaml")
    kustomization = copied / "kustomization.yaml"
    kustomization.write_text(REFERENCE.sub("release.yaml", kustomization.read_text("utf-8")), "utf-8")
    return open_renderer().render(copied)
