"""The view in which pinned answers stand side by side."""
