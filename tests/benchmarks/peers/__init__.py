"""Registries of others, each in a process and an environment of its own, fed and timed in turns with ours."""
