"""What every adapter of a port promises, as test classes to subclass; they need pytest."""
