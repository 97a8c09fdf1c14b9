"""Following the log: events as they come, from any position on, and never past one unhandled."""
