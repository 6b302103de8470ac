"""What every test may use."""

import hypothesis
import pytest

import workflows.metrics  # noqa: F401 - before any test imports prometheus_client
from projects import user_tokens
from tests.support.chromium import launched_chromium  # noqa: F401 - a fixture
from tests.support.sandbox import other_running_org, running_org  # noqa: F401 - fixtures
from workflows.engine.rendering import forget_prepared

hypothesis.settings.register_profile("isthmus", deadline=None)  # how long an example takes is the machine's matter
hypothesis.settings.load_profile("isthmus")


@pytest.fixture(autouse=True)
def _forget_verified_tokens() -> None:
    """The cache of verified tokens outlives a test's transaction; the rows it speaks of do not."""
    user_tokens.verified.clear()
    user_tokens._last_used_noted.clear()
    user_tokens._loaded_keys.clear()
    forget_prepared()
