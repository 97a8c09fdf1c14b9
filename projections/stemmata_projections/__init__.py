"""Pure folds of events into views, and what can be asked of a view."""
