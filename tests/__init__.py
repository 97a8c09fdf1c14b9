"""The tests; what they share is imported by its full name, as in ``tests.packaging``."""
