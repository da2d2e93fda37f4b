"""Layers of HEVC films: opacity, or another eye's view, beside the picture (ITU-T H.265, annex F)."""

from __future__ import annotations

from collections.abc import Iterator

_CONFIGURED = 1
"""First byte of the header of a film whose parts are told by their lengths (ISO/IEC 14496-15, 8.3.3)."""


def has_layers(packet: bytes, header: bytes) -> bool:
    """Tell whether a packet of an HEVC film has parts of another layer than the first.

    Args:
        packet: Its bytes.
        header: What comes before all packets, as the container stores it.
    """
    return any(
        len(part) > 1 and (part[0] & 1) << 5 | part[1] >> 3 > 0 for part in _parts(packet, header)
    )


def _parts(packet: bytes, header: bytes) -> Iterator[bytes]:
    """The first bytes of each part."""
    if header[:1] != bytes([_CONFIGURED]) or len(header) < 22:
        yield from (part[:2] for part in packet.split(b"\0\0\1")[1:])
        return
    n_length, at = 1 + (header[21] & 3), 0
    while at + n_length < len(packet):
        start = at + n_length
        yield packet[start : start + 2]
        at = start + int.from_bytes(packet[at:start], "big")
