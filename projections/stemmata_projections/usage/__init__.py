"""Usage: who used what, through which name, how often, first and last; and what nobody uses."""
