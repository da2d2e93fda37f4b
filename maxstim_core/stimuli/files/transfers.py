"""Transfer characteristics: what numbers of pixels mean in light (ITU-T H.273, table 3)."""

from __future__ import annotations

UNREAD_TRANSFERS = {
    8: "linear light",
    9: "logarithmic light",
    10: "logarithmic light",
    16: "PQ, which is HDR",
    17: "SMPTE 428, of cinemas",
    18: "HLG, which is HDR",
}
"""Those by number whose numbers no usual screen shows."""
