"""Writes the generated blocks of the documents: `python -m tests.docs.generate`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.docs import contract_table, costs_table, ports_table, settings_table
from tests.docs.markdown import with_block
from tests.docs.stack import Stack, read_stack
from tests.docs.stack_table import stack_table
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

RENEW = "run `.venv/bin/python -m tests.docs.generate` and commit what it writes"
BLOCKS: dict[tuple[str, str], Callable[[Stack], str]] = {
    ("STACK.md", "stack"): stack_table,
    ("PORTS.md", "served"): ports_table.served_ports,
    ("PORTS.md", "left"): ports_table.left_ports,
    ("SETTINGS.md", "workloads"): settings_table.workload_settings,
    ("SETTINGS.md", "bot"): settings_table.bot_settings,
    ("COSTS.md", "sizes"): costs_table.sizes,
    ("COSTS.md", "jobs"): costs_table.jobs,
    ("COSTS.md", "quotas"): costs_table.quotas,
    ("COSTS.md", "retention"): costs_table.retention,
    (contract_table.DOCUMENT, "process"): contract_table.process,
    (contract_table.DOCUMENT, "paths"): contract_table.paths,
    (contract_table.DOCUMENT, "variables"): contract_table.variables,
    (contract_table.DOCUMENT, "metrics"): contract_table.metrics,
}


def main() -> None:
    """Renews every block; says which documents changed."""
    with tempfile.TemporaryDirectory() as scratch:
        stack = read_stack(Path(scratch))
    for (name, block), make in BLOCKS.items():
        path = (ROOT / "docs" / name).resolve()
        before = path.read_text("utf-8")
        after = with_block(before, block, make(stack))
        if after != before:
            path.write_text(after, "utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)}: {block}\n")


if __name__ == "__main__":
    main()
