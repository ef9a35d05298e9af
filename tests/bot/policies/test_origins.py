"""Origins: the file to change for an object that a message names."""

from __future__ import annotations

import pytest

from bot.policies.origins import origin_of, origins

STATEFUL_SET = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: qdrant\nspec:\n  replicas: 1\n"
TEXTS = {
    "qdrant/size.yaml": STATEFUL_SET,
    "release/qdrant/base/kustomization.yaml": "configMapGenerator:\n  - name: qdrant-settings\n    envs:\n      - settings.env\n",
    "release/qdrant/base/stateful-set.yaml": STATEFUL_SET,
    "release/qdrant/base/services.yaml": (
        "---\n# two of them\nkind: Service\nmetadata:\n  labels:\n    name: not-this\n  name: 'qdrant' # quoted\n"
        "---\napiVersion: v1\nkind: Service\nmetadata: {labels: {a: b}, name: qdrant-headless}\n"
    ),
    "release/qdrant/features/replicated/members.yaml": STATEFUL_SET,
    "release/qdrant/features/replicated/kustomization.yaml": (
        "kind: Component\nconfigMapGenerator:\n  - name: qdrant-settings\n    behavior: merge\n  - files:\n      - a.txt\n    name: texts\n"
    ),
    "release/qdrant/features/backup/cron-job.yaml": "kind: CronJob\nmetadata:\n  name: qdrant-backup\nspec:\n  name: other\n",
    "release/foundation/base/namespace.yaml": "kind: Namespace\nmetadata:\n  name: context-foundation\n",
    "odd.yaml": "kind: [\nmetadata:\n",
    "empty.yaml": "",
}


@pytest.mark.parametrize(
    ("kind", "name", "path"),
    [
        ("StatefulSet", "qdrant", "release/qdrant/base/stateful-set.yaml"),
        ("Service", "qdrant", "release/qdrant/base/services.yaml"),
        ("Service", "qdrant-headless", "release/qdrant/base/services.yaml"),
        ("ConfigMap", "qdrant-settings-6d572t28mm", "release/qdrant/base/kustomization.yaml"),
        ("ConfigMap", "texts-6d572t28mm", "release/qdrant/features/replicated/kustomization.yaml"),
        ("CronJob", "qdrant-backup", "release/qdrant/features/backup/cron-job.yaml"),
        ("Namespace", "context-prod", "release/foundation/base/namespace.yaml"),
        ("Service", "not-this", None),
        ("Deployment", "qdrant", None),
    ],
)
def test_an_object_is_found_where_it_is_written_first(kind: str, name: str, path: str | None) -> None:
    assert origin_of(origins(TEXTS), kind, name) == path


def test_an_overlay_counts_where_nothing_else_has_the_object() -> None:
    assert origin_of(origins({"qdrant/size.yaml": STATEFUL_SET}), "StatefulSet", "qdrant") == "qdrant/size.yaml"
