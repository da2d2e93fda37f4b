"""Scenes: a world of leaves at several depths under a moving camera, with the optic flow it causes.

A scene is a stack of layers. Each moves steadily: what is seen at z = x + iy (columns from the centre,
y upward) moves at ``velocity + spin · z`` columns per second, the real part of the spin being expansion
and the imaginary part rotation. So the flow is exact, and so is the path of every point.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Required, TypedDict, Unpack

import numpy as np

from maxstim_core.conventions import GREY, frames_in
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.synthetic.textures import (
    MEAN_LUMINANCE,
    SIDE,
    SIZE,
    TEXTURE_PIXELS_PER_COLUMN,
    Kind,
    Texture,
    bilinear,
    leaves,
    natural_texture,
)

N_GROUNDS, N_FOLIAGES, N_OBJECTS = 12, 8, 12
"""Different textures that scenes draw from: they are kept, once drawn."""

_LAST = SIZE - 1
"""Its bits are all set: a coordinate is brought onto the torus by them."""


@dataclass(frozen=True)
class Motion:
    """A steady motion of the plane: z = x + iy, in columns, moves at ``velocity + spin · z``.

    Attributes:
        velocity: Columns per second at the centre of the eye.
        spin: Expansion per second, plus i times the rotation in radians per second.
    """

    velocity: complex
    spin: complex = 0j

    def at(self, z: np.ndarray) -> np.ndarray:
        """Return the velocity at each place, columns per second, complex, in the shape of `z`."""
        return self.velocity + self.spin * z

    def origin(self, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the map to where things were at time 0: z came from ``scale · z + shift``.

        Args:
            seconds: Times, of either sign, shape (frame,).

        Returns:
            scale, shift: each shape (frame,), complex.
        """
        turned = np.expm1(-self.spin * seconds)
        lasting = seconds if abs(self.spin) < 1e-12 else -turned / self.spin
        return 1 + turned, -self.velocity * lasting


@dataclass(frozen=True)
class Layer:
    """A texture that moves.

    Attributes:
        kind: What the texture shows.
        seed: Seed of the texture.
        motion: Its motion.
        place: Point of the texture, in columns, at the eye's centre at time 0.
        turn: Angle by which the texture is turned, as a complex number of length 1.
    """

    kind: Kind
    seed: int
    motion: Motion
    place: complex
    turn: complex

    def seen(self, z: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """Return the blurred texture at places z (column,) and times (frame,)."""
        pixel = self._pixel(z, seconds)
        if self.motion.spin.real == 0:
            return _looked_up(natural_texture(self.kind, self.seed), pixel)
        # Where the texture is drawn out or shrunk, the acceptance of a column spans less or more of it:
        # between the two textures that are blurred for the nearest half octaves.
        seen = np.zeros(pixel.shape, np.float32 if self.kind == "ground" else np.complex64)
        half = 2 * np.log2(np.abs(self.motion.origin(seconds)[0]))
        for level in range(int(np.floor(half.min())), int(np.ceil(half.max())) + 1):
            share = (1 - np.abs(half - level)).clip(0).astype(np.float32)
            texture = natural_texture(self.kind, self.seed, level / 2)
            seen[share > 0] += share[share > 0, None] * _looked_up(texture, pixel[share > 0])
        return seen

    def covers(self, z: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """Return where the layer has something, before any blur, shape (frame, column).

        A leaf's outline is told to the nearest pixel of the texture, an eighth of a column.
        """
        pixel = np.round(self._pixel(z, seconds))
        row, col = (-pixel.imag).astype(int) % SIZE, pixel.real.astype(int) % SIZE
        return leaves(self.kind, self.seed)[1][row, col]

    def _pixel(self, z: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """Places in the texture: pixel column minus i times the row, shape (frame, column)."""
        scale, shift = self.motion.origin(seconds)
        scale = (TEXTURE_PIXELS_PER_COLUMN * self.turn * scale).astype(np.complex64)
        shift = (TEXTURE_PIXELS_PER_COLUMN * (self.turn * shift + self.place)).astype(np.complex64)
        return scale[:, None] * z.astype(np.complex64) + shift[:, None]


@dataclass(frozen=True)
class Scene:
    """A world of leaves, drawn from a seed, and how the camera and the things in it move.

    Things move at the middle of a clip as said here; the first object crosses the centre then.

    Attributes:
        seed: Where chance comes from: textures, places, light.
        angle: Direction in which the camera makes the ground move, degrees counter-clockwise from
            rightward.
        speed: Columns per second of the ground.
        roll: Degrees per second that the picture turns counter-clockwise about the axis of view.
        expansion: Rate at which the ground grows, per second; negative: it shrinks.
        foliage: Layers of leaves before the ground, each moving faster by `parallax` than the one
            behind.
        parallax: Ratio of the speeds, and of the expansions, of neighbouring layers; 1 where the
            camera turns but does not travel.
        objects: Objects before all, dark and bright by turns; each moves on its own.
        object_angle: Direction of the first object's motion; the others' are chance.
        object_speed: Columns per second of the objects.
        contrast: Factor by which the logarithm of luminance is spread.

    Raises:
        MaxstimError: if a setting makes no sense.
    """

    seed: int
    angle: float = 0.0
    speed: float = 0.0
    roll: float = 0.0
    expansion: float = 0.0
    foliage: int = 0
    parallax: float = 1.0
    objects: int = 0
    object_angle: float = 0.0
    object_speed: float = 0.0
    contrast: float = 1.0

    def __post_init__(self) -> None:
        if min(self.foliage, self.objects, self.speed, self.object_speed, self.contrast) < 0:
            raise MaxstimError(
                "Numbers of things, speeds and contrast of a scene must not be negative; a direction "
                "is told by its angle."
            )
        if self.parallax < 1:
            raise MaxstimError(
                f"The parallax must be at least 1, near things moving faster, not {self.parallax!r}."
            )

    def render(self, lattice: Lattice, dt: float, seconds: float) -> np.ndarray:
        """Return what each column sees.

        Every layer is blurred by a column's acceptance before they are laid upon each other: exact but
        for the narrow seam where one layer's edge lies upon another's. Exposure and contrast are set
        after that, as a camera sets them.

        Args:
            lattice: The eye.
            dt: Seconds per frame.
            seconds: Duration.

        Returns:
            Luminance in [0, 1], shape (frame, column), float32.
        """
        return self._light(_places(lattice), _times(dt, seconds))

    def flow(self, lattice: Lattice, dt: float, seconds: float) -> np.ndarray:
        """Return the optic flow: the velocity of whatever each column's centre sees.

        Args:
            lattice: The eye.
            dt: Seconds per frame.
            seconds: Duration.

        Returns:
            Columns per second, x rightward and y upward, shape (frame, column, 2).
        """
        z = _places(lattice)
        velocities = np.stack([layer.motion.at(z) for layer in self.layers])
        flow = velocities[self.foremost(lattice, dt, seconds), np.arange(len(z))]
        return np.stack([flow.real, flow.imag], -1)

    def foremost(self, lattice: Lattice, dt: float, seconds: float) -> np.ndarray:
        """Return which of `layers` the centre of each column sees, shape (frame, column); see `flow`."""
        z, times = _places(lattice), _times(dt, seconds)
        seen = np.zeros((len(times), len(z)), int)
        for k, layer in enumerate(self.layers[1:], start=1):
            seen[layer.covers(z, times)] = k
        return seen

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The ground, and what lies before it, near things last."""
        random = np.random.default_rng([self.seed, 1])
        velocity, roll = _polar(self.speed, self.angle), 1j * np.deg2rad(self.roll)
        layers = []
        kind: Kind
        for k in range(1 + self.foliage):
            near = self.parallax**k
            motion = Motion(near * velocity, near * self.expansion + roll)
            kind, number = ("foliage", N_FOLIAGES) if k else ("ground", N_GROUNDS)
            place = complex(*random.uniform(0, SIDE, 2))
            layers.append(Layer(kind, int(random.integers(number)), motion, place, _turn(random)))
        for k in range(self.objects):
            angle = random.uniform(0, 360) if k else self.object_angle
            motion = Motion(_polar(self.object_speed, angle), self.expansion + roll)
            place = complex(*random.normal(0, 4 if k else 1, 2))
            middle = SIDE / 2 * (1 - 1j)  # where the texture of an object has it
            kind = "dark" if (self.seed + k) % 2 else "bright"
            seed = int(random.integers(N_OBJECTS))
            layers.append(Layer(kind, seed, motion, middle + place, _turn(random)))
        return tuple(layers)

    def _light(self, z: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Luminance at any places z (column,) and times (frame,)."""
        light = self.layers[0].seen(z, times)
        for layer in self.layers[1:]:
            seen = layer.seen(z, times)
            light *= 1 - seen.imag
            light += seen.real
        light = MEAN_LUMINANCE * (light.clip(1e-3) / MEAN_LUMINANCE) ** np.float32(self.contrast)
        exposure = np.exp(np.random.default_rng([self.seed, 2]).normal(0, 0.25))
        return (np.float32(exposure) * light).clip(0, 1)


class SceneSettings(TypedDict, total=False):
    """The settings of `Scene`, as keyword arguments: see `Scene` for their units."""

    seed: Required[int]
    angle: float
    speed: float
    roll: float
    expansion: float
    foliage: int
    parallax: float
    objects: int
    object_angle: float
    object_speed: float
    contrast: float


def moving_scene(
    lattice: Lattice,
    *,
    dt: float,
    seconds: float,
    fade: float = 0.0,
    **scene: Unpack[SceneSettings],
) -> np.ndarray:
    """Return what an eye sees of `Scene(**scene)`, which comes out of grey as it moves.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        seconds: Duration.
        fade: Seconds until the scene is there in full.
        **scene: See `Scene`.

    Returns:
        Luminance in [0, 1], shape (frame, column), float32.
    """
    movie = Scene(**scene).render(lattice, dt, seconds)
    n_fading = min(frames_in(fade, dt), len(movie))
    share = np.arange(1, n_fading + 1, dtype=np.float32)[:, None] / (n_fading + 1)
    movie[:n_fading] = GREY + share * (movie[:n_fading] - GREY)
    return movie


def translating_scene(
    lattice: Lattice,
    *,
    dt: float,
    seconds: float,
    texture: np.ndarray,
    angle: float,
    speed: float,
    place: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """Return a texture that moves over the eye at constant velocity.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        seconds: Duration.
        texture: Luminance, on a torus, as columns see it, shape (row, column) of pixels.
        angle: Direction in which the picture moves, degrees counter-clockwise from rightward.
        speed: Columns per second.
        place: Point of the texture, in columns, that the central column sees at the start.

    Returns:
        Luminance in [0, 1], shape (frame, column).
    """
    travelled = speed * np.arange(frames_in(seconds, dt)) * dt
    x = lattice.x / np.sqrt(3) + place[0] - travelled[:, None] * np.cos(np.deg2rad(angle))
    y = lattice.y / np.sqrt(3) + place[1] - travelled[:, None] * np.sin(np.deg2rad(angle))
    return bilinear(texture, -y * TEXTURE_PIXELS_PER_COLUMN, x * TEXTURE_PIXELS_PER_COLUMN)


def _looked_up(texture: Texture, pixel: np.ndarray) -> np.ndarray:
    """Values of a texture between its pixels, shape of `pixel`.

    The same as `bilinear` in less time, in single precision, and only where the texture has something.
    """
    shape, pixel = pixel.shape, pixel.ravel()
    left, top = np.floor(pixel.real), np.floor(-pixel.imag)
    corner = (top.astype(np.int32) & _LAST) * SIZE + (left.astype(np.int32) & _LAST)
    there = None
    if texture.filled is not None:
        there = np.flatnonzero(texture.filled.take(corner))
        pixel, left, top, corner = (values.take(there) for values in (pixel, left, top, corner))
    right, down = pixel.real - left, -pixel.imag - top
    beside, below = (corner & ~_LAST) | (corner + 1 & _LAST), SIZE * SIZE - 1
    values = texture.values.ravel()
    upper, lower = values.take(corner), values.take(corner + SIZE & below)
    upper += (values.take(beside) - upper) * right
    lower += (values.take(beside + SIZE & below) - lower) * right
    upper += (lower - upper) * down
    if there is None:
        return upper.reshape(shape)
    seen = np.zeros(shape, upper.dtype)
    seen.ravel()[there] = upper
    return seen


def _places(lattice: Lattice) -> np.ndarray:
    """Places of the columns, x + iy in columns from the centre."""
    return (lattice.x + 1j * lattice.y) / np.sqrt(3)


def _times(dt: float, seconds: float) -> np.ndarray:
    """Times of the frames, from the middle of the clip."""
    n_frames = frames_in(seconds, dt)
    return (np.arange(n_frames) - n_frames / 2) * dt


def _polar(length: float, angle: float) -> complex:
    return complex(length * np.exp(1j * np.deg2rad(angle)))


def _turn(random: np.random.Generator) -> complex:
    return _polar(1.0, random.uniform(0, 360))
