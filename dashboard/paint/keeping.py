"""What is done with a painting besides painting: stored, taken home, regularized, improved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import xarray as xr

from dashboard.components.paint.component import PaintPanel
from dashboard.guard.allowance import DOWNLOADS, UPLOADS
from dashboard.paint.newest_in_turn import painters_in_turn
from dashboard.paint.watching import WatchingNetwork, watching_engine
from dashboard.state.session import Session
from maxstim_core.export.captions import file_name
from maxstim_core.export.files import figure, film, netcdf
from maxstim_core.export.python_code import painted_snippet
from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig
from maxstim_core.optimal.painted import painted_answer, painted_answer_key
from maxstim_core.optimal.possible import seconds_of
from maxstim_core.runs.request import RunRequest
from maxstim_core.stimuli.painting import Painting
from maxstim_core.stimuli.stored.paintings import PAINTED, painting_name, store_painting


class PaintingKeeper:
    """Does one thing with one painting; whatever takes long, in threads.

    Args:
        session: The runs of the page.
        panel: What files are handed to.
        painting: The painting, as it was when somebody pressed a button.
        network: What watches.
        stored: Called with the painting, and the key of the answer that it is, once that is kept.
    """

    def __init__(
        self,
        session: Session,
        panel: PaintPanel,
        painting: Painting,
        network: WatchingNetwork,
        stored: Callable[[Painting, str], None],
    ) -> None:
        self._session, self._panel = session, panel
        self._painting, self._network, self._note = painting, network, stored
        self._cell_type = session.choice.cell_type

    def way(self, name: str) -> Callable[[], Awaitable[str]] | None:
        """Return what does a thing by its name, and returns what is said of it; None of no thing."""
        ways = {
            "figure": partial(self._draw, figure, "png"),
            "film": partial(self._draw, film, "gif"),
            "data": self._take_data,
            "code": self._show_code,
            "store": self._store,
            RegularizeConfig.method: self._regularize,
            GenerateConfig.method: self._improve,
        }
        return ways.get(name)

    async def _answer(self) -> xr.Dataset:
        """Return the painting as an answer, made by the thread in which networks watch."""
        asked = partial(_answer_of, self._network, self._cell_type, self._painting)
        return await asyncio.wrap_future(painters_in_turn().run((id(self), "answer"), asked))

    async def _draw(self, draw: Callable, ending: str) -> str:
        answer = await self._answer()
        return await self._hand_over(
            partial(draw, answer, [answer], dark=self._panel.dark), file_name(answer, ending)
        )

    async def _take_data(self) -> str:
        answer = await self._answer()
        return await self._hand_over(partial(netcdf, answer), file_name(answer, "nc"))

    async def _hand_over(self, make: Callable, name: str) -> str:
        """Hand the browser a file, which counts against the visitor's allowance."""
        visitor = self._session.id
        with DOWNLOADS.one(visitor):
            content = (await asyncio.to_thread(make)).getvalue()
            DOWNLOADS.add(visitor, len(content))
        self._panel.take(name, content)
        return ""

    async def _show_code(self) -> str:
        answer = await self._answer()
        self._panel.show_code(
            painted_snippet(
                self._network.name,
                self._cell_type,
                file_name(answer, "nc"),
                silenced=self._network.silenced,
            )
        )
        return ""

    async def _store(self) -> str:
        return f"Stored as {painting_name(await self._stored())}: it is in the list of runs."

    async def _stored(self) -> str:
        """Keep the painting, and the answer that it is, in the data directory; return its key."""
        store, painting, session = self._session.queue.store, self._painting, self._session
        answer = await self._answer()
        with UPLOADS.one(session.id, painting.levels.nbytes):
            await asyncio.to_thread(store.check_writable)
            key = await asyncio.to_thread(store_painting, painting)
            answer_key = painted_answer_key(answer)
            await asyncio.to_thread(store.save, answer_key, answer)
        self._note(painting, answer_key)
        session.library.refresh()
        session.looking = True
        return key

    async def _regularize(self) -> str:
        settings = self._session.choice.settings[RegularizeConfig.method]
        config = replace(settings.config(), dt=self._painting.dt, silence=self._network.silenced)
        key = await self._stored()
        return self._submit(config, clips=f"{PAINTED}{key}", clip=painting_name(key))

    async def _improve(self) -> str:
        settings = self._session.choice.settings[GenerateConfig.method]
        painting = self._painting
        same = {
            "t_stim": seconds_of(painting), "dt": painting.dt, "schedule": "", "start": "",
            "silence": self._network.silenced,
            "across": GenerateConfig.across,  # of the one network that has watched it
        }  # fmt: skip
        config = replace(settings.config(), **same)  # which may refuse, before anything is kept
        return self._submit(replace(config, start=await self._stored()))

    def _submit(self, config: RegularizeConfig | GenerateConfig, **begins: str) -> str:
        choice = self._session.choice
        request = RunRequest(
            self._cell_type, config, self._network.name, device=choice.device, **begins
        )
        self._session.submit(request)
        choice.take(request)
        return ""


def _answer_of(network: WatchingNetwork, cell_type: str, painting: Painting) -> xr.Dataset:
    engine = watching_engine(network)
    return painted_answer(engine, cell_type, painting, silenced=network.silenced)
