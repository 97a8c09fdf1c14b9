"""What a `postgresql:` URL says: what libpq is told, and the schema, which is a parameter of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from stemmata_adapters.databases.postgresql import PostgresDatabase
from stemmata_adapters.databases.postgresql_client import psycopg
from stemmata_adapters.databases.postgresql_connections import OwnConnections
from stemmata_adapters.schemes import without_password
from stemmata_domain.errors import InvalidSetting
from stemmata_domain.names import unstorable

SCHEMA = "stemmata"
"""Where a registry is kept if nobody names a schema."""

_LONGEST = 63
_OURS = "schema="


def database_of(url: str) -> PostgresDatabase:
    """Return the schema that a URL names, with connections of its own; nothing is asked yet.

    Raises:
        InvalidSetting: The URL is malformed.
    """
    place, _, query = url.partition("://")[2].partition("?")
    pairs = query.split("&") if query else []
    schemas = [unquote(pair.removeprefix(_OURS)) for pair in pairs if pair.startswith(_OURS)]
    if len(schemas) > 1:
        raise _malformed(url, "it names more than one schema")
    rest = "&".join(pair for pair in pairs if not pair.startswith(_OURS))
    try:
        settings = psycopg.conninfo.conninfo_to_dict(f"postgresql://{place}?{rest}")
    except psycopg.Error:
        # Its words would tell what it could not read, and that may be a password.
        raise _malformed(url) from None
    told = {name: str(value) for name, value in settings.items() if value is not None}
    schema = checked(schemas[0] if schemas else SCHEMA)
    return PostgresDatabase(OwnConnections(told, name=_name(told)), schema=schema)


def checked(schema: str) -> str:
    """Return the name of a schema.

    Raises:
        InvalidSetting: No schema can be called that.
    """
    if not schema or unstorable(schema) is not None or len(schema.encode()) > _LONGEST:
        rule = f"a schema has a name of 1 to {_LONGEST} bytes of UTF-8, without NUL"
        raise InvalidSetting(setting="schema", value=schema, rule=rule)
    if schema.startswith("pg_"):
        rule = "names that begin with 'pg_' are PostgreSQL's own"
        raise InvalidSetting(setting="schema", value=schema, rule=rule)
    return schema


def _name(settings: dict[str, Any]) -> str:
    host, port = settings.get("host", ""), settings.get("port", "")
    return f"postgresql://{host}{port and f':{port}'}/{settings.get('dbname', '')}"


def _malformed(url: str, why: str = "") -> InvalidSetting:
    rule = "use postgresql://user:password@host:port/database?schema=name"
    return InvalidSetting(
        setting="URL", value=without_password(url), rule=f"{why}; {rule}" if why else rule
    )
