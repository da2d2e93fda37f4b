"""Numbers of NetCDF files that stand for others, or for nothing.

As the conventions of CF 1.11 (sections 2.5 and 8.1) and the NetCDF User's Guide describe:
``scale_factor``, ``add_offset``, ``_FillValue``, ``missing_value``, ``valid_min``, ``valid_max``,
``valid_range`` and ``_Unsigned``; and ``dtype``, by which xarray marks truth values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import h5py
import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.files.coordinates import as_text


@dataclass(frozen=True)
class Packing:
    """How the numbers of a variable stand for others.

    Attributes:
        stored: Their type, whole numbers as they are meant: without a sign if they have none.
        scale, offset: What they are multiplied by, and what is added then; None if nothing is said.
        missing: Numbers that stand for nothing.
        valid: The least and the most that are something.
        is_bool: Whether they are truth values.
        what: What to call the film in a refusal.
    """

    stored: np.dtype
    scale: float | None
    offset: float | None
    missing: tuple[float, ...]
    valid: tuple[float, float]
    is_bool: bool
    what: str

    @classmethod
    def of(cls, variable: h5py.Dataset, what: str) -> Packing:
        """Return how the numbers of a variable are meant.

        Raises:
            MaxstimError: if an attribute makes no sense.
        """
        about, stored = variable.attrs, variable.dtype
        unsigned = as_text(about.get("_Unsigned", "")).casefold()
        if stored.kind in "iu" and unsigned in ("true", "false"):
            stored = np.dtype(
                f"{stored.byteorder}{'u' if unsigned == 'true' else 'i'}{stored.itemsize}"
            )

        def numbers(name: str) -> tuple[float, ...]:
            if name not in about:
                return ()
            values = np.ravel(np.asarray(about[name]))
            if values.dtype.kind not in "fiub":
                raise MaxstimError(f"{what} has an attribute {name} that is no number; mend it.")
            if values.dtype.kind in "iu" and stored.kind in "iu":
                values = values.astype(stored, casting="unsafe")
            return tuple(float(value) for value in values)

        scale, offset = numbers("scale_factor"), numbers("add_offset")
        if len(scale) > 1 or len(offset) > 1:
            raise MaxstimError(
                f"{what} has several numbers as scale_factor or add_offset; write one of each."
            )
        valid_range = numbers("valid_range")
        least = numbers("valid_min") or valid_range[:1] or (-math.inf,)
        most = numbers("valid_max") or valid_range[1:2] or (math.inf,)
        return cls(
            stored=stored,
            scale=scale[0] if scale else None,
            offset=offset[0] if offset else None,
            missing=(*numbers("_FillValue"), *numbers("missing_value")),
            valid=(least[0], most[0]),
            is_bool=as_text(about.get("dtype", "")) == "bool" and stored.itemsize == 1,
            what=what,
        )

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers that are meant."""
        if self.is_bool:
            return np.dtype(bool)
        packed = self.scale is not None or self.offset is not None
        return np.dtype(np.float32) if packed and self.stored.kind in "fiu" else self.stored

    def unpacked(self, values: np.ndarray) -> np.ndarray:
        """Return the numbers that are meant.

        Args:
            values: Numbers as they are stored, any shape.

        Returns:
            The same shape.

        Raises:
            MaxstimError: if some are missing.
        """
        values = np.ascontiguousarray(values)
        if self.stored.kind in "fiu":
            values = values.view(self.stored)
            n_missing = int(self._is_missing(values).sum())
            if n_missing:
                raise MaxstimError(
                    f"{self.what} has values that are missing, {n_missing} of {values.size} at "
                    "which was looked; fill them, for example with 0.5, which is grey."
                )
        if self.is_bool:
            return values.astype(bool)
        if self.dtype == self.stored:
            return values
        scale = 1.0 if self.scale is None else self.scale
        offset = 0.0 if self.offset is None else self.offset
        return (values * scale + offset).astype(np.float32)

    def _is_missing(self, values: np.ndarray) -> np.ndarray:
        missing = np.zeros(values.shape, bool)
        for number in self.missing:
            missing |= np.isnan(values) if math.isnan(number) else values == number
        if self.valid[0] > -math.inf:
            missing |= values < self.valid[0]
        if self.valid[1] < math.inf:
            missing |= values > self.valid[1]
        return missing
