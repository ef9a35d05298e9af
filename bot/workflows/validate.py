"""Validate: records, contents, and renders, of every environment as it is and as if the head of `apps/` had arrived."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from bot.contents import Problem, image_problems, unused_images
from bot.model import APPS, BotError, RenderError
from bot.policies.environment_files import environment_file_problems
from bot.policies.manifests import SCRAPE_INTERVAL
from bot.policies.projects import rendered_kinds
from bot.workflows.checks import environment_contents, read_folder, unmatched_patches
from bot.workflows.clusters import read_clusters
from bot.workflows.inspection import (
    Look,
    beside_each_other,
    inspected,
    manifest_files,
    manifests_of,
    not_rendered,
    unpinned_images,
    warnings_of,
)
from bot.workflows.naming import by_environment, without_hashes
from bot.workflows.platform import read_platform
from bot.workflows.rendering import WORKLOADS, containers, render_at, sources_of
from bot.workflows.stack import app_heads, read_stack
from bot.workflows.validate_clusters import cluster_problems, fit_problems, place_problems
from bot.workflows.validate_files import contents_problems, record_problems, repository_problems
from bot.workflows.validate_head import head_problems, with_head
from bot.workflows.validate_names import with_right_names
from bot.workflows.validate_platform import platform_problems, project_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.model import Environment
    from bot.policies.manifests import Digests, Inspector
    from bot.policies.projects import Kind
    from bot.ports import Objects, Rendered, Renderer
    from bot.workflows.clusters import Cluster
    from bot.workflows.stack import Stack


def validate(
    objects: Objects, renderer: Renderer, commit: str, *, names: Sequence[str] = (), inspectors: Sequence[Inspector] = ()
) -> tuple[Problem, ...]:
    """Everything that is wrong at a commit, errors first; with names (of environments), what is wrong with those alone."""
    stack, misnamed = with_right_names(objects, read_stack(objects, commit), names)
    commit = stack.commit
    environments = tuple(map(stack.environment, dict.fromkeys(names))) or tuple(stack.environments.values())
    heads = {env.name: with_head(objects, stack, env) for env in environments}
    with ThreadPoolExecutor() as pool:
        wanted = {(env.name, at): env for env in environments for at in (commit, heads[env.name])}
        running = {key: pool.submit(_attempt, objects, renderer, key[1], env) for key, env in wanted.items()}
        clusters = read_clusters(objects, commit)
        platform = read_platform(objects, renderer, commit, clusters, whole=not names)  # beside the others: kustomize is another process
        done = {key: future.result() for key, future in running.items()}
    renders = {env.name: done[env.name, commit] for env in environments}
    futures = {env.name: done[env.name, heads[env.name]] for env in environments}
    found = [*misnamed, *contents_problems(objects, stack, environments)]
    pairs: list[tuple[Look | None, Look | None]] = []
    for environment in environments:
        now, head, at = renders[environment.name], futures[environment.name], heads[environment.name]
        found += _environment(objects, stack, environment, now)
        found += head_problems(objects, renderer, stack, environment, at=at, now=now, head=head)
        look = _look(objects, stack, environment, commit=commit, rendered=now, clusters=clusters)
        coming = look if at == commit else _look(objects, stack, environment, commit=at, rendered=head, clusters=clusters)
        pairs.append((look, coming))
    found += _of_renders(environments, pairs, inspectors)
    every = not names and not stack.unreadable  # else nobody knows what the others run, nor which is the last
    all_seen = every and not any(isinstance(each, BotError) for each in done.values())
    looks = [look for now, coming in pairs if (look := coming or now)]
    found += [*unpinned_images(pairs), *beside_each_other(looks, all_seen=all_seen)]
    kinds = {env: _kinds(renders[env.name], futures[env.name]) for env in environments}
    found += project_problems(platform, kinds, all_seen=all_seen)
    found += place_problems(environments, clusters)
    if not names:
        found = [*repository_problems(objects, stack), *found, *platform_problems(objects, platform, commit, inspectors=inspectors)]
        found += cluster_problems(objects, platform, commit, inspectors=inspectors)
        found += fit_problems(platform, looks, environments, in_order=every)
        complete = [(render.objects, stack.releases[name].values()) for name, render in renders.items() if not isinstance(render, BotError)]
        found += unused_images(complete) if every and len(complete) == len(environments) else ()
    return tuple(sorted(_once(found), key=lambda problem: not problem.is_error))


def _of_renders(
    environments: Iterable[Environment], pairs: Iterable[tuple[Look | None, Look | None]], inspectors: Sequence[Inspector]
) -> Iterator[Problem]:
    """What is wrong with renders, each as it is and with the head of `apps/`, and with environments' files beside them."""
    looks = dict(zip(environments, pairs, strict=True))
    yield from by_environment({env.name: inspected(*pair, inspectors=inspectors) for env, pair in looks.items() if any(pair)})
    for environment, pair in looks.items():
        yield from environment_file_problems(environment, [*map(manifests_of, filter(None, pair))])


def _kinds(*renders: Rendered | BotError) -> frozenset[Kind]:
    """What an environment's project must allow: of all its renders that there are."""
    return rendered_kinds(item for each in renders if not isinstance(each, BotError) for item in each.objects)


def _once(found: Iterable[Problem]) -> Iterable[Problem]:
    """Each thing once: the same of two environments may differ in the hash of a generated name."""
    return {without_hashes(each): each for each in found}.values()


def _look(
    objects: Objects,
    stack: Stack,
    environment: Environment,
    *,
    commit: str,
    rendered: Rendered | BotError,
    clusters: Iterable[Cluster],
) -> Look | None:
    """A render with the files that it was made from."""
    if isinstance(rendered, BotError):
        return None
    paths = _called(objects, environment, commit)
    texts = {paths[path]: text for path, text in objects.read(commit, list(paths)).items()}
    others = {each.name: each.namespace for each in stack.environments.values() if each.name != environment.name}
    digests, scraping = _digests(environment), {each.server: each.scrape_interval for each in clusters}
    interval = scraping.get(environment.cluster, SCRAPE_INTERVAL)
    is_merged = environment.merge == "bot"
    classes = frozenset[str]().union(*(each.storage_classes for each in clusters))
    context = (others, digests, interval, is_merged, classes)
    return Look(environment.name, environment.namespace, environment.folder, rendered, texts, *context)


def _digests(environment: Environment) -> Digests:
    if not environment.policy.require_digests:
        return "wanted"
    return "required" if environment.live else "required once live"


def _called(objects: Objects, environment: Environment, commit: str) -> dict[str, str]:
    """The files of a render, and how to call them: a release that is the head of `apps/` by its place there."""
    paths = {path: path for folder in sources_of(environment) for path in manifest_files(objects, commit, folder)}
    if environment.promotes_from is None:
        return paths
    releases = objects.entries(commit, f"{environment.folder}/release")
    for app, head in app_heads(objects, commit).items():
        if app in releases and releases[app].sha == head:
            base = environment.release_path(app)
            paths |= {path: f"{APPS}/{app}{path.removeprefix(base)}" for path in paths if path.startswith(f"{base}/")}
    return paths


def _attempt(objects: Objects, renderer: Renderer, commit: str, environment: Environment) -> Rendered | BotError:
    try:
        return render_at(objects, renderer, commit=commit, environment=environment)
    except RenderError as error:
        return error


def _empty_workloads(rendered: Rendered) -> Iterator[Problem]:
    for item in rendered.objects:
        if item["kind"] in WORKLOADS and not containers(item):
            yield Problem(f"{item['kind']} {item['metadata']['name']}", "has no containers", "write its Pod template")


def _environment(objects: Objects, stack: Stack, environment: Environment, rendered: Rendered | BotError) -> Iterator[Problem]:
    folder = read_folder(objects, stack.commit, environment)
    yield from environment_contents(folder, environment)
    yield from record_problems(stack, environment)
    if isinstance(rendered, BotError):
        yield not_rendered(environment.folder, rendered)
        return
    yield from warnings_of(environment.folder, rendered)
    images = image_problems(rendered.objects, stack.releases[environment.name].values())
    for problem in (*images, *_empty_workloads(rendered)):
        yield Problem(f"{environment.folder}: {problem.file}", problem.what, problem.hint)
    yield from unmatched_patches(folder, environment, rendered)
