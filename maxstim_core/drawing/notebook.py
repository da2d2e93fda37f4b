"""Results in a notebook: a dataset that shows its picture."""

from __future__ import annotations

from base64 import b64encode
from html import escape

import xarray as xr

from maxstim_core.errors import MaxstimError, shown


class Result(xr.Dataset):
    """What maxstim hands out and reads back: an `xarray.Dataset` that shows itself in a notebook.

    An answer is shown as its strip, with xarray's table of everything in it beneath; any other
    dataset as xarray shows it. What is selected or changed of a result is a `Result` again, and it
    pickles as one. `maxstim_core.optimal.result` describes the variables of an answer, with their
    dimensions and units.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> config = ms.GenerateConfig(t_stim=0.05, n_iters=2)
        >>> answer = ms.finish(ms.generate(network, "Mi1", config))
        >>> type(answer.isel(frame=slice(3))).__name__
        'Result'
        >>> answer._repr_html_().startswith("<img")  # what a notebook asks for
        True
    """

    __slots__ = ()  # xarray's own: no value can be hidden in a dataset

    @classmethod
    def of(cls, dataset: xr.Dataset) -> Result:
        """Return a dataset as a result that shares its values.

        Raises:
            MaxstimError: if it is none.
        """
        if not isinstance(dataset, xr.Dataset):
            raise MaxstimError(f"A result is made of an xarray.Dataset, not of {shown(dataset)}.")
        return cls(dataset.data_vars, dataset.coords, dataset.attrs)

    def _repr_html_(self) -> str:
        # Once, in the HTML alone: a PNG beside it would draw and store every picture twice, and a
        # front end that shows HTML, as all notebooks do, would leave it out.
        return self._picture() + super()._repr_html_()

    def _picture(self) -> str:
        """Return the strip as HTML, nothing where there is none to draw."""
        from maxstim_core.drawing.strip import strip  # brings Pillow: not before it is needed

        try:
            picture = strip(self)
        except Exception:  # to show a value must not fail, whatever is in it: its table tells
            return ""
        about = (str(self.attrs.get(name, "")) for name in ("cell_type", "method"))
        alt = escape(" ".join(("Strip of", *filter(None, about))), quote=True)
        encoded = b64encode(picture.png).decode()
        return (
            f'<img src="data:image/png;base64,{encoded}" width="{picture.width}" '
            f'style="max-width: 100%; height: auto" alt="{alt}">'
        )
