"""What `pack` makes for the browser, read back."""

import json

import numpy as np


def unpacked(block: bytes) -> dict:
    """Return header and arrays of a block by name."""
    size = int.from_bytes(block[:4], "little")
    header = json.loads(block[4 : 4 + size])
    at = 4 + size
    for about in header.pop("arrays"):
        values = np.frombuffer(block, about["dtype"], int(np.prod(about["shape"])), at)
        header[about["name"]] = values.reshape(about["shape"])
        at += values.nbytes + -values.nbytes % 4
    return header
