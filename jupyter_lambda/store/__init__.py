"""What lasts: functions, packages, records and logs of one engine home, at rest.

Knows files and tables, and the two promises of durability of `protocol.Store`. Refuses to decide anything: who may change what, when
to retry an event, which version an alias means. One process has a home open at a time.
"""

from jupyter_lambda.store.intake import Retention
from jupyter_lambda.store.location import StateLocation, locate_state
from jupyter_lambda.store.protocol import Store
from jupyter_lambda.store.sqlite_store import SqliteStore, open_store

__all__ = ["Retention", "SqliteStore", "StateLocation", "Store", "locate_state", "open_store"]
