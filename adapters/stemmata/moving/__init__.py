"""Moving a registry: copying it from store to store, and writing its log to a file and back.

- Events keep their bytes and their positions, wherever they go.
- What a target holds is compared with what it is to hold; nothing is written to one that holds
  something else. So whoever was interrupted starts again, and goes on where it ended.
- Content comes before the events that name it.
"""
