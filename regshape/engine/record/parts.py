"""How the parts of a checkpoint are written as JSON, and read back."""

from __future__ import annotations

from pydantic import TypeAdapter

from regshape.engine.progress import Origin, Progress, Seen

ORIGIN = TypeAdapter(Origin)
PROGRESS_PART = TypeAdapter(Progress)
SEEN = TypeAdapter(Seen)
