"""Row 12: Argo CD runs the right folder, synced and healthy, at the release's tree, with its images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.gate.image_names import is_image, normalised, repository_of
from bot.gate.outcomes import good, hold, iso, names, unknown
from bot.gate.scope import expected_images, live_releases
from bot.model import MAIN
from bot.observations import Unseen

if TYPE_CHECKING:
    from bot.gate.outcomes import Outcome
    from bot.gate.scope import Place
    from bot.observations import ApplicationSeen

FAILED = frozenset({"Failed", "Error"})


def environment_is_live(place: Place) -> list[Outcome]:
    """The environment is declared to be deployed."""
    if not place.environment.live:
        summary = f"{place.environment.folder}/environment.yaml says `live: false`: it is not deployed yet"
        return [unknown("environment-not-live", summary)]
    return [good("environment-live", "it is declared to be deployed")]


def folder_exists(place: Place) -> list[Outcome]:
    """Its folder is on main; of a deleted one Argo CD goes on saying Synced and Healthy."""
    if not place.seen.folder_exists:
        return [unknown("folder-gone", f"{place.environment.folder} is not on main", commit=place.seen.commit)]
    return [good("folder-exists", f"{place.environment.folder} is on main", commit=place.seen.commit)]


def application_follows_folder(place: Place) -> list[Outcome]:
    """The Application exists and has one source: the environment's folder on main."""
    seen, name = place.seen.application, place.environment.argocd.application
    if isinstance(seen, Unseen):
        return [unknown(seen.code, f"the Application {name} cannot be seen: {seen.detail}")]
    if seen is None:
        return [unknown("application-missing", f"Argo CD has no Application {name}")]
    facts = {"path": seen.path, "revision": seen.target_revision, "sources": str(seen.sources)}
    follows = (seen.sources, seen.path, seen.target_revision) == (1, place.environment.folder, MAIN)
    if not follows:
        return [unknown("application-elsewhere", f"{name} does not follow {place.environment.folder} on {MAIN}", **facts)]
    return [good("application-follows-folder", f"{name} follows {place.environment.folder} on {MAIN}", **facts)]


def application_is_synced(place: Place) -> list[Outcome]:
    """It is Synced; sync Unknown still reads Healthy, so it is no evidence of anything."""
    app = _judged(place)
    if app is None:
        return []
    facts = {"sync": app.sync, "commit": app.revision or "none"} | ({"conditions": "; ".join(app.conditions)} if app.conditions else {})
    if app.revision is None or app.sync not in {"Synced", "OutOfSync"}:
        return [unknown("sync-unknown", f"Argo CD cannot compare it with Git: sync is {app.sync}", **facts)]
    if app.sync == "OutOfSync":
        return [hold("out-of-sync", "it is OutOfSync", **facts)]
    return [good("synced", "it is Synced", **facts)]


def application_is_healthy(place: Place) -> list[Outcome]:
    """It is Healthy, and that was said after its last operation ended."""
    app = _judged(place)
    if app is None:
        return []
    facts = {"health": app.health, "reconciled": iso(app.reconciled)}
    if app.health != "Healthy":
        faults = {f"{fault.kind} {fault.name}: {fault.status}" for fault in app.faults}
        return [hold("not-healthy", f"it is {app.health}", resources=names(faults) or "none named", **facts)]
    ended = app.operation.finished if app.operation else None
    if app.reconciled is None or (ended and app.reconciled < ended):
        summary = "its health is older than its last operation"
        return [hold("health-outdated", summary, operation=iso(ended), **facts)]
    return [good("healthy", "it is Healthy", **facts)]


def operation_is_over(place: Place) -> list[Outcome]:
    """No sync runs, and the last one succeeded, its hooks included."""
    app = _judged(place)
    if app is None:
        return []
    if app.operation is None:
        return [good("no-operation", "no sync was needed yet")]
    facts = {"phase": app.operation.phase, "finished": iso(app.operation.finished)}
    if not app.operation.is_over:
        return [hold("operation-running", "a sync is running", **facts)]
    if app.operation.phase in FAILED:
        return [hold("operation-failed", "its last sync failed", **facts)]
    return [good("operation-over", "its last sync has ended", **facts)]


def sync_is_open(place: Place) -> list[Outcome]:
    """No sync window keeps the target from syncing what would be merged; what a source runs, it runs already."""
    window = place.seen.sync_window
    if place.is_source or place.application is None:
        return []
    if isinstance(window, Unseen):
        return [unknown(window.code, f"its sync windows cannot be seen: {window.detail}")]
    if window is not None:
        summary = f"{window.words}: what is merged now would not be synced until that is over"
        return [hold("argocd-sync-window", summary, kind=window.kind, windows="; ".join(window.times))]
    return [good("sync-open", "no sync window keeps it from syncing")]


def releases_are_synced(place: Place) -> list[Outcome]:
    """The trees at the synced commit are those of the live releases."""
    if _judged(place) is None:
        return []
    found = [_tree(place, release.app, tree=release.tree) for release in live_releases(place)]
    return found or [good("no-release-expected", "it runs no release yet")]


def _tree(place: Place, app: str, *, tree: str) -> Outcome:
    about = f"release {app}"
    if app not in place.seen.synced_trees:
        return unknown("tree-unseen", f"the synced tree of {app} cannot be seen", about=about)
    synced = place.seen.synced_trees[app]
    facts = {"release": tree, "synced": synced or "none"}
    if synced != tree:
        return hold("tree-not-synced", f"another tree of {app} is synced than the release", about=about, **facts)
    return good("tree-synced", f"the release of {app} is what is synced", about=about, **facts)


def workloads_run_images(place: Place) -> list[Outcome]:
    """Each expected image runs in a Pod, and no Pod runs another version of it."""
    app = _judged(place)
    if app is None:
        return []
    expected = expected_images(place)
    running = {image for pod in app.pods if not pod.of_job for image in pod.images}
    lacking = {image.reference for image in expected if not any(is_image(image, written) for written in running)}
    repositories = {repository_of(image.repository) for image in expected}
    allowed = {normalised(reference) for reference in place.seen.rendered_images}
    others = {
        written
        for written in running
        if repository_of(written) in repositories
        and normalised(written) not in allowed
        and not any(is_image(image, written) for image in expected)
    }
    problems = []
    if lacking:
        problems.append(hold("image-not-running", f"no Pod runs {names(lacking)}", images=names(lacking)))
    if others:
        problems.append(hold("image-other-version", f"Pods run other versions: {names(others)}", images=names(others)))
    return problems or [good("images-run", "its workloads run their images", images=str(len(expected)))]


def _judged(place: Place) -> ApplicationSeen | None:
    """The Application, where its present state matters: not when all releases are past runs of a source."""
    is_past = place.is_source and bool(place.seen.releases) and not live_releases(place)
    return None if is_past else place.application
