"""``panel serve dashboard`` starts here."""

import panel as pn

from dashboard.app import App, name_of, visitor_of
from dashboard.server import end_unless_guarded
from maxstim_core.runs.library import the_library
from maxstim_core.runs.queue import the_queue

end_unless_guarded(pn.state.curdoc)
pn.extension(apply_signatures=False)  # these are for who types at a prompt

headers = pn.state.headers
app = App(the_queue(), the_library(), visitor_of(headers), name_of(headers))
app.page.servable(title="maxstim")
app.start()
