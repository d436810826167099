"""The command line."""

from evisynth.cli.main import main, run_command

__all__ = ["main", "run_command"]
