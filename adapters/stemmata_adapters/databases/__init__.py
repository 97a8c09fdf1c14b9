"""Databases that several ports share, so that one transaction can serve the log and its views."""
