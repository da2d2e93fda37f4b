"""What is said of the default network's answers: about which network, and the same everywhere."""

import json
import re
from pathlib import Path

from toy_runs import toy_queue

from dashboard.model_card.answers import PICTURE_FOLDER, answers_html
from dashboard.model_card.dialog import CardDialog
from dashboard.state.choice import Choice
from dashboard.state.networks import Networks, OpenedNetwork
from maxstim_core.cli import main
from maxstim_core.model_cards.background import CardMaker
from maxstim_core.model_cards.descriptions import described_answers
from maxstim_core.model_cards.store import find_card
from maxstim_core.networks.catalog import open_network

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("T4a", "T4b", "T4c", "T4d", "T5a", "T5b", "T5c", "T5d")
NAMES += ("L1", "L2", "Mi1", "Tm3", "Mi9", "Tm9")


def test_the_default_network_s_answers_are_described_as_in_the_docs():
    answers = described_answers(open_network("default").content_hash)
    assert tuple(answers) == NAMES
    text = (ROOT / "docs" / "answers" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\w+)\]\((\w+)\.png\).*?\| (.*) \| (.*) \| (.*) \|$", text, re.M)
    told = {
        name: dict(zip(("natural", "regularized", "generated"), said, strict=True))
        for name, _, *said in rows
    }
    assert told == answers, "docs/answers/README.md and data/networks/answers.json say the same"
    assert {file.stem for file in PICTURE_FOLDER.glob("*.png")} == set(NAMES)


def test_cards_tell_them_of_that_network_and_no_other(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    assert main(["models", "card", "default"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "## Answers" in lines
    assert any(line.startswith("| Mi1 | bright patches that hardly move;") for line in lines)
    assert main(["models", "card", "default", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["answers"]["L2"]["natural"].startswith("a bright")
    assert main(["models", "card", "maxstim/000"]) == 0
    assert "## Answers" not in capsys.readouterr().out
    assert "answers" not in find_card(open_network("prior").content_hash)


def test_the_dialog_shows_them_when_they_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    networks = Networks(Choice(cell_type="Mi9"), CardMaker(toy_queue(tmp_path)))
    dialog = CardDialog(networks)
    for name, pages in (("default", 5), ("prior", 4), ("default", 5)):
        content_hash = open_network(name).content_hash
        networks.found = OpenedNetwork(name, content_hash, find_card(content_hash))
        dialog.show()
        assert len(dialog.tabs) == pages
    assert dialog.answers.text.object == "", "a picture travels when it is looked at"
    dialog.tabs.active = 4
    assert "One dark column, for at least 160 ms." in dialog.answers.text.object
    assert "<img" in dialog.answers.text.object
    dialog.answers.cell_type.value = "T5c"
    assert "A bright arc, then" in dialog.answers.text.object
    content_hash = open_network("prior").content_hash
    networks.found = OpenedNetwork("prior", content_hash, find_card(content_hash))
    assert (dialog.tabs.active, len(dialog.tabs)) == (0, 4)


def test_without_pictures_there_are_the_sentences(monkeypatch, tmp_path):
    monkeypatch.setattr("dashboard.model_card.answers.PICTURE_FOLDER", tmp_path)
    text = answers_html("L1", {"natural": "a <small> spot"})
    assert "A &lt;small&gt; spot." in text and "<img" not in text
