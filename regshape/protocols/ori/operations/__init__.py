"""The operations of the Ori registry: one generator of calls for each."""

from collections.abc import Callable, Mapping

from regshape.model import Play, Step
from regshape.protocols.ori.operations import (
    bursts,
    fetching,
    log_reads,
    marking,
    outsiders,
    publish_steps,
    searching,
    transferring,
    waiting,
)
from regshape.protocols.ori.state import State

OPERATIONS: Mapping[str, Callable[[State, Step], Play]] = {
    "list-advisories": searching.list_advisories,
    "list-versions": fetching.list_versions,
    "get-metadata": fetching.get_metadata,
    "get-archive": fetching.get_archive,
    "publish": publish_steps.publish,
    "yank": marking.mark,
    "unyank": marking.mark,
    "deprecate": marking.mark,
    "transfer": transferring.transfer,
    "list-owners": searching.list_owners,
    "search": searching.search,
    "look-up": log_reads.look_up,
    "get-checkpoint": log_reads.get_checkpoint,
    "get-tile": log_reads.get_tile,
    "try-as": outsiders.try_as,
    "burst": bursts.burst,
    "wait": waiting.wait,
}
