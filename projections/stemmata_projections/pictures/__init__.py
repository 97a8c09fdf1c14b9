"""Cards and pictures of values, as text: HTML and SVG that a notebook shows.

Nothing here knows what is shown: callers say it in labels, facts, boxes and arrows.
"""
