"""The client of PostgreSQL, which an extra brings; whoever needs it has it from here."""

from stemmata_domain.errors import ExtraMissing

try:
    import psycopg
    from psycopg import pq
except ImportError:
    raise ExtraMissing(feature="Registries in PostgreSQL", extra="postgres") from None

__all__ = ["pq", "psycopg"]
