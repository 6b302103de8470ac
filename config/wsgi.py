"""The WSGI entry that `config.serving` serves."""

import os

from django.core.wsgi import get_wsgi_application

from lib import arenas
from lib.parenthood import die_with_parent, is_spawned_worker

arenas.keep_few()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_pages = get_wsgi_application()

from config.shortcut import EventShortcut  # noqa: E402  # it needs the apps, which are loaded by now

application = EventShortcut(_pages)

if is_spawned_worker():
    # granian's worker outlives a granian that was killed, and would go on answering beside the next one.
    die_with_parent()
