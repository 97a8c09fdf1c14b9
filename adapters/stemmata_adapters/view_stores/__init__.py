"""View stores: where the views are kept and asked."""
