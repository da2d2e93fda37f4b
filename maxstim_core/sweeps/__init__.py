"""Many settings of one question, and what each of them is worth."""
