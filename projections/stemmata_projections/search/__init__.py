"""The search view: what registries, collections and versions there are of which some words hold."""
