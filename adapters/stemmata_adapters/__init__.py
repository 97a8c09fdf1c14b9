"""Everything of Stemmata that touches the world: event, view and content stores."""
