"""Row 8: the required scrape jobs work, and this Prometheus sees the environment's own Pods."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.gate.image_names import is_image
from bot.gate.outcomes import good, names, unknown
from bot.gate.prometheus_rows import LARGEST_DELAY
from bot.gate.scope import concerns, expected_images, live_releases

if TYPE_CHECKING:
    from datetime import datetime

    from bot.gate.outcomes import Outcome
    from bot.gate.scope import Replica
    from bot.observations import Sample, TargetSeen

LARGEST_SCRAPE_AGE = 3  # intervals
FAULTS = {
    "job-without-target": "has no target",
    "target-down": "has a target that is not up",
    "target-stale": "has a target that was not scraped in time",
}


def jobs_are_scraped(replica: Replica) -> list[Outcome]:
    """Each required job has targets of this environment, all up and freshly scraped, in every sample."""
    jobs = replica.environment.policy.required_jobs
    if not jobs:
        return [unknown("no-jobs-required", "policy requires no scrape job, so nothing shows that metrics arrive")]
    faults = {(code, job): where for sample in replica.samples for job in jobs for code, where in _faults(replica, sample, job=job)}
    problems = [
        unknown(code, f"the job {job} {FAULTS[code]}", about=f"job {job}", job=job, target=where) for (code, job), where in faults.items()
    ]
    return problems or [good("jobs-scraped", "every required job has targets, all up and fresh", jobs=names(set(jobs)))]


def _faults(replica: Replica, sample: Sample, *, job: str) -> list[tuple[str, str]]:
    targets = [seen for seen in sample.targets if seen.job == job and concerns(replica.environment, seen.labels)]
    if not targets:
        return [("job-without-target", "none")]
    found = ((_fault(target, sample.server_time), target) for target in targets)
    return [(code, target.labels.get("instance", "unnamed")) for code, target in found if code]


def _fault(target: TargetSeen, server_time: datetime) -> str | None:
    if target.health != "up":
        return "target-down"
    oldest = timedelta(seconds=LARGEST_SCRAPE_AGE * target.interval) + LARGEST_DELAY
    if target.last_scrape is None or server_time - target.last_scrape > oldest:
        return "target-stale"
    return None


def pods_are_seen(replica: Replica) -> list[Outcome]:
    """This Prometheus knows Pods with the images of the environment's live releases."""
    declared = [image for release in live_releases(replica.place) for image in release.images]
    if declared and not replica.place.seen.rendered_images:
        return [unknown("images-unseen", "which images the environment's manifests use cannot be seen")]
    expected = expected_images(replica.place)
    seen = replica.seen.pod_images
    lacking = {image.reference for image in expected if not any(is_image(image, written) for written in seen)}
    if lacking:
        summary = f"it does not see Pods with the release's images: {names(lacking)}; is it the right Prometheus?"
        return [unknown("pods-unseen", summary, images=names(lacking), namespace=replica.environment.namespace)]
    if not expected:
        return [good("no-image-expected", "no image of a live release is expected here")]
    return [good("pods-seen", "it sees Pods with the release's images", images=names({image.reference for image in expected}))]
