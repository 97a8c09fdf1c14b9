"""References: entries of an artifact whose bytes stay where they are."""
