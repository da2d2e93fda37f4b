"""The one error a person can cause."""


class MaxstimError(Exception):
    """A problem that the person running maxstim can solve.

    Its text is one clear sentence that says what is wrong and what to do next. The command line and
    the dashboard show the text alone, never a traceback.
    """
