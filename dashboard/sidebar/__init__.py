"""The sidebar: what to excite, by which method, with which settings."""
