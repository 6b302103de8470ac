"""`python -m benchmarks.by_hand <manage.py command>`."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.by_hand.settings")
execute_from_command_line(["benchmarks.by_hand", *sys.argv[1:]])
