"""Model cards: what a network was fitted to, what holds beyond that, what contradicts flies."""
