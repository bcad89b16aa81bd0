#!/usr/bin/env python
"""Run a management command of the project."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command line with the development settings unless the environment names others."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.development")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
