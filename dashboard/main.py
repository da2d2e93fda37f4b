"""``panel serve dashboard`` starts here."""

import panel as pn

from dashboard.app import App
from maxstim_core.runs.library import the_library
from maxstim_core.runs.queue import the_queue

pn.extension(reconnect=True)

app = App(the_queue(), the_library())
app.page.servable(title="maxstim")
app.start()
