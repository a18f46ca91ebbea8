"""The verdict store: what campaigns found out, in a database that outlives them."""

from regshape.engine.record.recorder import Recorder
from regshape.engine.record.store import DEFAULT_STORE, Store, open_store

__all__ = ["DEFAULT_STORE", "Recorder", "Store", "open_store"]
