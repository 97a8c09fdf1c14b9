"""Event stores: the log on some medium, behind the recorders of the `eventsourcing` library."""
