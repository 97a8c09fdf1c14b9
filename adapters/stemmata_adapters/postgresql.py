"""A registry in a host's own PostgreSQL database, on the connections that the host has already.

```python
import stemmata
from stemmata_adapters.postgresql import OnPool

stemma = stemmata.open(OnPool(pool, schema="registry"), content="/var/blobs")
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stemmata_adapters.databases.postgresql import PostgresDatabase
from stemmata_adapters.databases.postgresql_connections import HostsConnections
from stemmata_adapters.databases.postgresql_url import checked
from stemmata_adapters.event_stores.postgresql import PostgresEventStore
from stemmata_adapters.view_stores.postgresql import PostgresViewStore
from stemmata_domain.ports import EventStore, IdSource
from stemmata_projections.view_store import ViewStore

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool


class OnPool:
    """Log and views in one schema, on connections that are borrowed from a host's pool.

    - Nothing outside the schema is touched, and a connection goes back as it came.
    - A connection is borrowed for one question, or for one block that reads or writes.
    - A process that subscribes to the log, or rebuilds views, makes a connection more for as long as it
      does, with the pool's own settings.
    - The pool stays the host's: it is neither opened nor closed here.
    """

    def __init__(self, pool: ConnectionPool[Any], *, schema: str) -> None:
        """Name the pool and the schema; nothing is asked yet.

        Raises:
            InvalidSetting: No schema can be called that.
        """
        self._pool = pool
        self._schema = checked(schema)

    def open(self, *, ids: IdSource) -> tuple[EventStore, ViewStore]:
        """Return the two stores, making what is missing.

        Raises:
            StorageFailed: The database cannot be reached, or the schema is another program's.
        """
        database = PostgresDatabase(HostsConnections(self._pool), schema=self._schema)
        return PostgresEventStore(database, ids=ids), PostgresViewStore(database)
