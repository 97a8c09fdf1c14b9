"""Everything that can be asked of a registry, now or as of any moment."""
