"""Every registered bound in the harness, with the options of `tests/compositions.py`."""

import pytest

from tests import compositions
from tests.bounds import harness


@pytest.mark.parametrize("check", harness.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("bound", compositions.BOUNDS, ids=lambda b: b["name"])
def test_members(bound, check):
  check(bound)
