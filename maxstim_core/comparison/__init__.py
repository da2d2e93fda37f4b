"""Controls: what an answer has to be compared with before it is believed."""
