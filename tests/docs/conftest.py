"""The stack is rendered once per run."""

from __future__ import annotations

import pytest

from tests.docs.stack import Stack, read_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return read_stack(tmp_path_factory.mktemp("stack"))
