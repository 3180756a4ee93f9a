"""What the edges of this library must keep, as tests that each of them runs.

A suite is a class: an edge's own tests inherit it and say by a fixture what is under test. It needs
pytest, which production lacks, so this package is left out of the wheel.
"""

import pkgutil

import pytest

# pytest explains a failed assert in test files alone, unless it is told.
suites = [f"{__name__}.{each.name}" for each in pkgutil.iter_modules(__path__)]
pytest.register_assert_rewrite(*suites)
