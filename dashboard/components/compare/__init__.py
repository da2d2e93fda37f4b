"""The view in which pinned answers play side by side."""
