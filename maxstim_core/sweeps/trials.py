"""Settings that are proposed as answers come in, by optuna's TPE.

What the proposals are depends on the seed and on what the answers were worth, nothing else. So a sweep
that was stopped needs no journal: the same proposals are asked for again, told the same, and go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from maxstim_core.errors import MaxstimError
from maxstim_core.sweeps.varied import Interval, Listed

TRIALS_AT_ONCE = 8
"""Trials that are proposed together, whatever computes them: so many do not learn from one another."""


class Proposals:
    """Proposes values (an optuna study with several goals, all to be raised).

    Args:
        varied: What varies.
        n_goals: How many goals.
        seed: Of what is random.

    Raises:
        MaxstimError: if optuna is not installed.
    """

    def __init__(self, varied: Sequence[Listed | Interval], n_goals: int, seed: int) -> None:
        try:
            import optuna
        except ImportError as error:
            raise MaxstimError(
                "Trials need optuna, which is not installed here; install it: pip install "
                "'maxstim[sweep]', or give the values to try."
            ) from error
        self._optuna = optuna
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(
            directions=["maximize"] * n_goals, sampler=optuna.samplers.TPESampler(seed=seed)
        )
        self._spaces = {each.name: self._space(each) for each in varied}
        self._asked: list[Any] = []

    def ask(self, n_trials: int) -> list[dict[str, Any]]:
        """Return the values of the next trials."""
        self._asked = [self._study.ask(dict(self._spaces)) for _ in range(n_trials)]
        return [dict(trial.params) for trial in self._asked]

    def tell(self, worth: Sequence[Sequence[float] | None]) -> None:
        """Say what the trials that were asked for last were worth; None of one that failed."""
        failed = self._optuna.trial.TrialState.FAIL
        for trial, values in zip(self._asked, worth, strict=True):
            if values is None:
                self._study.tell(trial, state=failed)
            else:
                self._study.tell(trial, list(values))

    def _space(self, each: Listed | Interval) -> Any:
        spaces = self._optuna.distributions
        if isinstance(each, Listed):
            return spaces.CategoricalDistribution(each.values)
        if each.is_whole:
            return spaces.IntDistribution(int(each.low), int(each.high), log=each.is_log)
        return spaces.FloatDistribution(each.low, each.high, log=each.is_log)


def same_values(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two trials are the same."""
    return all(one[name] == other[name] for name in one)
