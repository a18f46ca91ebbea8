"""The operations of the OCI distribution API: one generator of calls for each."""

from collections.abc import Callable, Mapping

from regshape.model import Play, Step
from regshape.protocols.oci.operations import (
    deletes,
    lists,
    manifests,
    pull,
    sessions,
    strangers,
    uploads,
)
from regshape.protocols.oci.state import State

OPERATIONS: Mapping[str, Callable[[State, Step], Play]] = {
    "ping": pull.ping,
    "get-blob": pull.get_blob,
    "head-blob": pull.get_blob,
    "get-manifest": pull.get_manifest,
    "head-manifest": pull.get_manifest,
    "open-upload": uploads.open_upload,
    "post-blob": uploads.post_blob,
    "mount-blob": uploads.mount_blob,
    "send-chunk": sessions.send_chunk,
    "finish-upload": sessions.finish_upload,
    "upload-status": sessions.upload_status,
    "cancel-upload": sessions.cancel_upload,
    "push-manifest": manifests.push_manifest,
    "list-tags": lists.list_tags,
    "list-referrers": lists.list_referrers,
    "list-catalog": lists.list_catalog,
    "discover-extensions": lists.discover_extensions,
    "delete-tag": deletes.delete_tag,
    "delete-manifest": deletes.delete_manifest,
    "delete-blob": deletes.delete_blob,
    "read-as": strangers.read_as,
    "write-as": strangers.write_as,
    "session-as": strangers.session_as,
    "mount-as": strangers.mount_as,
    "exceed-scope": strangers.exceed_scope,
}
WRITING: frozenset[str] = frozenset(OPERATIONS) - {
    "ping",
    "get-blob",
    "head-blob",
    "get-manifest",
    "head-manifest",
    "list-tags",
    "list-referrers",
    "list-catalog",
    "discover-extensions",
}
