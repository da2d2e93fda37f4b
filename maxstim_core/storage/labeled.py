"""What a result holds before anyone needs xarray, whose import takes longer than a short run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core.storage.meaning import documented, meaning_of

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Labeled:
    """Arrays with named dimensions: an `xarray.Dataset` to be.

    Attributes:
        variables: As ``name: (dims, values)`` or ``name: (dims, values, attributes)``, where dims are a
            name or several.
        coordinates: Likewise; so is a variable with the name of its one dimension.
        attrs: Attributes of the whole.
    """

    variables: Mapping[str, tuple]
    coordinates: Mapping[str, tuple]
    attrs: Mapping[str, Any]

    def assign_attrs(self, changes: Mapping[str, object]) -> Labeled:
        """Return the same with some attributes changed or added."""
        return replace(self, attrs={**self.attrs, **changes})

    def each(self) -> dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, Any]]]:
        """Return the dimensions, values and attributes of all variables and coordinates, by name."""
        return {
            name: _whole(name, *held)
            for name, held in {**self.variables, **self.coordinates}.items()
        }

    def is_coordinate(self, name: str) -> bool:
        """Tell whether a name is that of a coordinate."""
        return name in self.coordinates or self.each()[name][0] == (name,)

    def to_dataset(self) -> xr.Dataset:
        """Return the dataset."""
        import xarray as xr

        return documented(
            xr.Dataset(dict(self.variables), dict(self.coordinates), dict(self.attrs))
        )


def _whole(
    name: str,
    dims: str | tuple[str, ...],
    values: Any,
    attributes: Mapping[str, Any] | None = None,
) -> tuple[tuple[str, ...], np.ndarray, dict[str, Any]]:
    named = (dims,) if isinstance(dims, str) else tuple(dims)
    return named, np.asarray(values), {**meaning_of(name), **(attributes or {})}
