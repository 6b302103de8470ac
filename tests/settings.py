"""Settings of the test run: those of the product, with a data folder of its own."""

import os
import tempfile

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="isthmus-tests-"))
os.environ.setdefault("PLAIN_STATIC", "true")

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES["default"]["TEST"] = {"NAME": None} if "sqlite" not in DATABASES["default"]["ENGINE"] else {}
ALLOWED_HOSTS = ["*"]
