"""What tells an answer from what is chosen reads well after "was made with" and after "keeps"."""

from __future__ import annotations

import pytest

from dashboard.text.differences import settings_unlike
from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig, SearchConfig
from maxstim_core.runs.request import RunRequest


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            GenerateConfig(schedule="174: weight_mei=500 n_iters=300"),
            ["changes on the way (after 174: pull to grey 500 and iterations 300)"],
        ),
        (SearchConfig(protocol="flyvis"), ["“Before each clip” set to “flyvis's fade-in”"]),
        (GenerateConfig(last_only=False), ["“Last frame only” set to “off”"]),
        (GenerateConfig(silence="Mi9,C3"), ["C3 and Mi9 silenced"]),
        (GenerateConfig(objective="level:-0.3"), ["objective “Reach a level (−0.3 RMS)”"]),
        (GenerateConfig(start="17fade" + 18 * "0"), ["a start from painting 17fade"]),
        (RegularizeConfig(l2_act=3), ["“Keep the response” set to “3”"]),
        (GenerateConfig(n_iters=20, random_seed=3), ["iterations 20", "seed 3"]),
    ],
)
def test_every_setting_that_differs_can_follow_made_with_and_keeps(config, words):
    assert settings_unlike(RunRequest("T4c", config), RunRequest("T4c", type(config)())) == words


def test_the_movies_go_by_the_name_that_the_page_has_for_them():
    of_made, of_scenes = (
        RunRequest("T4c", SearchConfig(), clips=clips) for clips in ("made", "scenes")
    )
    assert settings_unlike(of_scenes, of_made) == ["the movies “Made scenes”"]
    assert settings_unlike(of_made, of_scenes) == ["the movies “Made scenes and textbook stimuli”"]
