"""``panel serve dashboard`` starts here."""

import panel as pn

from dashboard.app import App, visitor_of
from maxstim_core.runs.library import the_library
from maxstim_core.runs.queue import the_queue

pn.extension()

app = App(the_queue(), the_library(), visitor_of(pn.state.headers))
app.page.servable(title="maxstim")
app.start()
