"""The panel of lessons: text, questions and a class beside the page."""
