"""The audit trail: an index into the log, by who acted, what happened, when, and to which thing."""
