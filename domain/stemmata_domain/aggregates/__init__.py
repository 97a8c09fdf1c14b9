"""The aggregates: each a frozen state with `decide` and `evolve`, in a module of its own."""
