"""What holds for every test: nobody's own settings leak in, and a slow machine is no failure."""

import os

import pytest
from hypothesis import settings

settings.register_profile("shared-machine", deadline=None, print_blob=True)
settings.load_profile("shared-machine")


def pytest_configure(config: pytest.Config) -> None:
    """Forget the settings of the person who runs the tests."""
    for name in [name for name in os.environ if name.startswith("STEMMATA_")]:
        del os.environ[name]
