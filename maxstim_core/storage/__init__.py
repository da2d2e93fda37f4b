"""Where maxstim keeps what it makes, and how it is written."""
