"""What happened, and what may happen: pure decisions and the events they record."""
