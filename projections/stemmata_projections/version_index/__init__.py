"""The version index: names, versions, aliases, tags and links, in both directions."""
