"""Stimuli made by code: probes, flyvis's own, textures and scenes."""
