"""The Ori client for programs: packages, and a log that has to vouch for them."""

from regshape.protocols.ori.client.log_client import LogClient, Vouched, Witnessed
from regshape.protocols.ori.client.ori_client import Downloaded, OriClient
from regshape.protocols.ori.client.ori_config import OriConfig

__all__ = ["Downloaded", "LogClient", "OriClient", "OriConfig", "Vouched", "Witnessed"]
