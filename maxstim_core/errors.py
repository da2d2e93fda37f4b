"""The one error a person can cause, and how its sentence shows what was given."""


class MaxstimError(Exception):
    """A problem that the person running maxstim can solve.

    Its text is one clear sentence that says what is wrong and what to do next. The command line and
    the dashboard show the text alone, never a traceback.
    """


def shown(value: object) -> str:
    """Return a value as a sentence shows it: its `repr`, short and on one line.

    What has nothing to say but its address is shown by the name of its kind.
    """
    text = " ".join(repr(value).split())
    if " at 0x" in text:
        return f"{type(value).__name__} {getattr(value, '__name__', '')}".rstrip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_LONGEST = 60
"""Most characters of a value in a sentence."""
