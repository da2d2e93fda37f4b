"""What a page knows: parameters and sessions, no widgets."""
